"""Which code computes: `set_backend("reference")`, "cpu", or "torch", which lends PyTorch's functions to Rushlight's engine."""

import contextlib
import importlib
import threading

from rushlight import _C

# Backends written in Python: modules of this package with a function offer(op, arguments, results).
FOREIGN = ("torch",)
_chosen = threading.local()


def backends():
    """The names that set_backend takes. "torch" needs an installed PyTorch."""
    return [*_C._host_backends(), *FOREIGN]


def get_backend():
    return getattr(_chosen, "foreign", None) or _C._host_backend()


def set_backend(name):
    """Which code runs the ops from now on, on this thread. Autograd, tracing and memory stay Rushlight's."""
    if name in FOREIGN:
        module = importlib.import_module(f"rushlight.backends.{name}_backend")
        _C._offer_calls_to(module.offer)
        _chosen.foreign = name
        return
    if name not in _C._host_backends():
        raise ValueError(f"[set_backend] there is no backend '{name}'; there are: {', '.join(backends())}")
    _C._set_host_backend(name)
    _C._offer_calls_to(None)
    _chosen.foreign = None


@contextlib.contextmanager
def use_backend(name):
    """with use_backend("reference"): ..."""
    before = get_backend()
    set_backend(name)
    try:
        yield
    finally:
        set_backend(before)
