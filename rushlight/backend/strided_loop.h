// Walking several tensors together: dimensions that run on in memory are merged, the innermost becomes a
// strided run.
#pragma once

#include <algorithm>
#include <cstdint>

#include "rushlight/core/shape.h"
#include "rushlight/core/tensor.h"

namespace rushlight {

// Operand 0 is the result and gives the shape; the others broadcast to it. Strides are in elements.
template <int MaxOperands>
class StridedLoop {
 public:
  void add(const Tensor& tensor) {
    operands_[count_].base = static_cast<char*>(tensor.raw_data());
    operands_[count_].element = static_cast<int64_t>(tensor.element_size());
    layouts_[count_] = &tensor.layout();
    ++count_;
  }

  // Calls run(pointers, steps, n) for runs of n elements; pointers are bytes, steps are in elements.
  template <class Run>
  void each_run(Run&& run) {
    merge_dimensions();
    if (empty_) return;
    char* pointers[MaxOperands];
    for (int i = 0; i < count_; ++i) pointers[i] = operands_[i].base;
    int rank = static_cast<int>(dims_.size());
    int64_t steps[MaxOperands];
    for (int i = 0; i < count_; ++i) steps[i] = rank ? dims_[0].steps[i] : 0;
    int64_t inner = rank ? dims_[0].size : 1;
    SmallVector<int64_t, kMost> counters(static_cast<size_t>(rank), 0);
    for (;;) {
      run(pointers, steps, inner);
      int d = 1;
      for (; d < rank; ++d) {
        Dim& dim = dims_[static_cast<size_t>(d)];
        for (int i = 0; i < count_; ++i) pointers[i] += dim.steps[i] * operands_[i].element;
        if (++counters[static_cast<size_t>(d)] < dim.size) break;
        for (int i = 0; i < count_; ++i) pointers[i] -= dim.steps[i] * dim.size * operands_[i].element;
        counters[static_cast<size_t>(d)] = 0;
      }
      if (d >= rank) return;
    }
  }

 private:
  static constexpr int kMost = 6;
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
  }

  int count_ = 0;
  bool empty_ = false;
  Operand operands_[MaxOperands];
  const Layout* layouts_[MaxOperands];
  SmallVector<Dim, kMost> dims_;  // innermost first
};

}  // namespace rushlight
