// Scans: each element of a result is made from the elements up to it.
#include <cmath>

#include "rushlight/backend/reference/kernels.h"
#include "rushlight/backend/reference/keys.h"
#include "rushlight/backend/reference/lines.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::reference {

namespace {

// The input as the result's dtype has it, in a type in which halves and float32 gain digits, and whole
// numbers wrap.
Tensor widened(const Tensor& input, DType dtype) {
  return row_major_in(total_type(dtype), input.dtype() == dtype ? input : row_major_in(dtype, input));
}

// Every line is scanned in place.
template <class Combine>
bool scan(const KernelCall& call, Combine combine) {
  const Tensor& out = call.out[0];
  Tensor totals = widened(call.in[0], out.dtype());
  Rows rows(totals, call.attrs[0].as_int());
  visit_total(totals.dtype(), [&]<class Total>(TypeTag<Total>) {
    auto* data = totals.data<Total>();
    for (int64_t start : rows.starts) {
      Total carry = rows.size ? data[start] : 0;
      for (int64_t i = 1; i < rows.size; ++i)
        carry = data[start + i * rows.step] = combine(carry, data[start + i * rows.step]);
    }
  });
  copy_elements(out, totals);
  return true;
}

// log(exp(a) + exp(b)) without overflow.
double log_of_sum(double a, double b) {
  double high = std::fmax(a, b), low = std::fmin(a, b);
  if (std::isnan(a) || std::isnan(b)) return a + b;
  return std::isinf(high) ? high : high + std::log1p(std::exp(low - high));
}

// The best up to each place and where it was found, the latest of equals. A NaN stays.
template <class Keeps>
bool running_best(const KernelCall& call, Keeps at_least_as_good) {
  const Tensor &input = call.in[0], &indices = call.out[1];
  int64_t dim = call.attrs[0].as_int();
  Rows from(input, dim), to(indices, dim);
  auto is_nan = [&](uint64_t key) { return is_nan_key(key, input.dtype()); };
  auto* index = static_cast<int64_t*>(indices.storage()->data());
  for (size_t row = 0; row < from.starts.size(); ++row) {
    std::vector<uint64_t> keys = keys_of(input, Layout({&from.size, 1}, {&from.step, 1}, from.starts[row]));
    size_t best = 0;
    for (size_t i = 0; i < keys.size(); ++i) {
      if (is_nan(keys[i]) || (!is_nan(keys[best]) && at_least_as_good(keys[i], keys[best]))) best = i;
      index[to.starts[row] + static_cast<int64_t>(i) * to.step] = static_cast<int64_t>(best);
    }
  }
  gather_elements(call.out[0], input, dim, indices);
  return true;
}

}  // namespace

bool cumsum(const KernelCall& call) {
  return scan(call, [](auto a, auto b) { return a + b; });
}
bool cumprod(const KernelCall& call) {
  return scan(call, [](auto a, auto b) { return a * b; });
}
bool logcumsumexp(const KernelCall& call) {
  return scan(call, [](auto a, auto b) -> decltype(a) {
    return static_cast<decltype(a)>(log_of_sum(static_cast<double>(a), static_cast<double>(b)));
  });
}
bool cummax(const KernelCall& call) {
  return running_best(call, [](uint64_t x, uint64_t best) { return x >= best; });
}
bool cummin(const KernelCall& call) {
  return running_best(call, [](uint64_t x, uint64_t best) { return x <= best; });
}

bool linear_recurrence(const KernelCall& call) {
  args::LinearRecurrence a(call.attrs);
  const Tensor& out = call.out[0];
  Tensor totals = widened(call.in[0], out.dtype()), factor = widened(call.in[1], out.dtype());
  Rows rows(totals, a.dim), factors(factor, a.dim);
  visit_total(totals.dtype(), [&]<class Total>(TypeTag<Total>) {
    auto* data = totals.data<Total>();
    auto* between = factor.data<Total>();
    for (size_t line = 0; line < rows.starts.size(); ++line) {
      for (int64_t i = 1; i < rows.size; ++i) {
        int64_t place = a.reverse ? rows.size - 1 - i : i, before = a.reverse ? place + 1 : place - 1;
        int64_t gap = a.reverse ? place : place - 1;
        data[rows.starts[line] + place * rows.step] +=
            between[factors.starts[line] + gap * factors.step] * data[rows.starts[line] + before * rows.step];
      }
    }
  });
  copy_elements(out, totals);
  return true;
}

}  // namespace rushlight::reference
