"""Functions that answer with Python values, or ask about tensors: what is no op."""

from rushlight import _C
from rushlight._C import Tensor


def is_tensor(obj):
    """Whether obj is a Tensor."""
    return isinstance(obj, Tensor)


def is_floating_point(input):
    """Whether the tensor's dtype is a floating one."""
    return input.is_floating_point()


def is_complex(input):
    """False: there are no complex numbers here."""
    return input.is_complex()


def numel(input):
    """How many elements the tensor has."""
    return input.numel()


def broadcast_shapes(*shapes):
    """The shape that tensors of these shapes broadcast to."""
    one = _C.zeros(())
    return _C.broadcast_tensors(*(one.expand((s,) if isinstance(s, int) else s) for s in shapes))[0].shape if shapes else _C.Size(())


def trace(input):
    """trace(function) records a function of tensors while it runs and replays it from the fourth call on.

    trace(matrix) is the sum of the matrix's diagonal.
    """
    return _C.trace(input)


# -- random state: of the default generator


def initial_seed():
    """The seed that the default generator started from."""
    return _C.default_generator.initial_seed()


def seed():
    """Seeds the default generator with a number that nobody can guess, and returns it."""
    return _C.default_generator.seed()


def get_rng_state():
    """The state of the default generator, as bytes."""
    return _C.default_generator.get_state()


def set_rng_state(new_state):
    """Takes the default generator back to where get_rng_state() was called."""
    _C.default_generator.set_state(new_state)


# -- settings: those of PyTorch's that choose nothing here keep what they are told, and refuse what cannot be


_settings = {"float32_matmul_precision": "highest", "deterministic": False}


def get_num_interop_threads():
    """1: ops run one after the other, each on get_num_threads() threads."""
    return 1


def set_num_interop_threads(count):
    """Takes 1 only."""
    if count != 1:
        raise RuntimeError(f"set_num_interop_threads({count}): ops run one after the other here; set_num_threads() says on how many threads")


def get_default_device():
    """Where tensors are made: the host."""
    return _C.device("cpu")


def set_default_device(device):
    """Takes the host only, or None."""
    if device is not None and _C.device(device).type != "cpu":
        raise RuntimeError(f"device {device} is not available in this build")


def set_float32_matmul_precision(precision):
    """float32 products are exact to float32 whatever is chosen: highest, high or medium."""
    if precision not in ("highest", "high", "medium"):
        raise ValueError(f"float32 matmul precision must be highest, high or medium, not {precision!r}")
    _settings["float32_matmul_precision"] = precision


def get_float32_matmul_precision():
    """What set_float32_matmul_precision was told."""
    return _settings["float32_matmul_precision"]


def use_deterministic_algorithms(mode, *, warn_only=False):
    """All algorithms are deterministic whatever is chosen, for any number of threads."""
    _settings["deterministic"] = bool(mode)


def are_deterministic_algorithms_enabled():
    """What use_deterministic_algorithms was told."""
    return _settings["deterministic"]
