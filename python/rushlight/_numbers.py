"""finfo and iinfo: what the numbers of a dtype can hold."""

from rushlight import _C

_EXPONENT_BITS = {16: 5, 32: 8, 64: 11}  # of IEEE formats; bfloat16 has float32's


class finfo:
    """The limits of a floating dtype: bits, eps, max, min, tiny, smallest_normal, resolution, dtype."""

    def __init__(self, type=None):
        dtype = _C.get_default_dtype() if type is None else type
        if not (isinstance(dtype, _C.dtype) and dtype.is_floating_point):
            raise TypeError(f"finfo() requires a floating point dtype, got {dtype}; iinfo is for integers")
        self.dtype = repr(dtype).removeprefix("rushlight.")
        self.bits = dtype.itemsize * 8
        exponent_bits = 8 if dtype is _C.bfloat16 else _EXPONENT_BITS[self.bits]
        mantissa_bits, bias = self.bits - 1 - exponent_bits, 2 ** (exponent_bits - 1) - 1
        self.eps = 2.0**-mantissa_bits
        self.max = (2.0 - self.eps) * 2.0**bias
        self.min = -self.max
        self.tiny = self.smallest_normal = 2.0 ** (1 - bias)
        self.resolution = 10.0 ** -int(mantissa_bits * 0.30103)

    def __repr__(self):
        return (f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
                f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})")


class iinfo:
    """The limits of an integer dtype: bits, min, max, dtype."""

    def __init__(self, type):
        if not isinstance(type, _C.dtype) or type.is_floating_point or type is _C.bool_:
            raise TypeError(f"iinfo() requires an integer dtype, got {type}; finfo is for floats")
        self.dtype = repr(type).removeprefix("rushlight.")
        self.bits = type.itemsize * 8
        self.min = -(2 ** (self.bits - 1)) if type.is_signed else 0
        self.max = 2 ** (self.bits - type.is_signed) - 1

    def __repr__(self):
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"
