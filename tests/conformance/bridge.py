"""Between PyTorch's tensors and Rushlight's: values go across exactly, into any layout."""

import math

import numpy
import rushlight
import torch

from call import Array, DType, Seeded, dtype_name


def rushlight_dtype(name):
    return getattr(rushlight, name)


def _numbers(value):
    """A NumPy array of the same values; bfloat16, which NumPy lacks, as float32."""
    return (value.float() if value.dtype == torch.bfloat16 else value).detach().contiguous().numpy()


def _row_major(shape):
    strides, step = [], 1
    for size in reversed(shape):
        strides.insert(0, step)
        step *= max(size, 1)
    return strides


def _strides_and_offset(shape, layout):
    strides, offset = _row_major(shape), 0
    if layout == "misaligned":
        offset = 1
    elif layout == "transposed":
        strides = _row_major(shape[::-1])[::-1]
    elif layout == "sliced":
        strides, offset = [2 * s for s in _row_major([size + 1 for size in shape])], 1
    elif layout == "negative":
        strides = [-s for s in strides]
        offset = max(math.prod(shape) - 1, 0)
    elif layout == "expanded":
        widest = max(range(len(shape)), key=lambda d: shape[d])
        strides = _row_major([1 if d == widest else size for d, size in enumerate(shape)])
        strides[widest] = 0
    return strides, offset


def _buffer(numbers, strides, offset):
    """Flat memory whose elements at the layout's positions are `numbers`; the gaps hold what must never be read."""
    positions = numpy.full(numbers.shape, offset, dtype=numpy.int64)
    for dim, stride in enumerate(strides):
        steps = numpy.arange(numbers.shape[dim]) * stride
        positions += steps.reshape([-1 if d == dim else 1 for d in range(numbers.ndim)])
    length = int(positions.max(initial=offset)) + 2
    poison = numpy.nan if numbers.dtype.kind == "f" else True if numbers.dtype.kind == "b" else 119
    buffer = numpy.full(length, poison, dtype=numbers.dtype)
    buffer[positions] = numbers
    return buffer


def to_rushlight(array, requires_grad=False):
    """A leaf with the array's values, dtype and layout."""
    numbers = _numbers(array.value)
    if array.layout == "contiguous":
        tensor = rushlight.tensor(numbers, dtype=rushlight_dtype(array.dtype))
    else:
        strides, offset = _strides_and_offset(list(numbers.shape), array.layout)
        flat = rushlight.tensor(_buffer(numbers, strides, offset), dtype=rushlight_dtype(array.dtype))
        tensor = rushlight.as_strided(flat, list(numbers.shape), strides, offset).detach()
    return tensor.requires_grad_() if requires_grad else tensor


def to_torch(tensor):
    tensor, name = tensor.detach(), dtype_name(tensor.dtype)
    if name == "bfloat16":
        return torch.from_numpy(numpy.array(tensor.to(rushlight.float32).numpy())).to(torch.bfloat16)
    return torch.from_numpy(numpy.array(tensor.numpy()).view(name))


def rushlight_call(call, requires_grad=False):
    """The call with Rushlight's tensors, dtypes and generators, and its leaves that may take a gradient."""
    leaves = []

    def convert(leaf):
        if isinstance(leaf, Array):
            wants = requires_grad and leaf.differentiable and leaf.is_floating
            tensor = to_rushlight(leaf, wants)
            if wants:
                leaves.append(tensor)
            return tensor
        if isinstance(leaf, DType):
            return rushlight_dtype(leaf.name)
        if isinstance(leaf, Seeded):
            return rushlight.Generator().manual_seed(leaf.seed)
        return leaf

    return call.map(convert), leaves


def torch_call(call, requires_grad=False):
    """The same for PyTorch. Layouts are not carried over: the judge works on plain contiguous copies."""
    leaves = []

    def convert(leaf):
        if isinstance(leaf, Array):
            wants = requires_grad and leaf.differentiable and leaf.is_floating
            tensor = leaf.value.clone().requires_grad_(wants)
            if wants:
                leaves.append(tensor)
            return tensor
        if isinstance(leaf, DType):
            return getattr(torch, leaf.name)
        return leaf

    return call.map(convert), leaves


def outputs_of(result, tensor=rushlight.tensor):
    """The tensors of a result: one, a (named) tuple or a list. A plain true or false becomes one by `tensor`."""
    if isinstance(result, bool):
        return [tensor(result)]
    return list(result) if isinstance(result, (tuple, list)) else [result]
