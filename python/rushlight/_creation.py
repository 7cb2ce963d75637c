"""Creation functions over `full`: what the op list does not name itself."""

from rushlight import _C
from rushlight._C import Tensor

__all__ = []


def _sizes(size):
    return size[0] if len(size) == 1 and not isinstance(size[0], int) else size


def _public(function):
    """Exports it, unless the op list has come to hold the name."""
    if not hasattr(_C, function.__name__):
        globals()[function.__name__] = function
        __all__.append(function.__name__)
    return function


def _filled(size, value, dtype, options):
    return _C.full(_sizes(size), value, dtype=dtype or get_default_dtype(), **options)


get_default_dtype = _C.get_default_dtype


@_public
def zeros(*size, dtype=None, **options):
    return _filled(size, 0.0, dtype, options)


@_public
def ones(*size, dtype=None, **options):
    return _filled(size, 1.0, dtype, options)


@_public
def empty(*size, dtype=None, **options):
    return _filled(size, 0.0, dtype, options)


@_public
def full_like(input, fill_value, *, dtype=None, **options):
    return _C.full(input.shape, fill_value, dtype=dtype or input.dtype, **options)


@_public
def zeros_like(input, **options):
    return full_like(input, 0.0, **options)


@_public
def ones_like(input, **options):
    return full_like(input, 1.0, **options)


@_public
def empty_like(input, **options):
    return full_like(input, 0.0, **options)


@_public
def arange(start, end=None, step=1, *, dtype=None, requires_grad=False, device=None):
    if end is None:
        start, end = 0, start
    count = max(0, -int((start - end) // step))
    values = [start + i * step for i in range(count)]
    empty_dtype = get_default_dtype() if any(isinstance(v, float) for v in (start, end, step)) else _C.int64
    return _C.tensor(values, dtype=dtype or empty_dtype, device=device, requires_grad=requires_grad)


@_public
def scalar_tensor(value, **options):
    return _C.full((), value, **options)


def _new(function):
    def method(self, *size, dtype=None, **options):
        return function(*size, dtype=dtype or self.dtype, **options)

    return method


for _name, _function in {"new_zeros": zeros, "new_ones": ones, "new_empty": empty, "new_full": _C.full}.items():
    if not hasattr(Tensor, _name):
        setattr(Tensor, _name, _new(_function))
if not hasattr(Tensor, "new_tensor"):
    Tensor.new_tensor = lambda self, data, *, dtype=None, **options: _C.tensor(data, dtype=dtype or self.dtype, **options)
