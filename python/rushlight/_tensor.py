"""Methods of Tensor that are Python's protocol, or PyTorch's, and no op: copying, pickling, formatting, old names."""

import copy

from rushlight import _C
from rushlight import _functions
from rushlight._C import Tensor
from rushlight._creation import tensor_types


def _rebuild(cls, data, dtype, shape, requires_grad, attributes):
    tensor = _C._tensor_from_bytes(data, dtype, shape)
    if cls is not Tensor:
        tensor = Tensor._make_subclass(cls, tensor)
    tensor.requires_grad_(requires_grad)
    tensor.__dict__.update(attributes)
    return tensor


def _reduce(self, _protocol):
    if not self.is_leaf:
        raise RuntimeError("only leaf tensors can be pickled; call detach() first")
    state = (type(self), _C._tensor_to_bytes(self), self.dtype, tuple(self.shape), self.requires_grad, self.__dict__)
    return _rebuild, state


def _copy(self):
    twin = Tensor._make_subclass(type(self), self.detach(), self.requires_grad)
    twin.__dict__.update(self.__dict__)
    return twin


def _deepcopy(self, memo):
    if id(self) in memo:
        return memo[id(self)]
    if not self.is_leaf:
        raise RuntimeError("Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at "
                           "the moment; call detach() or clone() first")
    twin = Tensor._make_subclass(type(self), self.detach().clone(), self.requires_grad)
    memo[id(self)] = twin
    if self.grad is not None:
        twin.grad = copy.deepcopy(self.grad, memo)
    twin.__dict__.update(copy.deepcopy(self.__dict__, memo))
    return twin


def _format(self, spec):
    return format(self.item(), spec) if self.dim() == 0 else object.__format__(self, spec)


def _contains(self, element):
    return bool((self == element).sum() > 0)


def _array_wrap(self, array, context=None, return_scalar=False):
    """What NumPy's functions make of a tensor is a tensor again."""
    return _C.as_tensor(array if array.flags.writeable else array.copy())


def _array_namespace(self, *, api_version=None):
    from rushlight import array_api

    if api_version not in (None, array_api.__array_api_version__):
        raise ValueError(f"the Array API is here in version {array_api.__array_api_version__}, not {api_version}")
    return array_api


def _to_device(self, device, /, *, stream=None):
    return self.to(device)


# -- PyTorch's own


def _type(self, dtype=None, non_blocking=False):
    """The name of the tensor's old type, 'rushlight.FloatTensor'; with a dtype, old type or its name: a cast."""
    if dtype is None:
        return f"rushlight.{tensor_types[self.dtype].__name__}" if self.dtype in tensor_types else f"rushlight.{self.dtype} Tensor"
    if isinstance(dtype, str):
        names = {f"{module}.{kind.__name__}": kind for kind in tensor_types.values() for module in ("torch", "rushlight")}
        if dtype not in names:
            raise ValueError(f"invalid type: {dtype!r}")
        dtype = names[dtype]
    return self.to(getattr(dtype, "dtype", dtype))


def _cuda(self, device=None, non_blocking=False, memory_format=None):
    """Raises: this build has no CUDA device."""
    return self.to("cuda" if device is None else device)


def _new(self, *data):
    return tensor_types[self.dtype](*data)


def _new_tensor(self, data, *, dtype=None, device=None, requires_grad=False):
    return _C.tensor(data, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)


def _same(self, *_, **__):
    return self


def _apply(self, callable):
    """Puts callable(element) in the place of each element. Slow; for the host only."""
    values = _C.tensor([callable(value) for value in self.reshape(-1).tolist()], dtype=self.dtype)
    return self.copy_(values.view(self.shape))


def _fill_diagonal(self, fill_value, wrap=False):
    """Writes fill_value to the main diagonal; with wrap again and again, a row apart, in tall matrices."""
    if self.dim() < 2 or (self.dim() > 2 and len(set(self.shape)) > 1):
        raise RuntimeError(f"fill_diagonal_: expected a matrix, or equal sizes in all dimensions, but got {tuple(self.shape)}")
    rows, step = self.size(0), sum(self.stride())
    length = min(self.shape)
    self.as_strided((length,), (step,), self.storage_offset()).fill_(fill_value)
    if wrap and self.dim() == 2:
        for top in range(self.size(1) + 1, rows, self.size(1) + 1):
            self[top:].fill_diagonal_(fill_value)
    return self


