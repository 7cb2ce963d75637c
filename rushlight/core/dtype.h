// The element types, their names and sizes, and which type two of them meet in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rushlight/base/type_list.h"
#include "rushlight/core/half.h"

namespace rushlight {

// Ordered so that within a category a later type holds every value of an earlier one, where one does.
enum class DType : uint8_t {
  boolean,
  uint8,
  uint16,
  uint32,
  uint64,
  int8,
  int16,
  int32,
  int64,
  float16,
  bfloat16,
  float32,
  float64
};
inline constexpr int kDTypeCount = 13;

using ElementTypes = TypeList<bool, uint8_t, uint16_t, uint32_t, uint64_t, int8_t, int16_t, int32_t, int64_t,
                              Half, BFloat16, float, double>;

constexpr size_t size_of(DType dtype) {
  constexpr uint8_t sizes[kDTypeCount] = {1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 2, 4, 8};
  return sizes[static_cast<int>(dtype)];
}
constexpr bool is_floating(DType dtype) { return dtype >= DType::float16; }
constexpr bool is_integral(DType dtype) { return dtype > DType::boolean && dtype < DType::float16; }
constexpr bool is_signed(DType dtype) { return dtype >= DType::int8; }
constexpr bool is_half(DType dtype) { return dtype == DType::float16 || dtype == DType::bfloat16; }
// The type that arithmetic on `dtype` happens in: halves compute in float32.
constexpr DType compute_type(DType dtype) { return is_half(dtype) ? DType::float32 : dtype; }
// The distance from 1 to the next number there, of floating types.
constexpr double compute_epsilon(DType dtype) { return dtype == DType::float64 ? 0x1p-52 : 0x1p-23; }

std::string_view name_of(DType dtype);  // "float32", "bool"
std::optional<DType> dtype_from_name(std::string_view name);
void append_text(std::string& text, DType dtype);

// PyTorch's lattice: the smallest type both fit in; float wins over int, uint64 meets signed in an error-free
// int64.
DType promote_types(DType a, DType b);
bool can_cast(DType from, DType to);  // PyTorch's rule for in-place results: never down a category

template <class T>
inline constexpr int dtype_index = [] {
  int index = -1, i = 0;
  ElementTypes::for_each([&](auto tag) {
    if (__is_same(typename decltype(tag)::type, T)) index = i;
    ++i;
  });
  return index;
}();
template <class T>
concept Element = dtype_index<T> >= 0;
template <Element T>
inline constexpr DType dtype_of = static_cast<DType>(dtype_index<T>);

// visit(dtype, [&](auto tag) { using T = typename decltype(tag)::type; ... })
template <class F>
decltype(auto) visit(DType dtype, F&& f) {
  switch (dtype) {
    case DType::boolean: return f(TypeTag<bool>{});
    case DType::uint8: return f(TypeTag<uint8_t>{});
    case DType::uint16: return f(TypeTag<uint16_t>{});
    case DType::uint32: return f(TypeTag<uint32_t>{});
    case DType::uint64: return f(TypeTag<uint64_t>{});
    case DType::int8: return f(TypeTag<int8_t>{});
    case DType::int16: return f(TypeTag<int16_t>{});
    case DType::int32: return f(TypeTag<int32_t>{});
    case DType::int64: return f(TypeTag<int64_t>{});
    case DType::float16: return f(TypeTag<Half>{});
    case DType::bfloat16: return f(TypeTag<BFloat16>{});
    case DType::float32: return f(TypeTag<float>{});
    default: return f(TypeTag<double>{});
  }
}

// The same for what only moves elements: T is an unsigned integer of their size.
template <class F>
decltype(auto) visit_size(DType dtype, F&& f) {
  switch (size_of(dtype)) {
    case 1: return f(TypeTag<uint8_t>{});
    case 2: return f(TypeTag<uint16_t>{});
    case 4: return f(TypeTag<uint32_t>{});
    default: return f(TypeTag<uint64_t>{});
  }
}

}  // namespace rushlight
