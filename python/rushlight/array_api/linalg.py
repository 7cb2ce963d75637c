"""Linear algebra: the standard's extension, as far as it needs no eigenvalues or singular values."""

from rushlight import _C
from rushlight import linalg as _linalg
from rushlight.array_api._dtypes import FLOATING, NUMERIC, default_integer, expect_array, promoted


def cholesky(x, /, *, upper=False):
    """L, lower triangular, such that L @ L.mT is x, which is symmetric and positive definite; L.mT if upper."""
    expect_array(cholesky.__name__, FLOATING, x)
    return _C.linalg_cholesky(x, upper=upper)


def cross(x1, x2, /, *, axis=-1):
    """The cross product along axis, whose size is 3."""
    x1, x2 = promoted(cross.__name__, NUMERIC, x1, x2)
    return _C.linalg_cross(x1, x2, dim=axis)


def det(x, /):
    """The determinant."""
    expect_array(det.__name__, FLOATING, x)
    return _C.linalg_det(x)


def diagonal(x, /, *, offset=0):
    """The diagonals of matrices, as the last dimension."""
    return _C.diagonal(x, offset, -2, -1)


def inv(x, /):
    """The inverse."""
    expect_array(inv.__name__, FLOATING, x)
    return _C.linalg_inv(x)


def matmul(x1, x2, /):
    """The matrix product, batched and broadcast over leading dimensions."""
    return _C.matmul(*promoted(matmul.__name__, NUMERIC, x1, x2))


def matrix_norm(x, /, *, keepdims=False, ord="fro"):
    """The norm of matrices: "fro", 1, -1, inf, -inf."""
    expect_array(matrix_norm.__name__, FLOATING, x)
    return _linalg.matrix_norm(x, ord, (-2, -1), keepdims)


def matrix_power(x, n, /):
    """The product of n copies of a matrix; of its inverse for n < 0."""
    expect_array(matrix_power.__name__, FLOATING, x)
    return _C.matrix_power(x, n)


def matrix_transpose(x, /):
    """The last two dimensions swapped."""
    return x.mT


def outer(x1, x2, /):
    """Every element of one vector times every element of the other."""
    return _C.outer(*promoted(outer.__name__, NUMERIC, x1, x2))


def qr(x, /, *, mode="reduced"):
    """Q, with orthonormal columns, and R, upper triangular, such that Q @ R is x."""
    expect_array(qr.__name__, FLOATING, x)
    return _C.linalg_qr(x, mode)


def slogdet(x, /):
    """The determinant's sign and the logarithm of its size."""
    expect_array(slogdet.__name__, FLOATING, x)
    return _C.linalg_slogdet(x)


def solve(x1, x2, /):
    """X such that x1 @ X = x2, which is a vector where it has one dimension."""
    x1, x2 = promoted(solve.__name__, FLOATING, x1, x2)
    return _C.linalg_solve(x1, x2.unsqueeze(-1)).squeeze(-1) if x2.ndim == 1 else _C.linalg_solve(x1, x2)


def tensordot(x1, x2, /, *, axes=2):
    """Sums of products over the last axes of x1 and the first of x2, or over pairs of axes."""
    return _C.tensordot(*promoted(tensordot.__name__, NUMERIC, x1, x2), axes)


def trace(x, /, *, offset=0, dtype=None):
    """The sums of the diagonals of matrices."""
    expect_array(trace.__name__, NUMERIC, x)
    dtype = dtype or (x.dtype if x.is_floating_point() else default_integer(x.dtype))
    return _C.sum(_C.diagonal(x, offset, -2, -1).to(dtype), -1, dtype=dtype)


def vecdot(x1, x2, /, *, axis=-1):
    """The sums of products along axis."""
    x1, x2 = promoted(vecdot.__name__, NUMERIC, x1, x2)
    x1, x2 = _C.broadcast_tensors(x1, x2)
    return _C.sum(x1 * x2, axis, dtype=x1.dtype)


def vector_norm(x, /, *, axis=None, keepdims=False, ord=2):
    """(sum |x|^ord)^(1 / ord) over the axes."""
    expect_array(vector_norm.__name__, FLOATING, x)
    axes = range(x.ndim) if axis is None else axis
    return _C.vector_norm(x, ord, axes if isinstance(axes, int) else tuple(axes), keepdims)
