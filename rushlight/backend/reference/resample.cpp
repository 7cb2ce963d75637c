// Images in another size: where each new element lies between the old ones, and what it takes of each.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "rushlight/backend/reference/kernels.h"
#include "rushlight/backend/reference/taps.h"
#include "rushlight/backend/windows.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::reference {

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

struct Resize {
  std::string_view mode;
  bool align_corners, antialias;
  const OptionalRealList& factors;
  bool in_double;

  TapTable taps(int64_t extent, int64_t count, size_t d) const {
    double factor = factors ? (*factors)[factors->size() == 1 ? 0 : d] : 0;
    if (mode == "area") return even_parts(extent, count);
    if (antialias) return filtered_taps(extent, count, align_corners, factor, filter());
    if (mode == "linear") return linear_taps(extent, count, align_corners, factor);
    if (mode == "cubic") return cubic_taps(extent, count, align_corners, factor);
    double offset = mode == "nearest" ? 0 : 0.5;
    return in_double ? nearest_taps<double>(extent, count, factor, offset)
                     : nearest_taps<float>(extent, count, factor, static_cast<float>(offset));
  }
  Filter filter() const {
    if (mode == "lanczos") return {3, lanczos};
    return mode == "linear" ? Filter{1, triangle} : Filter{2, keys_cubic};
  }
  TapWalk walk(const Tensor& wide, const Tensor& narrow) const {
    std::vector<TapTable> tables;
    for (int d = 2; d < wide.rank(); ++d)
      tables.push_back(taps(wide.layout().size(d), narrow.layout().size(d), static_cast<size_t>(d - 2)));
    return {wide.layout(), narrow.layout(), std::move(tables)};
  }
};

// Each element of the result as a weighted mean.
void combine(const Resize& resize, const Tensor& input, const Tensor& out) {
  Tensor elements = row_major_in(DType::float64, input), means = empty(out.shape(), DType::float64);
  TapWalk walk = resize.walk(elements, means);
  const double* from = elements.data<double>();
  double* to = means.data<double>();
  walk.each_element([&](int64_t at, int64_t) {
    double total = 0;
    walk.each_tap([&](int64_t tap, int64_t, double weight) { total += weight * from[tap]; });
    to[at] = total / static_cast<double>(walk.count());
  });
  copy_elements(out, means);
}

// Each element of the result as one that there is.
void pick(const Resize& resize, const Tensor& input, const Tensor& out) {
  TapWalk walk = resize.walk(input, out);
  std::vector<int64_t> places;
  walk.each_element([&](int64_t, int64_t) {
    walk.each_tap([&](int64_t tap, int64_t, double) { places.push_back(input.storage_offset() + tap); });
  });
  pick_elements(out, input, places);
}

// -- bytes: weights are whole numbers of 2^-bits that fit in 16 bits, and each dimension is rounded to bytes
// before the next is made, the last one first; so PyTorch's bytes are met exactly

struct WholeTap {
  int64_t at, weight;
};
struct WholeTaps {
  std::vector<std::vector<WholeTap>> places;
  int bits = 0;
};

// Taps at one place are one.
Taps merged(const Taps& taps) {
  Taps result{{}, taps.count};
  for (const Tap& tap : taps.list)
    if (!result.list.empty() && result.list.back().at == tap.at)
      result.list.back().weight += tap.weight;
    else
      result.list.push_back(tap);
  return result;
}

WholeTaps rounded(TapTable table) {
  double largest = 0;
  for (Taps& taps : table) {
    taps = merged(taps);
    for (const Tap& tap : taps.list) largest = std::max(largest, tap.weight);
  }
  WholeTaps whole;
  while (whole.bits < 22 && 0.5 + std::ldexp(largest, whole.bits + 1) < 0x1p15) ++whole.bits;
  for (const Taps& taps : table) {
    whole.places.emplace_back();
    for (const Tap& tap : taps.list)
      whole.places.back().push_back(
          {tap.at, static_cast<int64_t>(std::ldexp(tap.weight, whole.bits) + (tap.weight < 0 ? -0.5 : 0.5))});
  }
  return whole;
}

using Bytes = std::vector<uint8_t>;

// `outer` images, each `extent` rows of `inner` bytes, with as many rows as there are places in the taps.
Bytes weigh_rows(const Bytes& from, const WholeTaps& taps, size_t outer, size_t extent, size_t inner) {
  Bytes to;
  for (size_t o = 0; o < outer; ++o)
    for (const auto& place : taps.places)
      for (size_t i = 0; i < inner; ++i) {
        int64_t total = (int64_t{1} << taps.bits) / 2;
        for (const WholeTap& tap : place)
          total += tap.weight * from[(o * extent + static_cast<size_t>(tap.at)) * inner + i];
        to.push_back(static_cast<uint8_t>(std::clamp<int64_t>(total >> taps.bits, 0, 255)));
      }
  return to;
}

void resample_bytes(const Tensor& input, const Tensor& out, const Resize& resize) {
  Bytes bytes = input.to_vector<uint8_t>();
  size_t inner = 1, outer = bytes.size();
  for (int d = input.rank() - 1; d >= 2; --d) {
    int64_t extent = input.layout().size(d), count = out.layout().size(d);
    outer /= static_cast<size_t>(extent);
    if (count != extent)
      bytes = weigh_rows(bytes, rounded(resize.taps(extent, count, static_cast<size_t>(d - 2))), outer,
                         static_cast<size_t>(extent), inner);
    inner *= static_cast<size_t>(count);
  }
  auto* to = static_cast<uint8_t*>(out.storage()->data());
  auto next = bytes.begin();
  for_each_offset(out.layout(), [&](int64_t at) { to[at] = *next++; });
}

}  // namespace

bool resample(const KernelCall& call) {
  const Tensor &input = call.in[0], &out = call.out[0];
  if (out.numel() == 0) return true;
  args::Resample a(call.attrs);
  bool in_double = input.dtype() == DType::float64;
  Resize resize{a.mode, a.align_corners, a.antialias, a.scale_factor, in_double};
  bool picks = a.mode.starts_with("nearest");
  if (!picks && input.dtype() == DType::uint8) return resample_bytes(input, out, resize), true;
  picks ? pick(resize, input, out) : combine(resize, input, out);
  return true;
}

bool resample_gradient(const KernelCall& call) {
  const Tensor &grad = call.in[0], &out = call.out[0];
  if (out.numel() == 0) return true;
  args::ResampleGradient a(call.attrs);
  bool in_double = grad.dtype() == DType::float64;
  Tensor shares = row_major_in(DType::float64, grad);
  Resize resize{a.mode, a.align_corners, a.antialias, a.scale_factor, in_double};
  spread(resize.walk(out, shares), shares, out, 0);
  return true;
}

}  // namespace rushlight::reference
