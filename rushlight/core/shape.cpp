#include "rushlight/core/shape.h"

#include <algorithm>
#include <limits>

namespace rushlight {

void append_text(std::string& text, const Ints& values) {
  append_text(text, IntSpan(values.data(), values.size()));
}

OffsetWalk::OffsetWalk(const Layout& layout) : layout_(layout), offset_(layout.offset()) {
  bool one_run = layout.is_contiguous() || layout.rank() == 0;
  int last = layout.rank() - 1;
  run_ = one_run ? layout.numel() : layout.size(last);
  step_ = one_run ? 1 : layout.stride(last);
  left_in_run_ = layout.numel() == 0 ? 0 : run_;
  if (!one_run) position_.resize(static_cast<size_t>(last), 0);
}

void OffsetWalk::next_run() {
  offset_ -= step_ * (run_ - 1);
  for (size_t d = position_.size(); d-- > 0;) {
    int64_t stride = layout_.stride(static_cast<int>(d)), size = layout_.size(static_cast<int>(d));
    offset_ += stride;
    if (++position_[d] < size) {
      left_in_run_ = run_;
      return;
    }
    offset_ -= stride * size;
    position_[d] = 0;
  }
}

int64_t checked_numel(IntSpan shape, const char* where) {
  int64_t numel = 1;
  bool overflow = false;
  for (int64_t size : shape) {
    if (size < 0)
      fail(ErrorKind::runtime, "[", where, "] size ", size, " in ", shape,
           " is negative; sizes count elements");
    overflow |= __builtin_mul_overflow(numel, size, &numel);
  }
  if (overflow)
    fail(ErrorKind::runtime, "[", where, "] shape ", shape, " has more elements than 64 bits can count");
  return numel;
}

int wrap_dim(int64_t dim, int rank, const char* op) {
  int64_t span = rank ? rank : 1;  // a scalar accepts 0 and -1, as in PyTorch
  if (dim < -span || dim >= span)
    fail(ErrorKind::index, "[", op, "] Dimension out of range (expected to be in range of [", -span, ", ",
         span - 1, "], but got ", dim, ")");
  return static_cast<int>(dim < 0 ? dim + span : dim);
}

Shape broadcast_shapes(IntSpan a, IntSpan b, const char* op, ErrorKind kind) {
  size_t rank = std::max(a.size(), b.size());
  Shape shape(rank, 1);
  for (size_t i = 0; i < rank; ++i) {  // from the last dimension on
    int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1;
    int64_t y = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (x != y && x != 1 && y != 1)
      fail(kind, "[", op, "] shapes ", a, " and ", b, " do not broadcast: in dimension -", i + 1,
           " the sizes are ", x, " and ", y, "; they must be equal, or one of them 1");
    shape[rank - 1 - i] = x == 1 ? y : x;
  }
  return shape;
}

Layout::Layout(IntSpan shape) {
  numel_ = checked_numel(shape, "shape");
  set_rank(shape.size());
  int64_t step = 1;
  bool overflow = false;
  for (int d = rank_ - 1; d >= 0; --d) {
    dims()[d] = shape[d];
    dims()[rank_ + d] = step;
    if (d > 0) overflow |= __builtin_mul_overflow(step, std::max<int64_t>(shape[d], 1), &step);
  }
  if (overflow) {  // possible where there are no elements
    if (on_heap()) delete_heap();
    fail(ErrorKind::runtime, "[shape] the strides of shape ", shape, " are more than 64 bits can hold");
  }
}

Layout::Layout(IntSpan shape, IntSpan strides, int64_t offset) : offset_(offset) {
  numel_ = checked_numel(shape, "shape");
  set_rank(shape.size());
  std::copy(shape.begin(), shape.end(), dims());
  std::copy(strides.begin(), strides.end(), dims() + rank_);
  find_contiguous();
}

void Layout::set_rank(size_t rank) {
  if (rank > 4096) fail(ErrorKind::value, "a tensor of ", rank, " dimensions; the most is 4096");
  rank_ = static_cast<int32_t>(rank);
  if (on_heap()) heap_ = static_cast<int64_t*>(allocate_memory(2 * rank * sizeof(int64_t)));
}

void Layout::delete_heap() noexcept { free_memory(heap_, 2 * static_cast<size_t>(rank_) * sizeof(int64_t)); }

void Layout::find_contiguous() {
  contiguous_ = true;
  int64_t step = 1;
  for (int d = rank_ - 1; d >= 0 && numel_ > 0; --d) {
    if (size(d) == 1) continue;
    contiguous_ &= stride(d) == step;
    step *= size(d);
  }
}

namespace {
// Dimensions of more than one element, from the widest step to the narrowest; what is repeated comes first.
SmallVector<int, 5> widest_first(const Layout& layout) {
  SmallVector<int, 5> order;
  for (int d = 0; d < layout.rank(); ++d)
    if (layout.size(d) > 1) order.push_back(d);
  auto reach = [&](int d) {
    const int64_t step = layout.stride(d);
    return step < 0 ? -step : step > 0 ? step : std::numeric_limits<int64_t>::max();
  };
  std::sort(order.begin(), order.end(),
            [&](int a, int b) { return reach(a) == reach(b) ? a < b : reach(a) > reach(b); });
  return order;
}
}  // namespace

Layout Layout::packed() const {
  if (contiguous_ || numel_ == 0) return Layout(shape());
  auto order = widest_first(*this);
  Strides strides(static_cast<size_t>(rank_), 1);
  int64_t step = 1;
  while (!order.empty()) {
    const int d = order.back();
    order.pop_back();
    strides[d] = step;
    step *= size(d);
  }
  return Layout(shape(), IntSpan(strides.data(), strides.size()), 0);
}

Layout Layout::dense_like() const {
  Layout dense = packed();
  for (int d = 0; d < rank_; ++d)
    if (size(d) > 1 && stride(d) != dense.stride(d)) return Layout(shape());
  return dense;
}

Layout Layout::channels_last(IntSpan shape) {
  Strides strides(shape.size(), 1);
  int64_t step = shape[1];
  for (size_t d = shape.size() - 1; d >= 2; --d) {
    strides[d] = step;
    step *= shape[d];
  }
  strides[0] = step;
  return Layout(shape, IntSpan(strides.data(), strides.size()), 0);
}

bool Layout::is_channels_last() const {
  if (rank_ < 3) return false;
  int64_t step = 1;
  auto follows = [&](int d) {
    bool fits = size(d) == 1 || stride(d) == step;
    step *= size(d);
    return fits;
  };
  bool all = follows(1);
  for (int d = rank_ - 1; all && d >= 2; --d) all = follows(d);
  return numel_ == 0 || (all && follows(0));
}

int64_t Layout::first_element() const {
  int64_t first = offset_;
  if (numel_ == 0) return first;
  for (int d = 0; d < rank_; ++d)
    if (stride(d) < 0) first += (size(d) - 1) * stride(d);
  return first;
}

int64_t Layout::end_element() const {
  int64_t last = offset_;
  if (numel_ == 0) return last;
  for (int d = 0; d < rank_; ++d)
    if (stride(d) > 0) last += (size(d) - 1) * stride(d);
  return last + 1;
}

namespace {
// Whether steps of the dimensions order[at...], fewer of each than it is long, lead so far. Narrower
// dimensions together reach less than one step of a wider one: only the two nearest numbers of steps can be
// right.
bool leads_to(int64_t distance, const Layout& layout, std::span<const int> order) {
  if (order.empty()) return distance == 0;
  const int d = order.front();
  const int64_t step = std::abs(layout.stride(d)), nearest = distance / step;
  for (int64_t steps : {nearest, nearest + (distance < 0 ? -1 : 1)})
    if (std::abs(steps) < layout.size(d) && leads_to(distance - steps * step, layout, order.subspan(1)))
      return true;
  return false;
}
}  // namespace

bool Layout::meets(const Layout& other) const {
  if (numel_ == 0 || other.numel_ == 0) return false;
  if (first_element() >= other.end_element() || other.first_element() >= end_element()) return false;
  if (!same_shape(other) || !std::ranges::equal(strides(), other.strides()) || has_overlap()) return true;
  const auto order = widest_first(*this);
  return leads_to(offset_ - other.offset_, *this, {order.data(), order.size()});
}

bool Layout::has_overlap() const {
  if (contiguous_ || numel_ <= 1) return false;
  auto order = widest_first(*this);
  int64_t extent = 0;  // how far the narrower dimensions reach
  while (!order.empty()) {
    int d = order.back();
    order.pop_back();
    int64_t step = stride(d) < 0 ? -stride(d) : stride(d);
    if (step <= extent) return true;
    extent += step * (size(d) - 1);
  }
  return false;
}

}  // namespace rushlight
