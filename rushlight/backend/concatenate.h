// Tensors one after the other, for the backends' kernels of cat.
#pragma once

#include "rushlight/backend/kernel_args.h"
#include "rushlight/generated/op_args.h"

namespace rushlight {

// copy(part of the result, input) for each input that has elements.
template <class Copy>
void concatenate(const KernelCall& call, Copy copy) {
  const Tensor& out = call.out[0];
  int64_t dim = args::Cat(call.attrs).dim;
  auto d = static_cast<size_t>(dim < 0 ? dim + out.rank() : dim);
  Shape shape = to_ints(out.shape());
  int64_t offset = out.storage_offset();
  for (size_t i = 0; i < call.in.size(); ++i) {
    const Tensor& piece = call.in[i];
    if (piece.numel() == 0) continue;
    shape[d] = piece.shape()[d];
    copy(alias(out, Layout({shape.data(), shape.size()}, out.strides(), offset)), piece);
    offset += shape[d] * out.strides()[d];
  }
}

}  // namespace rushlight
