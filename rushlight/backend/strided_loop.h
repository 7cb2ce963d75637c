// Walking several tensors together: dimensions that run on in memory are merged, the innermost ones become
// runs.
#pragma once

#include <cstdint>
#include <span>
#include <utility>

#include "rushlight/core/shape.h"
#include "rushlight/core/tensor.h"

namespace rushlight {

// Operand 0 is the result and gives the shape; the others broadcast to it. Strides are in elements, pointers
// in bytes.
template <int MaxOperands>
class StridedLoop {
 public:
  void add(const Tensor& tensor) {
    operands_[count_].base = static_cast<char*>(tensor.raw_data());
    operands_[count_].element = static_cast<int64_t>(tensor.element_size());
    layouts_[count_] = &tensor.layout();
    ++count_;
  }

  struct Dim {
    int64_t size;
    int64_t steps[MaxOperands];
  };

  // Visits elements as they lie in the result, so that channels-last images are one run; else in row-major
  // order.
  void in_order_of_memory() { by_memory_ = true; }

  // run(pointers, steps, n): a strided run of n elements.
  template <class Run>
  void each_run(Run&& run) {
    for (start(1); !done_; next()) run(at_, dims_[0].steps, dims_[0].size);
  }

  // run(pointers, dimensions): at once, for those who walk themselves; there is at least one, the innermost
  // first.
  template <class Run>
  void all_at_once(Run&& run) {
    start(1);
    if (!done_) run(at_, std::span<const Dim>(dims_.data(), dims_.size()));
  }

  // run(pointers, steps, n, row_steps, rows): `rows` runs of n elements, row_steps apart.
  template <class Run>
  void each_plane(Run&& run) {
    for (start(2); !done_; next()) run(at_, dims_[0].steps, dims_[0].size, dims_[1].steps, dims_[1].size);
  }

 private:
  struct Operand {
    char* base;
    int64_t element;
  };
  // All of more than one element, the last first.
  void find_dimensions() {
    const Layout& shape = *layouts_[0];
    for (int d = shape.rank() - 1; d >= 0; --d) {
      if (shape.size(d) == 1) continue;
      Dim dim{shape.size(d), {}};
      for (int i = 0; i < count_; ++i) {
        const Layout& layout = *layouts_[i];
        int own = d - (shape.rank() - layout.rank());
        dim.steps[i] = own >= 0 && layout.size(own) != 1 ? layout.stride(own) : 0;
      }
      dims_.push_back(dim);
    }
  }

  // The narrowest steps of the result first.
  void sort_dimensions() {
    auto reach = [](const Dim& dim) { return dim.steps[0] < 0 ? -dim.steps[0] : dim.steps[0]; };
    for (size_t d = 1; d < dims_.size(); ++d)
      for (size_t e = d; e > 0 && reach(dims_[e]) < reach(dims_[e - 1]); --e)
        std::swap(dims_[e], dims_[e - 1]);
  }

  void merge_dimensions() {
    find_dimensions();
    if (by_memory_) sort_dimensions();
    SmallVector<Dim, 6> all = std::move(dims_);
    dims_.clear();
    for (const Dim& dim : all) {
      bool runs_on = !dims_.empty();
      for (int i = 0; i < count_ && runs_on; ++i)
        runs_on = dim.steps[i] == dims_.back().steps[i] * dims_.back().size;
      if (runs_on)
        dims_.back().size *= dim.size;
      else
        dims_.push_back(dim);
    }
  }

  // Every position of the dimensions from `first` on.
  void start(size_t first) {
    merge_dimensions();
    while (dims_.size() < first) dims_.push_back({1, {}});
    first_ = first;
    done_ = layouts_[0]->numel() == 0;
    position_.resize(dims_.size());
    for (int i = 0; i < count_; ++i) at_[i] = operands_[i].base;
  }
  void next() {
    for (size_t d = first_; d < dims_.size(); ++d) {
      const Dim& dim = dims_[d];
      for (int i = 0; i < count_; ++i) at_[i] += dim.steps[i] * operands_[i].element;
      if (++position_[d] < dim.size) return;
      for (int i = 0; i < count_; ++i) at_[i] -= dim.steps[i] * dim.size * operands_[i].element;
      position_[d] = 0;
    }
    done_ = true;
  }

  bool by_memory_ = false;
  int count_ = 0;
  Operand operands_[MaxOperands]{};
  const Layout* layouts_[MaxOperands]{};
  SmallVector<Dim, 6> dims_;  // innermost first

  char* at_[MaxOperands]{};
  SmallVector<int64_t, 6> position_;
  size_t first_ = 0;
  bool done_ = false;
};

}  // namespace rushlight
