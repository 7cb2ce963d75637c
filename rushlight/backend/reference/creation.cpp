// Numbers counted up.
#include "rushlight/backend/reference/kernels.h"

namespace rushlight::reference {

bool sequence(const KernelCall& call) {
  const Tensor &start = call.in[0], &step = call.in[1], &out = call.out[0];
  visit(out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* to = out.data<T>();
    if constexpr (std::is_integral_v<T>) {  // modulo 2^64, so that no overflow is undefined
      auto first = static_cast<uint64_t>(start.item<int64_t>()),
           stride = static_cast<uint64_t>(step.item<int64_t>());
      for (int64_t i = 0; i < out.numel(); ++i)
        to[i] = static_cast<T>(first + static_cast<uint64_t>(i) * stride);
    } else {
      double first = start.item<double>(), stride = step.item<double>();
      for (int64_t i = 0; i < out.numel(); ++i)
        to[i] = static_cast<T>(first + static_cast<double>(i) * stride);
    }
  });
  return true;
}

}  // namespace rushlight::reference
