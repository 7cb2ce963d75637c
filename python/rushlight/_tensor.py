"""Methods of Tensor that are Python's protocol, or PyTorch's, and no op: copying, pickling, formatting, old names.

They stand in a class that is never used: its members are attached to Tensor, which is `_C.Tensor` (a subclass would cost
every op a second object).
"""

import copy

from rushlight import _C
from rushlight._C import Tensor
from rushlight._creation import tensor_types


def _rebuild(cls, data, dtype, shape, requires_grad, attributes):
    tensor = _C._tensor_from_bytes(data, dtype, shape)
    if cls is not Tensor:
        tensor = Tensor._make_subclass(cls, tensor)
    tensor.requires_grad_(requires_grad)
    tensor.__dict__.update(attributes)
    return tensor


def _listed(sizes):
    """(2, 3) and ((2, 3),) alike."""
    return sizes[0] if len(sizes) == 1 and not isinstance(sizes[0], int) else sizes


def _in_place(view):
    """squeeze_ and its kin: the tensor takes on the shape of its view."""

    def method(self, *args, **options):
        return _C._take_place(self, view(_C._twin(self), *args, **options))

    method.__doc__ = f"{view.__name__}, in place."
    return method


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


class _Protocol:
    """Python's own, and NumPy's."""

    def __reduce_ex__(self, protocol):
        state = (type(self), _C._tensor_to_bytes(self), self.dtype, tuple(self.shape), self.requires_grad, self.__dict__)
        return _rebuild, state

    def __copy__(self):
        twin = Tensor._make_subclass(type(self), self.detach(), self.requires_grad)
        twin.__dict__.update(self.__dict__)
        return twin

    def __deepcopy__(self, memo):
        if id(self) in memo:
            return memo[id(self)]
        if not self.is_leaf:
            raise RuntimeError("Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at "
                               "the moment; call detach() or clone() first")
        twin = Tensor._make_subclass(type(self), self._with_storage_of(memo), self.requires_grad)
        memo[id(self)] = twin
        if self.grad is not None:
            twin.grad = copy.deepcopy(self.grad, memo)
        twin.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return twin

    def _with_storage_of(self, memo):
        """The same view of a copy of the storage; one copy for all tensors of it that are copied together."""
        key = "storage", self._storage_id(), self.dtype
        if key not in memo:
            count = self._storage_bytes() // self.element_size()
            memo[key] = self.detach().as_strided((count,), (1,), 0).clone()
        return memo[key].as_strided(self.shape, self.stride(), self.storage_offset()).detach()

    def __format__(self, spec):
        return format(self.item(), spec) if self.dim() == 0 else object.__format__(self, spec)

    def __contains__(self, element):
        return bool((self == element).sum() > 0)

    def __reversed__(self):
        return self.flip(tuple(range(self.dim())))

    def __complex__(self):
        return complex(float(self))

    def __array_wrap__(self, array, context=None, return_scalar=False):
        """What NumPy's functions make of a tensor is a tensor again."""
        return _C.as_tensor(array if array.flags.writeable else array.copy())

    def __array_namespace__(self, *, api_version=None):
        """rushlight.array_api."""
        from rushlight import array_api

        if api_version not in (None, array_api.__array_api_version__):
            raise ValueError(f"the Array API is here in version {array_api.__array_api_version__}, not {api_version}")
        return array_api

    def to_device(self, device, /, *, stream=None):
        """The Array API's word for to(device)."""
        return self.to(device)


