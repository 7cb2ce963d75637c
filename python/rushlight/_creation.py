"""Tensors from data and in the likeness of others: what the op list does not name itself."""

from rushlight import _C
from rushlight._C import Tensor

__all__ = ["asarray", "frombuffer", "empty_strided", "randint_like", "Variable"]


def asarray(obj, *, dtype=None, device=None, copy=None, requires_grad=False):
    """obj as a tensor: sharing its memory where possible (copy=None), always (False) or never (True)."""
    if copy:
        tensor = _C.tensor(obj, dtype=dtype, device=device)
    else:
        tensor = _C.as_tensor(obj, dtype=dtype, device=device)
        if copy is False and not _is_shared(tensor, obj):
            raise ValueError("asarray() cannot share the memory of this object; leave out copy=False")
    return tensor.requires_grad_() if requires_grad and not tensor.requires_grad else tensor


def _is_shared(tensor, obj):
    return tensor is obj or hasattr(obj, "__array_interface__") and obj.__array_interface__["data"] == (tensor.data_ptr(), False)


def frombuffer(buffer, *, dtype, count=-1, offset=0, requires_grad=False):
    """A one-dimensional tensor over the memory of an object with the buffer protocol."""
    view = memoryview(buffer).cast("B")
    if not 0 <= offset < len(view):
        raise ValueError(f"offset ({offset} bytes) must be non-negative and no greater than buffer length ({len(view)} bytes) minus 1")
    if count < 0:
        count, rest = divmod(len(view) - offset, dtype.itemsize)
        if rest:
            raise ValueError(f"buffer length ({len(view) - offset} bytes) after offset ({offset} bytes) must be a multiple of "
                             f"element size ({dtype.itemsize})")
    if count == 0 or offset + count * dtype.itemsize > len(view):
        raise ValueError(f"requested buffer length ({count} * {dtype.itemsize} bytes) after offset ({offset} bytes) must not be "
                         f"greater than actual buffer length ({len(view)} bytes)")
    import numpy

    values = _C.from_numpy(numpy.frombuffer(view, "u1", count * dtype.itemsize, offset))._view_bits(dtype)
    return values.requires_grad_() if requires_grad else values


def empty_strided(size, stride, *, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False):
    """A tensor to be filled, whose memory lies in these strides."""
    elements = 0 if 0 in size else 1 + sum((count - 1) * step for count, step in zip(size, stride))
    if elements < 0 or len(size) != len(stride):
        raise RuntimeError(f"empty_strided(): size {tuple(size)} does not fit stride {tuple(stride)}: one stride for each dimension, "
                           "none negative")
    tensor = _C.zeros(elements, dtype=dtype, device=device).as_strided(size, stride).data
    return tensor.requires_grad_() if requires_grad else tensor


def randint_like(input, low, high=None, *, dtype=None, requires_grad=False, **options):
    """Whole numbers from low (0) up to high, without it, in input's shape, strides and dtype."""
    low, high = (0, low) if high is None else (low, high)
    likeness = _C.empty_like(input, dtype=dtype, **options)
    likeness.copy_(_C.randint(low, high, input.shape, dtype=likeness.dtype))
    return likeness.requires_grad_() if requires_grad else likeness


class _VariableType(type):
    def __instancecheck__(cls, instance):
        return isinstance(instance, Tensor)

    def __call__(cls, data, requires_grad=False):
        tensor = data.detach()
        return tensor.requires_grad_() if requires_grad else tensor


class Variable(metaclass=_VariableType):
    """Variable(data) is a tensor over data's memory. Tensors are variables since PyTorch 0.4; this is for scripts older than that."""


class _TensorType(type):
    """torch.FloatTensor and its kin: constructors of one dtype that also answer isinstance."""

    def __instancecheck__(cls, instance):
        return isinstance(instance, Tensor) and instance.dtype is cls.dtype

    def __call__(cls, *data):
        if len(data) == 1 and not isinstance(data[0], int):
            return _C.tensor(data[0], dtype=cls.dtype)
        return _C.zeros(data or (0,), dtype=cls.dtype)


# the names of before dtypes, by dtype
tensor_types = {
    dtype: _TensorType(prefix + "Tensor", (), {"dtype": dtype, "__module__": "rushlight"})
    for dtype, prefix in {
        _C.float32: "Float", _C.float64: "Double", _C.float16: "Half", _C.bfloat16: "BFloat16", _C.int64: "Long", _C.int32: "Int",
        _C.int16: "Short", _C.int8: "Char", _C.uint8: "Byte", _C.bool_: "Bool",
    }.items()
}
for _type in tensor_types.values():
    globals()[_type.__name__] = _type
    __all__.append(_type.__name__)
