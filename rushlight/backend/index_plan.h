// IndexPlan: what indexing by tensors means for a layout. Shared by shape inference and kernels.
#pragma once

#include <vector>

#include "rushlight/backend/kernel_args.h"

namespace rushlight {

// PyTorch's and NumPy's rule: index tensors broadcast together; their shape replaces the indexed dimensions
// where these are adjacent, and comes first where a slice separates them.
struct IndexPlan {
  // indices[k] indexes dimension k of `source`; an undefined one takes the whole dimension. Throws, naming
  // `op`.
  IndexPlan(const Layout& source, Inputs indices, const char* op);

  Shape result_shape;
  Shape index_shape;    // of the broadcast index tensors
  Layout rest;          // the dimensions without an index tensor, over the source's memory
  size_t index_at = 0;  // where index_shape stands in result_shape

  // For every position of index_shape in row-major order: how far its element is from the source's start.
  // Checks every index and wraps negative ones.
  std::vector<int64_t> offsets() const;
  // A layout of result_shape with the index dimensions moved to the front.
  Layout index_first(const Layout& result) const;

 private:
  struct Indexed {
    int dim;
    Layout layout;  // broadcast to index_shape
    const void* data;
    DType dtype;
    int64_t size, stride;
  };
  SmallVector<Indexed, 4> indexed_;
  const char* op_;
};

}  // namespace rushlight
