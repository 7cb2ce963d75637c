"""Views: layout edits, judged by the view that PyTorch makes of the same values."""

import dataclasses

import torch

from call import Call
from registry import Bad, errors_of, samples_of
from samples.wrong import f32

PLAIN = ("contiguous", "misaligned")


def _factors(draw, numel):
    """A shape of `numel` elements."""
    shape = []
    while numel > 1 and len(shape) < 4:
        divisors = [d for d in range(1, numel + 1) if numel % d == 0]
        shape.append(draw.choice(*divisors))
        numel //= shape[-1]
    return draw.shuffled(shape + [numel] * (numel != 1 or not shape))


def _new_shape(draw, numel):
    if numel == 0:
        return draw.shuffled([0, draw.size(1), draw.size(1)])
    shape = _factors(draw, numel)
    if draw.chance(0.4):
        shape[draw.integer(0, len(shape) - 1)] = -1
    return shape


def _cut(draw, size):
    """A dimension as several."""
    return draw.choice([size], [size, 1], [1, size], [2, size // 2] if size % 2 == 0 else [size])


@samples_of("view", judge=lambda input, size: input.view(size))
def _(draw):
    if draw.boolean():
        x = draw.tensor(layouts=PLAIN)
        return Call(input=x, size=_new_shape(draw, x.value.numel()))
    shape = draw.shape(most_rank=3)  # dimensions cut apart are a view of any strides
    return Call(input=draw.tensor(shape), size=[part for size in shape for part in _cut(draw, size)])


@samples_of("reshape", judge=torch.reshape)
def _(draw):
    x = draw.tensor()
    return Call(input=x, shape=_new_shape(draw, x.value.numel()))


@samples_of("contiguous", judge=lambda input: input.contiguous())
def _(draw):
    return Call(input=draw.tensor())


@samples_of("detach", judge=lambda input: input.detach())
def _(draw):
    return Call(input=draw.tensor())


@samples_of("permute", judge=lambda input, dims: input.permute(dims))
def _(draw):
    shape = draw.shape()
    rank = len(shape)
    dims = [d - rank if draw.boolean() else d for d in draw.shuffled(range(rank))]
    return Call(input=draw.tensor(shape), dims=dims)


@samples_of("transpose", judge=torch.transpose)
def _(draw):
    shape = draw.shape()
    return Call(input=draw.tensor(shape), dim0=draw.dim(len(shape)), dim1=draw.dim(len(shape)))


@samples_of("select", judge=torch.select)
def _(draw):
    shape = draw.shape(least_rank=1, least=1)
    dim = draw.dim(len(shape))
    return Call(input=draw.tensor(shape), dim=dim, index=draw.dim(shape[dim]))


def _slice(input, dim=0, start=None, end=None, step=1):
    """Python's own ranges say which elements a slice takes."""
    picked = range(input.shape[dim])[start:end:step]
    return input.index_select(dim, torch.tensor(list(picked), dtype=torch.int64))


@samples_of("slice", judge=_slice)
def _(draw):
    shape = draw.shape(least_rank=1)
    dim = draw.choice(0, draw.dim(len(shape)))
    bound = lambda: draw.maybe(draw.integer(-shape[dim] - 2, shape[dim] + 2), 0.7)
    step = draw.choice(1, 1, 2, 3, -1, -2, 2**62, -(2**62))
    return Call(input=draw.tensor(shape), dim=dim, start=bound(), end=bound(), step=step)


@samples_of("expand", judge=lambda input, size: input.expand(size))
def _(draw):
    shape = draw.shape(most_rank=3)
    wanted = [draw.size() if size == 1 else draw.choice(size, -1) for size in shape]
    return Call(input=draw.tensor(shape), size=draw.shape(most_rank=2) + wanted)


def _with_ones(draw):
    return [1 if draw.chance(0.5) else size for size in draw.shape()]


@samples_of("squeeze", judge=lambda input, dim=None: input.squeeze() if dim is None else input.squeeze(tuple(dim)))
def _(draw):
    shape = _with_ones(draw)
    return Call(input=draw.tensor(shape), dim=draw.maybe(draw.dims(len(shape)), 0.7))


@samples_of("unsqueeze", judge=torch.unsqueeze)
def _(draw):
    shape = draw.shape()
    return Call(input=draw.tensor(shape), dim=draw.dim(len(shape) + 1))


def _window(draw):
    """A flat tensor, and a layout that stays inside of it and meets no element twice."""
    size, stride, reach = [], [], 1
    for _ in range(draw.integer(0, 3)):
        size.append(draw.size(1))
        stride.append(reach)
        reach *= size[-1] * draw.choice(1, 1, 2)
    order = draw.shuffled(range(len(size)))
    size, stride = [size[d] for d in order], [stride[d] for d in order]
    offset = draw.maybe(draw.integer(0, 3))
    input = draw.tensor([reach + (offset or 0) + draw.integer(0, 2)], layouts=("contiguous",))
    return input, size, stride, offset


@samples_of("as_strided", judge=torch.as_strided)
def _(draw):
    input, size, stride, offset = _window(draw)
    if stride and draw.chance(0.3):
        stride[draw.integer(0, len(stride) - 1)] = 0  # an element seen several times
    return Call(input=input, size=size, stride=stride, storage_offset=offset)


def _as_strided_scatter(input, src, size, stride, storage_offset=None):
    """By hand: the gradient of PyTorch's own (2.13) is wrong."""
    whole = input.clone()
    whole.as_strided(size, stride, storage_offset or 0).copy_(src)
    return whole


@samples_of("as_strided_scatter", judge=_as_strided_scatter)
def _(draw):
    input, size, stride, offset = _window(draw)
    return Call(input=input, src=draw.tensor(size), size=size, stride=stride, storage_offset=offset)


# -- wrong calls ------------------------------------------------------------------------------------------------------


@errors_of("view")
def _():
    yield Bad("count differs", Call(input=f32(2, 3), size=[4, 2]), ("(4, 2)", "6"))
    yield Bad("two -1", Call(input=f32(2, 3), size=[-1, -1]), ("one dimension can be inferred",))
    yield Bad("-1 does not divide", Call(input=f32(2, 3), size=[4, -1]), ("(4, -1)", "6"))
    yield Bad("negative size", Call(input=f32(2, 3), size=[-2, 3]), ("invalid shape dimension -2",))
    yield Bad("-1 of nothing", Call(input=f32(0, 3), size=[0, -1]), ("infer",))
    yield Bad("64 bits", Call(input=f32(2, 3), size=[2**62, 4]), ("invalid",))
    yield Bad("needs a copy", Call(input=f32(2, 3, layout="transposed"), size=[6]), ("view", "reshape"))


@errors_of("reshape")
def _():
    yield Bad("count differs", Call(input=f32(2, 3), shape=[4, 2]), ("(4, 2)", "6"))
    yield Bad("two -1", Call(input=f32(2, 3), shape=[-1, -1]), ("one dimension can be inferred",))
    yield Bad("negative size", Call(input=f32(2, 3), shape=[-2, 3]), ("invalid shape dimension -2",))
    yield Bad("-1 of nothing", Call(input=f32(0, 3), shape=[0, -1]), ("infer",))
    yield Bad("64 bits", Call(input=f32(2, 3), shape=[2**62, 4]), ("invalid",))


@errors_of("permute")
def _():
    yield Bad("too few", Call(input=f32(2, 3), dims=[0]), ("permute", "1", "2"))
    yield Bad("too many", Call(input=f32(2, 3), dims=[0, 1, 2]), ("permute", "3", "2"))
    yield Bad("twice", Call(input=f32(2, 3), dims=[0, 0]), ("permute",))
    yield Bad("twice, once negative", Call(input=f32(2, 3), dims=[1, -1]), ("permute",))
    yield Bad("out of range", Call(input=f32(2, 3), dims=[0, 2]), ("out of range", "2"), raises=IndexError)


@errors_of("transpose")
def _():
    for name in ("dim0", "dim1"):
        for dim in (2, -3):
            call = Call(input=f32(2, 3), **{"dim0": 0, "dim1": 0, name: dim})
            yield Bad(f"{name}={dim}", call, ("out of range", str(dim)), raises=IndexError)
    yield Bad("0-d", Call(input=f32(), dim0=0, dim1=1), ("out of range", "1"), raises=IndexError)


@errors_of("select")
def _():
    yield Bad("0-d", Call(input=f32(), dim=0, index=0), ("0-dim",), raises=IndexError)
    yield Bad("dim too large", Call(input=f32(2, 3), dim=2, index=0), ("out of range", "2"), raises=IndexError)
    yield Bad("dim too small", Call(input=f32(2, 3), dim=-3, index=0), ("out of range", "-3"), raises=IndexError)
    yield Bad("index too large", Call(input=f32(2, 3), dim=1, index=3), ("3", "out of bounds"), raises=IndexError)
    yield Bad("index too small", Call(input=f32(2, 3), dim=1, index=-4), ("-4", "out of bounds"), raises=IndexError)


@errors_of("slice")
def _():
    yield Bad("0-d", Call(input=f32(), dim=0), ("0-dim",), raises=IndexError)
    yield Bad("no step", Call(input=f32(4), dim=0, step=0), ("step", "zero"), raises=ValueError)
    yield Bad("dim too large", Call(input=f32(2, 3), dim=2), ("out of range", "2"), raises=IndexError)
    yield Bad("dim too small", Call(input=f32(2, 3), dim=-3), ("out of range", "-3"), raises=IndexError)
    yield Bad("start is no index", Call(input=f32(4), start="a"), ("slice",), raises=TypeError)


@errors_of("expand")
def _():
    yield Bad("fewer dimensions", Call(input=f32(2, 3), size=[3]), ("greater or equal", "1", "2"))
    yield Bad("size differs", Call(input=f32(2, 3), size=[4, 3]), ("(4)", "(2)", "dimension 0"))
    yield Bad("-1 in front", Call(input=f32(3), size=[-1, 3]), ("-1", "leading"))
    yield Bad("negative", Call(input=f32(1, 3), size=[-4, 3]), ("-4",))
    yield Bad("64 bits", Call(input=f32(1, 1, 1), size=[2**40, 2**40, 2**40]), ("64 bits",))


@errors_of("squeeze")
def _():
    yield Bad("too large", Call(input=f32(1, 3), dim=[2]), ("out of range", "2"), raises=IndexError)
    yield Bad("too small", Call(input=f32(1, 3), dim=[-3]), ("out of range", "-3"), raises=IndexError)
    yield Bad("twice", Call(input=f32(1, 3), dim=[0, 0]), ("multiple times",))
    yield Bad("twice, once negative", Call(input=f32(1, 3), dim=[0, -2]), ("multiple times",))
    yield Bad("no dimension", Call(input=f32(1, 3), dim="a"), ("squeeze",), raises=TypeError)


@errors_of("unsqueeze")
def _():
    yield Bad("too large", Call(input=f32(2, 3), dim=3), ("out of range", "3"), raises=IndexError)
    yield Bad("too small", Call(input=f32(2, 3), dim=-4), ("out of range", "-4"), raises=IndexError)
    yield Bad("0-d, too large", Call(input=f32(), dim=1), ("out of range", "1"), raises=IndexError)
    yield Bad("far too large", Call(input=f32(2), dim=2**62), ("out of range",), raises=IndexError)
    yield Bad("no dimension", Call(input=f32(2), dim=0.5), ("unsqueeze",), raises=TypeError)


@errors_of("as_strided")
def _():
    yield Bad("lengths differ", Call(input=f32(6), size=[2, 3], stride=[1]), ("size", "stride"))
    yield Bad("beyond the end", Call(input=f32(6), size=[7], stride=[1]), ("outside", "6"))
    yield Bad("before the start", Call(input=f32(6), size=[2], stride=[-1]), ("outside", "6"))
    back = Call(input=f32(6), size=[3, 1], stride=[-1, 1], storage_offset=1)
    yield Bad("before the start, and one more dimension", back, ("outside", "(-1, 1)"))
    back = Call(input=f32(6), size=[2, 2], stride=[-2, -1], storage_offset=2)
    yield Bad("before the start by two dimensions", back, ("outside", "(-2, -1)"))
    yield Bad("reaches so far that it wraps", Call(input=f32(6), size=[5], stride=[2**62]), ("outside", str(2**62)))
    yield Bad("negative offset", Call(input=f32(6), size=[2], stride=[1], storage_offset=-1), ("outside", "-1"))
    yield Bad("negative size", Call(input=f32(6), size=[-2], stride=[1]), ("-2",))
    yield Bad("reach overflows", Call(input=f32(6), size=[2**32, 2], stride=[2**32, 1]), ("outside",))
    yield Bad("numel overflows", Call(input=f32(6), size=[2**40, 2**40], stride=[0, 0]), ("64 bits",))


@errors_of("as_strided_scatter")
def _():
    yield Bad("src differs", Call(input=f32(6), src=f32(3), size=[2], stride=[1]), ("src", "(3,)", "(2,)"))
    yield Bad("lengths differ", Call(input=f32(6), src=f32(2), size=[2], stride=[1, 1]), ("size", "stride"))
    yield Bad("beyond the end", Call(input=f32(6), src=f32(7), size=[7], stride=[1]), ("outside", "6"))
    part = dataclasses.replace(f32(6), layout="misaligned")  # of a longer row: one more element on either side
    yield Bad("beyond its own end", Call(input=part, src=f32(7), size=[7], stride=[1]), ("outside the 6 elements",))
    yield Bad("before its own start", Call(input=part, src=f32(2), size=[2], stride=[1], storage_offset=0), ("outside the 6 elements",))
    yield Bad("negative offset", Call(input=f32(6), src=f32(2), size=[2], stride=[1], storage_offset=-1), ("outside",))
    yield Bad("offset too large", Call(input=f32(6), src=f32(2), size=[2], stride=[1], storage_offset=5), ("outside",))
