// Pooling: the largest and the mean of the elements that each element of the result is made from.
#include "rushlight/backend/reference/kernels.h"
#include "rushlight/backend/reference/taps.h"
#include "rushlight/backend/windows.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::reference {

namespace {

// What each position of a sliding window covers of `extent` elements. A mean counts the padding too, where
// `counts_padding` says so, but not what hangs over it.
TapTable window_taps(const Window& window, int64_t extent, int64_t positions, bool counts_padding) {
  TapTable table;
  for (int64_t position = 0; position < positions; ++position) {
    int64_t start = window.start(position), end = std::min(start + window.reach(), extent + window.padding);
    Taps taps;
    int64_t first =
        start < 0 ? start + (-start + window.dilation - 1) / window.dilation * window.dilation : start;
    for (int64_t at = first; at < std::min(end, extent); at += window.dilation) taps.list.push_back({at});
    taps.count = counts_padding ? end - start : static_cast<int64_t>(taps.list.size());
    table.push_back(std::move(taps));
  }
  return table;
}

template <class Args>
Window window_of(const Args& a, const IntList& dilation, size_t d) {
  return {each(a.kernel_size, d), each(a.stride, d), each(a.padding, d), each(dilation, d)};
}
template <class Args>
std::vector<TapTable> all_window_taps(const Args& a, const IntList& dilation, const Tensor& wide,
                                      const Tensor& narrow, bool counts_padding) {
  std::vector<TapTable> tables;
  for (int d = 2; d < wide.rank(); ++d)
    tables.push_back(window_taps(window_of(a, dilation, static_cast<size_t>(d - 2)), wide.layout().size(d),
                                 narrow.layout().size(d), counts_padding));
  return tables;
}

// The first of equals and the last NaN, as PyTorch has it; both results have one layout.
bool largest(const KernelCall& call, std::vector<TapTable> tables) {
  const Tensor &input = call.in[0], &values = call.out[0], &indices = call.out[1];
  TapWalk walk(input.layout(), values.layout(), std::move(tables));
  visit(input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* from = input.data<T>();
    T* value = values.data<T>();
    int64_t* index = indices.data<int64_t>();
    walk.each_element([&](int64_t to, int64_t) {
      T best{};
      int64_t where = -1;
      walk.each_tap([&](int64_t at, int64_t place, double) {
        T x = from[at];
        if (where >= 0 && !(x > best) && x == x) return;
        best = x;
        where = place;
      });
      value[to] = best;
      index[to] = where;
    });
  });
  return true;
}

// Whole numbers are added up as 64 bits that wrap, and divided towards 0.
template <class T>
T mean_of(const TapWalk& walk, const T* from, int64_t divisor) {
  constexpr bool whole = std::is_integral_v<T>;
  std::conditional_t<whole, uint64_t, double> total = 0;
  walk.each_tap([&](int64_t at, int64_t, double) { total += static_cast<decltype(total)>(from[at]); });
  if constexpr (whole) {
    bool minus = std::is_signed_v<T> && static_cast<int64_t>(total) < 0, divides_minus = divisor < 0;
    uint64_t by = divides_minus ? -static_cast<uint64_t>(divisor) : static_cast<uint64_t>(divisor);
    uint64_t size = (minus ? -total : total) / by;
    return static_cast<T>(minus != divides_minus ? -size : size);
  } else {
    T mean;
    store_number(mean, total / static_cast<double>(divisor));
    return mean;
  }
}

}  // namespace

bool max_pool(const KernelCall& call) {
  if (call.out[0].numel() == 0) return true;
  args::MaxPool a(call.attrs);
  return largest(call, all_window_taps(a, a.dilation, call.in[0], call.out[0], false));
}

bool adaptive_max_pool(const KernelCall& call) {
  const Tensor &input = call.in[0], &out = call.out[0];
  if (out.numel() == 0) return true;
  std::vector<TapTable> tables;
  for (int d = 2; d < out.rank(); ++d)
    tables.push_back(even_parts(input.layout().size(d), out.layout().size(d)));
  return largest(call, std::move(tables));
}

bool avg_pool(const KernelCall& call) {
  const Tensor &input = call.in[0], &out = call.out[0];
  if (out.numel() == 0) return true;
  args::AvgPool a(call.attrs);
  TapWalk walk(input.layout(), out.layout(), all_window_taps(a, 1, input, out, a.count_include_pad));
  visit(input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* from = input.data<T>();
    T* to = out.data<T>();
    walk.each_element([&](int64_t at, int64_t) {
      bool empty = true;  // it may hang over the end altogether
      walk.each_tap([&](int64_t, int64_t, double) { empty = false; });
      to[at] = empty ? T(0) : mean_of(walk, from, a.divisor_override.value_or(walk.count()));
    });
  });
  return true;
}

bool avg_pool_gradient(const KernelCall& call) {
  const Tensor &grad = call.in[0], &out = call.out[0];
  if (out.numel() == 0) return true;
  args::AvgPoolGradient a(call.attrs);
  TapWalk walk(out.layout(), grad.layout(), all_window_taps(a, 1, out, grad, a.count_include_pad));
  visit(grad.dtype(), [&](auto tag) {
    spread<typename decltype(tag)::type>(std::move(walk), grad, out, a.divisor_override.value_or(0));
  });
  return true;
}

}  // namespace rushlight::reference
