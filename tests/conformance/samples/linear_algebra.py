"""Linear algebra: matrices far enough from singular that their numbers can be compared."""

import dataclasses

import pytest
import rushlight
import torch

from call import FLOATING, INTEGRAL, LAYOUTS, Call
from registry import Bad, errors_of, law_of, samples_of
from samples.wrong import f32, of

WIDE = ("float32", "float64")
DISTINCT = tuple(layout for layout in LAYOUTS if layout != "expanded")
ROUGH = {"dtypes": WIDE, "units": 4096}


def _batch(draw):
    return [min(size, 4) for size in draw.shape(most_rank=2)]


def _matrices(draw, batch, rows, columns=None):
    """Matrices with a heavy diagonal. Where an expanded layout would repeat rows, they would be singular."""
    columns = rows if columns is None else columns
    layouts = LAYOUTS if max(batch, default=0) > max(rows, columns) else DISTINCT
    array = draw.tensor([*batch, rows, columns], low=-1, high=1, layouts=layouts)
    heavy = torch.eye(rows, columns, dtype=torch.float64) * (rows + 1)
    return dataclasses.replace(array, value=(array.value.double() + heavy).to(array.value.dtype))


def _definite(draw, batch, size):
    array = _matrices(draw, batch, size)
    return dataclasses.replace(array, value=array.value + array.value.mT)


def _size(draw):
    return min(draw.size(int(draw.smooth)), 5)


@samples_of("inverse", judge=torch.inverse, **ROUGH)
@samples_of("linalg_det", judge=torch.det, **ROUGH)
@samples_of("linalg_slogdet", judge=torch.slogdet, **ROUGH)
@samples_of("logdet", judge=torch.logdet, **ROUGH)
def _(draw):
    return Call(input=_matrices(draw, _batch(draw), _size(draw)))


@samples_of("matrix_power", judge=torch.matrix_power, dtypes=FLOATING + INTEGRAL, units=4096)
def _(draw):
    least, most = (-3, 5) if draw.dtype in WIDE else (0, 2 if draw.dtype in FLOATING else 5)  # others have no inverse
    return Call(input=_matrices(draw, _batch(draw), min(_size(draw), 3)), n=draw.integer(least, most))


@samples_of("linalg_solve", judge=torch.linalg.solve, **ROUGH)
def _(draw):
    batch, size, left = _batch(draw), _size(draw), draw.chance(0.7)
    a = _matrices(draw, draw.broadcast_to(batch), size)
    if left and draw.chance(0.3):
        shape = draw.choice([size], list(a.value.shape[:-1]))
    else:
        shape = draw.broadcast_to(batch) + ([size, _size(draw)] if left else [_size(draw), size])
    return Call(A=a, B=draw.tensor(shape), left=left)


@samples_of("linalg_solve_triangular", judge=torch.linalg.solve_triangular, **ROUGH)
def _(draw):
    batch, size, left = _batch(draw), _size(draw), draw.boolean()
    side = [size, _size(draw)] if left else [_size(draw), size]
    return Call(
        input=_matrices(draw, draw.broadcast_to(batch), size),
        B=draw.tensor(draw.broadcast_to(batch) + side),
        upper=draw.boolean(),
        left=left,
        unitriangular=draw.chance(0.3),
    )


@samples_of("linalg_cholesky", judge=torch.linalg.cholesky, symmetric=True, **ROUGH)
@samples_of("cholesky", judge=torch.cholesky, symmetric=True, **ROUGH)
def _(draw):
    """The kernel reads one triangle, the gradient is that of a symmetric matrix."""
    return Call(input=_definite(draw, _batch(draw), _size(draw)), upper=draw.boolean())


def _cholesky_solve(input, input2, upper=False):
    """With the gradient of the triangle that counts; PyTorch's own has numbers in the other too."""
    return torch.cholesky_solve(input, input2.triu() if upper else input2.tril(), upper)


@samples_of("cholesky_solve", judge=_cholesky_solve, **ROUGH)
def _(draw):
    batch, size, upper = _batch(draw), _size(draw), draw.boolean()
    factor = _matrices(draw, batch, size)
    factor = dataclasses.replace(factor, value=factor.value.triu() if upper else factor.value.tril())
    return Call(input=draw.tensor(batch + [size, _size(draw)]), input2=factor, upper=upper)


@samples_of("linalg_qr", judge=torch.linalg.qr, **ROUGH)
def _(draw):
    rows, columns = _size(draw), _size(draw)
    matrices = _matrices(draw, _batch(draw), rows, columns)
    mode = "reduced" if rows > columns else draw.choice("reduced", "complete")
    if not draw.smooth and draw.chance(0.3):  # these have no gradient
        mode, matrices.differentiable = draw.choice("r", "complete"), False
    return Call(A=matrices, mode=mode)


