#include "rushlight/backend/tap_tables.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace rushlight {

TapTable window_taps(const Window& window, int64_t extent, int64_t positions, bool counts_padding) {
  TapTable table;
  for (int64_t position = 0; position < positions; ++position) {
    int64_t start = window.start(position), end = std::min(start + window.reach(), extent + window.padding);
    Taps taps;
    for (int64_t at = window.first_inside(position); at < std::min(end, extent); at += window.dilation)
      taps.list.push_back({at});
    taps.count = counts_padding ? end - start : static_cast<int64_t>(taps.list.size());
    table.push_back(std::move(taps));
  }
  return table;
}

TapTable even_parts(int64_t extent, int64_t count) {
  TapTable table;
  for (int64_t i = 0; i < count; ++i) {
    int64_t first = i * extent / count, end = ((i + 1) * extent + count - 1) / count;
    Taps taps{{}, end - first};
    for (int64_t at = first; at < end; ++at) taps.list.push_back({at});
    table.push_back(std::move(taps));
  }
  return table;
}

namespace {

// How many old elements a new one is wide. PyTorch takes the factor as it was given, not as it came out.
template <class F>
F width_of(int64_t extent, int64_t count, double factor) {
  constexpr double widest = 0x1p62;  // so that nothing below becomes infinite
  return factor > 0 ? static_cast<F>(std::min(1 / factor, widest))
                    : static_cast<F>(extent) / static_cast<F>(count);
}

// In the precision of PyTorch's own, because at the border between two elements the last bit decides.
template <class F>
TapTable nearest_taps(int64_t extent, int64_t count, double factor, F offset) {
  F width = width_of<F>(extent, count, factor);
  TapTable table;
  for (int64_t i = 0; i < count; ++i) {
    F at = std::floor((static_cast<F>(i) + offset) * width);
    table.push_back(
        {{{at < static_cast<F>(extent) ? std::min(static_cast<int64_t>(at), extent - 1) : extent - 1}}});
  }
  return table;
}

// Where new element i lies, in old elements.
double position(int64_t i, int64_t extent, int64_t count, bool align_corners, double factor) {
  auto place = static_cast<double>(i);
  if (align_corners)
    return count > 1 ? place * (static_cast<double>(extent - 1) / static_cast<double>(count - 1)) : 0;
  return (place + 0.5) * width_of<double>(extent, count, factor) - 0.5;
}

TapTable linear_taps(int64_t extent, int64_t count, bool align_corners, double factor) {
  TapTable table;
  for (int64_t i = 0; i < count; ++i) {
    double at = count == extent ? static_cast<double>(i)
                                : std::clamp(position(i, extent, count, align_corners, factor), 0.0,
                                             static_cast<double>(extent - 1));
    auto left = static_cast<int64_t>(at);
    double share = at - static_cast<double>(left);
    table.push_back({{{left, 1 - share}, {std::min(left + 1, extent - 1), share}}});
  }
  return table;
}

// Keys' cubic: the weight of an element at this distance; 0 beyond 2.
double cubic_weight(double a, double distance) {
  double x = std::abs(distance);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

TapTable cubic_taps(int64_t extent, int64_t count, bool align_corners, double factor) {
  TapTable table;
  for (int64_t i = 0; i < count; ++i) {
    double at =
        std::clamp(position(i, extent, count, align_corners, factor), -1.0, static_cast<double>(extent));
    auto left = std::min(static_cast<int64_t>(std::floor(at)), extent - 1);
    double share = std::clamp(at - static_cast<double>(left), 0.0, 1.0);
    Taps taps;
    for (int64_t k = -1; k <= 2; ++k)
      taps.list.push_back({std::clamp<int64_t>(left + k, 0, extent - 1),
                           cubic_weight(-0.75, share - static_cast<double>(k))});
    table.push_back(std::move(taps));
  }
  return table;
}

// -- against aliases: an element that covers several old ones weighs all of them

struct Filter {
  double reach;  // beyond it everything weighs 0
  double (*weight)(double distance);
};

double triangle(double distance) { return std::max(0.0, 1 - std::abs(distance)); }
double keys_cubic(double distance) { return cubic_weight(-0.5, distance); }
double sinc(double x) { return x == 0 ? 1 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x); }
double lanczos(double distance) { return std::abs(distance) < 3 ? sinc(distance) * sinc(distance / 3) : 0; }

TapTable filtered_taps(int64_t extent, int64_t count, bool align_corners, double factor,
                       const Filter& filter) {
  if (count == extent) return even_parts(extent, count);
  double width = width_of<double>(extent, count, factor);
  if (align_corners) width = count > 1 ? static_cast<double>(extent - 1) / static_cast<double>(count - 1) : 0;
  double scale = std::max(width, 1.0), reach = filter.reach * scale, end = static_cast<double>(extent);
  TapTable table;
  for (int64_t i = 0; i < count; ++i) {
    double center = width * (static_cast<double>(i) + 0.5);
    auto first = static_cast<int64_t>(std::clamp(center - reach + 0.5, 0.0, end));
    auto last = static_cast<int64_t>(std::clamp(center + reach + 0.5, 0.0, end));
    Taps taps;
    double total = 0;
    for (int64_t at = first; at < last; ++at) {
      taps.list.push_back({at, filter.weight((static_cast<double>(at) + 0.5 - center) / scale)});
      total += taps.list.back().weight;
    }
    for (Tap& tap : taps.list) tap.weight /= total;
    table.push_back(std::move(taps));
  }
  return table;
}

Filter filter_of(std::string_view mode) {
  if (mode == "lanczos") return {3, lanczos};
  return mode == "linear" ? Filter{1, triangle} : Filter{2, keys_cubic};
}

}  // namespace

TapTable Resize::taps(int64_t extent, int64_t count, size_t d) const {
  double factor = factors ? (*factors)[factors->size() == 1 ? 0 : d] : 0;
  if (mode == "area") return even_parts(extent, count);
  if (antialias) return filtered_taps(extent, count, align_corners, factor, filter_of(mode));
  if (mode == "linear") return linear_taps(extent, count, align_corners, factor);
  if (mode == "cubic") return cubic_taps(extent, count, align_corners, factor);
  double offset = mode == "nearest" ? 0 : 0.5;
  return in_double ? nearest_taps<double>(extent, count, factor, offset)
                   : nearest_taps<float>(extent, count, factor, static_cast<float>(offset));
}

}  // namespace rushlight
