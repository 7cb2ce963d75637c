"""Short ways to say a tensor in a wrong call."""

import torch

from call import Array, torch_dtype


def of(dtype, *shape, layout="contiguous"):
    return Array(torch.ones(shape, dtype=torch_dtype(dtype)), layout=layout)


def f32(*shape, layout="contiguous"):
    return of("float32", *shape, layout=layout)


def i64(*shape):
    return of("int64", *shape)


def indices(*values):
    return Array(torch.tensor(values, dtype=torch.int64), differentiable=False)
