"""Functions of each element, or of pairs of elements."""

from rushlight import _C
from rushlight._C import Tensor
from rushlight.array_api._dtypes import ALL, BOOLEAN, FLOATING, INTEGRAL, NUMERIC, defined_in, expect_array, promoted, scalar_dtype

_BITS = BOOLEAN + INTEGRAL
_defined = []


def _unary(op, kinds):
    def function(x, /):
        expect_array(function.__name__, kinds, x)
        return op(x)

    return _documented(function, op)


def _binary(op, kinds):
    def function(x1, x2, /):
        return op(*promoted(function.__name__, kinds, x1, x2))

    return _documented(function, op)


def _documented(function, op):
    function.__doc__ = op.__doc__.split("\n\n")[-1] if op.__doc__ else None
    _defined.append(function)
    return function


def _whole(op):
    def of_any(x):
        return op(x) if x.is_floating_point() else x.clone()  # integers are whole already

    of_any.__doc__ = op.__doc__
    return of_any


def _sign(x):
    """-1, 0 or 1; NaN has no sign, and stays."""
    return _C.where(x != x, x, _C.sign(x))


abs = _unary(_C.abs, NUMERIC)
acos = _unary(_C.acos, FLOATING)
acosh = _unary(_C.acosh, FLOATING)
add = _binary(_C.add, NUMERIC)
asin = _unary(_C.asin, FLOATING)
asinh = _unary(_C.asinh, FLOATING)
atan = _unary(_C.atan, FLOATING)
atan2 = _binary(_C.atan2, FLOATING)
atanh = _unary(_C.atanh, FLOATING)
bitwise_and = _binary(_C.bitwise_and, _BITS)
bitwise_invert = _unary(_C.bitwise_not, _BITS)
bitwise_left_shift = _binary(_C.bitwise_left_shift, INTEGRAL)
bitwise_or = _binary(_C.bitwise_or, _BITS)
bitwise_right_shift = _binary(_C.bitwise_right_shift, INTEGRAL)
bitwise_xor = _binary(_C.bitwise_xor, _BITS)
ceil = _unary(_whole(_C.ceil), NUMERIC)
conj = _unary(_C.clone, NUMERIC)
copysign = _binary(_C.copysign, FLOATING)
cos = _unary(_C.cos, FLOATING)
cosh = _unary(_C.cosh, FLOATING)
divide = _binary(_C.div, FLOATING)
equal = _binary(_C.eq, ALL)
exp = _unary(_C.exp, FLOATING)
expm1 = _unary(_C.expm1, FLOATING)
floor = _unary(_whole(_C.floor), NUMERIC)
floor_divide = _binary(_C.floor_divide, NUMERIC)
greater = _binary(_C.gt, NUMERIC)
greater_equal = _binary(_C.ge, NUMERIC)
hypot = _binary(_C.hypot, FLOATING)
isfinite = _unary(_C.isfinite, NUMERIC)
isinf = _unary(_C.isinf, NUMERIC)
isnan = _unary(_C.isnan, NUMERIC)
less = _binary(_C.lt, NUMERIC)
less_equal = _binary(_C.le, NUMERIC)
log = _unary(_C.log, FLOATING)
log10 = _unary(_C.log10, FLOATING)
log1p = _unary(_C.log1p, FLOATING)
log2 = _unary(_C.log2, FLOATING)
logaddexp = _binary(_C.logaddexp, FLOATING)
logical_and = _binary(_C.logical_and, BOOLEAN)
logical_not = _unary(_C.logical_not, BOOLEAN)
logical_or = _binary(_C.logical_or, BOOLEAN)
logical_xor = _binary(_C.logical_xor, BOOLEAN)
maximum = _binary(_C.maximum, NUMERIC)
minimum = _binary(_C.minimum, NUMERIC)
multiply = _binary(_C.mul, NUMERIC)
negative = _unary(_C.neg, NUMERIC)
nextafter = _binary(_C.nextafter, FLOATING)
not_equal = _binary(_C.ne, ALL)
positive = _unary(_C.clone, NUMERIC)
pow = _binary(_C.pow, NUMERIC)
real = _unary(_C.clone, NUMERIC)
reciprocal = _unary(_C.reciprocal, FLOATING)
remainder = _binary(_C.remainder, NUMERIC)
round = _unary(_whole(_C.round), NUMERIC)
sign = _unary(_sign, NUMERIC)
signbit = _unary(_C.signbit, FLOATING)
sin = _unary(_C.sin, FLOATING)
sinh = _unary(_C.sinh, FLOATING)
sqrt = _unary(_C.sqrt, FLOATING)
square = _unary(_C.square, NUMERIC)
subtract = _binary(_C.sub, NUMERIC)
tan = _unary(_C.tan, FLOATING)
tanh = _unary(_C.tanh, FLOATING)
trunc = _unary(_whole(_C.trunc), NUMERIC)

for _name, _value in list(globals().items()):
    if _value in _defined:
        _value.__name__ = _value.__qualname__ = _name


def clip(x, /, min=None, max=None):
    """x, but no less than min and no more than max, numbers or arrays; None is no bound. In x's dtype."""
    expect_array(clip.__name__, NUMERIC, x)
    for bound, choose in ((min, _C.maximum), (max, _C.minimum)):
        if bound is None:
            continue
        if not isinstance(bound, Tensor):
            bound = _C.scalar_tensor(bound, dtype=scalar_dtype(bound, x.dtype))
        wide, bound = promoted(clip.__name__, NUMERIC, x, bound)
        x = choose(wide, bound).to(x.dtype)
    return x if min is not None or max is not None else x.clone()


__all__ = defined_in(globals())
