"""Gradients: backward and grad, modes, functions of one's own, checks by finite differences."""

from rushlight import _C
from rushlight.autograd.function import Function as Function
from rushlight.autograd.grad_mode import enable_grad as enable_grad
from rushlight.autograd.grad_mode import inference_mode as inference_mode
from rushlight.autograd.grad_mode import no_grad as no_grad
from rushlight.autograd.grad_mode import set_grad_enabled as set_grad_enabled
from rushlight._creation import Variable as Variable

_LATER = frozenset(("functional", "gradcheck", "gradgradcheck", "graph"))


def backward(tensors, grad_tensors=None, retain_graph=None, create_graph=False, inputs=None):
    """Adds to the grad of every leaf (or of inputs) what the tensors' gradients give. grad_tensors: those of the tensors; a
    tensor of one element needs none."""
    _C._backward(tensors, grad_tensors, retain_graph, create_graph, inputs)


def grad(outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=False, allow_unused=None, is_grads_batched=False,
         materialize_grads=False):
    """The gradients of outputs with respect to inputs, as a tuple. create_graph: they can be differentiated again.
    allow_unused: None for an input that the outputs do not depend on, instead of an error."""
    if is_grads_batched:
        return _batched(outputs, inputs, grad_outputs, retain_graph, create_graph, allow_unused, materialize_grads)
    return _C._grad(outputs, inputs, grad_outputs, retain_graph, create_graph, allow_unused, materialize_grads)


def _batched(outputs, inputs, grad_outputs, retain_graph, create_graph, allow_unused, materialize_grads):
    """One grad for each slice of grad_outputs, stacked."""
    single = isinstance(grad_outputs, _C.Tensor)
    batches = [grad_outputs] if single else list(grad_outputs)
    count, rows = len(batches[0]), []
    for i in range(count):
        keep = True if i + 1 < count else retain_graph
        rows.append(_C._grad(outputs, inputs, [b[i] for b in batches], keep, create_graph, allow_unused, materialize_grads))
    return tuple(None if column[0] is None else _C.stack(column) for column in zip(*rows))


def __getattr__(name):
    if name not in _LATER:
        raise AttributeError(f"module 'rushlight.autograd' has no attribute {name!r}")
    import importlib

    if name.endswith("check"):
        checks = importlib.import_module("rushlight.autograd._checks")
        return getattr(checks, name)
    return importlib.import_module("rushlight.autograd." + name)