@samples_of("qr", judge=torch.qr, **ROUGH)
def _(draw):
    rows, columns = _size(draw), _size(draw)
    return Call(input=_matrices(draw, _batch(draw), rows, columns), some=True if rows > columns else draw.boolean())


# -- wrong calls ------------------------------------------------------------------------------------------------------


def _square_errors(op, said, *, name="input", **rest):
    @errors_of(op)
    def _():
        yield Bad("vector", Call(**{name: f32(3)}, **rest), (said, name, "(3,)"))
        yield Bad("not square", Call(**{name: f32(2, 3)}, **rest), (said, name, "(2, 3)"))
        yield Bad("whole numbers", Call(**{name: of("int64", 3, 3)}, **rest), (said, name, "int64"))
        yield Bad("half", Call(**{name: of("float16", 3, 3)}, **rest), (said, name, "float16"))


for _op in ("inverse", "linalg_det", "linalg_slogdet"):
    _square_errors(_op, _op)
_square_errors("logdet", "linalg_slogdet")
_square_errors("cholesky", "linalg_cholesky")
_square_errors("linalg_cholesky", "linalg_cholesky")


@errors_of("matrix_power")
def _():
    yield Bad("vector", Call(input=f32(3), n=2), ("matrix_power", "(3,)"))
    yield Bad("not square", Call(input=f32(2, 3), n=2), ("matrix_power", "(2, 3)"))
    yield Bad("singular", Call(input=f32(2, 2), n=-1), ("singular",))


def _side_errors(op, name, **rest):
    @errors_of(op)
    def _():
        call = lambda a, b: Call(**{name: a}, B=b, **rest)
        yield Bad("not square", call(f32(2, 3), f32(2, 1)), (op, name, "(2, 3)"))
        yield Bad("sizes", call(f32(3, 3), f32(2, 1)), (op, "(3, 3)", "(2, 1)"))
        yield Bad("batches", call(f32(2, 3, 3), f32(4, 3, 1)), (op, "(2,)", "(4,)"))
        yield Bad("dtypes", call(f32(3, 3), of("float64", 3, 1)), (op, "float32", "float64"))
        yield Bad("a number", call(f32(3, 3), f32()), (f"[{op}] argument 'B' must have at least", "()"))
        yield Bad("whole numbers", call(of("int64", 3, 3), of("int64", 3, 1)), (op, "int64"))
        if op == "linalg_solve":
            yield Bad("a vector on the left", Call(A=f32(3, 3), B=f32(3), left=False), ("B (3,) is a vector", "left"))


_side_errors("linalg_solve", "A")
_side_errors("linalg_solve_triangular", "input", upper=True)


@errors_of("cholesky_solve")
def _():
    yield Bad("not square", Call(input=f32(2, 1), input2=f32(2, 3)), ("linalg_solve_triangular", "(2, 3)"))
    yield Bad("sizes", Call(input=f32(2, 1), input2=f32(3, 3)), ("(3, 3)", "(2, 1)"))


@errors_of("linalg_qr")
def _():
    yield Bad("vector", Call(A=f32(3)), ("linalg_qr", "(3,)"))
    yield Bad("mode", Call(A=f32(3, 3), mode="economic"), ("linalg_qr", "economic"))
    yield Bad("whole numbers", Call(A=of("int64", 3, 3)), ("linalg_qr", "int64"))


@errors_of("qr")
def _():
    yield Bad("vector", Call(input=f32(3)), ("linalg_qr", "(3,)"))
    yield Bad("whole numbers", Call(input=of("int64", 3, 3)), ("linalg_qr", "int64"))


@law_of("inverse")
def singular_matrices_have_no_inverse():
    with pytest.raises(RuntimeError, match="inverse.* pivot 2"):
        rushlight.inverse(rushlight.tensor([[1.0, 2.0], [2.0, 4.0]]))


@law_of("linalg_cholesky")
def only_positive_definite_matrices_have_a_cholesky_factor():
    with pytest.raises(RuntimeError, match="positive definite.* order 2"):
        rushlight.linalg_cholesky(rushlight.tensor([[1.0, 2.0], [2.0, 1.0]]))


@law_of("linalg_qr")
def a_tall_matrix_has_a_complete_decomposition_without_gradient():
    tall = rushlight.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]], requires_grad=True)
    q, r = rushlight.linalg_qr(tall, mode="complete")
    expected = torch.linalg.qr(torch.tensor(tall.tolist()), mode="complete")
    torch.testing.assert_close([torch.tensor(q.tolist()), torch.tensor(r.tolist())], list(expected))
    with pytest.raises(RuntimeError, match="complete"):
        q.sum().backward()
