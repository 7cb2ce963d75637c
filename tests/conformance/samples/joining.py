"""Tensors joined, repeated, rolled and flipped."""

import functools

import rushlight
import torch

from call import Array, Call
from judge import expect
from registry import Bad, errors_of, law_of, samples_of
from samples.wrong import f32, i64


def _joinable(draw, least_rank=1):
    shape = draw.shape(least_rank=least_rank, most_rank=3)
    dim = draw.dim(len(shape))
    tensors = []
    for _ in range(draw.integer(1, 3)):
        part = list(shape)
        part[dim] = draw.integer(1, 3)
        tensors.append(draw.tensor(part))
    return tensors, dim


for _name in ("cat", "concat", "concatenate"):

    @samples_of(_name, judge=getattr(torch, _name))
    def _(draw):
        tensors, dim = _joinable(draw)
        return Call(tensors=tensors, dim=dim)

    @errors_of(_name)
    def _():
        yield Bad("no tensor", Call(tensors=[]), ("cat", "non-empty"), raises=ValueError)
        yield Bad("0-d", Call(tensors=[f32()]), ("cat", "zero-dim", "stack"))
        yield Bad("no dimension", Call(tensors=[f32(0), f32(0)], dim=1), ("range of [-1, 0]", "1"), raises=IndexError)
        yield Bad("ranks", Call(tensors=[f32(2), f32(2, 2)]), ("(2,)", "(2, 2)"))
        yield Bad("sizes", Call(tensors=[f32(2, 3), f32(2, 4)]), ("(2, 3)", "(2, 4)", "dimension 1"))
        yield Bad("dim", Call(tensors=[f32(2)], dim=1), ("out of range", "1"), raises=IndexError)


def _alike(draw):
    shape = draw.shape(most_rank=3)
    return [draw.tensor(shape) for _ in range(draw.integer(1, 3))]


@samples_of("stack", judge=torch.stack)
def _(draw):
    tensors = _alike(draw)
    return Call(tensors=tensors, dim=draw.dim(tensors[0].value.dim() + 1))


@errors_of("stack")
def _():
    yield Bad("no tensor", Call(tensors=[]), ("stack", "non-empty"))
    yield Bad("None first", Call(tensors=[None, f32(2)]), ("stack", "None"), raises=TypeError)
    yield Bad("shapes", Call(tensors=[f32(2), f32(3)]), ("(2,)", "(3,)"))
    yield Bad("dim", Call(tensors=[f32(2)], dim=2), ("out of range", "2"), raises=IndexError)


for _name in ("hstack", "vstack", "dstack", "column_stack"):

    @samples_of(_name, judge=getattr(torch, _name))
    def _(draw):
        return Call(tensors=_alike(draw))

    @errors_of(_name)
    def _():
        yield Bad("shapes", Call(tensors=[f32(2, 3, 4), f32(5, 6, 7)]), ("(2, 3, 4)", "(5, 6, 7)"))
        yield Bad("no tensor", Call(tensors=[]), ("cat", "non-empty"), raises=ValueError)


@samples_of("repeat", judge=lambda input, repeats: input.repeat(repeats))
def _(draw):
    shape = draw.shape(most_rank=3)
    return Call(input=draw.tensor(shape), repeats=[draw.integer(0, 3) for _ in range(len(shape) + draw.integer(0, 1))])


@samples_of("tile", judge=torch.tile)
def _(draw):
    shape = draw.shape(most_rank=3)
    return Call(input=draw.tensor(shape), dims=[draw.integer(1, 3) for _ in range(draw.integer(1, 3))])


@samples_of("repeat_interleave", judge=torch.repeat_interleave)
def _(draw):
    shape = draw.shape(least_rank=1, most_rank=3)
    repeats, dim = draw.integer(0, 3), draw.maybe(draw.dim(len(shape)))
    size = repeats * (torch.Size(shape).numel() if dim is None else shape[dim])
    return Call(input=draw.tensor(shape), repeats=repeats, dim=dim, output_size=draw.maybe(size))


@samples_of("repeat_interleave_each", judge=torch.repeat_interleave)
def _(draw):
    shape = draw.shape(least_rank=1, most_rank=3, least=1)
    dim = draw.maybe(draw.dim(len(shape)))
    count = torch.Size(shape).numel() if dim is None else shape[dim]
    repeats = draw.integers([draw.choice(1, count)], 0, 3)
    size = int(repeats.value.expand(count).sum())
    return Call(input=draw.tensor(shape), repeats=repeats, dim=dim, output_size=draw.maybe(size))


@samples_of("roll", judge=torch.roll)
def _(draw):
    shape = draw.shape(most_rank=3)
    dims = draw.dims(len(shape), least=1) or None
    if dims is None or draw.chance(0.3):
        return Call(input=draw.tensor(shape), shifts=[draw.integer(-9, 9)], dims=None)
    return Call(input=draw.tensor(shape), shifts=[draw.integer(-9, 9) for _ in dims], dims=dims)


@samples_of("flip", judge=torch.flip)
def _(draw):
    shape = draw.shape()
    return Call(input=draw.tensor(shape), dims=draw.dims(len(shape)))


