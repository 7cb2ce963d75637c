#include "rushlight/backend/cpu/kernels.h"

#include "rushlight/base/error.h"

namespace rushlight::cpu {

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
