"""Elementwise functions that choose between MAP ops or put several together."""

import torch
import torch.nn.functional as F

from call import FLOATING, INTEGRAL, Call
from registry import Bad, errors_of, samples_of
from samples.wrong import f32, i64


@samples_of("clamp", judge=torch.clamp, dtypes=FLOATING + INTEGRAL)
def _(draw):
    x = draw.tensor(low=-3, high=3)
    bound = lambda low: draw.tensor(draw.broadcast_to(list(x.value.shape)), low=low, high=low + 2)
    low, high = draw.choice((True, False), (False, True), (True, True))
    return Call(input=x, min=bound(-3) if low else None, max=bound(1) if high else None)


@errors_of("clamp")
def _():
    yield Bad("no bound", Call(input=f32(2)), ("min", "max", "None"), raises=RuntimeError)
    yield Bad("min of another shape", Call(input=f32(2, 3), min=f32(4)), ("(2, 3)", "(4,)"))


def _div(input, other, rounding_mode):
    return torch.div(input, other, rounding_mode=rounding_mode)


@samples_of("div_rounded", judge=_div, dtypes=FLOATING + INTEGRAL)
def _(draw):
    x = draw.tensor(low=2.2, high=2.8) if draw.smooth else draw.tensor(low=-9, high=9)
    low, high = (0.96, 1.04) if draw.smooth else (1, 4)
    other = draw.tensor(draw.broadcast_to(list(x.value.shape)), low=low, high=high)
    return Call(input=x, other=other, rounding_mode=draw.choice("floor", "trunc", None))


@errors_of("div_rounded")
def _():
    yield Bad("unknown mode", Call(input=f32(2), other=f32(2), rounding_mode="up"), ("rounding_mode", "up"))


@samples_of("float_power", judge=torch.float_power)
def _(draw):
    x = draw.tensor(low=0.2, high=3)
    return Call(input=x, exponent=draw.tensor(draw.broadcast_to(list(x.value.shape)), low=0, high=3))


@samples_of("nan_to_num", judge=torch.nan_to_num, exact=True)
def _(draw):
    x = draw.tensor()
    flat = x.value.reshape(-1)
    if x.is_floating and not draw.smooth:
        for place in range(min(3, flat.numel())):
            flat[place] = draw.choice(float("nan"), float("inf"), float("-inf"))
    number = lambda: draw.maybe(draw.uniform(-5, 5))
    return Call(input=x, nan=draw.uniform(-5, 5), posinf=number(), neginf=number())


@samples_of("logit_within", judge=torch.logit)
def _(draw):
    eps = draw.maybe(draw.uniform(0.01, 0.2), 0.8)
    return Call(input=draw.tensor(low=0.25 if draw.smooth else 0.01, high=0.75 if draw.smooth else 0.99), eps=eps)


@samples_of("gelu_approximate", judge=F.gelu, dtypes=FLOATING)
def _(draw):
    return Call(input=draw.tensor(), approximate=draw.choice("none", "tanh"))


@errors_of("gelu_approximate")
def _():
    yield Bad("unknown way", Call(input=f32(2), approximate="erf"), ("approximate", "erf"), raises=RuntimeError)


@samples_of("prelu", judge=F.prelu, dtypes=FLOATING)
def _(draw):
    x = draw.tensor(draw.shape(least=1), **({"low": 0.1} if draw.smooth else {}))
    channels = x.value.shape[1] if x.value.dim() > 1 else 1
    return Call(input=x, weight=draw.tensor([draw.choice(1, channels)], low=-1, high=1))


@errors_of("prelu")
def _():
    yield Bad("too few weights", Call(input=f32(2, 3), weight=f32(2)), ("(2,)", "(2, 3)", "channels"))
    yield Bad("weights of rank 2", Call(input=f32(2, 3), weight=f32(3, 1)), ("(3, 1)",))
    yield Bad("integers", Call(input=i64(2, 3), weight=i64(3)), ("prelu",))
