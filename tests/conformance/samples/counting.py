"""How often values occur, where they stand among sorted ones, which are not zero, and comparisons of whole tensors."""

import dataclasses

import rushlight
import torch

from call import FLOATING, INTEGRAL, Array, Call
from judge import expect
from registry import Bad, errors_of, law_of, samples_of
from samples.order import tied, with_nans
from samples.wrong import f32, i64, indices, of


@samples_of("histc", judge=torch.histc, dtypes=FLOATING, gradients=False)
def _(draw):
    low = draw.choice(0, 0, -2, 0.5)
    input = draw.tensor(low=-4, high=4)
    asked = low != 0 or draw.boolean()
    return Call(
        input=with_nans(draw, input) if asked else input,
        bins=draw.choice(1, 4, 10, 100),
        min=low,
        max=low + draw.choice(1, 2, 3.5) if asked else low,
    )


@samples_of("bincount", judge=torch.bincount)
def _(draw):
    count = draw.size()
    dtype = draw.choice("int64", "int64", "int32", "int16", "int8", "uint8")
    return Call(
        input=draw.integers([count], 0, 8, dtype),
        weights=draw.maybe(draw.tensor([count])),
        minlength=draw.choice(0, 0, 3, 12),
    )


def _sorted_rows(draw, shape):
    numbers = draw.tensor(shape, low=-4, high=4, differentiable=False)
    numbers.value = (numbers.value if draw.boolean() else numbers.value.float().round().to(numbers.value.dtype)).sort(-1).values
    return numbers


def _searchsorted(sorted_sequence, input, **options):
    """PyTorch calls a plain number otherwise."""
    return torch.searchsorted(sorted_sequence, input, **options)


@samples_of("searchsorted", judge=_searchsorted, gradients=False, dtypes=FLOATING + INTEGRAL)
def _(draw):
    shape = draw.shape(least_rank=1, most_rank=3)
    alone = draw.boolean()
    sequence = _sorted_rows(draw, [draw.size()] if alone else shape[:-1] + [draw.size()])
    wanted = draw.tensor(shape if not alone or draw.boolean() else draw.shape(), low=-5, high=5, differentiable=False)
    input = with_nans(draw, wanted) if not alone or draw.chance(0.8) else draw.choice(2, -1.5, 0.0)
    sorter = None
    if draw.chance(0.3):
        order = torch.argsort(torch.rand(sequence.value.shape, generator=torch.Generator().manual_seed(draw.integer(0, 99))), -1)
        shuffled = sequence.value.double().scatter(-1, order, sequence.value.double()).to(sequence.value.dtype)
        sequence = Array(shuffled, layouts=("contiguous", "transposed", "sliced"), differentiable=False)
        sorter = Array(order, layouts=("contiguous", "transposed", "sliced"), differentiable=False)
    right = draw.boolean()
    return Call(
        sorted_sequence=sequence, input=input, out_int32=draw.boolean(), right=right,
        side=draw.choice(None, "right") if right else draw.choice(None, "left", "right"), sorter=sorter,
    )  # fmt: skip


def _signed(tensor):
    """PyTorch neither searches nor counts wide unsigned numbers."""
    return tensor.to(torch.int64) if tensor.dtype in (torch.uint16, torch.uint32, torch.uint64) else tensor


def _bucketize(input, boundaries, **options):
    return torch.bucketize(_signed(input), _signed(boundaries), **options)


@samples_of("bucketize", judge=_bucketize, gradients=False, dtypes=FLOATING + INTEGRAL)
def _(draw):
    input = with_nans(draw, draw.tensor(low=-5, high=5, differentiable=False))
    return Call(input=input, boundaries=_sorted_rows(draw, [draw.size()]), out_int32=draw.boolean(), right=draw.boolean())


def _isin(elements, test_elements, **options):
    """PyTorch calls a plain number otherwise, and looks for no truth values."""
    sets = (t.to(torch.uint8) if hasattr(t, "dtype") and t.dtype == torch.bool else t for t in (elements, test_elements))
    return torch.isin(*sets, **options)


