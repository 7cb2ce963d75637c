"""Linear algebra, by the names of torch.linalg."""

import math

from rushlight import _C
from rushlight._C import LinAlgError
from rushlight._C import linalg_cholesky as cholesky
from rushlight._C import linalg_cross as cross
from rushlight._C import linalg_det as det
from rushlight._C import linalg_inv as inv
from rushlight._C import linalg_matrix_power as matrix_power
from rushlight._C import linalg_multi_dot as multi_dot
from rushlight._C import linalg_qr as qr
from rushlight._C import linalg_slogdet as slogdet
from rushlight._C import linalg_solve as solve
from rushlight._C import linalg_solve_triangular as solve_triangular
from rushlight._C import linalg_vecdot as vecdot
from rushlight._C import matmul as matmul


def diagonal(A, *, offset=0, dim1=-2, dim2=-1):
    """The diagonals of matrices, as the last dimension."""
    return _C.diagonal(A, offset, dim1, dim2)


def vector_norm(x, ord=2, dim=None, keepdim=False, *, dtype=None):
    """(sum |x|^ord)^(1 / ord) over dim, or over all elements."""
    return _C.vector_norm(x, ord, dim, keepdim, dtype=dtype)


def matrix_norm(A, ord="fro", dim=(-2, -1), keepdim=False, *, dtype=None):
    """The norm of matrices: 'fro', 1 and -1 (sums of columns), inf and -inf (sums of rows)."""
    if A.dim() < 2:
        raise RuntimeError(f"linalg.matrix_norm: The input tensor A must have at least 2 dimensions, but it has {A.dim()}")
    if ord == "fro":
        return _C.vector_norm(A, 2, dim, keepdim, dtype=dtype)
    if ord not in (1, -1, math.inf, -math.inf):
        raise NotImplementedError(f"linalg.matrix_norm: order {ord!r} needs singular values, which Rushlight has not yet; there are "
                                  "'fro', 1, -1, inf and -inf")
    summed, left = (d % A.dim() for d in (dim if abs(ord) == 1 else dim[::-1]))
    sums = A.abs().sum(summed, keepdim=True, dtype=dtype)
    norms = sums.amax(left, keepdim=True) if ord > 0 else sums.amin(left, keepdim=True)
    return norms if keepdim else norms.squeeze((summed, left))


def norm(A, ord=None, dim=None, keepdim=False, *, dtype=None):
    """vector_norm of order 2 of all elements or along one dimension; with an order and two dimensions matrix_norm."""
    dims = (dim,) if isinstance(dim, int) else dim
    if ord is None or (dims is not None and len(dims) == 1) or (dims is None and A.dim() == 1):
        return _C.vector_norm(A, 2 if ord is None else ord, dims, keepdim, dtype=dtype)
    if dims is None and A.dim() != 2:
        raise RuntimeError(f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {A.dim()}D")
    return matrix_norm(A, ord, (0, 1) if dims is None else dims, keepdim, dtype=dtype)
