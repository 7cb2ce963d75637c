// x(Slice(0, 3), _, -1): what may stand between the brackets, for reading and, left of an `=`, for writing.
#pragma once

#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "rushlight/core/tensor.h"
#include "rushlight/ops/operators.h"

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

// What index tensors picked: a copy. Assigned to where it has no name, it writes to where it came from, which
// it keeps alive; a variable of it is as any other tensor.
class Picked : public Tensor {
 public:
  Picked(const Tensor& source, std::span<const IndexItem> items)
      : Tensor(source.index_by(items)), source_(source), items_(items.begin(), items.end()) {}
  Picked(const Picked&) = default;

  using Tensor::operator=;
  void operator=(const Tensor& values) && { source_.set_by(items_, values); }
  void operator=(const Picked& values) && { source_.set_by(items_, values); }

#define RUSHLIGHT_WRITING_OPERATOR(symbol)                              \
  friend void operator symbol##=(Picked&& place, const Tensor& other) { \
    place.source_.set_by(place.items_, place symbol other);             \
  }
  RUSHLIGHT_WRITING_OPERATOR(+)
  RUSHLIGHT_WRITING_OPERATOR(-)
  RUSHLIGHT_WRITING_OPERATOR(*)
  RUSHLIGHT_WRITING_OPERATOR(/)
  RUSHLIGHT_WRITING_OPERATOR(%)
  RUSHLIGHT_WRITING_OPERATOR(&)
  RUSHLIGHT_WRITING_OPERATOR(|)
  RUSHLIGHT_WRITING_OPERATOR(^)
  RUSHLIGHT_WRITING_OPERATOR(<<)
  RUSHLIGHT_WRITING_OPERATOR(>>)
#undef RUSHLIGHT_WRITING_OPERATOR

 private:
  Tensor source_;
  std::vector<IndexItem> items_;
};

template <class... Items>
auto Tensor::operator()(const Items&... items) const {
  const IndexItem list[] = {IndexItem(items)...};
  if constexpr (((std::is_base_of_v<Tensor, Items> || std::is_same_v<bool, Items>) || ...))
    return Picked(*this, list);
  else
    return index_by(list);
}

}  // namespace rushlight
