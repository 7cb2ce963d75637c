#include "rushlight/backend/cpu/kernels.h"

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

namespace {

const Kernels& pick() {
  const Isa chosen = chosen_isa();
  for (int isa = static_cast<int>(chosen); isa >= 0; --isa)
    if (const Kernels* table = kernels_of(static_cast<Isa>(isa))) return *table;
  fail(ErrorKind::not_implemented, "[cpu] no kernels were built for this CPU (", isa_name(chosen),
       "); set_backend(\"reference\") runs anywhere");
}

}  // namespace

const Kernels& kernels() {
  static const Kernels& table = pick();
  return table;
}

}  // namespace rushlight::cpu
