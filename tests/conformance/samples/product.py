"""Matrix products."""

import torch

from call import FLOATING, SIGNED, Call
from registry import Bad, errors_of, samples_of
from samples.wrong import f32, of

NUMBERS = FLOATING + SIGNED + ("uint8",)


@samples_of("matmul", judge=lambda input, other: torch.matmul(input, other), dtypes=NUMBERS, units=128)
def _(draw):
    inner = draw.size()
    batch = draw.shape(most_rank=2)
    left, right = [draw.size(), inner], [inner, draw.size()]
    if draw.chance(0.15):
        left, inner = [inner], inner
    elif draw.chance(0.7):
        left = draw.broadcast_to(batch) + left
    if draw.chance(0.15):
        right = [right[0]]
    elif draw.chance(0.7):
        right = draw.broadcast_to(batch) + right
    return Call(input=draw.tensor(left), other=draw.tensor(right))


@samples_of("linear", judge=torch.nn.functional.linear, dtypes=NUMBERS, units=128)
def _(draw):
    features, outputs = draw.size(), draw.size()
    bias = draw.maybe(draw.tensor([outputs]), 0.7)
    return Call(
        input=draw.tensor(draw.shape(most_rank=2) + [features]), weight=draw.tensor([outputs, features]), bias=bias
    )


# -- wrong calls ------------------------------------------------------------------------------------------------------


@errors_of("matmul")
def _():
    yield Bad("inner sizes", Call(input=f32(2, 3), other=f32(4, 5)), ("(2, 3) @ (4, 5)", "3 vs 4"))
    yield Bad("transposed", Call(input=f32(2, 3), other=f32(5, 3)), ("3 vs 5", "transpose"))
    yield Bad("vector", Call(input=f32(3), other=f32(4, 2)), ("3 vs 4",))
    yield Bad("number on the left", Call(input=f32(), other=f32(2, 2)), ("input", "dimension"))
    yield Bad("number on the right", Call(input=f32(2, 2), other=f32()), ("other", "dimension"))
    yield Bad("batches", Call(input=f32(2, 3, 4), other=f32(3, 4, 5)), ("matmul", "(2,)", "(3,)"))
    yield Bad("dtypes", Call(input=f32(2, 3), other=of("float64", 3, 2)), ("float32", "float64", "dtype"))


@errors_of("linear")
def _():
    yield Bad("features", Call(input=f32(2, 3), weight=f32(5, 4)), ("(2, 3)", "(5, 4)", "4"))
    yield Bad("number", Call(input=f32(), weight=f32(5, 4)), ("input", "dimension"))
    yield Bad("weight of rank 3", Call(input=f32(2, 3), weight=f32(1, 5, 3)), ("weight", "(1, 5, 3)"))
    yield Bad("bias length", Call(input=f32(2, 3), weight=f32(5, 3), bias=f32(3)), ("bias", "(5,)", "(3,)"))
    yield Bad("bias rank", Call(input=f32(2, 3), weight=f32(5, 3), bias=f32(5, 1)), ("bias", "(5, 1)"))
    yield Bad("dtypes", Call(input=f32(2, 3), weight=of("float64", 5, 3)), ("float32", "float64"))
    bias = of("float64", 5)
    yield Bad("bias dtype", Call(input=f32(2, 3), weight=f32(5, 3), bias=bias), ("bias", "float32", "float64"))
