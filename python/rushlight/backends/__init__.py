"""Which code computes: `set_backend("reference")`, "cpu", or "torch", which lends PyTorch's functions to Rushlight's engine.

`rushlight.backends()` lists them. What stands at the end is for scripts that ask for other hardware: it is not there, and
switches for it are kept but choose nothing.
"""

import sys
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
    """Which code runs the ops from now on, on this thread. Autograd and memory stay Rushlight's; "torch" cannot be traced."""
    if name in FOREIGN:
        import importlib

        module = importlib.import_module(f"rushlight.backends.{name}_backend")
        _C._offer_calls_to(module.offer)
        _chosen.foreign = name
        return
    if name not in _C._host_backends():
        raise ValueError(f"[set_backend] there is no backend '{name}'; there are: {', '.join(backends())}")
    _C._offer_calls_to(None)
    _C._set_host_backend(name)
    _chosen.foreign = None


class use_backend:
    """with use_backend("reference"): ..."""

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        self._before = get_backend()
        set_backend(self.name)

    def __exit__(self, *_):
        set_backend(self._before)


class _Cpu:
    """Settings of Rushlight's own CPU kernels."""

    @property
    def allow_winograd(self):
        """Whether 3x3 convolutions of float32 may trade exactness (an error of some 1e-6 of the largest result) for speed."""
        return _C._winograd_allowed()

    @allow_winograd.setter
    def allow_winograd(self, allowed):
        _C._allow_winograd(allowed)


cpu = _Cpu()


class _Switches:
    """Settings of a library that is not used here."""

    def __init__(self, **settings):
        self.__dict__.update(settings)

    def is_available(self):
        return False

    is_built = is_available


cudnn = _Switches(benchmark=False, deterministic=False, enabled=True, allow_tf32=False)
cuda = _Switches(matmul=_Switches(allow_tf32=False))
mps = _Switches()
mkldnn = _Switches(enabled=False)


class _CallableModule(type(sys)):
    def __call__(self):
        return backends()


sys.modules[__name__].__class__ = _CallableModule
