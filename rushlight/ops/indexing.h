// x(Slice(0, 3), _, -1): what may stand between the brackets, for reading with index_by and writing with
// set_by.
#pragma once

#include <optional>
#include <span>

#include "rushlight/core/tensor.h"

namespace rushlight {

// Python's start:stop:step. A negative step walks backwards.
struct Slice {
  Slice() = default;
  Slice(std::optional<int64_t> first, std::optional<int64_t> last, int64_t stride = 1)
      : start(first), stop(last), step(stride) {}
  std::optional<int64_t> start, stop;
  int64_t step = 1;
};

struct WholeDimension {};
struct EllipsisIndex {};
struct NewAxis {};
inline constexpr WholeDimension _;        // one dimension as it is: Python's `:`
inline constexpr EllipsisIndex Ellipsis;  // as many of them as fit: `...`
inline constexpr NewAxis None;            // a new dimension of size 1

// One item of an index. Integers and slices make views. A tensor of integers picks elements; a tensor of
// bools picks where it is true and stands for as many dimensions as it has.
class IndexItem {
 public:
  enum class Kind : uint8_t { integer, slice, ellipsis, new_axis, tensor, boolean };

  template <PlainNumber T>
    requires std::is_integral_v<T>
  IndexItem(T at)
      : kind(std::is_same_v<T, bool> ? Kind::boolean : Kind::integer), integer(static_cast<int64_t>(at)) {}
  IndexItem(const Slice& s) : kind(Kind::slice), slice(s) {}
  IndexItem(WholeDimension) : kind(Kind::slice) {}
  IndexItem(EllipsisIndex) : kind(Kind::ellipsis) {}
  IndexItem(NewAxis) : kind(Kind::new_axis) {}
  IndexItem(const Tensor& t) : kind(Kind::tensor), tensor(t) {}

  Kind kind;
  int64_t integer = 0;
  Slice slice;
  Tensor tensor;
};

template <class... Items>
Tensor Tensor::operator()(const Items&... items) const {
  const IndexItem list[] = {IndexItem(items)...};
  return index_by(list);
}

}  // namespace rushlight
