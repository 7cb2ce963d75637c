// Reductions. The result is walked element by element, each from its own line of the input.
#include <cmath>

#include "rushlight/backend/reference/kernels.h"
#include "rushlight/backend/reference/lines.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::reference {

namespace {

template <class T>
inline constexpr bool is_real =
    std::is_floating_point_v<T> || std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>;

// An element as a total counts it: numbers as double, whole ones so that they wrap like int64, truth values
// as 0 or 1.
template <class Total, class T>
Total widen(T x) {
  if constexpr (std::is_same_v<Total, bool>)
    return x != T(0);
  else if constexpr (std::is_same_v<Total, uint64_t>)
    return static_cast<uint64_t>(static_cast<int64_t>(x));
  else
    return static_cast<double>(x);
}

template <class Total>
void store(const Tensor& out, int64_t place, Total total) {
  visit(out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* to = static_cast<T*>(out.raw_data()) + place;
    if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>)
      *to = static_cast<T>(static_cast<float>(total));
    else
      *to = static_cast<T>(total);
  });
}

// Every line combined to one number, from `start` on.
template <class Total, class Combine>
void fold(const KernelCall& call, const Lines& lines, Total start, Combine combine) {
  const Tensor& input = call.in[0];
  visit(input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    auto* from = static_cast<const T*>(input.storage()->data());
    int64_t place = 0;
    for_each_offset(lines.starts, [&](int64_t first) {
      Total total = start;
      for_each_offset(lines.along,
                      [&](int64_t at) { total = combine(total, widen<Total>(from[first + at])); });
      store(call.out[0], place++, total);
    });
  });
}

bool or_of(bool a, bool b) { return a || b; }
bool and_of(bool a, bool b) { return a && b; }

// any and all: no named dimension (dim=()) means that each element is a line of its own.
Lines truth_lines(const KernelCall& call) {
  OptionalIntList dims = args::Any(call.attrs).dim;
  const Tensor& input = call.in[0];
  if (dims && dims->empty())
    return lines_where(input, SmallVector<bool, 8>(static_cast<size_t>(input.rank()), false));
  return lines_through(input, dims);
}

}  // namespace

bool sum(const KernelCall& call) {
  Lines lines = lines_through(call.in[0], args::Sum(call.attrs).dim);
  DType dtype = call.out[0].dtype();
  if (dtype == DType::boolean)
    fold(call, lines, false, or_of);
  else if (is_floating(dtype))
    fold(call, lines, 0.0, [](double a, double b) { return a + b; });
  else
    fold(call, lines, uint64_t{0}, [](uint64_t a, uint64_t b) { return a + b; });
  return true;
}

bool prod(const KernelCall& call) {
  Lines lines = lines_through(call.in[0], args::Prod(call.attrs).dim);
  DType dtype = call.out[0].dtype();
  if (dtype == DType::boolean)
    fold(call, lines, true, and_of);
  else if (is_floating(dtype))
    fold(call, lines, 1.0, [](double a, double b) { return a * b; });
  else
    fold(call, lines, uint64_t{1}, [](uint64_t a, uint64_t b) { return a * b; });
  return true;
}

bool any(const KernelCall& call) {
  fold(call, truth_lines(call), false, or_of);
  return true;
}
bool all(const KernelCall& call) {
  fold(call, truth_lines(call), true, and_of);
  return true;
}

}  // namespace rushlight::reference
