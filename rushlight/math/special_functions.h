// Functions of one double that the C library lacks: erfinv, digamma, polygamma. A few ULP, but near their
// zeros.
#pragma once

namespace rushlight::math::special {

double erfinv(double x);
double lgamma(double x);  // as C's, which several threads may not call at once
double digamma(double x);
double polygamma(double n, double x);

}  // namespace rushlight::math::special
