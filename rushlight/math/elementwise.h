// All elementwise formulas.
#pragma once

#include "rushlight/base/type_list.h"
#include "rushlight/math/activation.h"
#include "rushlight/math/arithmetic.h"
#include "rushlight/math/bitwise.h"
#include "rushlight/math/comparison.h"
#include "rushlight/math/exponential.h"
#include "rushlight/math/extremes.h"
#include "rushlight/math/loss.h"
#include "rushlight/math/power.h"
#include "rushlight/math/rounding.h"
#include "rushlight/math/special.h"
#include "rushlight/math/trigonometric.h"

namespace rushlight::math {

using AllFormulas = TypeList<
    // arithmetic
    Add, AddScaled, Sub, SubScaled, Rsub, Mul, Div, Neg, Positive, Abs, Sign, Copysign, Nextafter, Heaviside,
    FloorDivide, TruncDivide, Remainder, Fmod, Lerp, Addcmul, Addcdiv,
    // power
    Pow, Square, Sqrt, Rsqrt, Reciprocal, Hypot,
    // extremes
    Maximum, Minimum, Fmax, Fmin, Clamp, ClampMin, ClampMax, ClampTensor,
    // comparison
    Lt, Le, Gt, Ge, Eq, Ne, Isnan, Isfinite, Isinf, Isposinf, Isneginf, Signbit, Isclose, LogicalAnd,
    LogicalOr, LogicalXor, LogicalNot, Where,
    // bitwise
    BitwiseAnd, BitwiseOr, BitwiseXor, BitwiseNot, BitwiseLeftShift, BitwiseRightShift,
    // exponential
    Exp, Exp2, Expm1, Log, Log2, Log10, Log1p, Sigmoid, Logit, Logaddexp, Logaddexp2, Xlogy,
    // trigonometric
    Sin, Cos, Tan, Asin, Acos, Atan, Atan2, Sinh, Cosh, Tanh, Asinh, Acosh, Atanh, Deg2rad, Rad2deg, Sinc,
    // rounding
    Floor, Ceil, Trunc, Round, RoundDecimals, Frac,
    // special
    Erf, Erfc, Erfinv, Lgamma, Digamma, Polygamma,
    // activation
    Relu, Relu6, Hardtanh, Threshold, LeakyRelu, PreluElementwise, Elu, Celu, Selu, Gelu, GeluTanh, Silu,
    Mish, Softplus, LogSigmoid, Softsign, Tanhshrink, Softshrink, Hardshrink, Hardsigmoid, Hardswish,
    // loss
    SquaredDifference, AbsoluteDifference, Huber, SmoothL1, Bce, BceWithLogits, KlTerm, KlTermOfLog,
    SoftMargin>;

}  // namespace rushlight::math
