"""Methods of Tensor that are Python's protocol: copying, pickling, formatting."""

import copy

from rushlight import _C
from rushlight._C import Tensor


def is_tensor(obj):
    return isinstance(obj, Tensor)


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


Tensor.__reduce_ex__ = _reduce
Tensor.__copy__ = _copy
Tensor.__deepcopy__ = _deepcopy
Tensor.__format__ = _format
Tensor.__contains__ = _contains
Tensor.view_as = lambda self, other: self.view(other.shape)
Tensor.reshape_as = lambda self, other: self.reshape(other.shape)
Tensor.expand_as = lambda self, other: self.expand(other.shape)
