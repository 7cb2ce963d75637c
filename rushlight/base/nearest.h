// The word that somebody may have meant.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace rushlight {

// Of these words the one with the fewest letters changed, left out or put in; empty if none is near.
std::string nearest_word(std::string_view typed, std::span<const std::string_view> words);

}  // namespace rushlight
