"""Dtypes, their kinds, and the strict promotion of the standard."""

import builtins

from rushlight import _C
from rushlight import _dtypes as _limits_of
from rushlight._C import Tensor, float32, float64, int8, int16, int32, int64, uint8, uint16, uint32, uint64
from rushlight._C import bool_ as bool

SIGNED = (int8, int16, int32, int64)
UNSIGNED = (uint8, uint16, uint32, uint64)
FLOATING = (float32, float64)
INTEGRAL = SIGNED + UNSIGNED
NUMERIC = INTEGRAL + FLOATING
ALL = (bool, *NUMERIC)
BOOLEAN = (bool,)
_HALVES = (_C.float16, _C.bfloat16)  # not the standard's, but taken where floats are

_KINDS = {
    "bool": BOOLEAN,
    "signed integer": SIGNED,
    "unsigned integer": UNSIGNED,
    "integral": INTEGRAL,
    "real floating": FLOATING,
    "complex floating": (),
    "numeric": NUMERIC,
}

__all__ = ["astype", "bool", "can_cast", "finfo", "float32", "float64", "iinfo", "int8", "int16", "int32", "int64", "isdtype", "result_type",
           "uint8", "uint16", "uint32", "uint64"]


def defined_in(namespace):
    """The public functions that a module defines itself: its __all__."""
    module = namespace["__name__"]
    return [name for name, value in namespace.items() if name[0] != "_" and getattr(value, "__module__", None) == module]


def of_kind(dtype, kinds):
    return dtype in kinds or (dtype in _HALVES and float32 in kinds)


def default_integer(dtype):
    """What sums of integers of this dtype are made in."""
    return uint64 if dtype in UNSIGNED else int64


def promote(a, b):
    """The dtype that two dtypes meet in, within one kind; else TypeError."""
    if a is b:
        return a
    if a in SIGNED + UNSIGNED and b in SIGNED + UNSIGNED:
        if (a in SIGNED) == (b in SIGNED):
            return max(a, b, key=lambda dtype: dtype.itemsize)
        signed, unsigned = (a, b) if a in SIGNED else (b, a)
        size = max(signed.itemsize, 2 * unsigned.itemsize)
        if size <= 8:
            return next(dtype for dtype in SIGNED if dtype.itemsize == size)
    elif a.is_floating_point and b.is_floating_point:
        return _C.promote_types(a, b)
    raise TypeError(f"{a} and {b} do not promote to a common dtype; cast one of them with astype()")


def scalar_dtype(scalar, dtype):
    """The dtype that a Python scalar takes beside an array of `dtype`, which is the array's."""
    if isinstance(scalar, builtins.bool):
        fits = dtype is bool
    elif isinstance(scalar, int):
        fits = dtype is not bool
    else:
        fits = isinstance(scalar, float) and dtype.is_floating_point
    if not fits:
        raise TypeError(f"a Python {type(scalar).__name__} does not mix with an array of dtype {dtype}")
    return dtype


def result_type(*arrays_and_dtypes):
    """The dtype of a result of these arrays, dtypes and Python scalars."""
    dtypes = [a.dtype if isinstance(a, Tensor) else a for a in arrays_and_dtypes if isinstance(a, (Tensor, _C.dtype))]
    if not dtypes:
        raise ValueError("result_type() needs at least one array or dtype")
    result = dtypes[0]
    for dtype in dtypes[1:]:
        result = promote(result, dtype)
    for scalar in arrays_and_dtypes:
        if not isinstance(scalar, (Tensor, _C.dtype)):
            scalar_dtype(scalar, result)
    return result


def promoted(name, kinds, *operands):
    """The operands, at least one of them an array, as arrays of their common dtype, which must be of one of the kinds."""
    if not any(isinstance(o, Tensor) for o in operands):
        raise TypeError(f"{name}() needs at least one array")
    dtype = result_type(*operands)
    expect(name, kinds, dtype)
    return [o.to(dtype) if isinstance(o, Tensor) else _C.scalar_tensor(o, dtype=dtype) for o in operands]


def expect(name, kinds, dtype):
    if not of_kind(dtype, kinds):
        kind = next(kind for kind, dtypes in [*_KINDS.items(), ("any", ALL)] if dtypes == kinds)
        raise TypeError(f"{name}() takes arrays of {kind} dtype, not {dtype}")


def expect_array(name, kinds, x):
    if not isinstance(x, Tensor):
        raise TypeError(f"{name}() takes an array, not {type(x).__name__}")
    expect(name, kinds, x.dtype)


def astype(x, dtype, /, *, copy=True, device=None):
    """x cast to dtype; copy=False: x itself where it has it."""
    return x.to(dtype, copy=copy) if device is None else x.to(device, dtype, copy=copy)


def can_cast(from_, to, /):
    """Whether promotion with `to` gives `to`."""
    try:
        return promote(from_.dtype if isinstance(from_, Tensor) else from_, to) is to
    except TypeError:
        return False


def isdtype(dtype, kind):
    """Whether the dtype is (one of) kind: a dtype, the name of a kind, or a tuple of those."""
    if isinstance(kind, tuple):
        return any(isdtype(dtype, k) for k in kind)
    if isinstance(kind, _C.dtype):
        return dtype is kind
    if kind not in _KINDS:
        raise ValueError(f"there is no kind of dtype called {kind!r}; there are: {', '.join(_KINDS)}")
    return of_kind(dtype, _KINDS[kind])


def _limits(kind):
    def limits(type, /):
        dtype = type.dtype if isinstance(type, Tensor) else type
        facts = kind(dtype)
        facts.dtype = dtype
        return facts

    limits.__doc__ = kind.__doc__
    limits.__name__ = kind.__name__
    return limits


finfo = _limits(_limits_of.finfo)
iinfo = _limits(_limits_of.iinfo)
