"""Reductions."""

import math

import torch

from call import FLOATING, INTEGRAL, LAYOUTS, Call, DType
from registry import FAMILIES, Bad, errors_of, samples_of
from samples.wrong import f32, i64


def _sum(input, dim=None, keepdim=False, dtype=None):
    return torch.sum(input, dim=dim if dim is None else tuple(dim), keepdim=keepdim, dtype=dtype)


@samples_of("sum", judge=_sum, multilinear=True)
def _(draw):
    shape = draw.shape()
    dtype = (
        None
        if draw.smooth or draw.dtype not in ("bool", "int32", "float32", "float64")
        else draw.maybe(draw.floating_dtype(), 0.3)
    )
    return Call(
        input=draw.tensor(shape), dim=draw.maybe(draw.dims(len(shape)), 0.7), keepdim=draw.boolean(), dtype=dtype
    )


@samples_of("max_dim", judge=torch.max)
def _(draw):
    shape = draw.shape(least=1)
    return Call(input=draw.tensor(shape), dim=draw.dim(len(shape)), keepdim=draw.boolean())


def _dims(draw, rank):
    """A list of dimensions, one dimension, or None for all."""
    return draw.choice(None, draw.dims(rank, least=1) or None, draw.dim(rank))


def _dtype_wanted(draw, probability=0.3):
    simple = draw.dtype in ("bool", "int32", "float32", "float64")
    return draw.maybe(draw.floating_dtype(), probability) if simple and not draw.smooth else None


def _tuple(dim):
    return tuple(dim) if isinstance(dim, list) else dim


def _over(function):
    """A judge that takes lists of dimensions as tuples."""
    return lambda input, dim=None, **rest: function(input, dim=_tuple(dim), **rest)


@samples_of("prod", judge=lambda input, dim=None, keepdim=False, dtype=None: _prod(input, dim, keepdim, dtype))
def _(draw):
    shape = draw.shape()
    dim = draw.maybe(draw.dim(len(shape)), 0.7)
    dtype = _dtype_wanted(draw)
    return Call(input=draw.tensor(shape, low=-2, high=2), dim=dim, keepdim=dim is not None and draw.boolean(), dtype=dtype)


def _prod(input, dim, keepdim, dtype):
    return torch.prod(input, dtype=dtype) if dim is None else torch.prod(input, dim, keepdim, dtype=dtype)


@samples_of("any", judge=_over(torch.any))
@samples_of("all", judge=_over(torch.all))
def _(draw):
    shape = draw.shape()
    dim = draw.choice(None, [], draw.dims(len(shape)), draw.dim(len(shape)))
    keepdim = dim is not None and draw.boolean()
    return Call(input=draw.tensor(shape, low=-1, high=1), dim=dim, keepdim=keepdim)


@samples_of("mean", "nanmean", dtypes=FLOATING, multilinear=True)
@samples_of("nansum", multilinear=True)
def _(draw):
    shape = draw.shape()
    return Call(
        input=draw.tensor(shape), dim=_dims(draw, len(shape)), keepdim=draw.boolean(), dtype=_dtype_wanted(draw)
    )


FAMILIES["mean"].judge = _over(torch.mean)
FAMILIES["nanmean"].judge = _over(torch.nanmean)
FAMILIES["nansum"].judge = _over(torch.nansum)


def _moment(function):
    def judge(input, dim=None, unbiased=None, keepdim=False, correction=1):
        correction = correction if unbiased is None else int(unbiased)
        return function(input, dim=_tuple(dim), keepdim=keepdim, correction=correction)

    return judge


def _varied(shape, dim):
    """The layouts in which elements along dim differ: expanded ones repeat a slice along the widest dimension, and the
    deviation of equal numbers has no gradient."""
    dims = range(len(shape)) if dim in (None, []) else [dim] if isinstance(dim, int) else dim
    widest = max(range(len(shape)), key=lambda d: shape[d], default=0)
    others = math.prod(shape[d] for d in {d % len(shape) for d in dims if shape} - {widest})
    return LAYOUTS if others > 1 else tuple(layout for layout in LAYOUTS if layout != "expanded")


