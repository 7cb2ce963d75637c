"""Reading and writing at indices along a dimension, and by masks."""

import rushlight
import torch
import torch.nn.functional as F

from call import Array, Call
from judge import expect
from registry import Bad, errors_of, law_of, samples_of
from samples.wrong import f32, i64, indices, of


def _index_shape(draw, shape, dim):
    """Fits inside `shape`, but along dim."""
    wanted = [draw.integer(0, size) for size in shape]
    if wanted:
        wanted[dim] = draw.integer(0, 4)
    return wanted


def _place(draw):
    shape = draw.shape(most_rank=3, least=1)
    return shape, draw.dim(len(shape))


def _size(shape, dim):
    return shape[dim] if shape else 1


def _distinct(draw, wanted, dim, size):
    """Indices that never meet along dim: what is written twice has no defined value."""
    if not wanted:
        return draw.integers([], 0, size)
    wanted[dim] = min(wanted[dim], size)
    order = torch.tensor(draw.shuffled(range(size))[: wanted[dim]], dtype=torch.int64)
    row = [1] * len(wanted)
    row[dim] = wanted[dim]
    return Array(order.reshape(row).expand(wanted).contiguous(), differentiable=False)


@samples_of("gather", judge=torch.gather)
def _(draw):
    shape, dim = _place(draw)
    return Call(input=draw.tensor(shape), dim=dim, index=draw.integers(_index_shape(draw, shape, dim), 0, _size(shape, dim)))


def _source(draw, index):
    """At least as large as index along every dimension: what lies beyond is not read."""
    shape = list(index.value.shape)
    if not shape:
        return draw.tensor(draw.choice([], [1], [3]))
    if shape == [1] and draw.chance(0.3):
        return draw.tensor([])
    return draw.tensor([size + draw.choice(0, 0, 1, 2) if draw.chance(0.4) else size for size in shape])


def _read_of(src, index):
    """The part of src that is read: PyTorch's own gradients want src to be no larger."""
    if src.dim() == index.dim():
        return src[tuple(slice(size) for size in index.shape)]
    return src[0] if src.dim() else src.unsqueeze(0)


@samples_of("scatter_add", judge=lambda input, dim, index, src: torch.scatter_add(input, dim, index, _read_of(src, index)))
def _(draw):
    shape, dim = _place(draw)
    index = draw.integers(_index_shape(draw, shape, dim), 0, _size(shape, dim))
    return Call(input=draw.tensor(shape), dim=dim, index=index, src=_source(draw, index))


def _scatter(input, dim, index, src, reduce=None):
    src = _read_of(src, index)
    if reduce is None:
        return input.scatter(dim, index, src)
    return input.scatter_reduce(dim, index, src, {"add": "sum", "multiply": "prod"}[reduce])


@samples_of("scatter", judge=_scatter)
def _(draw):
    shape, dim = _place(draw)
    index = _distinct(draw, _index_shape(draw, shape, dim), dim, _size(shape, dim))
    return Call(input=draw.tensor(shape), dim=dim, index=index, src=_source(draw, index), reduce=draw.maybe("add", 0.3))


@samples_of("scatter_value", judge=lambda input, dim, index, value, reduce=None: _scatter(input, dim, index, torch.full(index.shape, value, dtype=input.dtype), reduce))
def _(draw):
    shape, dim = _place(draw)
    index = _distinct(draw, _index_shape(draw, shape, dim), dim, _size(shape, dim))
    return Call(input=draw.tensor(shape), dim=dim, index=index, value=float(draw.integer(0, 3)), reduce=draw.maybe("add", 0.3))


def _scatter_reduce(input, dim, index, src, reduce, include_self=True):
    return torch.scatter_reduce(input, dim, index, _read_of(src, index), reduce, include_self=include_self)


