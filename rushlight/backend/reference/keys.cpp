#include "rushlight/backend/reference/keys.h"

#include <bit>

namespace rushlight::reference {

namespace {
template <class T>
uint64_t key_of(T element) {
  constexpr uint64_t top = uint64_t{1} << 63;
  if constexpr (std::is_unsigned_v<T>) {
    return element;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<uint64_t>(element) ^ top;
  } else {
    double number = static_cast<double>(element) + 0.0;  // -0 + 0 is 0
    auto bits = std::bit_cast<uint64_t>(number);
    if (number != number) return ~uint64_t{0};
    // The bits of negative numbers are in the opposite order: all are flipped, else the sign alone.
    return bits ^ (top | static_cast<uint64_t>(static_cast<int64_t>(bits) >> 63));
  }
}
}  // namespace

std::vector<uint64_t> keys_of(const Tensor& tensor, const Layout& places) {
  std::vector<uint64_t> keys(static_cast<size_t>(places.numel()));
  uint64_t* next = keys.data();
  visit(tensor.dtype(), [&]<class T>(TypeTag<T>) {
    auto* from = static_cast<const T*>(tensor.storage()->data());
    for_each_offset(places, [&](int64_t at) { *next++ = key_of(from[at]); });
  });
  return keys;
}

}  // namespace rushlight::reference
