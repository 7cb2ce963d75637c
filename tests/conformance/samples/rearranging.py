"""Dimensions moved, merged, cut and grown; diagonals, windows, and parts written over."""

import torch

from call import Call
from registry import Bad, errors_of, samples_of
from samples.wrong import f32


@samples_of("diagonal", judge=torch.diagonal)
def _(draw):
    shape = draw.shape(least_rank=2)
    dim1, dim2 = draw.subset(range(len(shape)), 2)[:2]
    return Call(input=draw.tensor(shape), offset=draw.integer(-4, 4), dim1=dim1, dim2=dim2 - len(shape))


@samples_of("unfold", judge=lambda input, dimension, size, step: input.unfold(dimension, size, step))
def _(draw):
    shape = draw.shape(most_rank=3)
    dim = draw.dim(len(shape))
    extent = shape[dim] if shape else 1
    return Call(input=draw.tensor(shape), dimension=dim, size=draw.integer(min(1, extent), extent), step=draw.integer(1, 3))


for _name in ("movedim", "moveaxis"):

    @samples_of(_name, judge=getattr(torch, _name))
    def _(draw):
        shape = draw.shape()
        source = draw.dims(len(shape))
        destination = draw.shuffled(range(len(shape)))[: len(source)]
        return Call(input=draw.tensor(shape), source=source, destination=destination)

    @errors_of(_name)
    def _():
        yield Bad("lengths differ", Call(input=f32(2, 3), source=[0], destination=[0, 1]), ("movedim", "(0,)", "(0, 1)"))
        yield Bad("twice", Call(input=f32(2, 3), source=[0, -2], destination=[0, 1]), ("movedim", "repeated"))
        yield Bad("two to one place", Call(input=f32(2, 3), source=[0, 1], destination=[0, 0]), ("movedim", "repeated"))
        yield Bad("too large", Call(input=f32(2, 3), source=[2], destination=[0]), ("2", "out of range"), raises=IndexError)


for _name, _first, _second in (("swapaxes", "axis0", "axis1"), ("swapdims", "dim0", "dim1")):

    @samples_of(_name, judge=getattr(torch, _name))
    def _(draw, first=_first, second=_second):
        shape = draw.shape()
        return Call(input=draw.tensor(shape), **{first: draw.dim(len(shape)), second: draw.dim(len(shape))})


@samples_of("matrix_transpose", judge=lambda input: input.mT)
def _(draw):
    return Call(input=draw.tensor(draw.shape(least_rank=2)))


@errors_of("matrix_transpose")
def _():
    yield Bad("a vector", Call(input=f32(2)), ("matrix_transpose", "(2,)"), raises=ValueError)
    yield Bad("a number", Call(input=f32()), ("matrix_transpose", "()"), raises=ValueError)


@samples_of("t", judge=torch.t)
def _(draw):
    return Call(input=draw.tensor(draw.shape(most_rank=2)[:2]))


@samples_of("narrow", judge=torch.narrow)
def _(draw):
    shape = draw.shape(least_rank=1)
    dim = draw.dim(len(shape))
    start = draw.integer(0, shape[dim])
    length = draw.integer(0, shape[dim] - start)
    if start < shape[dim]:
        start -= draw.choice(0, shape[dim])
    return Call(input=draw.tensor(shape), dim=dim, start=start, length=length)


@samples_of("flatten", judge=torch.flatten)
def _(draw):
    shape = draw.shape()
    first, last = sorted((draw.integer(0, max(len(shape), 1) - 1), draw.integer(0, max(len(shape), 1) - 1)))
    return Call(input=draw.tensor(shape), start_dim=first, end_dim=last - draw.choice(0, max(len(shape), 1)))


@samples_of("unflatten", judge=torch.unflatten)
def _(draw):
    shape = draw.shape(least_rank=1, least=1)
    dim = draw.dim(len(shape))
    if len(shape) > 1 and not draw.smooth and draw.chance(0.1):
        shape[(dim + 1) % len(shape)] = 0  # nothing, but no less of dim
    return Call(input=draw.tensor(shape), dim=dim, sizes=draw.choice([shape[dim], 1], [1, -1], [-1, shape[dim]]))


for _name in ("ravel", "atleast_1d", "atleast_2d", "atleast_3d"):

    @samples_of(_name, judge=lambda input, function=getattr(torch, _name): function(input))
    def _(draw):
        return Call(input=draw.tensor())


for _name in ("view_as", "reshape_as"):

    @samples_of(_name, judge=lambda input, other: input.reshape_as(other))
    def _(draw, layouts=("contiguous", "misaligned") if _name == "view_as" else ("contiguous", "transposed", "sliced")):
        input = draw.tensor(layouts=layouts)
        other = draw.tensor(draw.shuffled(input.value.shape))
        other.differentiable = False
        return Call(input=input, other=other)


@samples_of("expand_as", judge=lambda input, other: input.expand_as(other))
def _(draw):
    shape = draw.shape()
    other = draw.tensor(shape)
    other.differentiable = False
    return Call(input=draw.tensor(draw.broadcast_to(shape)), other=other)


