"""gradcheck and gradgradcheck: gradients against finite differences."""

from rushlight import _C
from rushlight._C import Tensor
from rushlight.autograd.grad_mode import enable_grad, no_grad


class GradcheckError(RuntimeError):
    """A gradient differs from what finite differences say."""


def gradcheck(func, inputs, *, eps=1e-6, atol=1e-5, rtol=1e-3, raise_exception=True, nondet_tol=0.0):
    """Compares the gradient of func at inputs with central differences. Meant for float64.

    Raises GradcheckError, or with raise_exception=False returns False, where an entry of the Jacobian differs by more than
    atol + rtol * |numerical|, or by more than nondet_tol between two runs.
    """
    inputs = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    try:
        _check(func, inputs, eps, atol, rtol, nondet_tol)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(func, inputs, grad_outputs=None, *, eps=1e-6, atol=1e-5, rtol=1e-3, raise_exception=True, nondet_tol=0.0,
                  gen_non_contig_grad_outputs=False):
    """gradcheck of the gradient itself, for inputs and grad_outputs (random ones unless given)."""
    inputs = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    if grad_outputs is None:
        with no_grad():
            outputs = _differentiable(func(*inputs))
        grad_outputs = [_C.rand_like(o).mul(2).sub(1).requires_grad_() for o in outputs]
    else:
        grad_outputs = [grad_outputs] if isinstance(grad_outputs, Tensor) else list(grad_outputs)
    wanted = _wanted(inputs)

    def gradient(*arguments):
        outputs = [o for o in _differentiable(func(*arguments[: len(inputs)]))]
        targets = [arguments[i] for i in wanted]
        return _C._grad(outputs, targets, arguments[len(inputs) :], None, True, True, True)

    return gradcheck(gradient, (*inputs, *grad_outputs), eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception,
                     nondet_tol=nondet_tol)


def _differentiable(outputs):
    outputs = (outputs,) if isinstance(outputs, Tensor) else outputs
    return [o for o in outputs if isinstance(o, Tensor) and o.is_floating_point()]


def _wanted(inputs):
    wanted = [i for i, t in enumerate(inputs) if isinstance(t, Tensor) and t.requires_grad]
    if not wanted:
        raise ValueError("gradcheck expects at least one input tensor to require gradient, but none of the them have requires_grad=True.")
    return wanted


def _check(func, inputs, eps, atol, rtol, nondet_tol):
    for i in _wanted(inputs):
        analytical, again = (_analytical(func, inputs, i) for _ in range(2))
        numerical = _numerical(func, inputs, i, eps)
        for o, (ours, repeated, expected) in enumerate(zip(analytical, again, numerical)):
            if not bool(((ours - repeated).abs() <= nondet_tol).all()):
                raise GradcheckError(f"backward gave different gradients for the same input {i} and output {o} (nondet_tol={nondet_tol})")
            if not bool(_C.isclose(ours, expected, rtol, atol).all()):
                raise GradcheckError(f"Jacobian mismatch for output {o} with respect to input {i},\nnumerical:{expected}\nanalytical:{ours}\n")


def _analytical(func, inputs, i):
    """For each output the matrix (elements of the input, elements of the output)."""
    with enable_grad():
        outputs = _differentiable(func(*inputs))
    matrices = []
    for output in outputs:
        columns = _C.zeros((inputs[i].numel(), output.numel()), dtype=inputs[i].dtype)
        for k in range(output.numel() if output.requires_grad else 0):
            one = _C.zeros((output.numel(),), dtype=output.dtype)
            one[k] = 1.0
            (gradient,) = _C._grad(output, [inputs[i]], one.view(output.shape), True, False, True, True)
            columns[:, k] = gradient.reshape(-1)
        matrices.append(columns)
    return matrices


def _numerical(func, inputs, i, eps):
    def run(values):
        arguments = list(inputs)
        arguments[i] = values.view(inputs[i].shape).requires_grad_()
        return [o.detach().reshape(-1).clone() for o in _differentiable(func(*arguments))]

    centre = inputs[i].detach().reshape(-1)
    rows = []
    for k in range(centre.numel()):
        ends = []
        for step in (eps, -eps):
            moved = centre.clone()
            moved[k] += step
            ends.append(run(moved))
        rows.append([(above - below) / (2 * eps) for above, below in zip(*ends)])
    return [_C.stack(column) for column in zip(*rows)]
