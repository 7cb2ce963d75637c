"""Forms of ops that a line of the op list cannot say, tried when none of the list's forms takes the arguments.

The first line of each docstring is the form's signature, for messages and the stub. A form that finds arguments of other
types returns NotImplemented.
"""

import string

from rushlight import _C
from rushlight._C import Tensor

def _add(form, *ops):
    for op in ops:
        _C._add_form(op, form)


def _view_bits(self, dtype):
    """(self, dtype: dtype) -> Tensor"""
    return self._view_bits(dtype) if isinstance(dtype, _C.dtype) else NotImplemented


def _contiguous(input, *, memory_format):
    """(input: Tensor, *, memory_format: str) -> Tensor"""
    if memory_format in ("preserve", None) or input.is_contiguous(memory_format):
        return input
    return input.clone(memory_format=memory_format)


def _split(tensor, *, split_size_or_sections, dim=0):
    """(tensor: Tensor, *, split_size_or_sections: builtins.int | Sequence[builtins.int], dim: builtins.int = 0) -> tuple[Tensor, ...]"""
    return _C.split(tensor, split_size_or_sections, dim)


def _spread_of_all(op):
    def form(input, unbiased):
        """(input: Tensor, unbiased: builtins.bool) -> Tensor"""
        return op(input, unbiased=unbiased) if isinstance(input, Tensor) and isinstance(unbiased, bool) else NotImplemented

    return form


def _norm(input, p, dim=None, keepdim=False, *, dtype=None):
    """(input: Tensor, p: str, dim: builtins.int | Sequence[builtins.int] | None = None, keepdim: builtins.bool = False, *, dtype: dtype | None = None) -> Tensor"""
    if p != "fro":
        return NotImplemented
    return _C.vector_norm(input, 2, dim, keepdim, dtype=dtype)


def _tensordot(a, b, dims):
    """(a: Tensor, b: Tensor, dims: Sequence[Sequence[builtins.int]]) -> Tensor"""
    if not isinstance(dims, (list, tuple, Tensor)) or len(dims) != 2:
        return NotImplemented
    left, right = (d.tolist() if isinstance(d, Tensor) else d for d in dims)
    return _C.tensordot(a, b, *([d] if isinstance(d, int) else d for d in (left, right)))


def _einsum(*operands):
    """(*operands: Tensor | Sequence[builtins.int]) -> Tensor"""
    if not operands or not isinstance(operands[0], Tensor):
        return NotImplemented
    tensors, sublists = operands[: len(operands) // 2 * 2 : 2], operands[1::2]
    result = "->" + _subscripts(operands[-1]) if len(operands) % 2 else ""
    return _C.einsum(",".join(map(_subscripts, sublists)) + result, *tensors)


def _subscripts(sublist):
    for number in sublist:
        if number is not Ellipsis and not 0 <= number < 52:
            raise ValueError(f"einsum(): a subscript is from 0 to 51, or Ellipsis, not {number}")
    return "".join("..." if number is Ellipsis else string.ascii_letters[number] for number in sublist)


def _repeat_interleave(repeats, *, output_size=None):
    """(repeats: Tensor) -> Tensor"""
    if not isinstance(repeats, Tensor):
        return NotImplemented
    return _C.repeat_interleave(_C.arange(repeats.numel()), repeats, 0)


_add(_view_bits, Tensor.view)
_add(_contiguous, Tensor.contiguous, _C.contiguous)
_add(_split, _C.split, Tensor.split)
_add(_norm, _C.norm, Tensor.norm)
_add(_tensordot, _C.tensordot)
_add(_einsum, _C.einsum)
_add(_repeat_interleave, _C.repeat_interleave)
_add(_spread_of_all(_C.std), _C.std, Tensor.std)
_add(_spread_of_all(_C.var), _C.var, Tensor.var)