@samples_of("scatter_reduce", judge=_scatter_reduce, meanings=60)
def _(draw):
    shape, dim = _place(draw)
    index = draw.integers(_index_shape(draw, shape, dim), 0, _size(shape, dim))
    reduce = draw.choice("sum", "prod", "amax", "amin", *["mean"] * (draw.dtype != "bool"))  # a mean of truths is none
    input, src = draw.tensor(shape), _source(draw, index)
    if reduce == "prod" and not draw.smooth and draw.boolean():  # without a factor of 0 other rules hold
        for factors in (input, src):
            factors.value.view(-1)[:2] = 0
    include_self = draw.boolean()
    if reduce in ("amax", "amin") and input.is_floating and not draw.smooth and draw.boolean():  # equal ones share
        src.value = src.value.round()
        # PyTorch lets the input share where it takes no part
        input.value = input.value.round() + (0 if include_self else 0.25)
    return Call(input=input, dim=dim, index=index, src=src, reduce=reduce, include_self=include_self)


def _slices(draw, distinct=False):
    shape, dim = _place(draw)
    size = _size(shape, dim)
    count = draw.integer(0, min(size, 4) if distinct else 4) if shape else 1
    index = _distinct(draw, [count], 0, size) if distinct else draw.integers([count], 0, size)
    part = list(shape)
    if shape:
        part[dim] = count
    return shape, dim, index, part


@samples_of("index_select", judge=torch.index_select)
def _(draw):
    shape, dim, index, _ = _slices(draw)
    return Call(input=draw.tensor(shape), dim=dim, index=index)


@samples_of("index_add", judge=lambda input, dim, index, source, alpha=1: input.index_add(dim, index, source, alpha=alpha))
def _(draw):
    shape, dim, index, part = _slices(draw)
    return Call(input=draw.tensor(shape), dim=dim, index=index, source=draw.tensor(part), alpha=draw.choice(1, 1, 2))


def _slices_to_write(draw, part):
    """A number may be a vector of one, and the other way round."""
    return draw.tensor(draw.choice([], [1]) if part in ([], [1]) else part)


@samples_of("index_copy", judge=torch.index_copy)
def _(draw):
    shape, dim, index, part = _slices(draw, distinct=True)
    return Call(input=draw.tensor(shape), dim=dim, index=index, source=_slices_to_write(draw, part))


@samples_of("index_fill", judge=torch.index_fill)
def _(draw):
    shape, dim, index, _ = _slices(draw)
    return Call(input=draw.tensor(shape), dim=dim, index=index, value=draw.choice(draw.integer(0, 3), draw.tensor([])))


@samples_of("embedding", judge=F.embedding)
def _(draw):
    rows = draw.integer(1, 6)
    return Call(
        input=draw.integers(draw.shape(most_rank=2), 0, rows),
        weight=draw.tensor([rows, draw.size()]),
        padding_idx=None if draw.smooth else draw.maybe(draw.integer(-rows, rows - 1)),  # has no gradient on purpose
    )


def _masked(draw):
    shape = draw.shape()
    return draw.tensor(shape), draw.tensor(draw.broadcast_to(shape), dtype="bool", differentiable=False)


@samples_of("masked_fill", judge=torch.masked_fill)
def _(draw):
    input, mask = _masked(draw)
    return Call(input=input, mask=mask, value=draw.choice(draw.integer(0, 3), draw.tensor([])))


@samples_of("masked_select", judge=torch.masked_select)
def _(draw):
    input, mask = _masked(draw)
    return Call(input=input, mask=mask)


@samples_of("masked_scatter", judge=torch.masked_scatter)
def _(draw):
    input, mask = _masked(draw)
    return Call(input=input, mask=mask, source=draw.tensor([input.value.numel() + draw.integer(0, 2)]))


@samples_of("put", judge=lambda input, index, source, accumulate=False: torch.put(input, index, source, accumulate))
def _(draw):
    shape = draw.shape(least=1)
    input = draw.tensor(shape)
    count = draw.integer(0, min(4, input.value.numel()))
    index = _distinct(draw, [count], 0, input.value.numel())
    return Call(input=input, index=index, source=draw.tensor([count]), accumulate=draw.boolean())


