// Pooling: the largest and the mean of the elements that each element of the result is made from.
#include "rushlight/backend/reference/kernels.h"
#include "rushlight/backend/reference/keys.h"
#include "rushlight/backend/reference/taps.h"
#include "rushlight/backend/windows.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::reference {

namespace {

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
  const Tensor &input = call.in[0], &values = call.out[0];
  Tensor image = row_major_in(input.dtype(), input);
  std::vector<uint64_t> keys = keys_of(image, image.layout());
  TapWalk walk(image.layout(), values.layout(), std::move(tables));
  std::vector<int64_t> chosen;
  int64_t* index = call.out[1].data<int64_t>();
  walk.each_element([&](int64_t to, int64_t) {
    int64_t best = -1, where = -1;
    walk.each_tap([&](int64_t at, int64_t place, double) {
      uint64_t key = keys[static_cast<size_t>(at)];
      if (best >= 0 && key <= keys[static_cast<size_t>(best)] && !is_nan_key(key, input.dtype())) return;
      best = at;
      where = place;
    });
    chosen.push_back(best);
    index[to] = where;
  });
  pick_elements(values, image, chosen);
  return true;
}

// Whole numbers are divided towards 0, with a total of 64 bits that wrapped.
uint64_t whole_mean(uint64_t total, int64_t divisor, bool is_signed) {
  bool minus = is_signed && static_cast<int64_t>(total) < 0, divides_minus = divisor < 0;
  uint64_t by = divides_minus ? -static_cast<uint64_t>(divisor) : static_cast<uint64_t>(divisor);
  uint64_t size = (minus ? -total : total) / by;
  return minus != divides_minus ? -size : size;
}

// A window may hang over the end altogether: its mean is 0.
template <class Total, class Mean>
void write_means(TapWalk& walk, const Tensor& elements, const Tensor& means, Mean mean) {
  const Total* from = elements.data<Total>();
  Total* to = means.data<Total>();
  walk.each_element([&](int64_t at, int64_t) {
    Total total = 0;
    bool empty = true;
    walk.each_tap([&](int64_t tap, int64_t, double) {
      total += from[tap];
      empty = false;
    });
    to[at] = empty ? 0 : mean(total);
  });
}

}  // namespace

bool max_pool(const KernelCall& call) {
  if (call.out[0].numel() == 0) return true;
  args::MaxPool a(call.attrs);
  return largest(call, all_window_taps(a, a.dilation, call.in[0], call.out[0], false));
}

bool max_pool_gradient(const KernelCall& call) {
  const Tensor& out = call.out[0];
  if (out.numel() == 0) return true;
  Tensor grad = row_major_in(DType::float64, call.in[0]), indices = row_major_in(DType::int64, call.in[1]);
  Tensor totals = empty(out.shape(), DType::float64);
  copy_elements(totals, 0);
  int64_t planes = out.size(0) * out.size(1), places = out.numel() / planes, windows = grad.numel() / planes;
  const double* from = grad.data<double>();
  double* to = totals.data<double>();
  int64_t element = 0;
  for (int64_t place : indices.span<int64_t>()) {
    if (place < 0 || place >= places)
      fail(ErrorKind::index, "[max_pool_gradient] index ", place, " is out of bounds for a channel of ",
           places, " elements");
    to[element / windows * places + place] += from[element];
    ++element;
  }
  copy_elements(out, totals);
  return true;
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
  DType wide = total_type(input.dtype());
  Tensor elements = row_major_in(wide, input), means = empty(out.shape(), wide);
  TapWalk walk(elements.layout(), means.layout(), all_window_taps(a, 1, input, out, a.count_include_pad));
  auto divisor = [&] { return a.divisor_override.value_or(walk.count()); };
  if (wide == DType::uint64)
    write_means<uint64_t>(walk, elements, means, [&](uint64_t total) {
      return whole_mean(total, divisor(), is_signed(input.dtype()));
    });
  else
    write_means<double>(walk, elements, means,
                        [&](double total) { return total / static_cast<double>(divisor()); });
  copy_elements(out, means);
  return true;
}

bool avg_pool_gradient(const KernelCall& call) {
  const Tensor& out = call.out[0];
  if (out.numel() == 0) return true;
  args::AvgPoolGradient a(call.attrs);
  Tensor shares = row_major_in(DType::float64, call.in[0]);
  TapWalk walk(out.layout(), shares.layout(), all_window_taps(a, 1, out, shares, a.count_include_pad));
  spread(std::move(walk), shares, out, a.divisor_override.value_or(0));
  return true;
}

}  // namespace rushlight::reference