@samples_of("isin", judge=_isin, gradients=False)
def _(draw):
    some = lambda: with_nans(draw, tied(draw, draw.shape(most_rank=3), differentiable=False))
    elements, test = some(), draw.choice(some(), some(), draw.tensor([0], differentiable=False), 2, 1.0)
    return Call(elements=elements, test_elements=test, assume_unique=draw.boolean() and not isinstance(test, Array), invert=draw.boolean())


# -- not zero ---------------------------------------------------------------------------------------------------------


def _sparse(draw, **options):
    """Half of the elements are 0."""
    numbers = with_nans(draw, draw.tensor(low=-2, high=2, differentiable=False, **options))
    if numbers.dtype != "bool":
        numbers.value = numbers.value * (draw.tensor(list(numbers.value.shape), dtype="bool").value.to(numbers.value.dtype))
    return numbers


def _repeated(numbers):
    """With all that an expanded layout will repeat, so that what is counted stays true."""
    widest = max(range(numbers.value.dim()), key=lambda d: numbers.value.shape[d], default=None)
    if widest is None or not numbers.value.numel():
        return numbers
    repeated = numbers.value.narrow(widest, 0, 1).expand(numbers.value.shape).clone()
    return dataclasses.replace(numbers, value=repeated, layouts=("expanded",))


@samples_of(
    "nonzero_positions", judge=lambda input, count: torch.nonzero(_signed(input).flatten())[:count, 0], gradients=False
)
def _(draw):
    input = _sparse(draw, layouts=("contiguous", "misaligned", "transposed", "sliced", "negative"))
    input = _repeated(input) if draw.chance(0.2) else input
    return Call(input=input, count=draw.integer(0, int((input.value != 0).sum())))


for _name, _argument in (("nonzero", "input"), ("argwhere", "input"), ("where_nonzero", "condition")):

    def _judge(function=getattr(torch, _name.split("_")[0]), **tensor):
        return function(*(_signed(t) for t in tensor.values()))

    @samples_of(_name, judge=_judge, gradients=False)
    def _(draw, argument=_argument):
        return Call(**{argument: _sparse(draw)})


@samples_of("nonzero_along", judge=lambda input, as_tuple: torch.nonzero(_signed(input), as_tuple=as_tuple), gradients=False)
def _(draw):
    return Call(input=_sparse(draw), as_tuple=draw.boolean())


# -- whole tensors ----------------------------------------------------------------------------------------------------


@samples_of("allclose", judge=torch.allclose, gradients=False)
def _(draw):
    shape = draw.shape(most_rank=3)
    input = with_nans(draw, draw.tensor(shape, differentiable=False), 0.2)
    other = Array(input.value.clone(), differentiable=False)
    if draw.boolean():
        other = draw.tensor(draw.broadcast_to(shape), differentiable=False)
    elif other.is_floating:
        other.value *= 1 + draw.choice(2**-10, 2**-5)
    tolerance = draw.choice(0.001, 0.1, 10.0)
    return Call(input=input, other=other, rtol=tolerance, atol=draw.choice(0.0, 0.001, 6.0), equal_nan=draw.boolean())


@samples_of("equal", judge=torch.equal, gradients=False)
def _(draw):
    input = with_nans(draw, draw.tensor(differentiable=False), 0.2)
    value = input.value.double() if input.is_floating and draw.boolean() else input.value.clone()
    same = Array(value, differentiable=False)
    return Call(input=input, other=same if draw.chance(0.6) else draw.tensor(differentiable=False))


@samples_of("is_nonzero", judge=lambda input: torch.is_nonzero(input), gradients=False)
def _(draw):
    return Call(input=draw.tensor([1] * draw.integer(0, 3), low=-1, high=1, differentiable=False))


# -- wrong calls ------------------------------------------------------------------------------------------------------


@law_of("histc")
def ranges_that_overflow_have_bins():
    x = rushlight.tensor([-1e308, 0.0, 1e308], dtype=rushlight.float64)
    counts = rushlight.histc(x, 4, -1e308, 1e308).tolist()
    expect(counts == [1, 0, 1, 1], "over the widest range counts", counts)
    expect(rushlight.histc(x[2:], 4).sum().item() == 1, "of one huge number loses it")


