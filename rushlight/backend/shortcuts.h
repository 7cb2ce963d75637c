// Where kernels may take a shortcut, or the long way for once.
#pragma once

namespace rushlight {

// Whether 3x3 convolutions of float32 may be computed by Winograd's tiles: faster, with errors
// below 2e-5 of the largest result (a test holds that) instead of some 1e-7. They may, unless forbidden; for
// all threads.
bool winograd_allowed();
void allow_winograd(bool allowed);

// Whether the reference backend's matrix products go by blocks of 8 x 8, which give the same bits in half the
// time, or by three plain loops. By blocks, unless it is told otherwise; for all threads.
bool blocked_products();
void set_blocked_products(bool on);

}  // namespace rushlight
