// A backend: memory and a dense table of kernels.
#pragma once

#include <string_view>
#include <vector>

#include "rushlight/backend/kernel_args.h"

namespace rushlight {

struct Backend {
  const char* name;
  const Allocator* allocator;
  std::vector<Kernel> kernels;  // [part][op], null where it has none

  Backend(const char* name, const Allocator& allocator);
  Kernel kernel(OpId id, Part part) const {
    return kernels[static_cast<size_t>(part) * static_cast<size_t>(op_count_) + static_cast<size_t>(id)];
  }
  void set(OpId id, Kernel kernel, Part part = Part::forward) {
    kernels[static_cast<size_t>(part) * static_cast<size_t>(op_count_) + static_cast<size_t>(id)] = kernel;
  }

 private:
  int op_count_;
};

const Backend& reference_backend();  // plain loops: the readable truth
#ifdef RUSHLIGHT_CPU
const Backend& cpu_backend();  // SIMD and threads
#endif
// By name; throws and lists the names there are.
const Backend& find_backend(std::string_view name);
std::vector<const Backend*> host_backends();

}  // namespace rushlight
