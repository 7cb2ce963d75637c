"""Derivatives of functions: jacobian, hessian, and their products with vectors."""

from rushlight import _C
from rushlight._C import Tensor
from rushlight.autograd.grad_mode import enable_grad

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]


def jacobian(func, inputs, create_graph=False, strict=False, vectorize=False, strategy="reverse-mode"):
    """d func(*inputs) / d inputs: one tensor for each output and input (tuples where there are several), of shape output + input.

    strict: an error, instead of zeros, where an output does not depend on an input.
    """
    with enable_grad():
        xs, one_input = _prepare(inputs, create_graph)
        ys, one_output = _call(func, xs)
        rows = tuple(_rows(y, xs, create_graph, strict) for y in ys)
    rows = tuple(row[0] if one_input else row for row in rows)
    return rows[0] if one_output else rows


def hessian(func, inputs, create_graph=False, strict=False, vectorize=False, outer_jacobian_strategy="reverse-mode"):
    """The second derivatives of a function with one result: a tensor for each pair of inputs."""
    one_input = isinstance(inputs, Tensor)

    def gradient(*xs):
        value, _ = _call(func, xs)
        _expect_scalar(value, "hessian")
        row = tuple(g.reshape(x.shape) for g, x in zip(_rows(value[0], xs, True, strict), xs))
        return row[0] if one_input else row

    return jacobian(gradient, inputs, create_graph=create_graph, strict=strict)


def vjp(func, inputs, v=None, create_graph=False, strict=False):
    """func(*inputs), and v times its Jacobian."""
    with enable_grad():
        xs, one_input = _prepare(inputs, create_graph)
        ys, one_output = _call(func, xs)
        products = _grad(ys, xs, _vectors(v, ys, "v"), create_graph, strict)
    return _result(ys, one_output, create_graph), products[0] if one_input else products


def jvp(func, inputs, v=None, create_graph=False, strict=False):
    """func(*inputs), and its Jacobian times v: by two backward passes, the second through the first."""
    with enable_grad():
        xs, one_input = _prepare(inputs, create_graph)
        ys, one_output = _call(func, xs)
        dual = tuple(_C.zeros_like(y).requires_grad_() for y in ys)
        transposed = _grad(ys, xs, dual, True, strict)
        products = _grad(transposed, dual, _vectors(v, xs, "v"), create_graph, strict)
    return _result(ys, one_output, create_graph), products[0] if one_output else products


def vhp(func, inputs, v=None, create_graph=False, strict=False):
    """func(*inputs), and v times its Hessian."""
    with enable_grad():
        xs, one_input = _prepare(inputs, create_graph)
        ys, one_output = _call(func, xs)
        _expect_scalar(ys, "vhp")
        gradient = _grad(ys, xs, None, True, strict)
        products = _grad(gradient, xs, _vectors(v, xs, "v"), create_graph, strict)
    return _result(ys, one_output, create_graph), products[0] if one_input else products


def hvp(func, inputs, v=None, create_graph=False, strict=False):
    """func(*inputs), and its Hessian times v: the Hessian is symmetric, so this is vhp."""
    return vhp(func, inputs, v, create_graph, strict)


def _prepare(inputs, create_graph):
    one = isinstance(inputs, Tensor)
    inputs = (inputs,) if one else tuple(inputs)
    fresh = (x.view_as(x) if create_graph and x.requires_grad else x.detach().requires_grad_() for x in inputs)
    return tuple(fresh), one


def _call(func, xs):
    ys = func(*xs)
    one = isinstance(ys, Tensor)
    if not one and not (isinstance(ys, tuple) and all(isinstance(y, Tensor) for y in ys)):
        raise TypeError(f"The function must return a Tensor or a tuple of Tensors, not {type(ys).__name__}")
    return ((ys,) if one else tuple(ys)), one


def _expect_scalar(ys, what):
    if len(ys) != 1 or ys[0].numel() != 1:
        raise RuntimeError(f"The Tensor returned by the function given to {what} should contain a single element")


def _vectors(v, likes, name):
    if v is None:
        if len(likes) != 1 or likes[0].numel() != 1:
            raise RuntimeError(f"The vector {name} can only be None if the function has one result (or input) of a single element")
        return [_C.ones_like(likes[0])]
    vectors = [v] if isinstance(v, Tensor) else list(v)
    for vector, like in zip(vectors, likes):
        if vector.shape != like.shape:
            raise RuntimeError(f"{name} has shape {tuple(vector.shape)} where {tuple(like.shape)} is needed")
    return vectors


def _grad(ys, xs, vectors, create_graph, strict):
    used = [i for i, y in enumerate(ys) if y.requires_grad]
    if not used:
        if strict:
            raise RuntimeError("The function's results do not depend on its inputs, which strict=True does not allow")
        return tuple(_C.zeros_like(x) for x in xs)
    outputs = [ys[i] for i in used]
    gradients = _C._grad(outputs, list(xs), vectors and [vectors[i] for i in used], True, create_graph, True)
    if strict and any(g is None for g in gradients):
        raise RuntimeError("The function's results do not depend on one of its inputs, which strict=True does not allow")
    return tuple(_C.zeros_like(x) if g is None else g for g, x in zip(gradients, xs))


def _rows(y, xs, create_graph, strict):
    """The Jacobian of one output: each element's gradient in turn."""
    rows = []
    for k in range(y.numel()):
        one = _C.zeros((y.numel(),), dtype=y.dtype)
        one[k] = 1.0
        rows.append(_grad((y,), xs, [one.view(y.shape)], create_graph, strict))
    return tuple(_C.stack(column).view((*y.shape, *x.shape)) for column, x in zip(zip(*rows), xs))


def _result(ys, one, create_graph):
    ys = ys if create_graph else tuple(y.detach() for y in ys)
    return ys[0] if one else ys
