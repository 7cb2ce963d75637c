"""Making tensors and copying them."""

import torch

from call import FLOATING, Call, DType
from registry import Bad, errors_of, samples_of
from samples.wrong import f32, of


def _full(size, fill_value, dtype=None):
    if not isinstance(fill_value, torch.Tensor):
        return torch.full(size, fill_value, dtype=dtype)
    return fill_value.to(dtype or fill_value.dtype).reshape([]).expand(size).clone()


@samples_of("full", judge=_full)
def _(draw):
    number = draw.choice(True, draw.integer(0, 100), draw.uniform(0, 3))
    value = draw.tensor(draw.choice([], [1])) if draw.boolean() else number
    return Call(size=draw.shape(), fill_value=value, dtype=None if draw.smooth else draw.maybe(draw.any_dtype()))


FORMATS = {
    None: torch.preserve_format,
    "contiguous": torch.contiguous_format,
    "channels_last": torch.preserve_format,  # PyTorch has it for 4 dimensions only; the values are the same
}


@samples_of("clone", judge=lambda input, memory_format=None: input.clone(memory_format=FORMATS[memory_format]))
def _(draw):
    shape = draw.shape()
    return Call(input=draw.tensor(shape), memory_format=draw.choice(*list(FORMATS)[: 3 if len(shape) > 2 else 2]))


@samples_of("copy", judge=lambda input, src: input.clone().copy_(src))
def _(draw):
    shape = draw.shape()
    other = draw.dtype if draw.smooth else draw.any_dtype().name
    return Call(input=draw.tensor(shape), src=draw.tensor(draw.broadcast_to(shape), dtype=other, low=0))


@samples_of("to", judge=lambda input, dtype: input.to(dtype))
def _(draw):
    target = DType("float64") if draw.smooth else draw.any_dtype()
    low = (
        -3 if target.name in FLOATING or target.name.startswith("i") else 0
    )  # what a cast of -1 to unsigned is, C leaves open
    return Call(input=draw.tensor(low=low), dtype=target)


# -- wrong calls ------------------------------------------------------------------------------------------------------


@errors_of("full")
def _():
    yield Bad("negative size", Call(size=[2, -1], fill_value=1), ("full", "-1"))
    yield Bad("64 bits", Call(size=[2**62, 2**62], fill_value=1), ("full", "64 bits"))
    yield Bad("too much memory", Call(size=[2**55], fill_value=1), ("memory",))
    yield Bad("many values", Call(size=[2], fill_value=f32(2)), ("one number", "(2,)"))
    yield Bad("no dtype", Call(size=[2], fill_value=1, dtype="float"), ("full",), raises=TypeError)


@errors_of("clone")
def _():
    yield Bad(
        "unknown format", Call(input=f32(2, 3), memory_format="fast"), ("memory_format", "fast"), raises=ValueError
    )
    yield Bad("channels_last of a vector", Call(input=f32(2), memory_format="channels_last"), ("3 dimensions", "(2,)"))
    yield Bad(
        "channels_last of a matrix", Call(input=f32(2, 3), memory_format="channels_last"), ("3 dimensions", "(2, 3)")
    )
    yield Bad("channels_last of a number", Call(input=f32(), memory_format="channels_last"), ("3 dimensions", "()"))
    yield Bad("format is no word", Call(input=f32(2), memory_format=3), ("clone",), raises=TypeError)


@errors_of("copy")
def _():
    yield Bad("src larger", Call(input=f32(2), src=f32(2, 2)), ("(2, 2)", "(2,)"))
    yield Bad("src differs", Call(input=f32(2, 3), src=f32(2, 2)), ("(2, 2)", "(2, 3)"))
    yield Bad("src is nothing", Call(input=f32(2), src=None), ("copy",), raises=TypeError)
    yield Bad(
        "expanded target", Call(input=f32(2, 3, layout="expanded"), src=f32(2, 3)), ("copy", "clone"), form="in_place"
    )
    yield Bad("src differs, in place", Call(input=f32(2), src=f32(3)), ("(2,)", "(3,)"), form="in_place")


@errors_of("to")
def _():
    for cause, dtype in (
        ("a word", "float"),
        ("a number", 3),
        ("nothing", None),
        ("a tensor", f32(1)),
        ("a list", [1]),
    ):
        yield Bad(f"dtype is {cause}", Call(input=f32(2), dtype=dtype), ("to",), raises=TypeError)
    yield Bad("input is nothing", Call(input=None, dtype=DType("float32")), ("to",), raises=TypeError)


@errors_of("contiguous")
def _():
    """Every tensor will do: what is no tensor is all that can be wrong, and the schema's own wrong calls have that."""
    return ()


@errors_of("detach")
def _():
    return ()
