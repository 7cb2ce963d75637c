#include "rushlight/backend/cpu/kernels.h"

#include "rushlight/base/cpu_features.h"
#include "rushlight/base/error.h"

namespace rushlight::cpu {

#ifdef RUSHLIGHT_HAS_ISA_v2
namespace v2 {
extern const Kernels kKernels;
}
#endif
#ifdef RUSHLIGHT_HAS_ISA_v3
namespace v3 {
extern const Kernels kKernels;
}
#endif
#ifdef RUSHLIGHT_HAS_ISA_v4
namespace v4 {
extern const Kernels kKernels;
}
#endif

namespace {

const Kernels& pick() {
  [[maybe_unused]] const Isa isa = chosen_isa();
#ifdef RUSHLIGHT_HAS_ISA_v4
  if (isa >= Isa::v4) return v4::kKernels;
#endif
#ifdef RUSHLIGHT_HAS_ISA_v3
  if (isa >= Isa::v3) return v3::kKernels;
#endif
#ifdef RUSHLIGHT_HAS_ISA_v2
  return v2::kKernels;
#else
  fail(ErrorKind::not_implemented, "[cpu] no kernels were built for this CPU (", isa_name(isa),
       "); set_backend(\"reference\") runs anywhere");
#endif
}

}  // namespace

const Kernels& kernels() {
  static const Kernels& table = pick();
  return table;
}

}  // namespace rushlight::cpu
