// Functions of one double that the C++ library lacks or spoils.
#pragma once

namespace rushlight::scalar {

// The y with erf(y) = x; ±inf at ±1, NaN beyond.
double inverse_erf(double x);

// log |gamma(x)| without the global variable that std::lgamma writes.
double log_gamma(double x);

// The derivative of log_gamma, differentiated n times more: n = 0, 1, 2 ... 150. Other n give NaN.
double polygamma(double n, double x);

}  // namespace rushlight::scalar
