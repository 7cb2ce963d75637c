"""Where something is, what order it has, what is in it once."""

from rushlight import _C
from rushlight.array_api._dtypes import ALL, BOOLEAN, NUMERIC, defined_in, expect_array, promoted
from rushlight.array_api._reductions import _axes


def _position(op):
    def function(x, /, *, axis=None, keepdims=False):
        expect_array(function.__name__, NUMERIC, x)
        if axis is not None:
            return op(x, axis, keepdims)
        place = op(x)
        return place.reshape((1,) * x.ndim) if keepdims else place

    return function


argmax = _position(_C.argmax)
argmax.__name__ = "argmax"
argmax.__doc__ = "Where the largest is first, along axis or in row-major order."
argmin = _position(_C.argmin)
argmin.__name__ = "argmin"
argmin.__doc__ = "Where the smallest is first, along axis or in row-major order."


def count_nonzero(x, /, *, axis=None, keepdims=False):
    """How many elements are not zero."""
    expect_array(count_nonzero.__name__, ALL, x)
    axes = _axes(x, axis)
    ones = (x != 0).to(_C.int64)
    return _C.sum(ones, axes, keepdims) if axes else ones


def where(condition, x1, x2, /):
    """x1 where condition holds, else x2; one of them may be a number."""
    expect_array(where.__name__, BOOLEAN, condition)
    return _C.where(condition, *promoted(where.__name__, ALL, x1, x2))


def sort(x, /, *, axis=-1, descending=False, stable=True):
    """The elements along axis in order."""
    expect_array(sort.__name__, NUMERIC, x)
    return _C.sort(x, axis, descending, stable=stable)[0]


def argsort(x, /, *, axis=-1, descending=False, stable=True):
    """Where the sorted elements were."""
    expect_array(argsort.__name__, NUMERIC, x)
    return _C.argsort(x, axis, descending, stable=stable)


__all__ = defined_in(globals())
