#include "rushlight/core/dtype.h"

#include "rushlight/base/error.h"

namespace rushlight {

namespace {
constexpr std::string_view kNames[kDTypeCount] = {"bool",     "uint8",   "uint16", "uint32", "uint64",
                                                  "int8",     "int16",   "int32",  "int64",  "float16",
                                                  "bfloat16", "float32", "float64"};
}

std::string_view name_of(DType dtype) { return kNames[static_cast<int>(dtype)]; }

std::optional<DType> dtype_from_name(std::string_view name) {
  for (int i = 0; i < kDTypeCount; ++i)
    if (kNames[i] == name) return static_cast<DType>(i);
  return std::nullopt;
}

void append_text(std::string& text, DType dtype) { text += name_of(dtype); }

DType promote_types(DType a, DType b) {
  if (a == b) return a;
  DType low = a < b ? a : b, high = a < b ? b : a;
  if (low == DType::boolean) return high;
  if (is_floating(high)) {
    if (is_half(low) && is_half(high)) return DType::float32;
    return high;
  }
  if (is_signed(low) == is_signed(high)) return high;
  // unsigned meets signed: the signed type that holds both, int64 at most
  size_t needed = size_of(low) * 2 > size_of(high) ? size_of(low) * 2 : size_of(high);
  if (needed <= 2) return DType::int16;
  return needed <= 4 ? DType::int32 : DType::int64;
}

bool can_cast(DType from, DType to) {
  if (is_floating(from)) return is_floating(to);
  if (is_integral(from)) return to != DType::boolean;
  return true;
}

}  // namespace rushlight
