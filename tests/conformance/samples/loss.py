"""Losses."""

import torch.nn.functional as F

from call import FLOATING, Call
from registry import Bad, errors_of, samples_of
from samples.wrong import f32, i64, indices


@samples_of("cross_entropy", judge=F.cross_entropy, dtypes=FLOATING, units=256)
def _(draw):
    classes = draw.integer(1, 6)
    lead = draw.maybe([draw.size(1)], 0.85) or []
    rest = draw.shape(most_rank=2, least=1) if lead else []
    target = draw.integers(lead + rest, 0, classes)
    return Call(input=draw.tensor(lead + [classes] + rest), target=target, reduction=draw.choice("mean", "sum", "none"))


@errors_of("cross_entropy")
def _():
    x = f32(2, 3)
    yield Bad(
        "unknown reduction",
        Call(input=x, target=indices(0, 1), reduction="max"),
        ("reduction", "max"),
        raises=ValueError,
    )
    yield Bad("number", Call(input=f32(), target=indices(0)), ("class dimension", "()"))
    yield Bad("too few targets", Call(input=x, target=i64(1)), ("(2, 3)", "(2,)", "(1,)"))
    yield Bad("class too large", Call(input=x, target=indices(0, 3)), ("3", "out of bounds"), raises=IndexError)
    yield Bad("class negative", Call(input=x, target=indices(0, -1)), ("-1", "out of bounds"), raises=IndexError)
    yield Bad("targets not whole", Call(input=x, target=f32(2)), ("target", "float32"))
    yield Bad("logits whole", Call(input=i64(2, 3), target=indices(0, 1)), ("input", "floating", "int64"))
