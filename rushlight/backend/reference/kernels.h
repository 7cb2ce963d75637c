// The kernels of the reference backend, by family. Plain loops over any layout: what an op means, in code.
#pragma once

#include "rushlight/backend/backend.h"

namespace rushlight::reference {

bool map(const KernelCall& call);  // every MAP op and its gradients
bool full(const KernelCall& call);
bool copy_first(const KernelCall& call);  // clone, to: input -> result, cast
bool copy(const KernelCall& call);
bool as_strided_scatter(const KernelCall& call);
bool sum(const KernelCall& call);
bool max_dim(const KernelCall& call);
bool matmul(const KernelCall& call);
bool index(const KernelCall& call);
bool index_put(const KernelCall& call);
bool random_key(const KernelCall& call);
bool dropout_with_key(const KernelCall& call);
bool adamw_step(const KernelCall& call);

// to <- from, broadcast and cast.
void copy_elements(const Tensor& to, const Tensor& from);

}  // namespace rushlight::reference
