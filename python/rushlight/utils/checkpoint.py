"""Checkpointing: backward runs a function again instead of keeping what its ops would save."""

from rushlight import _C

__all__ = ["checkpoint", "checkpoint_sequential"]


def checkpoint(function, *args, use_reentrant=None, preserve_rng_state=True, determinism_check="default", debug=False, **kwargs):
    """function(*args, **kwargs) without what its ops would save: backward runs it again. Its random numbers fall alike.

    use_reentrant, determinism_check and debug make no difference: there is one way to do it, and it takes whatever function
    takes, nested checkpoints and autograd.grad included.
    """
    return _C._checkpoint(function, args, kwargs, preserve_rng_state)


def checkpoint_sequential(functions, segments, input, use_reentrant=None, **kwargs):
    """Checkpoints a chain of functions in so many segments; the last one is not."""
    functions = list(functions.children()) if hasattr(functions, "children") else list(functions)
    if not 1 <= segments <= max(len(functions), 1):
        raise ValueError(f"checkpoint_sequential: {len(functions)} functions make 1 to {len(functions)} segments, not {segments}")
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
