// Scans: each element of a result is made from the elements up to it.
#include <cmath>

#include "rushlight/backend/reference/kernels.h"
#include "rushlight/backend/reference/lines.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::reference {

namespace {

// What a running value is kept in: halves and float32 gain digits, whole numbers wrap.
template <class T>
using Carry = std::conditional_t<std::is_integral_v<T>, uint64_t, double>;

template <class T>
T rounded(Carry<T> value) {
  if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>)
    return static_cast<T>(static_cast<float>(value));
  else
    return static_cast<T>(value);
}

// The result starts as a copy of the input (cast), then every line is scanned in place.
template <class Combine>
bool scan(const KernelCall& call, Combine combine) {
  const Tensor& out = call.out[0];
  copy_elements(out, call.in[0]);
  Rows rows(out, call.attrs[0].as_int());
  visit(out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    auto* data = static_cast<T*>(out.storage()->data());
    for (int64_t start : rows.starts) {
      Carry<T> carry{};
      for (int64_t i = 0; i < rows.size; ++i) {
        T& element = data[start + i * rows.step];
        auto value = static_cast<Carry<T>>(element);
        carry = i == 0 ? value : combine(carry, value);
        element = rounded<T>(carry);
      }
    }
  });
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
  const Tensor& input = call.in[0];
  Rows from(input, call.attrs[0].as_int()), to(call.out[0], call.attrs[0].as_int());
  visit(input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    auto* data = static_cast<const T*>(input.storage()->data());
    auto* values = static_cast<T*>(call.out[0].storage()->data());
    auto* indices = static_cast<int64_t*>(call.out[1].storage()->data());
    for (size_t line = 0; line < from.starts.size(); ++line) {
      int64_t where = 0;
      for (int64_t i = 0; i < from.size; ++i) {
        T x = data[from.starts[line] + i * from.step], best = data[from.starts[line] + where * from.step];
        if (x != x || at_least_as_good(x, best)) where = i, best = x;
        values[to.starts[line] + i * to.step] = best;
        indices[to.starts[line] + i * to.step] = where;
      }
    }
  });
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
  return running_best(call, [](auto x, auto best) { return x >= best; });
}
bool cummin(const KernelCall& call) {
  return running_best(call, [](auto x, auto best) { return x <= best; });
}

bool linear_recurrence(const KernelCall& call) {
  args::LinearRecurrence a(call.attrs);
  const Tensor &factor = call.in[1], &out = call.out[0];
  copy_elements(out, call.in[0]);
  Rows rows(out, a.dim), factors(factor, a.dim);
  visit(out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    auto* data = static_cast<T*>(out.storage()->data());
    auto* between = static_cast<const T*>(factor.storage()->data());
    for (size_t line = 0; line < rows.starts.size(); ++line) {
      Carry<T> carry{};
      for (int64_t i = 0; i < rows.size; ++i) {
        int64_t place = a.reverse ? rows.size - 1 - i : i;
        T& element = data[rows.starts[line] + place * rows.step];
        auto value = static_cast<Carry<T>>(element);
        if (i > 0) {
          int64_t gap = a.reverse ? place : place - 1;
          value += static_cast<Carry<T>>(between[factors.starts[line] + gap * factors.step]) * carry;
        }
        carry = value;
        element = rounded<T>(carry);
      }
    }
  });
  return true;
}

}  // namespace rushlight::reference
