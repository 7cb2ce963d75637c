// In a file of its own, so that a program's own definition takes its place (RUSHLIGHT_LINK_ONLY).
#include "rushlight/backend/cpu/kernel_levels.h"

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

const Kernels* kernels_of(Isa isa) {
  switch (isa) {
#ifdef RUSHLIGHT_HAS_ISA_v2
    case Isa::v2: return &v2::kKernels;
#endif
#ifdef RUSHLIGHT_HAS_ISA_v3
    case Isa::v3: return &v3::kKernels;
#endif
#ifdef RUSHLIGHT_HAS_ISA_v4
    case Isa::v4: return &v4::kKernels;
#endif
    default: return nullptr;
  }
}

}  // namespace rushlight::cpu
