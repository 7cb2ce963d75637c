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


_CDIST_MODES = ("use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist")


def _cdist(x1, x2, p=2.0, compute_mode=NotImplemented):
    """(x1: Tensor, x2: Tensor, p: builtins.float = 2, compute_mode: str = "use_mm_for_euclid_dist_if_necessary") -> Tensor"""
    if compute_mode is NotImplemented:
        return NotImplemented
    if compute_mode not in _CDIST_MODES:
        raise ValueError(f"cdist(): compute_mode, which makes no difference, must be one of {', '.join(_CDIST_MODES)}, not {compute_mode!r}")
    return _C.cdist(x1, x2, p)


def _isin_element(element, test_elements, *, assume_unique=False, invert=False):
    """(element: builtins.float, test_elements: Tensor, *, assume_unique: builtins.bool = False, invert: builtins.bool = False) -> Tensor"""
    if not isinstance(element, (int, float)) or not isinstance(test_elements, Tensor):
        return NotImplemented
    return _C.isin(element, test_elements, assume_unique=assume_unique, invert=invert)


def _isin_test_element(elements, test_element, *, assume_unique=False, invert=False):
    """(elements: Tensor, test_element: builtins.float, *, assume_unique: builtins.bool = False, invert: builtins.bool = False) -> Tensor"""
    if not isinstance(elements, Tensor) or not isinstance(test_element, (int, float)):
        return NotImplemented
    return _C.isin(elements, test_element, assume_unique=assume_unique, invert=invert)


def _tensor_split(input, tensor_indices_or_sections, dim=0):
    """(input: Tensor, tensor_indices_or_sections: Tensor, dim: builtins.int = 0) -> tuple[Tensor, ...]"""
    split_at = tensor_indices_or_sections
    if not isinstance(input, Tensor) or not isinstance(split_at, Tensor):
        return NotImplemented
    if split_at.dtype != _C.int64 or split_at.dim() > 1:
        raise RuntimeError("tensor_split(): tensor_indices_or_sections must be a number or a vector of int64, not "
                           f"{split_at.dtype} of shape {tuple(split_at.shape)}")
    return _C.tensor_split(input, split_at.tolist(), dim)


def _at_least(op):
    def form(*tensors):
        """(*tensors: Tensor | Sequence[Tensor]) -> tuple[Tensor, ...]"""
        if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
            tensors = tensors[0]
        are_tensors = tensors and all(isinstance(tensor, Tensor) for tensor in tensors)
        return tuple(map(op, tensors)) if are_tensors else NotImplemented

    return form


def _lstm(input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first):
    """(input: Tensor, hx: Sequence[Tensor], params: Sequence[Tensor], has_biases: builtins.bool, num_layers: builtins.int, dropout: builtins.float, train: builtins.bool, bidirectional: builtins.bool, batch_first: builtins.bool) -> tuple[Tensor, Tensor, Tensor]"""
    if not isinstance(hx, (list, tuple)):
        return NotImplemented
    if len(hx) != 2:
        raise RuntimeError(f"lstm(): hx must be the two tensors (h_0, c_0), but holds {len(hx)}")
    return _C.lstm(input, *hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first)


_add(_view_bits, Tensor.view)
_add(_contiguous, Tensor.contiguous, _C.contiguous)
_add(_split, _C.split, Tensor.split)
_add(_norm, _C.norm, Tensor.norm)
_add(_tensordot, _C.tensordot)
_add(_einsum, _C.einsum)
_add(_repeat_interleave, _C.repeat_interleave)
_add(_cdist, _C.cdist)
_add(_isin_element, _C.isin)
_add(_isin_test_element, _C.isin)
_add(_tensor_split, _C.tensor_split, Tensor.tensor_split)
_add(_lstm, _C.lstm)
for _op in (_C.atleast_1d, _C.atleast_2d, _C.atleast_3d):
    _add(_at_least(_op), _op)
_add(_spread_of_all(_C.std), _C.std, Tensor.std)
_add(_spread_of_all(_C.var), _C.var, Tensor.var)