@samples_of("broadcast_to", judge=torch.broadcast_to)
def _(draw):
    shape = draw.shape()
    return Call(input=draw.tensor(draw.broadcast_to(shape)), size=shape)


@samples_of("broadcast_tensors", judge=lambda tensors: torch.broadcast_tensors(*tensors))
def _(draw):
    shape = draw.shape()
    return Call(tensors=[draw.tensor(draw.broadcast_to(shape)) for _ in range(draw.integer(1, 3))])


# -- split ------------------------------------------------------------------------------------------------------------


def _line(draw):
    shape = draw.shape(least_rank=1)
    dim = draw.dim(len(shape))
    return shape, dim, shape[dim]


@samples_of("split", judge=lambda input, split_size, dim=0: torch.split(input, split_size, dim))
def _(draw):
    shape, dim, _ = _line(draw)
    nothing = shape[dim] == 0 and draw.boolean()  # nothing may be split into pieces of size 0
    return Call(input=draw.tensor(shape), split_size=0 if nothing else draw.choice(1, 2, 3, 4, 5, 2**40), dim=dim)


@samples_of("split_sizes", judge=lambda input, split_size, dim=0: torch.split(input, split_size, dim))
def _(draw):
    shape, dim, size = _line(draw)
    first = draw.integer(0, size)
    return Call(input=draw.tensor(shape), split_size=[first, size - first], dim=dim)


@samples_of("chunk", judge=torch.chunk)
def _(draw):
    shape, dim, _ = _line(draw)
    return Call(input=draw.tensor(shape), chunks=draw.integer(1, 5), dim=dim)


@samples_of("tensor_split", judge=lambda input, sections, dim=0: torch.tensor_split(input, sections, dim))
def _(draw):
    shape, dim, _ = _line(draw)
    return Call(input=draw.tensor(shape), sections=draw.integer(1, 5), dim=dim)


@samples_of("tensor_split_indices", judge=lambda input, indices, dim=0: torch.tensor_split(input, indices, dim))
def _(draw):
    shape, dim, size = _line(draw)
    return Call(input=draw.tensor(shape), indices=[draw.integer(-size, size + 1) for _ in range(draw.integer(1, 3))], dim=dim)


@samples_of("unbind", judge=torch.unbind)
def _(draw):
    shape = draw.shape(least_rank=1, least=1)
    return Call(input=draw.tensor(shape), dim=draw.dim(len(shape)))


# -- triangles and diagonals ------------------------------------------------------------------------------------------

for _name in ("tril", "triu"):

    @samples_of(_name, judge=getattr(torch, _name))
    def _(draw):
        return Call(input=draw.tensor(draw.shape(least_rank=2)), diagonal=draw.integer(-3, 3))

    @errors_of(_name)
    def _(name=_name):
        yield Bad("a vector", Call(input=f32(2)), (name, "(2,)"))


@samples_of("diag", judge=torch.diag)
def _(draw):
    return Call(input=draw.tensor([draw.size() for _ in range(draw.choice(1, 2))]), diagonal=draw.integer(-3, 3))


@samples_of("diag_embed", judge=torch.diag_embed)
def _(draw):
    shape = draw.shape(least_rank=1, most_rank=3)
    dim1, dim2 = draw.shuffled(range(len(shape) + 1))[:2]
    return Call(input=draw.tensor(shape), offset=draw.integer(-2, 2), dim1=dim1, dim2=dim2)


@samples_of("diagflat", judge=torch.diagflat)
def _(draw):
    return Call(input=draw.tensor([min(size, 3) for size in draw.shape(most_rank=2)]), offset=draw.integer(-2, 2))


# -- parts written over -----------------------------------------------------------------------------------------------


@samples_of("select_scatter", judge=torch.select_scatter)
def _(draw):
    shape = draw.shape(least_rank=1, least=1)
    dim = draw.integer(0, len(shape) - 1)
    part = [size for d, size in enumerate(shape) if d != dim]
    return Call(input=draw.tensor(shape), src=draw.tensor(part), dim=dim, index=draw.dim(shape[dim]))


@samples_of("slice_scatter", judge=torch.slice_scatter)
def _(draw):
    shape = draw.shape(least_rank=1, least=1)
    dim = draw.integer(0, len(shape) - 1)
    start, end, step = draw.integer(0, shape[dim]), draw.integer(0, shape[dim]), draw.integer(1, 2)
    part = list(shape)
    part[dim] = len(range(start, end, step))
    return Call(input=draw.tensor(shape), src=draw.tensor(part), dim=dim, start=start, end=end, step=step)


@samples_of("diagonal_scatter", judge=torch.diagonal_scatter)
def _(draw):
    shape = draw.shape(least_rank=2, most_rank=3, least=1)
    offset = draw.integer(-1, 1)
    dim1, dim2 = draw.shuffled(range(len(shape)))[:2]
    part = list(torch.diagonal(torch.empty(shape), offset, dim1, dim2).shape)
    return Call(input=draw.tensor(shape), src=draw.tensor(part), offset=offset, dim1=dim1, dim2=dim2)