@samples_of("var", "std", "var_mean", "std_mean", dtypes=FLOATING)
def _(draw):
    shape = draw.shape(least=3 if draw.smooth else 0)
    unbiased = draw.choice(None, None, True, False)
    correction = 1 if unbiased is not None else draw.choice(0, 1, None, 0.5, 0.75)
    dim = _dims(draw, len(shape)) if not draw.smooth else draw.dims(len(shape), least=1) or None
    return Call(
        input=draw.tensor(shape, layouts=_varied(shape, dim)),
        dim=dim,
        unbiased=unbiased,
        keepdim=draw.boolean(),
        correction=correction,
    )


for _name in ("var", "std", "var_mean", "std_mean"):
    FAMILIES[_name].judge = _moment(getattr(torch, _name))


@samples_of("count_nonzero", judge=_over(torch.count_nonzero))
def _(draw):
    shape = draw.shape()
    return Call(input=draw.tensor(shape, low=-1, high=1), dim=_dims(draw, len(shape)))


@samples_of("logsumexp", judge=_over(torch.logsumexp))
def _(draw):
    shape = draw.shape()
    return Call(input=draw.tensor(shape), dim=draw.dims(len(shape), least=1) or 0, keepdim=draw.boolean())


def _norm(input, p=2, dim=None, keepdim=False, dtype=None):
    return torch.linalg.vector_norm(input, 2 if p is None else p, _tuple(dim), keepdim, dtype=dtype)


def _norm_call(draw, **order):
    has_value = all(p is None or 0 <= p < math.inf for p in order.values())  # of nothing too
    shape = draw.shape(least=0 if has_value else 1)
    input = draw.tensor(shape)
    if not draw.smooth and draw.chance(0.3):  # a norm has a corner at 0
        input.value *= draw.tensor(shape, dtype="bool").value
    return Call(input=input, **order, dim=_dims(draw, len(shape)), keepdim=draw.boolean(),
                dtype=draw.maybe(DType("float64"), 0.3))


def _order(draw):
    return draw.choice(2.0, 1.0, 3.0, 0.5, -1.0, 0.0, math.inf, -math.inf, 1.5)


@samples_of("vector_norm", judge=lambda input, ord=2, **rest: _norm(input, ord, **rest), dtypes=FLOATING)
def _(draw):
    return _norm_call(draw, ord=_order(draw))


@samples_of("norm", judge=_norm, dtypes=FLOATING)
def _(draw):
    return _norm_call(draw, p=draw.choice(None, _order(draw)))


# -- extremes ----------------------------------------------------------------------------------------------------------


@samples_of("min_dim", judge=torch.min)
def _(draw):
    shape = draw.shape(least=1)
    return Call(input=draw.tensor(shape), dim=draw.dim(len(shape)), keepdim=draw.boolean())


@samples_of("amax", judge=lambda input, dim=(), keepdim=False: torch.amax(input, _tuple(() if dim is None else dim), keepdim))
@samples_of("amin", judge=lambda input, dim=(), keepdim=False: torch.amin(input, _tuple(() if dim is None else dim), keepdim))
def _(draw):
    shape = draw.shape(least=1)
    return Call(input=draw.tensor(shape), dim=_dims(draw, len(shape)), keepdim=draw.boolean())


@samples_of("aminmax", judge=torch.aminmax)
@samples_of("argmax", judge=torch.argmax, dtypes=FLOATING + INTEGRAL)
@samples_of("argmin", judge=torch.argmin, dtypes=FLOATING + INTEGRAL)
def _(draw):
    shape = draw.shape(least=1)
    dim = draw.choice(*(d for d, size in enumerate(shape) if size)) if 0 in shape else draw.maybe(draw.dim(len(shape)))
    return Call(input=draw.tensor(shape), dim=dim, keepdim=draw.boolean())


@samples_of("max", judge=torch.max)
@samples_of("min", judge=torch.min)
def _(draw):
    return Call(input=draw.tensor(draw.shape(least=1)))


@samples_of("max_other", judge=torch.max)
@samples_of("min_other", judge=torch.min)
def _(draw):
    shape = draw.shape()
    return Call(input=draw.tensor(shape), other=draw.tensor(draw.broadcast_to(shape)))