@errors_of("histc")
def _():
    yield Bad("no bins", Call(input=f32(2), bins=0), ("histc", "bins", "0"))
    yield Bad("backwards", Call(input=f32(2), min=2, max=1), ("histc", "2", "1"))
    yield Bad("infinite", Call(input=f32(2), min=0, max=float("inf")), ("histc", "finite"))
    yield Bad("infinite elements", Call(input=Array(torch.tensor([1.0, float("inf")]))), ("histc", "finite", "inf"))
    yield Bad("integers", Call(input=i64(2)), ("histc", "floating", "int64"))


@errors_of("bincount")
def _():
    yield Bad("negative", Call(input=indices(2, -1)), ("bincount", "-1"))
    yield Bad("not whole", Call(input=f32(2)), ("bincount", "float32"))
    yield Bad("a matrix", Call(input=i64(2, 2)), ("bincount", "vector", "(2, 2)"))
    yield Bad("weights", Call(input=i64(2), weights=f32(3)), ("bincount", "(2,)", "(3,)"))
    yield Bad("minlength", Call(input=i64(2), minlength=-1), ("bincount", "minlength", "-1"))
    yield Bad("too many bins", Call(input=indices(2**63 - 1)), ("bincount", "too many"))


@errors_of("searchsorted")
def _():
    row, x = f32(3), f32(2)
    yield Bad("a number", Call(sorted_sequence=f32(), input=x), ("searchsorted", "1 dimension"))
    yield Bad("other rows", Call(sorted_sequence=f32(3, 2), input=f32(2, 2)), ("searchsorted", "(3, 2)", "(2, 2)"))
    yield Bad("side", Call(sorted_sequence=row, input=x, side="up"), ("searchsorted", "side", "up"))
    yield Bad("contradiction", Call(sorted_sequence=row, input=x, side="left", right=True), ("searchsorted", "contradict"))
    yield Bad("sorter's dtype", Call(sorted_sequence=row, input=x, sorter=of("int32", 3)), ("sorter", "int64", "int32"))
    yield Bad("sorter's shape", Call(sorted_sequence=row, input=x, sorter=indices(0, 1)), ("sorter", "(3,)", "(2,)"))
    yield Bad("sorter too large", Call(sorted_sequence=row, input=x, sorter=indices(0, 1, 3)), ("sorter", "3"))
    yield Bad("sorter negative", Call(sorted_sequence=row, input=x, sorter=indices(0, 1, -1)), ("sorter", "-1"))


@errors_of("bucketize")
def _():
    yield Bad("a matrix", Call(input=f32(2), boundaries=f32(2, 2)), ("bucketize", "vector", "(2, 2)"))
    yield Bad("a number", Call(input=f32(2), boundaries=f32()), ("bucketize", "vector", "()"))


@errors_of("nonzero_positions")
def _():
    yield Bad("negative", Call(input=f32(2), count=-1), ("count", "-1"), raises=ValueError)
    yield Bad("too many", Call(input=f32(2), count=3), ("count", "3", "2"), raises=ValueError)
    yield Bad("more than there are", Call(input=Array(torch.zeros(2)), count=1), ("count", "only 0"), raises=ValueError)


@errors_of("allclose")
def _():
    yield Bad("dtypes", Call(input=f32(2), other=i64(2)), ("allclose", "float32", "int64"))
    yield Bad("shapes", Call(input=f32(2), other=f32(3)), ("(2,)", "(3,)"))
    yield Bad("negative rtol", Call(input=f32(2), other=f32(2), rtol=-1.0), ("allclose", "rtol", "-1"))
    yield Bad("no atol", Call(input=f32(2), other=f32(2), atol=float("nan")), ("allclose", "atol", "nan"))


@errors_of("equal")
def _():
    yield Bad("a number", Call(input=f32(2), other="a"), ("equal", "other", "Tensor"), raises=TypeError)


@errors_of("is_nonzero")
def _():
    yield Bad("many", Call(input=f32(2, 3)), ("is_nonzero", "6", "(2, 3)"))
    yield Bad("none", Call(input=f32(0)), ("is_nonzero", "0", "any()"))
