"""Differences of neighbours, running totals as the Array API has them, and slices kept within a length."""

import torch

from call import Array, Call, DType
from registry import Bad, errors_of, samples_of
from samples.wrong import f32, i64


@samples_of("diff", judge=torch.diff)
def _(draw):
    shape = draw.shape(least_rank=1, most_rank=3)
    dim = draw.dim(len(shape))

    def part():
        size = list(shape)
        size[dim] = draw.integer(0, 2)
        return draw.maybe(draw.tensor(size), 0.3)

    return Call(input=draw.tensor(shape), n=draw.choice(1, 1, 2, 3, 0), dim=dim, prepend=part(), append=part())


def _cumulative(scan, start):
    def judge(input, dim=None, dtype=None, include_initial=False):
        result = scan(input, 0 if dim is None else dim, dtype=dtype)
        if not include_initial:
            return result
        first = torch.full_like(result.narrow(dim or 0, 0, 1) if result.shape[dim or 0] else result.sum(dim or 0, keepdim=True), start)
        return torch.cat([first.to(result.dtype), result], dim or 0)

    return judge


for _name, _judge in {"cumulative_sum": _cumulative(torch.cumsum, 0), "cumulative_prod": _cumulative(torch.cumprod, 1)}.items():

    @samples_of(_name, judge=_judge)
    def _(draw):
        shape = draw.shape(least_rank=1, most_rank=3)
        dtype = None if draw.smooth else draw.maybe(draw.choice(DType("float32"), DType("float64")), 0.3)
        dim = None if len(shape) == 1 and draw.boolean() else draw.dim(len(shape))
        return Call(input=draw.tensor(shape, low=-2, high=2), dim=dim, dtype=dtype, include_initial=draw.boolean())

    @errors_of(_name)
    def _(name=_name):
        yield Bad("which dim", Call(input=f32(2, 3)), (name, "vectors only", "(2, 3)"), raises=ValueError)
        yield Bad("dim", Call(input=f32(2), dim=1), ("out of range", "1"), raises=IndexError)
        yield Bad("0-d", Call(input=f32(), dim=0, include_initial=True), (name, "dimension"), raises=ValueError)


@samples_of("renorm", judge=torch.renorm, dtypes=("float32", "float64", "float16", "bfloat16"), units=256)
def _(draw):
    shape = draw.shape(least_rank=2, most_rank=3)
    p = draw.choice(1.0, 2.0, 2.0, 3.0, float("inf"))
    return Call(input=draw.tensor(shape), p=p, dim=draw.dim(len(shape)), maxnorm=draw.choice(draw.uniform(0.5, 6), 0.0))


# -- wrong calls ------------------------------------------------------------------------------------------------------


@errors_of("diff")
def _():
    yield Bad("0-d", Call(input=f32()), ("diff", "1 dimension"))
    yield Bad("negative n", Call(input=f32(3), n=-1), ("diff", "-1"))
    yield Bad("dim", Call(input=f32(3), dim=1), ("diff", "out of range", "1"), raises=IndexError)
    yield Bad("prepend's rank", Call(input=f32(2, 3), prepend=f32(2)), ("diff", "(2,)", "(2, 3)"))
    yield Bad("append's size", Call(input=f32(2, 3), append=f32(3, 1)), ("diff", "append", "(3, 1)", "(2, 3)", "beside dim 1"))


@errors_of("renorm")
def _():
    call = {"p": 2.0, "dim": 0, "maxnorm": 1.0}
    yield Bad("a vector", Call(input=f32(3), **call), ("renorm", "2 dimensions", "(3,)"))
    yield Bad("p", Call(input=f32(2, 3), **{**call, "p": 0.0}), ("renorm", "p", "0"))
    yield Bad("maxnorm", Call(input=f32(2, 3), **{**call, "maxnorm": -1.0}), ("renorm", "maxnorm", "-1"))
    yield Bad("dim", Call(input=f32(2, 3), **{**call, "dim": 2}), ("renorm", "out of range", "2"), raises=IndexError)
    yield Bad("integers", Call(input=i64(2, 3), **call), ("renorm", "floating", "int64"))
