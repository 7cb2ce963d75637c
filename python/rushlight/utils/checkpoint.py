"""Checkpointing: backward runs a function again instead of keeping what its ops would save."""

from rushlight import _C
from rushlight.autograd.grad_mode import enable_grad
from rushlight.autograd.graph import saved_tensors_hooks

__all__ = ["checkpoint", "checkpoint_sequential"]


class _Place:
    """Stands for one saved tensor: the n-th of its run."""

    def __init__(self, run, index):
        self.run, self.index = run, index


class _Run:
    """One call of the function, and what its second run saved."""

    def __init__(self, function, args, options, random):
        self.function, self.args, self.options, self.random = function, args, options, random
        self.count = 0
        self.saved = None

    def pack(self, tensor):
        self.count += 1
        return _Place(self, self.count - 1)

    def unpack(self, place):
        """Each saved tensor is given out once and let go; a second backward through the same graph runs the function again."""
        if self.saved is None or self.saved[place.index] is None:
            self.saved = self.run_again()
        tensor, self.saved[place.index] = self.saved[place.index], None
        return tensor

    def run_again(self):
        saved = []
        now = _C.default_generator.get_state()
        if self.random is not None:
            _C.default_generator.set_state(self.random)
        try:
            with enable_grad(), saved_tensors_hooks(lambda tensor: saved.append(tensor), _no_backward_inside):
                self.function(*self.args, **self.options)
        finally:
            if self.random is not None:
                _C.default_generator.set_state(now)
        if len(saved) != self.count:
            raise RuntimeError(f"checkpoint: the function saved {self.count} tensors at first and {len(saved)} when it ran again; it must do "
                               "the same each time")
        return saved


def _no_backward_inside(_):
    raise RuntimeError("checkpoint: the function calls backward on what it computes, which cannot be run again")


def checkpoint(function, *args, use_reentrant=None, preserve_rng_state=True, determinism_check="default", debug=False, **kwargs):
    """function(*args, **kwargs) without what its ops would save: backward runs it again. Its random numbers fall alike.

    use_reentrant, determinism_check and debug make no difference: there is one way to do it, and it takes whatever function
    takes, nested checkpoints and autograd.grad included.
    """
    run = _Run(function, args, kwargs, _C.default_generator.get_state() if preserve_rng_state else None)
    with saved_tensors_hooks(run.pack, run.unpack):
        return function(*args, **kwargs)


def checkpoint_sequential(functions, segments, input, use_reentrant=None, **kwargs):
    """Checkpoints a chain of functions in so many segments; the last one is not."""
    functions = list(functions.children()) if hasattr(functions, "children") else list(functions)
    size = len(functions) // segments

    def run(start, end):
        def forward(value):
            for function in functions[start:end]:
                value = function(value)
            return value

        return forward

    end = 0
    for start in range(0, size * (segments - 1), size):
        end = start + size
        input = checkpoint(run(start, end), input, use_reentrant=use_reentrant, **kwargs)
    return run(end, len(functions))(input)
