"""What becomes of many elements: sums, extremes, running sums, truth."""

from rushlight import _C
from rushlight.array_api._dtypes import ALL, FLOATING, NUMERIC, default_integer, defined_in, expect_array
from rushlight.array_api._manipulation import concat


def _axes(x, axis):
    """The axes as a tuple of distinct numbers from 0; None is all of them."""
    axes = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    for a in axes:
        if not -x.ndim <= a < x.ndim:
            raise IndexError(f"axis {a} is out of bounds for an array of {x.ndim} dimensions")
    wrapped = tuple(a % x.ndim for a in axes)
    if len(set(wrapped)) < len(wrapped):
        raise ValueError(f"an axis is named twice in {axis}")
    return wrapped


def _sum_dtype(x, dtype):
    return dtype or (x.dtype if x.is_floating_point() else default_integer(x.dtype))


def sum(x, /, *, axis=None, dtype=None, keepdims=False):
    """The sum over the axes; integers are added up in 64 bits."""
    expect_array(sum.__name__, NUMERIC, x)
    x, axes = x.to(_sum_dtype(x, dtype)), _axes(x, axis)
    return _C.sum(x, axes, keepdims, dtype=x.dtype) if axes else x.clone()


def prod(x, /, *, axis=None, dtype=None, keepdims=False):
    """The product over the axes; integers are multiplied in 64 bits."""
    expect_array(prod.__name__, NUMERIC, x)
    x, axes = x.to(_sum_dtype(x, dtype)), _axes(x, axis)
    for a in sorted(axes, reverse=True):
        x = _C.prod(x, a, keepdims, dtype=x.dtype)
    return x


def _statistic(op):
    def function(x, axis, keepdims, **options):
        axes = _axes(x, axis)
        return op(x, axes, keepdim=keepdims, **options) if axes else op(x.unsqueeze(-1), -1, **options)

    return function


_mean, _std, _var, _amax, _amin, _all, _any = map(_statistic, (_C.mean, _C.std, _C.var, _C.amax, _C.amin, _C.all, _C.any))


def mean(x, /, *, axis=None, keepdims=False):
    """The mean over the axes."""
    expect_array(mean.__name__, FLOATING, x)
    return _mean(x, axis, keepdims)


def std(x, /, *, axis=None, correction=0.0, keepdims=False):
    """The root of var."""
    expect_array(std.__name__, FLOATING, x)
    return _std(x, axis, keepdims, correction=correction)


def var(x, /, *, axis=None, correction=0.0, keepdims=False):
    """The mean square distance from the mean, the count lessened by correction."""
    expect_array(var.__name__, FLOATING, x)
    return _var(x, axis, keepdims, correction=correction)


def max(x, /, *, axis=None, keepdims=False):
    """The largest over the axes."""
    expect_array(max.__name__, NUMERIC, x)
    return _amax(x, axis, keepdims)


def min(x, /, *, axis=None, keepdims=False):
    """The smallest over the axes."""
    expect_array(min.__name__, NUMERIC, x)
    return _amin(x, axis, keepdims)


def all(x, /, *, axis=None, keepdims=False):
    """Whether all elements are true (not zero)."""
    expect_array(all.__name__, ALL, x)
    return _all(x != 0, axis, keepdims)


def any(x, /, *, axis=None, keepdims=False):
    """Whether any element is true (not zero)."""
    expect_array(any.__name__, ALL, x)
    return _any(x != 0, axis, keepdims)


def _cumulative(op, start):
    def function(x, /, *, axis=None, dtype=None, include_initial=False):
        expect_array(function.__name__, NUMERIC, x)
        if axis is None:
            if x.ndim != 1:
                raise ValueError(f"{function.__name__}() needs an axis for an array of {x.ndim} dimensions")
            axis = 0
        dtype = _sum_dtype(x, dtype)
        result = op(x.to(dtype), axis, dtype=dtype)
        if not include_initial:
            return result
        shape = list(x.shape)
        shape[axis] = 1
        return _C.cat([_C.full(shape, start, dtype=dtype), result], axis)

    return function


cumulative_sum = _cumulative(_C.cumsum, 0)
cumulative_sum.__name__ = "cumulative_sum"
cumulative_sum.__doc__ = "The sums of the elements up to each, along axis; include_initial: a 0 before them."
cumulative_prod = _cumulative(_C.cumprod, 1)
cumulative_prod.__name__ = "cumulative_prod"
cumulative_prod.__doc__ = "The products of the elements up to each, along axis; include_initial: a 1 before them."


def diff(x, /, *, axis=-1, n=1, prepend=None, append=None):
    """The differences of neighbours along axis, n times over."""
    expect_array(diff.__name__, NUMERIC, x)
    parts = [p for p in (prepend, x, append) if p is not None]
    x = concat(parts, axis=axis) if len(parts) > 1 else x
    for _ in range(n):
        length = x.shape[axis] - 1
        x = _C.narrow(x, axis, 1, length) - _C.narrow(x, axis, 0, length) if length >= 0 else x
    return x if n else x.clone()


__all__ = defined_in(globals())