# -- scans -------------------------------------------------------------------------------------------------------------


@samples_of("cumsum", judge=torch.cumsum, multilinear=True)
@samples_of("cumprod", judge=torch.cumprod)
def _(draw):
    shape = draw.shape()
    return Call(input=draw.tensor(shape, low=-2, high=2), dim=draw.dim(len(shape)), dtype=_dtype_wanted(draw))


@samples_of("logcumsumexp", judge=torch.logcumsumexp, dtypes=FLOATING)
def _(draw):
    shape = draw.shape()
    return Call(input=draw.tensor(shape), dim=draw.dim(len(shape)))


@samples_of("cummax", judge=torch.cummax)
@samples_of("cummin", judge=torch.cummin)
def _(draw):
    shape = draw.shape()
    return Call(input=draw.tensor(shape), dim=draw.dim(len(shape)))


def _recurrence(input, factor, dim, reverse=False):
    """One step after the other."""
    rows, between = list(input.unbind(dim)), list(factor.unbind(dim))
    if reverse:
        rows, between = rows[::-1], between[::-1]
    for i in range(1, len(rows)):
        rows[i] = rows[i] + between[i - 1] * rows[i - 1]
    return torch.stack(rows[::-1] if reverse else rows, dim)


@samples_of("linear_recurrence", judge=_recurrence, dtypes=FLOATING + INTEGRAL)
def _(draw):
    shape = [min(size, 7) for size in draw.shape(least_rank=1, least=1)]
    dim = draw.dim(len(shape))
    between = list(shape)
    between[dim] -= 1
    return Call(
        input=draw.tensor(shape), factor=draw.tensor(between, low=-1, high=1), dim=dim, reverse=draw.boolean()
    )


# -- wrong calls ------------------------------------------------------------------------------------------------------


@errors_of("sum")
def _():
    yield Bad("dim too large", Call(input=f32(2, 3), dim=[2]), ("out of range", "2"), raises=IndexError)
    yield Bad("dim too small", Call(input=f32(2, 3), dim=[-3]), ("out of range", "-3"), raises=IndexError)
    yield Bad("twice", Call(input=f32(2, 3), dim=[0, 0]), ("multiple times", "0"))
    yield Bad("twice, once negative", Call(input=f32(2, 3), dim=[1, -1]), ("multiple times", "1"))
    yield Bad("0-d", Call(input=f32(), dim=[1]), ("out of range", "1"), raises=IndexError)
    yield Bad("no dtype", Call(input=f32(2), dtype="x"), ("sum",), raises=TypeError)


@errors_of("max_dim")
def _():
    yield Bad("dim too large", Call(input=f32(2, 3), dim=2), ("out of range", "2"), raises=IndexError)
    yield Bad("dim too small", Call(input=f32(2, 3), dim=-3), ("out of range", "-3"), raises=IndexError)
    yield Bad("0-d", Call(input=f32(), dim=1), ("out of range", "1"), raises=IndexError)
    yield Bad("nothing to choose from", Call(input=f32(2, 0), dim=1), ("non-zero size", "1"), raises=IndexError)
    yield Bad("no dimension", Call(input=f32(2), dim=0.5), ("max",), raises=TypeError)

def _bad_dims(*ids, one=False, also=(), **more):
    """What every op that runs over dimensions refuses. `one`: it takes a single one."""
    wrap = (lambda dim: dim) if one else (lambda dim: [dim])
    for op_id in ids:
        def bad():
            yield Bad("dim too large", Call(input=f32(2, 3), dim=wrap(2), **more), ("out of range", "2"), raises=IndexError)
            yield Bad("dim too small", Call(input=f32(2, 3), dim=wrap(-3), **more), ("out of range", "-3"), raises=IndexError)
            yield Bad("0-d", Call(input=f32(), dim=wrap(1), **more), ("out of range", "1"), raises=IndexError)
            if not one:
                yield Bad("twice", Call(input=f32(2, 3), dim=[0, 0], **more), ("multiple times", "0"))
            yield from also

        errors_of(op_id)(bad)


