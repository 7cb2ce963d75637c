"""Normalizations and attention."""

import torch
import torch.nn.functional as F

from call import FLOATING, Call
from registry import Bad, errors_of, samples_of
from samples.wrong import f32, i64, of


def _softmax_call(draw):
    shape = draw.shape()
    return Call(input=draw.tensor(shape), dim=draw.dim(len(shape)))


samples_of("softmax", judge=torch.softmax, dtypes=FLOATING)(_softmax_call)
samples_of("log_softmax", judge=torch.log_softmax, dtypes=FLOATING)(_softmax_call)


@samples_of("layer_norm", judge=F.layer_norm, dtypes=FLOATING, units=512)
def _(draw):
    tail = [draw.integer(2, 6) for _ in range(draw.integer(1, 2))]
    weight, bias = draw.maybe(draw.tensor(tail), 0.7), draw.maybe(draw.tensor(tail), 0.7)
    input = draw.tensor(
        draw.shape(most_rank=2) + tail, layouts=("contiguous", "misaligned", "transposed", "sliced", "negative")
    )
    return Call(input=input, normalized_shape=tail, weight=weight, bias=bias, eps=draw.choice(1e-5, 0.1, 1.0))


def _attention(query, key, value, is_causal=False, scale=None):
    return F.scaled_dot_product_attention(query, key, value, is_causal=is_causal, scale=scale)


@samples_of("scaled_dot_product_attention", judge=_attention, dtypes=FLOATING, units=256)
def _(draw):
    lead = [draw.size(1) for _ in range(draw.integer(1, 2))]
    queries, keys, size, width = (draw.size(1) for _ in range(4))
    return Call(
        query=draw.tensor(lead + [queries, size]),
        key=draw.tensor(lead + [keys, size]),
        value=draw.tensor(lead + [keys, width]),
        is_causal=draw.boolean(),
        scale=draw.maybe(draw.uniform(0.1, 1)),
    )


# -- wrong calls ------------------------------------------------------------------------------------------------------


def _softmax_errors():
    yield Bad("dim too large", Call(input=f32(2, 3), dim=2), ("out of range", "2"), raises=IndexError)
    yield Bad("dim too small", Call(input=f32(2, 3), dim=-3), ("out of range", "-3"), raises=IndexError)
    yield Bad("0-d", Call(input=f32(), dim=1), ("out of range", "1"), raises=IndexError)
    yield Bad("integers", Call(input=i64(2), dim=0), ("input", "floating", "int64"))
    yield Bad("dim is no number", Call(input=f32(2), dim="a"), ("softmax",), raises=TypeError)


errors_of("softmax")(_softmax_errors)
errors_of("log_softmax")(_softmax_errors)


@errors_of("layer_norm")
def _():
    x = f32(2, 3)
    yield Bad("another tail", Call(input=x, normalized_shape=[2]), ("(2,)", "(2, 3)"))
    yield Bad("longer than the input", Call(input=x, normalized_shape=[1, 2, 3]), ("(1, 2, 3)", "(2, 3)"))
    yield Bad("nothing", Call(input=x, normalized_shape=[]), ("normalized_shape",))
    yield Bad("weight", Call(input=x, normalized_shape=[3], weight=f32(2)), ("weight", "(3,)", "(2,)"))
    yield Bad("bias", Call(input=x, normalized_shape=[3], bias=f32(2)), ("bias", "(3,)", "(2,)"))
    yield Bad("integers", Call(input=i64(2, 3), normalized_shape=[3]), ("input", "floating", "int64"))


@errors_of("scaled_dot_product_attention")
def _():
    q = f32(2, 4, 8)
    yield Bad("rank", Call(query=f32(8), key=f32(8), value=f32(8)), ("query", "2 dimension"))
    yield Bad("head size", Call(query=q, key=f32(2, 4, 7), value=q), ("(2, 4, 8)", "(2, 4, 7)"))
    yield Bad("length", Call(query=q, key=q, value=f32(2, 5, 8)), ("(2, 5, 8)", "length"))
    yield Bad("batch", Call(query=q, key=f32(3, 4, 8), value=f32(3, 4, 8)), ("(3, 4, 8)",))
    yield Bad("integers", Call(query=i64(2, 4, 8), key=q, value=q), ("query", "floating", "int64"))
    yield Bad("dtypes", Call(query=q, key=of("float64", 2, 4, 8), value=q), ("dtype", "float32", "float64"))
