"""New arrays."""

from rushlight import _C
from rushlight import _creation
from rushlight.array_api._dtypes import defined_in


def arange(start, /, stop=None, step=1, *, dtype=None, device=None):
    """The numbers from start (0, where there is no stop) up to stop, without it, step apart."""
    start, stop = (0, start) if stop is None else (start, stop)
    if (stop - start) * step < 0:
        stop = start  # nothing lies there, which is no mistake to the standard
    return _C.arange(start, stop, step, dtype=dtype, device=device)


def asarray(obj, /, *, dtype=None, device=None, copy=None):
    """Numbers, nested sequences, arrays and buffers as an array: shared where possible, always (copy=False) or never (True)."""
    if isinstance(obj, (bytes, bytearray, memoryview)):
        view = memoryview(obj)
        obj = _creation.frombuffer(view, dtype=_BUFFER_DTYPES[view.format]).reshape(view.shape)
    return _creation.asarray(obj, dtype=dtype, device=device, copy=copy)


_BUFFER_DTYPES = {"B": _C.uint8, "b": _C.int8, "h": _C.int16, "H": _C.uint16, "i": _C.int32, "I": _C.uint32, "l": _C.int64, "L": _C.uint64,
                  "q": _C.int64, "Q": _C.uint64, "f": _C.float32, "d": _C.float64, "?": _C.bool_}


def empty(shape, *, dtype=None, device=None):
    """An array to be filled."""
    return _C.empty(shape, dtype=dtype, device=device)


def empty_like(x, /, *, dtype=None, device=None):
    """An array to be filled, in x's shape and dtype."""
    return _C.empty_like(x, dtype=dtype, device=device)


def eye(n_rows, n_cols=None, /, *, k=0, dtype=None, device=None):
    """Ones on the k-th diagonal, zeros elsewhere."""
    matrix = _C.zeros((n_rows, n_rows if n_cols is None else n_cols), dtype=dtype, device=device)
    if -n_rows < k < matrix.size(1):
        matrix.diagonal(k).fill_(1)
    return matrix


def from_dlpack(x, /, *, device=None, copy=None):
    """An array over the memory of another library's array."""
    return _C.from_dlpack(x, device=device, copy=copy)


def full(shape, fill_value, *, dtype=None, device=None):
    """One value everywhere; its Python type chooses the dtype."""
    return _C.full(shape, fill_value, dtype=dtype, device=device)


def full_like(x, /, fill_value, *, dtype=None, device=None):
    """One value in x's shape and dtype."""
    return _C.full_like(x, fill_value, dtype=dtype, device=device)


def linspace(start, stop, /, num, *, dtype=None, device=None, endpoint=True):
    """num evenly spaced numbers from start to stop, which endpoint says whether to include."""
    if not endpoint:
        return linspace(start, stop, num + 1, dtype=dtype, device=device)[:-1]
    return _C.linspace(start, stop, num, dtype=dtype, device=device)


def meshgrid(*arrays, indexing="xy"):
    """The coordinates of a grid: each vector along its own dimension, the first two swapped for "xy"."""
    return list(_C.meshgrid(arrays, indexing=indexing)) if arrays else []


def ones(shape, *, dtype=None, device=None):
    """Ones."""
    return _C.ones(shape, dtype=dtype, device=device)


def ones_like(x, /, *, dtype=None, device=None):
    """Ones in x's shape and dtype."""
    return _C.ones_like(x, dtype=dtype, device=device)


def tril(x, /, *, k=0):
    """The lower triangle; the rest is 0."""
    return _C.tril(x, k)


def triu(x, /, *, k=0):
    """The upper triangle; the rest is 0."""
    return _C.triu(x, k)


def zeros(shape, *, dtype=None, device=None):
    """Zeros."""
    return _C.zeros(shape, dtype=dtype, device=device)


def zeros_like(x, /, *, dtype=None, device=None):
    """Zeros in x's shape and dtype."""
    return _C.zeros_like(x, dtype=dtype, device=device)


__all__ = defined_in(globals())
