#include "rushlight/backend/cpu/kernels.h"

#include "rushlight/base/cpu_features.h"
#include "rushlight/base/error.h"

namespace rushlight::cpu {

namespace v3 {
extern const Kernels kKernels;
}

namespace {

const Kernels& pick() {
  if (chosen_isa() >= Isa::v3) return v3::kKernels;
  fail(ErrorKind::not_implemented,
       "[cpu] the kernels need AVX2 and FMA; set_backend(\"reference\") runs anywhere");
}

}  // namespace

const Kernels& kernels() {
  static const Kernels& table = pick();
  return table;
}

}  // namespace rushlight::cpu
