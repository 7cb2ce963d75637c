// Where kernels may trade exactness for speed.
#pragma once

namespace rushlight {

// Whether 3x3 convolutions of float32 may be computed by Winograd's tiles: faster, with errors
// below 2e-5 of the largest result (a test holds that) instead of some 1e-7. They may, unless forbidden; for
// all threads.
bool winograd_allowed();
void allow_winograd(bool allowed);

}  // namespace rushlight
