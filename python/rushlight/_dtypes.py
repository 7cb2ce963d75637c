"""What a dtype's numbers are like: finfo, iinfo, isdtype."""

import math

from rushlight import _C

# name: bits of the mantissa, the largest exponent
_FLOATING = {"float64": (52, 1023), "float32": (23, 127), "float16": (10, 15), "bfloat16": (7, 127)}


def _name(dtype):
    return str(dtype).rpartition(".")[2]


class finfo:
    """The limits of a floating dtype; of the default dtype where none is given."""

    def __init__(self, type=None):
        self.dtype = _name(type or _C.get_default_dtype())
        if self.dtype not in _FLOATING:
            raise TypeError(f"[finfo] {self.dtype} is no floating point type; use iinfo")
        mantissa, exponent = _FLOATING[self.dtype]
        self.bits = 8 * getattr(_C, self.dtype).itemsize
        self.eps = 2.0**-mantissa
        self.max = (2 - self.eps) * 2.0**exponent
        self.min = -self.max
        self.tiny = self.smallest_normal = 2.0 ** (1 - exponent)
        self.resolution = float(f"1e-{math.floor(mantissa * math.log10(2))}")

    def __repr__(self):
        names = ("resolution", "min", "max", "eps", "smallest_normal", "tiny")
        return f"finfo({', '.join(f'{name}={getattr(self, name):g}' for name in names)}, dtype={self.dtype})"


class iinfo:
    """The limits of an integer dtype."""

    def __init__(self, type):
        self.dtype = _name(type)
        if type.is_floating_point or self.dtype == "bool":
            raise TypeError(f"[iinfo] {self.dtype} is no integer type; use finfo for floating point")
        self.bits = 8 * type.itemsize
        self.min = -(2 ** (self.bits - 1)) if type.is_signed else 0
        self.max = 2 ** (self.bits - type.is_signed) - 1

    def __repr__(self):
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"


def _is_of(dtype, kind):
    name, floating = _name(dtype), dtype.is_floating_point
    whole = not floating and name != "bool"
    known = {
        "bool": name == "bool",
        "signed integer": whole and dtype.is_signed,
        "unsigned integer": whole and not dtype.is_signed,
        "integral": whole,
        "real floating": floating,
        "complex floating": False,
        "numeric": floating or whole,
    }
    if kind not in known:
        raise ValueError(f"[isdtype] kind must be a dtype or one of {', '.join(map(repr, known))}, not {kind!r}")
    return known[kind]


def isdtype(dtype, kind):
    """Whether dtype is of the kind: a dtype, the Array API's word for several, or a tuple of such."""
    if isinstance(kind, tuple):
        return any(isdtype(dtype, one) for one in kind)
    return dtype == kind if isinstance(kind, _C.dtype) else _is_of(dtype, kind)