_bad_dims("mean", also=(
    Bad("integers", Call(input=i64(2)), ("mean", "the input must be floating", "int64")),
    Bad("into integers", Call(input=f32(2), dtype=DType("int64")), ("mean", "the dtype asked for must be floating", "int64")),
))  # fmt: skip
_bad_dims("any", "all", "var", "std", "var_mean", "std_mean", "count_nonzero", "nansum", "nanmean", "logsumexp",
          "vector_norm", "norm", "amax", "amin")
_bad_dims("prod", "min_dim", "argmax", "argmin", "aminmax", "cumsum", "cumprod", "logcumsumexp", "cummax", "cummin", one=True)


_norms_of_dims = FAMILIES["vector_norm"].bad


@errors_of("vector_norm")
def _():
    yield from _norms_of_dims()
    yield Bad("the smallest of nothing", Call(input=f32(2, 0), ord=-1.0, dim=[1]), ("vector_norm", "-1", "(2, 0)"))
    yield Bad("the largest of nothing", Call(input=f32(2, 0), ord=float("inf"), dim=[1]), ("vector_norm", "inf", "(2, 0)"))
    for dtype in ("float16", "int64"):
        yield Bad(f"into {dtype}", Call(input=f32(2), dtype=DType(dtype)), ("vector_norm", "float32", dtype))


@errors_of("max")
def _():
    yield Bad("nothing to choose from", Call(input=f32(2, 0)), ("max", "(2, 0)"))


@errors_of("min")
def _():
    yield Bad("nothing to choose from", Call(input=f32(2, 0)), ("min", "(2, 0)"))


for _name in ("max_other", "min_other"):

    @errors_of(_name)
    def _():
        yield Bad("shapes", Call(input=f32(2, 3), other=f32(4)), ("(2, 3)", "(4,)"))


@errors_of("linear_recurrence")
def _():
    yield Bad("0-d", Call(input=f32(), factor=f32(1), dim=0), ("at least 1",))
    yield Bad("no factor", Call(input=f32(3), factor=f32(), dim=0), ("argument 'factor' must have at least 1", "()"))
    yield Bad("factor too long", Call(input=f32(3), factor=f32(3), dim=0), ("(3,)", "(2,)"))
    yield Bad("dtypes", Call(input=f32(3), factor=i64(2), dim=0), ("float32", "int64"))
    yield Bad("dim", Call(input=f32(3), factor=f32(2), dim=1), ("out of range",), raises=IndexError)


# -- sorting -----------------------------------------------------------------------------------------------------------


@samples_of("sort", judge=lambda input, dim=-1, descending=False, stable=False: torch.sort(input, dim=dim, descending=descending, stable=True))
@samples_of("argsort", judge=lambda input, dim=-1, descending=False, stable=False: torch.argsort(input, dim=dim, descending=descending, stable=True))
def _(draw):
    shape = draw.shape()
    return Call(input=draw.tensor(shape), dim=draw.dim(len(shape)), descending=draw.boolean(), stable=draw.boolean())


@samples_of("msort", judge=lambda input: torch.sort(input, dim=0, stable=True).values)
def _(draw):
    return Call(input=draw.tensor(draw.shape(least_rank=1)))


def _topk(input, k, dim=-1, largest=True, sorted=True):
    """By a stable sort: which of equals PyTorch picks is undefined."""
    if input.dtype == torch.bool:
        raise RuntimeError("topk is not defined for bool")
    values, indices = torch.sort(input, dim=dim, descending=largest, stable=True)
    return (values.narrow(dim, 0, k), indices.narrow(dim, 0, k)) if input.dim() else (values, indices)


@samples_of("topk", judge=_topk, dtypes=FLOATING + INTEGRAL)
def _(draw):
    shape = draw.shape()
    dim = draw.dim(len(shape))
    k = draw.integer(0, shape[dim] if shape else 1)
    return Call(input=draw.tensor(shape), k=k, dim=dim, largest=draw.boolean(), sorted=draw.boolean())


_bad_dims("sort", "argsort", one=True)
_bad_dims("topk", one=True, k=1)


@errors_of("msort")
def _():
    yield Bad("nothing", Call(input=None), ("msort",), raises=TypeError)
