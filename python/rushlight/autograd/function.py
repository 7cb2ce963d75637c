"""Function: an op of one's own, with its gradient."""

import functools

from rushlight import _C
from rushlight._C import Tensor
from rushlight.autograd.grad_mode import no_grad


class FunctionCtx:
    """What forward leaves for backward."""

    needs_input_grad = ()
    materialize_grads = True
    _to_save = _not_differentiable = _dirty = ()
    _saved = None

    def save_for_backward(self, *tensors):
        self._to_save = tensors

    @property
    def saved_tensors(self):
        """The tensors given to save_for_backward: in backward only, checked against in-place changes."""
        return self._to_save if self._saved is None else self._saved

    def mark_non_differentiable(self, *tensors):
        self._not_differentiable = tensors

    def mark_dirty(self, *tensors):
        self._dirty = tensors

    def set_materialize_grads(self, value):
        self.materialize_grads = value


def once_differentiable(backward):
    """Marks a backward whose own gradient must not be asked for: it runs under no_grad, and a second one raises."""

    @functools.wraps(backward)
    def wrapped(ctx, *gradients):
        with no_grad():
            outputs = backward(ctx, *gradients)
        wanted = [g for g in gradients if isinstance(g, Tensor) and g.requires_grad]
        if not (wanted and _C.is_grad_enabled()):
            return outputs
        results = [o.detach() if isinstance(o, Tensor) else o for o in (outputs if isinstance(outputs, tuple) else (outputs,))]
        tensors = [r for r in results if isinstance(r, Tensor)]
        _C._record_function("once_differentiable", _refuse_twice, wanted, tensors, [], [], True)
        return tuple(results)

    return wrapped


def _refuse_twice(gradients, saved):
    raise RuntimeError("trying to differentiate twice a function that was marked with @once_differentiable")


class Function:
    """Subclasses define static methods forward(ctx, *args) and backward(ctx, *grad_outputs); apply() calls it.

    As in PyTorch, forward may also do without ctx where setup_context(ctx, inputs, output) is defined.
    """

    @staticmethod
    def forward(*args):
        raise NotImplementedError("a Function needs a static method forward(ctx, *args)")

    @staticmethod
    def backward(ctx, *grad_outputs):
        raise NotImplementedError("a Function that is differentiated needs a static method backward(ctx, *grad_outputs)")

    setup_context = None

    @classmethod
    def apply(cls, *args):
        ctx = FunctionCtx()
        ctx.needs_input_grad = tuple(isinstance(a, Tensor) and a.requires_grad for a in args)
        with no_grad():
            output = cls._run_forward(ctx, args)
        outputs = list(output) if isinstance(output, tuple) else [output]
        if not all(any(d is o for o in outputs) for d in ctx._dirty):
            raise RuntimeError(f"{cls.__name__}: some tensors marked as dirty in forward were not returned; what it modifies in place "
                               "must be among its outputs")
        if not (any(ctx.needs_input_grad) and _C.is_grad_enabled()):
            return output
        places = [i for i, a in enumerate(args) if isinstance(a, Tensor)]
        inputs = [args[i] for i in places]
        outputs = [cls._fresh(ctx, o, inputs) for o in outputs]
        results = [o for o in outputs if isinstance(o, Tensor)]

        count = len(args)

        def rule(gradients, saved):  # is part of the graph: it must hold no tensor that leads to it
            return cls._run_backward(ctx, gradients, saved, count, places)

        save = [t for t in ctx._to_save if t is not None]
        _C._record_function(cls.__name__ + "Backward", rule, inputs, results, save, list(ctx._not_differentiable),
                            ctx.materialize_grads)
        ctx._to_save = [t is not None for t in ctx._to_save]
        ctx._dirty = ctx._not_differentiable = ()
        return tuple(outputs) if isinstance(output, tuple) else outputs[0]

    @classmethod
    def _run_forward(cls, ctx, args):
        if cls.setup_context is None:
            return cls.forward(ctx, *args)
        output = cls.forward(*args)
        cls.setup_context(ctx, args, output)
        return output

    @staticmethod
    def _fresh(ctx, output, inputs):
        """An input that is returned as it is becomes a tensor of its own, unless it was written in place."""
        if any(output is i for i in inputs) and not any(output is d for d in ctx._dirty):
            return output.detach()
        return output

    @classmethod
    def _run_backward(cls, ctx, gradients, saved, count, places):
        remaining = iter(saved)
        ctx._saved = tuple(next(remaining) if is_tensor else None for is_tensor in ctx._to_save)
        try:
            returned = cls.backward(ctx, *gradients)
        finally:
            ctx._saved = None
        returned = returned if isinstance(returned, tuple) else (returned,)
        if len(returned) < count or any(g is not None for g in returned[count:]):
            raise RuntimeError(f"function {cls.__name__}Backward returned an incorrect number of gradients "
                               f"(expected {count}, got {len(returned)})")
        return [returned[i] for i in places]
