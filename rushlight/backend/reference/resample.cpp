// Images in another size: where each new element lies between the old ones, and what it takes of each.
#include <algorithm>
#include <cmath>

#include "rushlight/backend/reference/kernels.h"
#include "rushlight/backend/reference/taps.h"
#include "rushlight/backend/windows.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::reference {

namespace {

TapWalk walk_of(const Resize& resize, const Tensor& wide, const Tensor& narrow) {
  std::vector<TapTable> tables;
  for (int d = 2; d < wide.rank(); ++d)
    tables.push_back(resize.taps(wide.layout().size(d), narrow.layout().size(d), static_cast<size_t>(d - 2)));
  return {wide.layout(), narrow.layout(), std::move(tables)};
}

// Each element of the result as a weighted mean.
void combine(const Resize& resize, const Tensor& input, const Tensor& out) {
  Tensor elements = row_major_in(DType::float64, input), means = empty(out.shape(), DType::float64);
  TapWalk walk = walk_of(resize, elements, means);
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
  TapWalk walk = walk_of(resize, input, out);
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
  if (!resize.picks() && input.dtype() == DType::uint8) return resample_bytes(input, out, resize), true;
  resize.picks() ? pick(resize, input, out) : combine(resize, input, out);
  return true;
}

bool resample_gradient(const KernelCall& call) {
  const Tensor &grad = call.in[0], &out = call.out[0];
  if (out.numel() == 0) return true;
  args::ResampleGradient a(call.attrs);
  bool in_double = grad.dtype() == DType::float64;
  Tensor shares = row_major_in(DType::float64, grad);
  Resize resize{a.mode, a.align_corners, a.antialias, a.scale_factor, in_double};
  spread(walk_of(resize, out, shares), shares, out, 0);
  return true;
}

}  // namespace rushlight::reference
