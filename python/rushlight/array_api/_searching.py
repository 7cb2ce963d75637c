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


def nonzero(x, /):
    """Where the elements are that are not zero: the indices along each dimension."""
    expect_array(nonzero.__name__, ALL, x)
    if x.ndim == 0:
        raise ValueError("nonzero() takes arrays of at least one dimension")
    return _C.nonzero(x, as_tuple=True)


def searchsorted(x1, x2, /, *, side="left", sorter=None):
    """Where in the sorted vector x1 each element of x2 would go: before equal ones, or behind them for side="right"."""
    x1, x2 = promoted(searchsorted.__name__, NUMERIC, x1, x2)
    return _C.searchsorted(x1, x2, side=side, sorter=sorter)


def unique_all(x, /):
    """Every value once, where it is first, where each element went, how often each occurs."""
    expect_array(unique_all.__name__, ALL, x)
    return _C.unique_all(x)


def unique_counts(x, /):
    """Every value once, and how often it occurs."""
    expect_array(unique_counts.__name__, ALL, x)
    return _C.unique_counts(x)


def unique_inverse(x, /):
    """Every value once, and where each element went."""
    expect_array(unique_inverse.__name__, ALL, x)
    return _C.unique_inverse(x)


def unique_values(x, /):
    """Every value once."""
    expect_array(unique_values.__name__, ALL, x)
    return _C.unique_values(x)


__all__ = defined_in(globals())
