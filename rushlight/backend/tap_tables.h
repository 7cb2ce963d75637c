// How a small image is made from a wide one: along each dimension, which places each of its places is made
// from, and with what weights. Pooling and resampling differ in these only.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "rushlight/backend/windows.h"
#include "rushlight/core/arguments.h"

namespace rushlight {

struct Tap {
  int64_t at;
  double weight = 1;
};

// What one place along one dimension is made from; `count` is what a mean over it divides by.
struct Taps {
  std::vector<Tap> list;
  int64_t count = 1;
};
using TapTable = std::vector<Taps>;  // one for each place of the narrow image along a dimension

// What each position of a sliding window covers of `extent` elements. A mean counts the padding too, where
// `counts_padding` says so, but not what hangs over it.
TapTable window_taps(const Window& window, int64_t extent, int64_t positions, bool counts_padding);

// The parts of `extent` elements that each of `count` elements stands for; neighbours may share an element.
TapTable even_parts(int64_t extent, int64_t count);

// How an image gets another size.
struct Resize {
  std::string_view mode;
  bool align_corners, antialias;
  const OptionalRealList& factors;
  bool in_double;

  // Along spatial dimension d.
  TapTable taps(int64_t extent, int64_t count, size_t d) const;
  // Each new element is an old one.
  bool picks() const { return mode.starts_with("nearest"); }
};

}  // namespace rushlight