@samples_of("take", judge=torch.take)
def _(draw):
    input = draw.tensor(draw.shape(least=1))
    count = input.value.numel()
    return Call(input=input, index=draw.integers(draw.shape(most_rank=2), -count, count))


@samples_of("take_along_dim", judge=torch.take_along_dim)
def _(draw):
    shape = draw.shape(least_rank=1, most_rank=3, least=1)
    dim = draw.maybe(draw.dim(len(shape)), 0.8)
    if dim is None:
        total = torch.Size(shape).numel()
        return Call(input=draw.tensor(shape), indices=draw.integers(draw.shape(most_rank=2), 0, total), dim=None)
    wanted = [1 if draw.chance(0.3) else size for size in shape]
    wanted[dim] = draw.integer(0, 4)
    return Call(input=draw.tensor(shape), indices=draw.integers(wanted, 0, shape[dim]), dim=dim)


@samples_of("one_hot", judge=F.one_hot, dtypes=("int64",))
def _(draw):
    classes = draw.integer(1, 6)
    return Call(input=draw.integers(draw.shape(most_rank=3, least=1), 0, classes), num_classes=draw.choice(-1, classes))


# -- wrong calls ------------------------------------------------------------------------------------------------------


@errors_of("gather")
def _():
    yield Bad("too large", Call(input=f32(2, 3), dim=1, index=Array(torch.full((2, 1), 3))), ("3", "dimension 1", "size 3"), raises=IndexError)
    yield Bad("negative", Call(input=f32(2, 3), dim=1, index=Array(torch.full((2, 1), -1))), ("-1", "size 3"), raises=IndexError)
    yield Bad("other rank", Call(input=f32(2, 3), dim=1, index=i64(2)), ("dimensions", "(2,)", "(2, 3)"))
    yield Bad("does not fit", Call(input=f32(2, 3), dim=1, index=i64(3, 3)), ("(3, 3)", "(2, 3)"))
    yield Bad("not whole", Call(input=f32(2), dim=0, index=f32(1)), ("int64", "float32"))


def _scatters_wrongly(op):
    @errors_of(op)
    def _():
        def call(index, src=(2, 3), **changed):
            values = {"value": 1.0} if op == "scatter_value" else {"src": f32(*src)}
            return Call(**{"input": f32(2, 3), "dim": 0, "index": index, **values, **changed})

        yield Bad("too large", call(Array(torch.full((1, 3), 2))), ("2", "dimension 0", "size 2"), raises=IndexError)
        yield Bad("negative", call(Array(torch.full((1, 3), -1))), ("-1", "size 2"), raises=IndexError)
        yield Bad("other rank", call(i64(2)), ("dimensions", "(2,)", "(2, 3)"))
        yield Bad("does not fit", call(i64(2, 4), (2, 4)), ("(2, 4)", "(2, 3)"))
        yield Bad("not whole", call(f32(2, 3)), ("int64", "float32"))
        if op != "scatter_value":
            yield Bad("more indices than src along dim", call(i64(2, 3), (1, 3)), ("src", "(1, 3)", "dimension 0"))
            yield Bad("more indices than src beside dim", call(i64(2, 3), (2, 2)), ("src", "(2, 2)", "dimension 1"))
            yield Bad("dtypes", call(i64(2, 3), src=(2, 3), input=i64(2, 3)), ("float32", "int64"))


@errors_of("put")
def _():
    yield Bad("counts", Call(input=f32(4), index=indices(0, 1), source=f32(3)), ("put", "index has 2", "source has 3"))
    yield Bad("too large", Call(input=f32(4), index=indices(4), source=f32(1)), ("4",), raises=IndexError)
    yield Bad("not whole", Call(input=f32(4), index=of("float64", 1), source=f32(1)), ("put", "int64", "float64"))
    yield Bad("dtypes", Call(input=f32(4), index=indices(0), source=i64(1)), ("float32", "int64"))


_scatters_wrongly("scatter")
_scatters_wrongly("scatter_value")
_scatters_wrongly("scatter_add")