@samples_of("fliplr", judge=torch.fliplr)
def _(draw):
    return Call(input=draw.tensor(draw.shape(least_rank=2)))


@samples_of("flipud", judge=torch.flipud)
def _(draw):
    return Call(input=draw.tensor(draw.shape(least_rank=1)))


@samples_of("rot90", judge=lambda input, k=1, dims=None: torch.rot90(input, k, dims or [0, 1]))
def _(draw):
    shape = draw.shape(least_rank=2)
    return Call(input=draw.tensor(shape), k=draw.integer(-4, 4), dims=draw.maybe(draw.shuffled(range(len(shape)))[:2]))


def _vectors(draw):
    return [draw.tensor([min(draw.size(), 4)]) for _ in range(draw.integer(1, 3))]


@samples_of("meshgrid", judge=lambda tensors, indexing="ij": torch.meshgrid(*tensors, indexing=indexing))
def _(draw):
    tensors = [draw.tensor([])] if draw.wish == "0-d" else _vectors(draw)
    return Call(tensors=tensors, indexing=draw.choice("ij", "xy"))


@samples_of("cartesian_prod", judge=lambda tensors: torch.cartesian_prod(*tensors))
def _(draw):
    return Call(tensors=_vectors(draw))


def _block_diag(tensors):
    """By hand: the gradients of PyTorch's own (2.13) forget the row of a vector without elements."""
    if not tensors:
        return torch.block_diag()
    blocks = [t.reshape(1, -1) if t.dim() < 2 else t for t in tensors]
    rows, columns = (sum(block.shape[d] for block in blocks) for d in (0, 1))
    dtype = functools.reduce(torch.promote_types, (block.dtype for block in blocks))
    whole, row, column = torch.zeros(rows, columns, dtype=dtype), 0, 0
    for block in blocks:
        height, width = block.shape
        whole[row : row + height, column : column + width] = block
        row, column = row + height, column + width
    return whole


@samples_of("block_diag", judge=_block_diag)
def _(draw):
    return Call(tensors=[draw.tensor(draw.shape(most_rank=2)) for _ in range(draw.integer(int(draw.smooth), 3))])


# -- wrong calls ------------------------------------------------------------------------------------------------------


@errors_of("repeat")
def _():
    yield Bad("too few", Call(input=f32(2, 3), repeats=[2]), ("repeat", "(2,)", "(2, 3)"))
    yield Bad("negative", Call(input=f32(2), repeats=[-1]), ("repeat", "-1"))
    yield Bad(
        "64 bits", Call(input=f32(4, 1), repeats=[2**62, 3]), ("repeat", f"{2**62} times 4 elements")
    )


@errors_of("repeat_interleave_each")
def _():
    yield Bad("count", Call(input=f32(2), repeats=i64(3), dim=0), ("3", "2"))
    yield Bad("matrix", Call(input=f32(2), repeats=i64(2, 2), dim=0), ("(2, 2)",))
    huge = Array(torch.tensor([2**62] * 4))
    yield Bad("too many", Call(input=f32(4), repeats=huge, dim=0), ("repeat_interleave", "64 bits"))
    yield Bad("not whole", Call(input=f32(2), repeats=f32(2), dim=0), ("int64", "float32"))


@errors_of("roll")
def _():
    yield Bad("lengths", Call(input=f32(2, 3), shifts=[1, 2], dims=[0]), ("roll", "(1, 2)", "(0,)"))
    yield Bad("dim", Call(input=f32(2, 3), shifts=[1], dims=[2]), ("out of range", "2"), raises=IndexError)


@errors_of("flip")
def _():
    yield Bad("twice", Call(input=f32(2, 3), dims=[0, -2]), ("flip", "multiple times"))
    yield Bad("dim", Call(input=f32(2, 3), dims=[2]), ("out of range", "2"), raises=IndexError)


@errors_of("rot90")
def _():
    yield Bad("one dim", Call(input=f32(2, 3), dims=[0]), ("rot90", "(0,)"))
    yield Bad("same dim", Call(input=f32(2, 3), dims=[0, -2]), ("rot90", "differ"))
    yield Bad("a vector", Call(input=f32(2)), ("rot90", "at least 2 dimensions, but got (0, 1) for shape (2,)"))


@errors_of("meshgrid")
def _():
    yield Bad("no tensor", Call(tensors=[]), ("meshgrid", "non-empty"))
    yield Bad("matrix", Call(tensors=[f32(2, 2)]), ("meshgrid", "vectors"))
    yield Bad("indexing", Call(tensors=[f32(2)], indexing="ji"), ("meshgrid", "ji"))
    yield Bad("dtypes", Call(tensors=[f32(2), i64(2)]), ("float32", "int64"))


@errors_of("cartesian_prod")
def _():
    yield Bad("matrix", Call(tensors=[f32(2, 2)]), ("cartesian_prod", "vectors"))


@law_of("block_diag")
def nothing_is_a_row_of_nothing():
    shape = tuple(rushlight.block_diag([]).shape)
    expect(shape == tuple(torch.block_diag().shape), "of no blocks has the shape", shape)


@errors_of("block_diag")
def _():
    yield Bad("three dimensions", Call(tensors=[f32(2, 2, 2)]), ("block_diag", "(2, 2, 2)"))
