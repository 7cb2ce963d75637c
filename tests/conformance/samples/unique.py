"""Every value once."""

import torch

from call import Array, Call
from registry import Bad, errors_of, samples_of
from samples.order import tied, with_nans
from samples.wrong import f32


def _shape(draw, dim):
    """Slices along dim must have elements."""
    shape = draw.shape(least_rank=int(dim), most_rank=3, least=int(dim))
    if dim and draw.chance(0.1):
        shape[0] = 0
    return shape


@samples_of("unique", judge=torch.unique)
def _(draw):
    by_dim = draw.boolean()
    shape = _shape(draw, by_dim)
    dim = None if not by_dim else 0 if 0 in shape else draw.dim(len(shape))
    inverse = draw.boolean()  # which of several NaNs comes first is the sort's choice
    input = tied(draw, shape) if by_dim or inverse else with_nans(draw, tied(draw, shape), 0.2)
    if by_dim and draw.boolean():  # equal slices
        input.value = input.value.double().index_select(dim, torch.arange(shape[dim]) // 2).to(input.value.dtype)
        input.layouts = ("contiguous", "transposed", "sliced", "negative")
        input.differentiable = not draw.smooth or shape[dim] == 1
    return Call(
        input=input, sorted=draw.boolean(), return_inverse=inverse, return_counts=draw.boolean(), dim=dim
    )


@samples_of("unique_consecutive", judge=torch.unique_consecutive)
def _(draw):
    by_dim = draw.boolean()
    shape = _shape(draw, by_dim)
    dim = None if not by_dim else 0 if 0 in shape else draw.dim(len(shape))
    input = with_nans(draw, tied(draw, shape), 0.2)
    return Call(input=input, return_inverse=draw.boolean(), return_counts=draw.boolean(), dim=dim)


def _first_places(values, input):
    flat = input.flatten()
    used, places = set(), []
    for value in values.tolist():
        same = [i for i, x in enumerate(flat.tolist()) if (x == value or (x != x and value != value)) and i not in used]
        places.append(same[0])
        used.add(same[0])
    return torch.tensor(places, dtype=torch.int64)


def _unique_all(input):
    values, inverse, counts = torch.unique(input, return_inverse=True, return_counts=True)
    return values, _first_places(values, input), inverse, counts


for _name, _judge in {
    "unique_all": _unique_all,
    "unique_counts": lambda input: torch.unique(input, return_counts=True),
    "unique_inverse": lambda input: torch.unique(input, return_inverse=True),
    "unique_values": torch.unique,
}.items():

    @samples_of(_name, judge=_judge)
    def _(draw, nans=0.2 if _name in ("unique_counts", "unique_values") else 0):
        return Call(input=with_nans(draw, tied(draw, draw.shape(most_rank=3)), nans))


def _row_order(input):
    rows = input.tolist()
    return torch.tensor(sorted(range(len(rows)), key=lambda i: rows[i]), dtype=torch.int64)


@samples_of("argsort_rows", judge=_row_order, gradients=False)
def _(draw):
    return Call(input=tied(draw, [draw.size(), draw.integer(0, 4)], differentiable=False))


# -- wrong calls ------------------------------------------------------------------------------------------------------


for _name in ("unique", "unique_consecutive"):

    @errors_of(_name)
    def _(name=_name):
        yield Bad("dim", Call(input=f32(2, 3), dim=2), (name, "out of range", "2"), raises=IndexError)
        yield Bad("0-d", Call(input=f32(), dim=0), (name, "no dimensions"), raises=IndexError)
        yield Bad("empty slices", Call(input=f32(2, 0), dim=0), (name, "(2, 0)"))
        yield Bad("empty slices of the last", Call(input=f32(0, 2), dim=1), (name, "along dim 1", "(0, 2)"))


@errors_of("argsort_rows")
def _():
    yield Bad("a vector", Call(input=f32(2)), ("argsort_rows", "(2,)"))
    yield Bad("three dimensions", Call(input=Array(torch.ones(2, 3, 4))), ("argsort_rows", "(2, 3, 4)"))
