"""Wrong calls of functions whose errors come from the ops that they are made of: those must still say what is wrong."""

import torch

from call import Array, Call
from registry import Bad, errors_of
from samples.wrong import f32, i64, indices, of


def _refuses(op_id, *bads):
    errors_of(op_id)(lambda: iter(bads))


for _op, _first, _second in (("swapaxes", "axis0", "axis1"), ("swapdims", "dim0", "dim1")):
    _refuses(
        _op,
        Bad("too large", Call(input=f32(2, 3), **{_first: 2, _second: 0}), ("out of range", "2"), raises=IndexError),
        Bad("too small", Call(input=f32(2, 3), **{_first: 0, _second: -3}), ("out of range", "-3"), raises=IndexError),
    )
for _op in ("view_as", "reshape_as"):
    _refuses(_op, Bad("count", Call(input=f32(2, 3), other=f32(4)), ("(4,)", "6")))
_refuses("expand_as", Bad("sizes", Call(input=f32(2, 3), other=f32(4, 3)), ("4", "2", "dimension 0")))
_refuses("broadcast_to", Bad("sizes", Call(input=f32(2, 3), size=[4, 3]), ("4", "2", "dimension 0")))
_refuses(
    "tensor_split_indices",
    Bad("0-d", Call(input=f32(), indices=[1]), ("tensor_split", "dim")),
    Bad("dim", Call(input=f32(4), indices=[1], dim=1), ("out of range", "1"), raises=IndexError),
)
_refuses(
    "unbind",
    Bad("0-d", Call(input=f32()), ("dim",)),
    Bad("dim", Call(input=f32(4), dim=1), ("out of range", "1"), raises=IndexError),
)
_refuses("tile", Bad("negative", Call(input=f32(2), dims=[-1]), ("-1",)))
_refuses(
    "repeat_interleave",
    Bad("negative", Call(input=f32(2), repeats=-1), ("repeat_interleave", "-1")),
    Bad("dim", Call(input=f32(2), repeats=1, dim=1), ("out of range", "1"), raises=IndexError),
)
_refuses(
    "where",
    Bad("no condition", Call(condition=of("float64", 2), input=f32(2), other=f32(2)), ("[where]", "condition", "got float64")),
)
for _half in ("float16", "bfloat16"):
    _refuses("nextafter", Bad("halves", Call(input=of(_half, 2), other=of(_half, 2)), ("nextafter", _half)))
_refuses("fliplr", Bad("a vector", Call(input=f32(2)), ("fliplr", "(2,)")))
_refuses("flipud", Bad("0-d", Call(input=f32()), ("flipud", "()")))
_refuses(
    "diag_embed",
    Bad("one dimension", Call(input=f32(2), dim1=0, dim2=0), ("diag_embed", "identical", "0")),
    Bad("0-d", Call(input=f32()), ("diag_embed", "out of range"), raises=IndexError),
    Bad("dim", Call(input=f32(2), dim1=0, dim2=2), ("out of range", "2"), raises=IndexError),
    Bad("offset", Call(input=f32(2), offset=2**62), ("64 bits",)),
)
_refuses("diagflat", Bad("offset", Call(input=f32(2), offset=2**63 - 1), ("diag_embed", "too large")))
_refuses(
    "masked_select",
    Bad("no mask", Call(input=f32(2), mask=i64(2)), ("bool", "int64")),
    Bad("shapes", Call(input=f32(2), mask=of("bool", 3)), ("(2,)", "(3,)")),
)
_refuses(
    "take",
    Bad("too large", Call(input=f32(2, 3), index=indices(6)), ("6",), raises=IndexError),
    Bad("too small", Call(input=f32(2, 3), index=indices(-7)), ("-7",), raises=IndexError),
    Bad("not whole", Call(input=f32(2), index=f32(1)), ("float32",)),
)
_refuses(
    "take_along_dim",
    Bad("too large", Call(input=f32(2, 3), indices=Array(torch.full((2, 1), 3)), dim=1), ("3",), raises=IndexError),
    Bad("ranks", Call(input=f32(2, 3), indices=i64(2), dim=1), ("(2,)", "(2, 3)")),
    Bad("dim", Call(input=f32(2, 3), indices=i64(2, 3), dim=2), ("out of range", "2"), raises=IndexError),
)
for _op in ("ones", "empty", "rand", "randn"):
    _refuses(
        _op,
        Bad("negative size", Call(size=[2, -1]), ("-1",)),
        Bad("64 bits", Call(size=[2**62, 2**62]), ("64 bits",)),
    )
for _op in ("new_zeros", "new_ones", "new_empty"):
    _refuses(_op, Bad("negative size", Call(input=f32(2), size=[2, -1]), ("-1",)))
_refuses("new_full", Bad("negative size", Call(input=f32(2), size=[2, -1], fill_value=1), ("-1",)))
_refuses(
    "randint",
    Bad("empty range", Call(high=0, size=[2]), ("randint", "0")),
    Bad("negative size", Call(high=3, size=[-2]), ("randint", "-2")),
)
_refuses("exponential", Bad("rate", Call(input=f32(2), lambd=0.0), ("[exponential] lambd must be positive", "0")))
_refuses("cauchy", Bad("sigma", Call(input=f32(2), sigma=-1.0), ("[cauchy] sigma must be positive", "-1")))
_refuses("log_normal", Bad("std", Call(input=f32(2), std=0.0), ("[log_normal] std must be positive", "0")))
_refuses("geometric", Bad("p", Call(input=f32(2), p=1.0), ("[geometric] p must be between 0 and 1", "1")))
_refuses("bernoulli", Bad("integers", Call(input=i64(2)), ("bernoulli", "floating", "int64")))
for _op in ("dropout1d", "dropout2d", "dropout3d"):
    _refuses(
        _op,
        Bad("p", Call(input=f32(2, 3, 4), p=1.5), (_op, "between 0 and 1", "1.5"), raises=ValueError),
        Bad("no channels", Call(input=f32(3)), (_op, "(3,)")),
        Bad("integers", Call(input=i64(2, 3, 4)), (_op, "floating", "int64")),
    )
_refuses(
    "alpha_dropout",
    Bad("p", Call(input=f32(2), p=-0.1), ("alpha_dropout", "between 0 and 1"), raises=ValueError),
    Bad("integers", Call(input=i64(2)), ("alpha_dropout", "floating", "int64")),
)
_refuses(
    "gumbel_softmax",
    Bad("dim", Call(logits=f32(2), dim=1), ("out of range", "1"), raises=IndexError),
    Bad("integers", Call(logits=i64(2)), ("gumbel_softmax", "floating", "int64")),
)
for _op in ("softmax_in", "log_softmax_in", "softmin"):
    _refuses(_op, Bad("dim", Call(input=f32(2, 3), dim=2, dtype=None), ("out of range", "2"), raises=IndexError))
for _op in ("normalize", "cosine_similarity"):
    _names = ("input",) if _op == "normalize" else ("x1", "x2")
    _refuses(_op, Bad("dim", Call(**{n: f32(2, 3) for n in _names}, dim=2), ("out of range", "2"), raises=IndexError))
