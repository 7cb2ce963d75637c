"""Reductions."""

import torch

from call import Call
from registry import Bad, errors_of, samples_of
from samples.wrong import f32


def _sum(input, dim=None, keepdim=False, dtype=None):
    return torch.sum(input, dim=dim if dim is None else tuple(dim), keepdim=keepdim, dtype=dtype)


@samples_of("sum", judge=_sum)
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