# -- wrong calls ------------------------------------------------------------------------------------------------------


@errors_of("diagonal")
def _():
    yield Bad("one dimension", Call(input=f32(2, 3), dim1=0, dim2=-2), ("diagonal", "identical"))
    yield Bad("too large", Call(input=f32(2, 3), dim1=0, dim2=2), ("out of range", "2"), raises=IndexError)
    yield Bad("a vector", Call(input=f32(2)), ("out of range",), raises=IndexError)


@errors_of("unfold")
def _():
    yield Bad("size too large", Call(input=f32(2, 3), dimension=1, size=4, step=1), ("unfold", "4", "3"))
    yield Bad("negative size", Call(input=f32(2, 3), dimension=1, size=-1, step=1), ("unfold", "-1"))
    yield Bad("no step", Call(input=f32(2, 3), dimension=1, size=1, step=0), ("unfold", "step", "0"))


@errors_of("t")
def _():
    yield Bad("three dimensions", Call(input=f32(2, 3, 4)), ("t]", "(2, 3, 4)"))


@errors_of("narrow")
def _():
    yield Bad("too long", Call(input=f32(4), dim=0, start=2, length=3), ("narrow", "2", "3", "4"))
    yield Bad("negative length", Call(input=f32(4), dim=0, start=2, length=-1), ("narrow", "-1"))
    yield Bad("start outside", Call(input=f32(4), dim=0, start=5, length=0), ("narrow", "5"), raises=IndexError)
    yield Bad("start before", Call(input=f32(4), dim=0, start=-5, length=0), ("narrow", "-5"), raises=IndexError)
    yield Bad("too long from behind", Call(input=f32(4), dim=0, start=-2, length=3), ("narrow", "start 2 + length 3"))
    yield Bad("0-d", Call(input=f32(), dim=0, start=0, length=1), ("narrow", "0-dim"))


@errors_of("flatten")
def _():
    yield Bad("backwards", Call(input=f32(2, 3), start_dim=1, end_dim=0), ("flatten", "1", "0"))
    yield Bad("too large", Call(input=f32(2, 3), start_dim=2), ("out of range", "2"), raises=IndexError)


@errors_of("unflatten")
def _():
    yield Bad("product", Call(input=f32(2, 6), dim=1, sizes=[4, 2]), ("unflatten", "(4, 2)", "6"))
    yield Bad("two -1", Call(input=f32(2, 6), dim=1, sizes=[-1, -1]), ("unflatten", "(-1, -1)"))
    yield Bad("negative", Call(input=f32(2, 0), dim=1, sizes=[-2, 3]), ("unflatten", "(-2, 3)"))
    yield Bad("negative beside 0", Call(input=f32(2, 0), dim=1, sizes=[0, -2]), ("unflatten", "(0, -2)", "(0)"))
    yield Bad("-1 of nothing", Call(input=f32(2, 0), dim=1, sizes=[0, -1]), ("unflatten", "(0, -1)"))
    yield Bad("nothing", Call(input=f32(2, 6), dim=1, sizes=[]), ("unflatten", "empty"))


@errors_of("broadcast_tensors")
def _():
    yield Bad("shapes", Call(tensors=[f32(2), f32(3)]), ("(2,)", "(3,)"))


@errors_of("split")
def _():
    yield Bad("zero", Call(input=f32(1), split_size=0), ("split", "0"))
    yield Bad("negative", Call(input=f32(4), split_size=-1), ("split", "-1"))
    yield Bad("0-d", Call(input=f32(), split_size=1), ("split", "0-dim"))


@errors_of("split_sizes")
def _():
    yield Bad("sum", Call(input=f32(4), split_size=[1, 2]), ("split", "(1, 2)", "4"))
    yield Bad("negative", Call(input=f32(4), split_size=[5, -1]), ("split", "(5, -1)"))


@errors_of("chunk")
def _():
    yield Bad("none", Call(input=f32(4), chunks=0), ("chunk", "0"))


@errors_of("tensor_split")
def _():
    yield Bad("none", Call(input=f32(4), sections=0), ("tensor_split", "0"))


@errors_of("select_scatter")
def _():
    yield Bad("src", Call(input=f32(2, 3), src=f32(2), dim=0, index=0), ("select_scatter", "(2,)", "(3,)"))


@errors_of("slice_scatter")
def _():
    yield Bad("src", Call(input=f32(4), src=f32(3), start=1, end=3), ("slice_scatter", "(3,)", "(2,)"))


@errors_of("diagonal_scatter")
def _():
    yield Bad("src", Call(input=f32(2, 3), src=f32(3)), ("diagonal_scatter", "(3,)", "(2,)"))


@errors_of("diag")
def _():
    yield Bad("three dimensions", Call(input=f32(2, 3, 4)), ("diag", "(2, 3, 4)"))