class _Names:
    """PyTorch's own names for what is no op."""

    def type(self, dtype=None, non_blocking=False):
        """The name of the tensor's old type, 'rushlight.FloatTensor'; with a dtype, an old type or its name: a cast."""
        if dtype is None:
            kind = tensor_types.get(self.dtype)
            return f"rushlight.{kind.__name__}" if kind else f"{self.dtype} Tensor"
        if isinstance(dtype, str):
            names = {f"{module}.{kind.__name__}": kind for kind in tensor_types.values() for module in ("torch", "rushlight")}
            if dtype not in names:
                raise ValueError(f"invalid type: {dtype!r}")
            dtype = names[dtype]
        return self.to(getattr(dtype, "dtype", dtype))

    def cuda(self, device=None, non_blocking=False, memory_format=None):
        """Raises: this build has no CUDA device."""
        return self.to("cuda" if device is None else device)

    def new(self, *data):
        """An old constructor: new(2, 3) by sizes, new([1, 2]) by values, in this dtype."""
        return tensor_types[self.dtype](*data)

    def new_tensor(self, data, *, dtype=None, device=None, requires_grad=False):
        """A tensor with a copy of data, in this dtype."""
        return _C.tensor(data, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)

    def apply_(self, callable):
        """Puts callable(element) in the place of each element. Slow: one call of Python for each."""
        values = _C.tensor([callable(value) for value in self.reshape(-1).tolist()], dtype=self.dtype)
        return self.copy_(values.view(self.shape))

    def fill_diagonal_(self, fill_value, wrap=False):
        """Writes fill_value to the main diagonal; with wrap again and again, a row apart, in tall matrices."""
        if self.dim() < 2 or (self.dim() > 2 and len(set(self.shape)) > 1):
            raise RuntimeError(f"fill_diagonal_: expected a matrix, or equal sizes in all dimensions, but got {tuple(self.shape)}")
        self.as_strided((min(self.shape),), (sum(self.stride()),), self.storage_offset()).fill_(fill_value)
        if wrap and self.dim() == 2:
            for top in range(self.size(1) + 1, self.size(0), self.size(1) + 1):
                self[top:].fill_diagonal_(fill_value)
        return self

    def resize_as_(self, other, *, memory_format=None):
        """resize_ to other's shape."""
        return self.resize_(other.shape)

    def set_(self, source=None, storage_offset=0, size=None, stride=None):
        """Shows source's memory from now on, in another shape if one is said; without source none at all."""
        source = _C.zeros(0, dtype=self.dtype) if source is None else source
        if not isinstance(source, Tensor) or source.dtype != self.dtype:
            raise RuntimeError(f"set_(): source must be a Tensor of {self.dtype}, not {getattr(source, 'dtype', type(source).__name__)}")
        if self.requires_grad:
            raise RuntimeError("set_(): a tensor that requires grad keeps its memory; set its detach(), or its .data")
        if size is not None:
            source = source.as_strided(size, _C.zeros(size).stride() if stride is None else stride, storage_offset)
        self.data = source.detach()
        return self

    squeeze_ = _in_place(Tensor.squeeze)
    unsqueeze_ = _in_place(Tensor.unsqueeze)
    transpose_ = _in_place(Tensor.transpose)
    swapaxes_ = _in_place(Tensor.swapaxes)
    t_ = _in_place(Tensor.t)

    def sum_to_size(self, *size):
        """The sum over the dimensions in which size is smaller."""
        size = tuple(_listed(size))
        lead = self.dim() - len(size)
        if lead < 0 or any(want not in (1, have) for want, have in zip(size, self.shape[lead:])):
            raise RuntimeError(f"size {list(size)} is not expandable to size {list(self.shape)}")
        summed = self.sum(tuple(range(lead))) if lead else self
        narrow = tuple(d for d, want in enumerate(size) if want != summed.size(d))
        return summed.sum(narrow, keepdim=True) if narrow else summed

    def untyped_storage(self):
        """The memory as bytes: nbytes(), data_ptr()."""
        return _Storage(self, 1)

    def storage(self):
        """The memory as elements: size(), data_ptr()."""
        return _Storage(self, self.element_size())

    def is_same_size(self, other):
        """Whether both have one shape."""
        return self.shape == other.shape

    @property
    def H(self):
        """A matrix transposed: there are no complex numbers to conjugate."""
        return self.T

    @property
    def mH(self):
        """mT."""
        return self.mT

    def adjoint(self):
        """mT."""
        return self.mT


class _Elsewhere:
    """What matters where there are other devices, layouts or complex numbers: the tensor as it is, or no."""

    def pin_memory(self, device=None):
        return self

    def share_memory_(self):
        return self

    def conj(self):
        return self

    def resolve_conj(self):
        return self

    def resolve_neg(self):
        return self

    def is_pinned(self, device=None):
        return False

    def is_conj(self):
        return False

    @property
    def is_cpu(self):
        return self.device.type == "cpu"

    is_sparse = is_mps = is_meta = is_quantized = is_nested = False
    layout = "strided"


def _attach(members):
    for name, member in vars(members).items():
        if name in ("__module__", "__doc__", "__dict__", "__weakref__"):
            continue
        function = getattr(member, "fget", member)
        if callable(function):
            function.__module__, function.__name__, function.__qualname__ = Tensor.__module__, name, "Tensor." + name
        setattr(Tensor, name, member)


_attach(_Protocol)
_attach(_Names)
_attach(_Elsewhere)
