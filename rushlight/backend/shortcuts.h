// Where kernels may trade exactness for speed.
#pragma once

namespace rushlight {

// Whether 3x3 convolutions of float32 may be computed by Winograd's tiles: up to three times faster, with
// errors of some 1e-6 of the largest result instead of 1e-7. They may, unless forbidden; for all threads.
bool winograd_allowed();
void allow_winograd(bool allowed);

}  // namespace rushlight
