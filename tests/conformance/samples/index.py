"""Reading and writing by index tensors."""

import math

import torch

from call import Call
from registry import Bad, errors_of, samples_of
from samples.wrong import f32, i64, indices


def _pattern(draw, rank):
    """Which dimensions are indexed: at least one; trailing unindexed ones may be left out."""
    picked = [draw.chance(0.6) for _ in range(rank)]
    picked[draw.integer(0, rank - 1)] = True
    return picked if draw.boolean() else picked[: max(d for d in range(rank) if picked[d]) + 1]


@samples_of("index", judge=lambda input, indices: torch.ops.aten.index(input, indices))
def _(draw):
    shape = draw.shape(least_rank=1, most_rank=3, least=1)
    wanted = draw.shape(most_rank=2)
    kind = draw.choice("int64", "int64", "int32", "uint8")
    rows = []
    for size, picked in zip(shape, _pattern(draw, len(shape))):
        low = 0 if kind == "uint8" else -size
        rows.append(draw.integers(draw.broadcast_to(wanted), low, size, dtype=kind) if picked else None)
    return Call(input=draw.tensor(shape), indices=_as_judged(rows))


def _as_judged(rows):
    """uint8 indices were masks once in PyTorch: such samples use int64."""
    for row in rows:
        if row is not None and row.dtype == "uint8":
            row.value = row.value.to(torch.int64)
    return rows


def _result_shape(shape, rows, index_shape):
    """PyTorch's rule: the indexed dimensions become the index shape, in place if adjacent, else in front."""
    at = [d for d, row in enumerate(rows) if row is not None]
    rest = [size for d, size in enumerate(shape) if d not in at]
    place = at[0] if at == list(range(at[0], at[-1] + 1)) else 0
    return rest[:place] + list(index_shape) + rest[place:]


def _index_put(input, indices, values, accumulate=False):
    return torch.ops.aten.index_put(input, indices, values, accumulate)


@samples_of("index_put", judge=_index_put)
def _(draw):
    shape = draw.shape(least_rank=1, most_rank=3, least=1)
    pattern = _pattern(draw, len(shape))
    sizes = [size for size, picked in zip(shape, pattern) if picked]
    accumulate = draw.boolean()
    if accumulate:
        wanted = draw.shape(most_rank=2)
        tensors = [draw.integers(wanted, -size, size) for size in sizes]
    else:  # an element written twice has no defined value
        wanted = [draw.integer(0, min(4, math.prod(sizes)))]
        tensors = draw.distinct_positions(sizes, wanted[0])
    rest = iter(tensors)
    rows = [next(rest) if picked else None for picked in pattern]
    values = draw.tensor(draw.broadcast_to(_result_shape(shape, rows, wanted)))
    return Call(input=draw.tensor(shape), indices=rows, values=values, accumulate=accumulate)


# -- wrong calls ------------------------------------------------------------------------------------------------------


@errors_of("index")
def _():
    yield Bad("too many", Call(input=f32(2), indices=[i64(1), i64(1)]), ("too many", "1"), raises=IndexError)
    yield Bad(
        "too large",
        Call(input=f32(2, 3), indices=[None, indices(3)]),
        ("3", "dimension 1", "size 3"),
        raises=IndexError,
    )
    yield Bad(
        "too small", Call(input=f32(2, 3), indices=[indices(-3)]), ("-3", "dimension 0", "size 2"), raises=IndexError
    )
    yield Bad("not whole", Call(input=f32(2), indices=[f32(1)]), ("integer", "float32"), raises=IndexError)
    yield Bad("shapes", Call(input=f32(5, 5), indices=[i64(2), i64(3)]), ("(2,)", "(3,)"))
    yield Bad("of nothing", Call(input=f32(0), indices=[indices(0)]), ("0", "size 0"), raises=IndexError)
    yield Bad("0-d", Call(input=f32(), indices=[indices(0)]), ("too many",), raises=IndexError)


@errors_of("index_put")
def _():
    one = indices(1)
    yield Bad("too many", Call(input=f32(2), indices=[one, one], values=f32(1)), ("too many",), raises=IndexError)
    yield Bad("too large", Call(input=f32(2), indices=[indices(2)], values=f32(1)), ("2", "size 2"), raises=IndexError)
    yield Bad(
        "too small", Call(input=f32(2), indices=[indices(-3)], values=f32(1)), ("-3", "size 2"), raises=IndexError
    )
    yield Bad(
        "not whole", Call(input=f32(2), indices=[f32(1)], values=f32(1)), ("integer", "float32"), raises=IndexError
    )
    yield Bad("values' shape", Call(input=f32(4), indices=[one], values=f32(3)), ("(3,)", "(1,)"))
    yield Bad("values' dtype", Call(input=f32(4), indices=[one], values=i64(1)), ("float32", "int64", "dtype"))
    target = f32(2, 3, layout="expanded")
    yield Bad("expanded", Call(input=target, indices=[one], values=f32(3)), ("index_put", "clone"), form="in_place")
