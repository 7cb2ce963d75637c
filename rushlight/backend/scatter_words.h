// What scattering does where several elements meet in one place, and the words for it.
#pragma once

#include <string_view>
#include <utility>

namespace rushlight {

enum class Reduce { replace, sum, prod, mean, amax, amin };

// Any other word, and none, is `replace`: shape inference has refused what is wrong.
inline Reduce reduce_named(std::string_view name) {
  constexpr std::pair<std::string_view, Reduce> names[] = {
      {"sum", Reduce::sum},   {"add", Reduce::sum},   {"prod", Reduce::prod}, {"multiply", Reduce::prod},
      {"mean", Reduce::mean}, {"amax", Reduce::amax}, {"amin", Reduce::amin}};
  for (auto [known, reduce] : names)
    if (known == name) return reduce;
  return Reduce::replace;
}

}  // namespace rushlight
