// A tensor seen as lines: what a reduction, a scan or a sort runs along, at every place of the other
// dimensions.
#pragma once

#include <vector>

#include "rushlight/core/arguments.h"
#include "rushlight/core/tensor.h"

namespace rushlight::reference {

// Offsets into the storage of a line's elements are a start plus an offset along it.
struct Lines {
  Layout starts, along;
};

// `goes[d]`: dimension d belongs to the lines.
inline Lines lines_where(const Tensor& input, const SmallVector<bool, 8>& goes) {
  Shape shapes[2];
  Strides strides[2];
  for (int d = 0; d < input.rank(); ++d) {
    shapes[goes[static_cast<size_t>(d)]].push_back(input.layout().size(d));
    strides[goes[static_cast<size_t>(d)]].push_back(input.layout().stride(d));
  }
  auto layout = [&](int which, int64_t offset) {
    return Layout({shapes[which].data(), shapes[which].size()},
                  {strides[which].data(), strides[which].size()}, offset);
  };
  return {layout(0, input.storage_offset()), layout(1, 0)};
}

// Lines through all the named dimensions; through every one where none are named.
inline Lines lines_through(const Tensor& input, const OptionalIntList& dims) {
  SmallVector<bool, 8> goes(static_cast<size_t>(input.rank()), !dims || dims->empty());
  if (dims && input.rank())
    for (int64_t dim : *dims) goes[static_cast<size_t>(dim < 0 ? dim + input.rank() : dim)] = true;
  return lines_where(input, goes);
}
inline Lines lines_through(const Tensor& input, std::optional<int64_t> dim) {
  return lines_through(input, dim ? OptionalIntList(*dim) : OptionalIntList());
}

// The lines along one dimension, in the row-major order of the others; a 0-d tensor is one line of one
// element. Lines of nothing are left out: there may be 2^60 of them.
struct Rows {
  Rows(const Tensor& tensor, int64_t dim) {
    Lines lines = lines_through(tensor, OptionalIntList(dim));
    if (tensor.numel() > 0) for_each_offset(lines.starts, [&](int64_t at) { starts.push_back(at); });
    if (lines.along.rank()) size = lines.along.size(0), step = lines.along.stride(0);
  }
  std::vector<int64_t> starts;  // offsets into the storage
  int64_t size = 1, step = 0;
};

}  // namespace rushlight::reference
