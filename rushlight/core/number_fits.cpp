#include "rushlight/core/number_fits.h"

#include <cmath>
#include <limits>

namespace rushlight {

namespace {

double largest_of(DType dtype) {
  switch (dtype) {
    case DType::float16: return 65504;
    case DType::bfloat16: return 0x1.FEp127;
    case DType::float32: return std::numeric_limits<float>::max();
    default: return std::numeric_limits<double>::max();
  }
}

template <class T>
bool integer_fits(int64_t number) {
  using Limits = std::numeric_limits<T>;
  if (std::is_signed_v<T>)
    return number >= static_cast<int64_t>(Limits::min()) && number <= static_cast<int64_t>(Limits::max());
  uint64_t size = number < 0 ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
  return size <= static_cast<uint64_t>(Limits::max());
}

// 64 bits end between two doubles, so their end is compared as a power of two.
template <class T>
bool real_fits(double number) {
  double lowest = static_cast<double>(std::numeric_limits<T>::min());
  if (sizeof(T) == 8) return number >= lowest && number < std::ldexp(1.0, std::numeric_limits<T>::digits);
  return number >= lowest && number <= static_cast<double>(std::numeric_limits<T>::max());
}

// test(0 of the type) where that is an integer; all else holds any number.
template <class Test>
bool integer_passes(DType dtype, Test test) {
  return visit(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>)
      return test(T());
    else
      return true;
  });
}

bool is_whole(double number) { return number == std::trunc(number) && std::fabs(number) < 0x1p63; }

[[noreturn]] void complain_number(const char* op, double number, DType dtype) {
  std::string text = is_whole(number) ? join_text(static_cast<int64_t>(number)) : join_text(number);
  fail(ErrorKind::runtime, "[", op, "] the number ", text, " does not fit ", dtype,
       "; choose a wider dtype, or a tensor of the number, which is cast as it is");
}

}  // namespace

bool number_fits(int64_t number, DType dtype) {
  if (is_floating(dtype)) return number_fits(static_cast<double>(number), dtype);
  return integer_passes(dtype, [&](auto zero) { return integer_fits<decltype(zero)>(number); });
}

bool number_fits(double number, DType dtype) {
  if (is_floating(dtype)) return !std::isfinite(number) || std::fabs(number) <= largest_of(dtype);
  return integer_passes(dtype, [&](auto zero) { return real_fits<decltype(zero)>(number); });
}

void expect_number_fits(const char* op, const Tensor& number, DType dtype) {
  if (!number.is_weak() || number.dtype() == DType::boolean || number.dtype() == dtype) return;
  if (number.dtype() == DType::int64) {
    auto value = *static_cast<const int64_t*>(number.raw_data());
    if (!number_fits(value, dtype)) complain_number(op, static_cast<double>(value), dtype);
  } else {
    bool is_large = number.dtype() == DType::uint64;  // no other integer type holds it
    double value = is_large ? static_cast<double>(*static_cast<const uint64_t*>(number.raw_data()))
                            : *static_cast<const double*>(number.raw_data());
    if (!number_fits(value, dtype)) complain_number(op, value, dtype);
  }
}

void expect_number_fits(const char* op, double number, DType dtype) {
  bool fits =
      is_whole(number) ? number_fits(static_cast<int64_t>(number), dtype) : number_fits(number, dtype);
  if (!fits) complain_number(op, number, dtype);
}

}  // namespace rushlight
