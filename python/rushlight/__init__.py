"""Rushlight: a small deep-learning framework with PyTorch's names.

State and formulas live in C++ (`rushlight._C`); this package adds what is Python's own protocol. `help(rushlight.softmax)`
tells about an op, `rushlight.ops()` lists them all.
"""

import math as _math

from rushlight import _C
from rushlight._C import *  # noqa: F403
from rushlight import _forms as _forms  # adds forms to ops
from rushlight._creation import *  # noqa: F403
from rushlight._functions import *  # noqa: F403
from rushlight import _tensor as _tensor  # attaches methods to Tensor
from rushlight._dtypes import finfo, iinfo, isdtype
from rushlight import autograd as autograd
from rushlight.backends import get_backend, set_backend, use_backend
from rushlight.autograd import enable_grad, inference_mode, no_grad, set_grad_enabled

bool, int, short, long, half, float, double = _C.bool_, _C.int32, _C.int16, _C.int64, _C.float16, _C.float32, _C.float64
contiguous_format, channels_last, preserve_format = "contiguous", "channels_last", "preserve"
strided = "strided"
inf, nan, pi, e = _math.inf, _math.nan, _math.pi, _math.e
newaxis = None

__version__ = _C.__version__

# Imported when they are first asked for: `import rushlight` alone stays cheap.
_LATER = frozenset(("accelerator", "array_api", "cuda", "distributions", "linalg", "nn", "random", "return_types", "special", "testing", "utils",
                    "version"))


def __getattr__(name):
    if name not in _LATER:
        raise AttributeError(f"module 'rushlight' has no attribute {name!r}")
    import importlib

    return importlib.import_module("rushlight." + name)


def __dir__():
    return sorted(globals().keys() | _LATER)
