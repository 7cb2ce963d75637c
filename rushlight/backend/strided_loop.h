// Walking several tensors together: dimensions that run on in memory are merged, the innermost ones become
// runs.
#pragma once

#include <cstdint>

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

  // run(pointers, steps, n): a strided run of n elements.
  template <class Run>
  void each_run(Run&& run) {
    merge_dimensions();
    if (empty_) return;
    walk(1, [&](char* const* at) { run(at, dims_[0].steps, dims_[0].size); });
  }

  // run(pointers, steps, n, row_steps, rows): `rows` runs of n elements, row_steps apart.
  template <class Run>
  void each_plane(Run&& run) {
    merge_dimensions();
    if (empty_) return;
    if (dims_.size() == 1) dims_.push_back({1, {}});
    walk(2, [&](char* const* at) { run(at, dims_[0].steps, dims_[0].size, dims_[1].steps, dims_[1].size); });
  }

 private:
  struct Operand {
    char* base;
    int64_t element;
  };
  struct Dim {
    int64_t size;
    int64_t steps[MaxOperands];
  };

  void merge_dimensions() {
    const Layout& shape = *layouts_[0];
    empty_ = shape.numel() == 0;
    for (int d = shape.rank() - 1; d >= 0; --d) {
      if (shape.size(d) == 1) continue;
      Dim dim{shape.size(d), {}};
      for (int i = 0; i < count_; ++i) {
        const Layout& layout = *layouts_[i];
        int own = d - (shape.rank() - layout.rank());
        dim.steps[i] = own >= 0 && layout.size(own) != 1 ? layout.stride(own) : 0;
      }
      bool runs_on = !dims_.empty();
      for (int i = 0; i < count_ && runs_on; ++i)
        runs_on = dim.steps[i] == dims_.back().steps[i] * dims_.back().size;
      if (runs_on)
        dims_.back().size *= dim.size;
      else
        dims_.push_back(dim);
    }
    if (dims_.empty()) dims_.push_back({1, {}});
  }

  // Every position of the dimensions from `first` on.
  template <class Visit>
  void walk(size_t first, Visit&& visit) {
    char* at[MaxOperands];
    for (int i = 0; i < count_; ++i) at[i] = operands_[i].base;
    SmallVector<int64_t, 6> position(dims_.size(), 0);
    for (;;) {
      visit(at);
      size_t d = first;
      for (; d < dims_.size(); ++d) {
        const Dim& dim = dims_[d];
        for (int i = 0; i < count_; ++i) at[i] += dim.steps[i] * operands_[i].element;
        if (++position[d] < dim.size) break;
        for (int i = 0; i < count_; ++i) at[i] -= dim.steps[i] * dim.size * operands_[i].element;
        position[d] = 0;
      }
      if (d >= dims_.size()) return;
    }
  }

  int count_ = 0;
  bool empty_ = false;
  Operand operands_[MaxOperands];
  const Layout* layouts_[MaxOperands];
  SmallVector<Dim, 6> dims_;  // innermost first; at least one
};

}  // namespace rushlight
