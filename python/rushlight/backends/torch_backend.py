"""set_backend("torch"): ops are computed by PyTorch's function of the same name, on the same memory.

A call is declined, and runs on Rushlight's kernels, where PyTorch has no such function, or a result of another shape or
dtype. Gradients are Rushlight's rules; the ops in them are offered like any others.
"""

import functools

import torch

from rushlight import _C


def linear(input, weight, bias, residual):
    result = torch.nn.functional.linear(input, weight, bias)
    return result if residual is None else result + residual


# Ops whose PyTorch function takes the arguments otherwise.
OTHERWISE = {
    "max_dim": lambda input, dim, keepdim: torch.max(input, dim, keepdim),
    "min_dim": lambda input, dim, keepdim: torch.min(input, dim, keepdim),
    "add_scaled": lambda input, other, alpha: torch.add(input, other, alpha=alpha),
    "sub_scaled": lambda input, other, alpha: torch.sub(input, other, alpha=alpha),
    "gelu_tanh": lambda input: torch.nn.functional.gelu(input, approximate="tanh"),
    "index": lambda input, indices: torch.ops.aten.index(input, indices),
    "copy": lambda input, src: torch.as_tensor(src).expand(input.shape),  # a plain number comes as one
    "to": lambda input, dtype: input.to(dtype),
    "full": lambda size, fill_value, dtype: torch.full(size, fill_value, dtype=dtype),
    "linear": linear,
    "attention": lambda query, key, value, is_causal, scale: torch.nn.functional.scaled_dot_product_attention(
        query, key, value, is_causal=is_causal, scale=scale
    ),
}


@functools.cache
def function_of(op):
    """PyTorch's function for an op of the list, or None."""
    if op in OTHERWISE:
        return OTHERWISE[op]
    name = next(row["name"] for row in _C.ops() if row["id"] == op)
    if name != op:  # a form of an op, told from others by its arguments: better none than the wrong one
        return None
    for place in (torch, torch.nn.functional, torch.special):
        if callable(function := getattr(place, name, None)):
            return function
    return None


def can_show(value):
    """PyTorch has no negative strides, and ends the process that shows it some."""
    if isinstance(value, list):
        return all(map(can_show, value))
    return not isinstance(value, _C.Tensor) or all(stride >= 0 for stride in value.stride())


def to_torch(value):
    if isinstance(value, _C.Tensor):
        return torch.from_dlpack(value)
    if isinstance(value, _C.dtype):
        return getattr(torch, str(value).rpartition(".")[2])
    if isinstance(value, list):
        return [to_torch(item) for item in value]
    return value


def call(function, arguments):
    """PyTorch's results, or None where it refuses the call. Arguments that are None may be unknown to it: left out."""
    try:
        return function(**arguments)
    except TypeError:
        given = {name: value for name, value in arguments.items() if value is not None}
    except (RuntimeError, ValueError, IndexError, NotImplementedError):
        return None
    try:
        return function(**given)
    except (TypeError, RuntimeError, ValueError, IndexError, NotImplementedError):
        return None


@torch.no_grad()
def offer(op, arguments, results):
    """Fills Rushlight's results by PyTorch's function and returns True, or declines."""
    function = function_of(op)
    if function is None or not can_show([*arguments.values(), *results]):
        return False
    found = call(function, {name: to_torch(value) for name, value in arguments.items()})
    found = list(found) if isinstance(found, (tuple, list)) else [found]
    targets = [to_torch(result) for result in results]
    fits = len(found) == len(targets) and all(
        isinstance(f, torch.Tensor) and f.shape == t.shape and (f.dtype == t.dtype or op == "copy")
        for f, t in zip(found, targets)
    )
    if fits:
        for result, target in zip(found, targets):
            target.copy_(result)
    return fits
