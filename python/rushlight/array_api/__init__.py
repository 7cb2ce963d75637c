"""The Array API standard 2024.12 (https://data-apis.org/array-api/2024.12/) on real and boolean dtypes.

Functions with the standard's names, arguments and strict promotion (an int64 and a float32 array do not mix) over
Rushlight's ops; arrays are rushlight.Tensor. Not here: complex numbers (and with them imag), fft, and of linalg what needs
eigenvalues or singular values. A Tensor's operators and its method size() stay PyTorch's.
"""

import math as _math

from rushlight.array_api import linalg as linalg
from rushlight.array_api._creation import *  # noqa: F403
from rushlight.array_api._dtypes import *  # noqa: F403
from rushlight.array_api._elementwise import *  # noqa: F403
from rushlight.array_api._info import __array_namespace_info__ as __array_namespace_info__
from rushlight.array_api._manipulation import *  # noqa: F403
from rushlight.array_api._reductions import *  # noqa: F403
from rushlight.array_api._searching import *  # noqa: F403
from rushlight.array_api.linalg import matmul as matmul
from rushlight.array_api.linalg import matrix_transpose as matrix_transpose
from rushlight.array_api.linalg import tensordot as tensordot
from rushlight.array_api.linalg import vecdot as vecdot

__array_api_version__ = "2024.12"

e, inf, nan, newaxis, pi = _math.e, _math.inf, _math.nan, None, _math.pi
