// The word that somebody may have meant.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace rushlight {

// Of these words the one with the fewest letters changed, left out, put in or swapped with the next; empty if
// none is near.
std::string nearest_word(std::string_view typed, std::span<const std::string_view> words);
// The end of an error: `. Did you mean "train"?`, or `otherwise` where none is near.
std::string did_you_mean(std::string_view typed, std::span<const std::string_view> words,
                         std::string otherwise = "");

}  // namespace rushlight