@law_of("scatter_reduce")
def what_nothing_is_read_of_has_a_gradient_of_zeros():
    src = rushlight.ones(3).requires_grad_()
    index = rushlight.zeros(0, dtype=rushlight.int64)
    rushlight.scatter_reduce(rushlight.ones(2), 0, index, src, "sum").sum().backward()
    expect(src.grad.tolist() == [0, 0, 0], "the gradient of src is", src.grad)


@errors_of("scatter_reduce")
def _():
    yield Bad("unknown", Call(input=f32(2), dim=0, index=indices(0), src=f32(1), reduce="max"), ("reduce", "max"))
    yield Bad("too large", Call(input=f32(2), dim=0, index=indices(2), src=f32(1), reduce="sum"), ("2", "size 2"), raises=IndexError)
    yield Bad("dtypes", Call(input=f32(2), dim=0, index=indices(0), src=i64(1), reduce="sum"), ("float32", "int64"))
    yield Bad("mean of bools", Call(input=of("bool", 2), dim=0, index=indices(0), src=of("bool", 1), reduce="mean"), ("mean", "bool"))


@errors_of("index_select")
def _():
    yield Bad("too large", Call(input=f32(2), dim=0, index=indices(2)), ("2", "size 2"), raises=IndexError)
    yield Bad("negative", Call(input=f32(2), dim=0, index=indices(-1)), ("-1", "size 2"), raises=IndexError)
    yield Bad("a matrix", Call(input=f32(2), dim=0, index=i64(1, 1)), ("vector", "(1, 1)"), raises=IndexError)


@errors_of("index_add")
def _():
    yield Bad("count", Call(input=f32(2), dim=0, index=indices(0), source=f32(2)), ("1", "2"), raises=IndexError)
    yield Bad("slices", Call(input=f32(2, 3), dim=0, index=indices(0), source=f32(1, 2)), ("(1, 2)", "(2, 3)"))
    yield Bad("no such dimension", Call(input=f32(2, 3), dim=1, index=indices(0), source=f32(2)), ("(2,)", "0 slices"))
    yield Bad("dtypes", Call(input=f32(2), dim=0, index=indices(0), source=i64(1)), ("float32", "int64"))


@errors_of("embedding")
def _():
    yield Bad("too large", Call(input=indices(2), weight=f32(2, 3)), ("2", "size 2"), raises=IndexError)
    yield Bad("no matrix", Call(input=indices(0), weight=f32(2)), ("matrix", "(2,)"))
    yield Bad("not whole", Call(input=f32(1), weight=f32(2, 3)), ("int64", "float32"))
    yield Bad("padding", Call(input=indices(0), weight=f32(2, 3), padding_idx=2), ("padding_idx", "2"), raises=ValueError)


@errors_of("masked_fill")
def _():
    yield Bad("no mask", Call(input=f32(2), mask=i64(2), value=1), ("boolean", "int64"))
    yield Bad("value", Call(input=f32(2), mask=of("bool", 2), value=f32(2)), ("value", "(2,)"))
    yield Bad("shapes", Call(input=f32(2), mask=of("bool", 3), value=1), ("(2,)", "(3,)"))


@errors_of("masked_scatter")
def _():
    yield Bad("too few", Call(input=f32(2), mask=of("bool", 2), source=f32(1)), ("masked_scatter", "1"))


@errors_of("one_hot")
def _():
    yield Bad("too large", Call(input=indices(3), num_classes=3), ("3",), raises=IndexError)
    yield Bad("negative", Call(input=indices(-1), num_classes=3), ("-1",), raises=IndexError)
    yield Bad("no class", Call(input=indices(0), num_classes=0), ("num_classes", "0"))
    yield Bad("fewer than no class", Call(input=indices(0), num_classes=-2), ("num_classes", "positive", "-2"))
    yield Bad("unknown classes", Call(input=i64(0)), ("num_classes",))
    yield Bad("not whole", Call(input=f32(1), num_classes=3), ("int64", "float32"))