def _in_place_view(view):
    """squeeze_ and its kin: the tensor takes on the shape of its view."""

    def method(self, *args, **options):
        return _C._take_place(self, view(_C._twin(self), *args, **options))

    method.__name__ = view.__name__ + "_"
    method.__doc__ = f"{view.__name__}, in place."
    return method


def _resize(self, *size, memory_format=None):
    """Another shape over the same memory, or over larger memory that starts with the old."""
    return self._resize(size[0] if len(size) == 1 and not isinstance(size[0], int) else size)


def _sum_to_size(self, *size):
    """The sum over the dimensions in which size is smaller."""
    size = tuple(size[0]) if len(size) == 1 and not isinstance(size[0], int) else size
    lead = self.dim() - len(size)
    if lead < 0 or any(want not in (1, have) for want, have in zip(size, self.shape[lead:])):
        raise RuntimeError(f"size {{{list(size)}}} is not expandable to size {{{list(self.shape)}}}")
    summed = self.sum(tuple(range(lead))) if lead else self
    narrow = tuple(d for d, want in enumerate(size) if want != summed.size(d))
    return summed.sum(narrow, keepdim=True) if narrow else summed


class _Storage:
    """The memory of a tensor: its size and where it is."""

    def __init__(self, tensor, item_bytes):
        self._tensor, self._item_bytes = tensor, item_bytes

    def nbytes(self):
        return self._tensor._storage_bytes()

    def data_ptr(self):
        return self._tensor._storage_address()

    def size(self):
        return self.nbytes() // self._item_bytes

    __len__ = size


Tensor.__reduce_ex__ = _reduce
Tensor.__copy__ = _copy
Tensor.__deepcopy__ = _deepcopy
Tensor.__format__ = _format
Tensor.__contains__ = _contains
Tensor.__reversed__ = lambda self: self.flip(tuple(range(self.dim())))
Tensor.__complex__ = lambda self: complex(self.item())
Tensor.__array_wrap__ = _array_wrap
Tensor.__array_namespace__ = _array_namespace
Tensor.to_device = _to_device

Tensor.type = _type
Tensor.cuda = _cuda
Tensor.new = _new
Tensor.new_tensor = _new_tensor
Tensor.pin_memory = Tensor.share_memory_ = Tensor.conj = Tensor.resolve_conj = Tensor.resolve_neg = Tensor.coalesce = _same
Tensor.is_pinned = Tensor.is_shared = Tensor.is_conj = lambda self: False
Tensor.is_sparse = Tensor.is_mps = Tensor.is_meta = Tensor.is_quantized = Tensor.is_nested = False
Tensor.is_cpu = property(lambda self: self.device.type == "cpu")
Tensor.layout = "strided"
Tensor.apply_ = _apply
Tensor.fill_diagonal_ = _fill_diagonal
Tensor.resize_ = _resize
Tensor.resize_as_ = lambda self, other: self._resize(other.shape)
Tensor.sum_to_size = _sum_to_size
Tensor.untyped_storage = lambda self: _Storage(self, 1)
Tensor.storage = lambda self: _Storage(self, self.element_size())
Tensor.is_same_size = lambda self, other: self.shape == other.shape
Tensor.is_nonzero = bool
Tensor.equal = _functions.equal
Tensor.allclose = _functions.allclose
Tensor.trace = _functions.trace
Tensor.H = property(lambda self: self.T)
Tensor.mH = Tensor.mT
Tensor.adjoint = lambda self: self.mT
for _view in (Tensor.squeeze, Tensor.unsqueeze, Tensor.transpose, Tensor.t, Tensor.swapaxes):
    setattr(Tensor, _view.__name__ + "_", _in_place_view(_view))
