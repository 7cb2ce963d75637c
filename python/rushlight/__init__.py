"""Rushlight: a small deep-learning framework with PyTorch's names.

State and formulas live in C++ (`rushlight._C`); this package adds what is Python's own protocol.
"""

import math as _math

from rushlight import _C
from rushlight._C import *  # noqa: F403
from rushlight._creation import *  # noqa: F403
from rushlight import _tensor as _tensor  # attaches methods to Tensor
from rushlight._dtypes import finfo, iinfo, isdtype
from rushlight import autograd as autograd
from rushlight import return_types as return_types
from rushlight.backends import backends, get_backend, set_backend, use_backend
from rushlight.autograd import enable_grad, inference_mode, no_grad, set_grad_enabled
from rushlight._tensor import is_tensor as is_tensor

bool, int, short, long, half, float, double = _C.bool_, _C.int32, _C.int16, _C.int64, _C.float16, _C.float32, _C.float64
contiguous_format, channels_last, preserve_format = "contiguous", "channels_last", "preserve"
strided = "strided"
inf, nan, pi, e = _math.inf, _math.nan, _math.pi, _math.e
newaxis = None

__version__ = _C.__version__
