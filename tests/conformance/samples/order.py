"""What is picked by its rank or by how often it occurs."""

import torch

from call import Array, Call
from registry import Bad, errors_of, samples_of
from samples.wrong import f32, i64


def tied(draw, shape, **options):
    """Numbers of which several are equal; for finite differences all differ."""
    numbers = draw.tensor(shape, low=-4, high=4, **options)
    if not draw.smooth and numbers.is_floating and draw.boolean():
        numbers.value = numbers.value.round()
    return numbers


def with_nans(draw, numbers, most=0.4):
    if not draw.smooth and numbers.is_floating and draw.chance(most):
        generator = torch.Generator().manual_seed(draw.integer(0, 2**40))
        numbers.value[torch.rand(numbers.value.shape, generator=generator) < draw.choice(0.1, 0.5, 1)] = torch.nan
    return numbers


def _line(draw):
    shape = draw.shape(most_rank=3)
    dim = draw.dim(len(shape))
    if shape and shape[dim] == 0:
        shape[dim] = 2
    return shape, dim, shape[dim] if shape else 1


def _picked(function):
    """Which of equal elements is named is the op's choice: its values must be those at its places, and PyTorch's."""

    def judge(result, input, dim=-1, keepdim=False, **rest):
        values, places = result
        expected = function(input, dim=dim, keepdim=keepdim, **rest)
        dropped = not keepdim and input.dim() > 0
        at = places.unsqueeze(dim) if dropped else places
        size = input.shape[dim] if input.dim() else 1
        if at.shape != (expected.indices.unsqueeze(dim) if dropped else expected.indices).shape or bool(((at < 0) | (at >= size)).any()):
            return expected
        found = input.gather(dim, at)
        found = found.squeeze(dim) if dropped else found
        right = (found == expected.values) | ((found != found) & (expected.values != expected.values))
        return (found, places) if bool(right.all()) else expected

    return judge


for _name, _function, _nans in (("median_dim", torch.median, 0.4), ("nanmedian_dim", torch.nanmedian, 0.4), ("mode", torch.mode, 0)):

    @samples_of(_name, judge=_picked(_function), sees_result=True)
    def _(draw, nans=_nans):
        shape, dim, _ = _line(draw)
        return Call(input=with_nans(draw, tied(draw, shape), nans), dim=dim, keepdim=draw.boolean())


@samples_of("kthvalue", judge=_picked(torch.kthvalue), sees_result=True)
def _(draw):
    shape, dim, size = _line(draw)
    return Call(input=with_nans(draw, tied(draw, shape)), k=draw.integer(1, size), dim=dim, keepdim=draw.boolean())


for _name in ("median", "nanmedian"):

    @samples_of(_name, judge=lambda input, function=getattr(torch, _name): function(input))
    def _(draw):
        return Call(input=with_nans(draw, tied(draw, draw.shape())))

    @errors_of(_name)
    def _(name=_name):
        yield Bad("no integers", Call(input=i64(0)), (name, "no elements", "int64"))


def _shares(draw, dtype):
    """Exact in every dtype, so that no rank is rounded to a neighbour's."""
    count = draw.integer(0, 4)
    if draw.chance(0.4):
        return draw.integer(1, 31) / 32 if draw.smooth else draw.integer(0, 32) / 32
    if draw.smooth:
        return draw.tensor(draw.choice([], [2]), low=0.05, high=0.95)
    numbers = torch.tensor([draw.integer(0, 32) / 32 for _ in range(count)], dtype=getattr(torch, dtype))
    return Array(numbers if draw.boolean() or not count else numbers[0].clone())


for _name, _nans in (("quantile", 0.15), ("nanquantile", 0.4)):

    @samples_of(_name, judge=getattr(torch, _name), dtypes=("float32", "float64"))
    def _(draw, nans=_nans):
        shape = draw.shape(most_rank=3, least=1)
        input = with_nans(draw, tied(draw, shape), nans)
        # the gradient goes to one of equal elements, and which is the sort's choice
        input.differentiable = input.value.unique().numel() == input.value.numel()
        input.layouts = ("contiguous", "misaligned", "transposed", "sliced", "negative")
        return Call(
            input=input,
            q=_shares(draw, draw.dtype),
            dim=draw.maybe(draw.dim(len(shape)), 0.5),
            keepdim=draw.boolean(),
            interpolation=draw.choice("linear", "linear", "lower", "higher", "nearest", "midpoint"),
        )

    @errors_of(_name)
    def _(name=_name):
        yield Bad("too large", Call(input=f32(3), q=1.5), (name, "between 0 and 1", "1.5"))
        yield Bad("negative", Call(input=f32(3), q=Array(torch.tensor([0.5, -0.5]))), (name, "-0.5"))
        yield Bad("not a number", Call(input=f32(3), q=float("nan")), (name, "nan"))
        yield Bad("integers", Call(input=i64(3), q=0.5), (name, "float32", "int64"))
        yield Bad("dtype of q", Call(input=f32(3), q=Array(torch.tensor([0.5], dtype=torch.float64))), (name, "float32", "float64"))
        yield Bad("q a matrix", Call(input=f32(3), q=f32(1, 1)), (name, "(1, 1)"))
        yield Bad("nothing", Call(input=f32(0, 2), q=0.5), (name, "(0, 2)"))
        yield Bad("interpolation", Call(input=f32(3), q=0.5, interpolation="cubic"), (name, "interpolation", "cubic"))
        yield Bad("dim", Call(input=f32(3), q=0.5, dim=1), (name, "out of range", "1"), raises=IndexError)


# -- wrong calls ------------------------------------------------------------------------------------------------------


for _name, _id in (("median", "median_dim"), ("nanmedian", "nanmedian_dim"), ("mode", "mode")):

    @errors_of(_id)
    def _(name=_name):
        yield Bad("nothing to choose", Call(input=f32(2, 0), dim=1), (name, "(2, 0)"), raises=IndexError)
        yield Bad("dim", Call(input=f32(2, 3), dim=2), (name, "out of range", "2"), raises=IndexError)


@errors_of("kthvalue")
def _():
    yield Bad("k too large", Call(input=f32(2, 3), k=4, dim=1), ("kthvalue", "4", "3"))
    yield Bad("k is 0", Call(input=f32(2, 3), k=0), ("kthvalue", "0"))
    yield Bad("nothing to choose", Call(input=f32(2, 0), k=1), ("kthvalue", "(2, 0)"), raises=IndexError)
    yield Bad("dim", Call(input=f32(2, 3), k=1, dim=-3), ("kthvalue", "out of range", "-3"), raises=IndexError)
