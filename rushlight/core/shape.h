// Shape, Strides and Layout: how a flat block of memory is seen as an array of any rank.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include "rushlight/base/error.h"
#include "rushlight/base/small_vector.h"

namespace rushlight {

using Ints = SmallVector<int64_t, 5>;
using Shape = Ints;
using Strides = Ints;
using IntSpan = std::span<const int64_t>;

void append_text(std::string& text, const Ints& values);

// A view of a block of memory: element (i, j, ...) is at offset + i * stride(0) + j * stride(1) + ...
// A value; up to five dimensions live inside it. Invariants: sizes ≥ 0, numel fits in int64.
class Layout {
 public:
  Layout() : numel_(1) {}
  // Row-major. Throws if a size is negative or the product overflows.
  explicit Layout(IntSpan shape);
  Layout(IntSpan shape, IntSpan strides, int64_t offset);
  Layout(const Layout& other) { copy_from(other); }
  Layout(Layout&& other) noexcept { steal_from(other); }
  Layout& operator=(const Layout& other) {
    if (this != &other) {
      free_heap();
      copy_from(other);
    }
    return *this;
  }
  Layout& operator=(Layout&& other) noexcept {
    if (this != &other) {
      free_heap();
      steal_from(other);
    }
    return *this;
  }
  ~Layout() { free_heap(); }

  int rank() const { return rank_; }
  int64_t numel() const { return numel_; }
  int64_t offset() const { return offset_; }
  int64_t size(int dim) const { return dims()[dim]; }
  int64_t stride(int dim) const { return dims()[rank_ + dim]; }
  IntSpan shape() const { return {dims(), static_cast<size_t>(rank_)}; }
  IntSpan strides() const { return {dims() + rank_, static_cast<size_t>(rank_)}; }
  bool is_contiguous() const { return contiguous_; }
  // Dense, and the channels (dimension 1 of at least 3) of a place lie side by side, as images may have them.
  bool is_channels_last() const;

  bool same_shape(const Layout& other) const {
    if (rank_ != other.rank_ || numel_ != other.numel_) return false;
    const int64_t *a = dims(), *b = other.dims();
    for (int d = 0; d < rank_; ++d)
      if (a[d] != b[d]) return false;
    return true;
  }
  friend bool operator==(const Layout& a, const Layout& b) {
    return a.rank_ == b.rank_ && a.offset_ == b.offset_ &&
           std::memcmp(a.dims(), b.dims(), sizeof(int64_t) * 2 * a.rank_) == 0;
  }

  // The same sizes and strides from another start.
  Layout with_offset(int64_t offset) const {
    Layout moved(*this);
    moved.offset_ = offset;
    return moved;
  }
  // The layout a fresh result of this shape gets: dense and in the same order of dimensions, so that a
  // channels-last tensor stays channels-last; row-major where this one has gaps or overlaps.
  Layout dense_like() const;
  // The same order of dimensions in memory, without gaps. What is repeated (stride 0) comes outermost.
  Layout packed() const;
  // (N, C, ...) with the channels innermost; of rank 3 at least.
  static Layout channels_last(IntSpan shape);
  // Lowest and one past the highest element that is touched (equal if empty).
  int64_t first_element() const;
  int64_t end_element() const;
  // Two indices never meet the same element. Exact for the layouts that views make, else conservative.
  bool has_overlap() const;
  // Whether the two have an element in common. Exact where shapes and strides are equal, else their ranges
  // tell.
  bool meets(const Layout& other) const;

 private:
  static constexpr int kInsideRank = 5;

  bool on_heap() const { return rank_ > kInsideRank; }
  const int64_t* dims() const { return on_heap() ? heap_ : inside_; }
  int64_t* dims() { return on_heap() ? heap_ : inside_; }
  void set_rank(size_t rank);
  void find_contiguous();
  void copy_from(const Layout& other);
  void steal_from(Layout& other) noexcept;
  void free_heap() {
    if (on_heap()) delete_heap();
  }
  void delete_heap() noexcept;

  int32_t rank_ = 0;
  bool contiguous_ = true;
  int64_t offset_ = 0;
  int64_t numel_;
  union {
    int64_t inside_[2 * kInsideRank];
    int64_t* heap_;
  };
};

inline void Layout::copy_from(const Layout& other) {
  rank_ = other.rank_;
  contiguous_ = other.contiguous_;
  offset_ = other.offset_;
  numel_ = other.numel_;
  if (other.on_heap()) {
    set_rank(static_cast<size_t>(rank_));
    std::memcpy(heap_, other.heap_, sizeof(int64_t) * 2 * rank_);
  } else {
    std::memcpy(inside_, other.inside_, sizeof inside_);  // a fixed size compiles to a few moves
  }
}
inline void Layout::steal_from(Layout& other) noexcept {
  rank_ = other.rank_;
  contiguous_ = other.contiguous_;
  offset_ = other.offset_;
  numel_ = other.numel_;
  if (other.on_heap()) {
    heap_ = other.heap_;
    other.rank_ = 0;
    other.numel_ = 1;
  } else {
    std::memcpy(inside_, other.inside_, sizeof inside_);
  }
}

// The elements of a layout in row-major order, one after the other: runs along the last dimension, or all of
// a contiguous layout as one.
class OffsetWalk {
 public:
  explicit OffsetWalk(const Layout& layout);
  bool done() const { return left_in_run_ == 0; }
  int64_t offset() const { return offset_; }
  void next() {
    if (--left_in_run_ > 0)
      offset_ += step_;
    else
      next_run();
  }

 private:
  void next_run();

  const Layout& layout_;
  Ints position_;  // in the dimensions that the runs lie in
  int64_t offset_, run_, step_, left_in_run_;
};

// The product of sizes; throws naming `where` on a negative size or overflow.
int64_t checked_numel(IntSpan shape, const char* where);
// dim in [-rank, rank) made non-negative; else an IndexError in PyTorch's words, with the op's name.
int wrap_dim(int64_t dim, int rank, const char* op);
// The shape that a and b broadcast to; throws naming op, both shapes and the dimension.
Shape broadcast_shapes(IntSpan a, IntSpan b, const char* op, ErrorKind kind = ErrorKind::runtime);

inline Ints to_ints(IntSpan values) { return Ints(values.begin(), values.end()); }

}  // namespace rushlight
