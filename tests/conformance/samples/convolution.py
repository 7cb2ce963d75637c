"""Convolutions and padding."""

import torch
import torch.nn.functional as F

from call import FLOATING, INTEGRAL, Call
from registry import Bad, errors_of, samples_of
from samples.wrong import f32, of


def _numbers(draw, rank, low, high):
    """One number for each spatial dimension."""
    return [draw.integer(low, high) for _ in range(rank)]


def _one_or_each(draw, numbers):
    return numbers[0] if len(set(numbers)) == 1 and draw.boolean() else numbers


def _geometry(draw, rank):
    groups = draw.choice(1, 1, 2)
    kernel = _numbers(draw, rank, 1, 3 if rank < 3 else 2)
    facts = dict(stride=_numbers(draw, rank, 1, 2), padding=_numbers(draw, rank, 0, 2), dilation=_numbers(draw, rank, 1, 2))
    return groups, kernel, facts


def _image(draw, rank, kernel, dilation, channels, batch):
    """Every dimension is at least as long as the window."""
    sizes = [d * (k - 1) + 1 + draw.integer(0, 3 if rank < 3 else 1) for k, d in zip(kernel, dilation)]
    return draw.tensor(batch + [channels] + sizes)


def _batch(draw):
    return [0 if draw.wish == "empty" else draw.integer(1, 2)]


def _convolution(draw):
    rank = draw.integer(1, 3)
    groups, kernel, facts = _geometry(draw, rank)
    transposed = draw.boolean()
    inputs, outputs = groups * draw.integer(1, 2), groups * draw.integer(1, 2)
    more = [draw.integer(0, max(s, d) - 1) for s, d in zip(facts["stride"], facts["dilation"])]
    if transposed:
        facts["padding"] = [0] * rank
    shape = [inputs, outputs // groups] if transposed else [outputs, inputs // groups]
    return Call(
        input=_image(draw, rank, kernel, facts["dilation"], inputs, _batch(draw)),
        weight=draw.tensor(shape + kernel),
        bias=draw.maybe(draw.tensor([outputs])),
        **facts,
        transposed=transposed,
        output_padding=more if transposed else [0] * rank,
        groups=groups,
    )


samples_of("convolution", judge=torch.convolution, dtypes=FLOATING + INTEGRAL, multilinear=True)(_convolution)


def _weight_gradient(input, grad, kernel_size, stride, padding, dilation, groups):
    functions = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
    shape = [grad.shape[1], input.shape[1] // groups, *kernel_size]
    weight = torch.zeros(shape, dtype=input.dtype, requires_grad=True)
    with torch.enable_grad():
        out = functions[len(kernel_size)](input, weight, None, stride, padding, dilation, groups)
        return torch.autograd.grad(out, weight, grad, create_graph=True)[0]


@samples_of("convolution_weight_gradient", judge=_weight_gradient, dtypes=FLOATING + INTEGRAL, multilinear=True)
def _(draw):
    rank = draw.integer(1, 3)
    groups, kernel, facts = _geometry(draw, rank)
    batch, channels = _batch(draw), groups * draw.integer(1, 2)
    input = _image(draw, rank, kernel, facts["dilation"], channels, batch)
    steps = zip(input.value.shape[2:], kernel, *facts.values())
    positions = [(size + 2 * p - d * (k - 1) - 1) // s + 1 for size, k, s, p, d in steps]
    grad = draw.tensor(batch + [groups * draw.integer(1, 2)] + positions)
    return Call(input=input, grad=grad, kernel_size=kernel, **facts, groups=groups)


def _by_rank(rank, transposed):
    def sample(draw):
        groups, kernel, facts = _geometry(draw, rank)
        inputs, outputs = groups * draw.integer(1, 2), groups * draw.integer(1, 2)
        if transposed:
            facts["padding"] = [0] * rank
            limits = zip(facts["stride"], facts["dilation"])
            facts["output_padding"] = [draw.integer(0, max(s, d) - 1) for s, d in limits]
        batch = [] if draw.chance(0.3) else _batch(draw)
        input = _image(draw, rank, kernel, facts["dilation"], inputs, batch)
        shape = [inputs, outputs // groups] if transposed else [outputs, inputs // groups]
        facts = {name: _one_or_each(draw, numbers) for name, numbers in facts.items()}
        return Call(
            input=input, weight=draw.tensor(shape + kernel), bias=draw.maybe(draw.tensor([outputs])), **facts, groups=groups
        )

    return sample


def _by_name(rank):
    def sample(draw):
        groups, kernel, facts = _geometry(draw, rank)
        padding = draw.choice("same", "same", "valid")
        inputs, outputs = groups * draw.integer(1, 2), groups * draw.integer(1, 2)
        return Call(
            input=_image(draw, rank, kernel, facts["dilation"], inputs, _batch(draw)),
            weight=draw.tensor([outputs, inputs // groups] + kernel),
            bias=draw.maybe(draw.tensor([outputs])),
            stride=1 if padding == "same" else facts["stride"],
            padding=padding,
            dilation=facts["dilation"],
            groups=groups,
        )

    return sample


def _wrong(rank):
    def calls():
        image, kernel = f32(1, 2, *[4] * rank), f32(2, 2, *[2] * rank)
        yield Bad("channels", Call(input=f32(1, 3, *[4] * rank), weight=kernel), ("channels", "3"))
        taken = f"{rank + 1}D (unbatched)", f"{rank + 2}D (batched)"
        yield Bad("rank", Call(input=f32(4), weight=kernel), ("input", "(4,)", *taken))
        flat = Call(input=image, weight=f32(2, 2))
        yield Bad("weight's rank", flat, ("weight", "at least 3", "(2, 2)"))
        yield Bad("dtypes", Call(input=image, weight=of("float64", 2, 2, *[2] * rank)), ("float32", "float64"))
        yield Bad("bias", Call(input=image, weight=kernel, bias=f32(3)), ("bias", "(2,)", "(3,)"))
        yield Bad("stride", Call(input=image, weight=kernel, stride=0), ("stride", "0"))
        yield Bad("padding", Call(input=image, weight=kernel, padding=-1), ("padding", "-1"))
        yield Bad("dilation", Call(input=image, weight=kernel, dilation=0), ("dilation", "0"))
        yield Bad("groups", Call(input=image, weight=kernel, groups=0), ("groups", "0"))

    return calls


def _wrong_by_name(rank):
    def calls():
        image, kernel = f32(1, 2, *[4] * rank), f32(2, 2, *[2] * rank)
        yield Bad("name", Call(input=image, weight=kernel, padding="full"), ("same", "full"))
        yield Bad("stride", Call(input=image, weight=kernel, stride=2, padding="same"), ("stride", "same"))
        yield Bad("channels", Call(input=f32(1, 3, *[4] * rank), weight=kernel, padding="same"), ("channels", "3"))
        yield Bad("rank", Call(input=f32(4), weight=kernel, padding="same"), ("input", "(4,)"))
        yield Bad("kernel", Call(input=image, weight=f32(2), padding="same"), (f"weight must have {rank + 2} dim",))

    return calls


for _rank in (1, 2, 3):
    _judge = getattr(F, f"conv{_rank}d")
    samples_of(f"conv{_rank}d", judge=_judge, dtypes=FLOATING + INTEGRAL, multilinear=True)(_by_rank(_rank, False))
    samples_of(f"conv{_rank}d_named", judge=_judge, dtypes=FLOATING + INTEGRAL, multilinear=True)(_by_name(_rank))
    _judge = getattr(F, f"conv_transpose{_rank}d")
    samples_of(f"conv_transpose{_rank}d", judge=_judge, dtypes=FLOATING + INTEGRAL, multilinear=True)(_by_rank(_rank, True))
    errors_of(f"conv{_rank}d")(_wrong(_rank))
    errors_of(f"conv{_rank}d_named")(_wrong_by_name(_rank))
    errors_of(f"conv_transpose{_rank}d")(_wrong(_rank))


@errors_of("convolution")
def _():
    def call(input=f32(1, 2, 4), weight=f32(2, 2, 3), bias=None, **options):
        usual = dict(stride=[1], padding=[0], dilation=[1], transposed=False, output_padding=[0], groups=1)
        return Call(input=input, weight=weight, bias=bias, **{**usual, **options})

    yield Bad("too small", call(input=f32(1, 2, 2)), ("fit", "(1, 2, 2)", "(2, 2, 3)"))
    yield Bad("an empty kernel", call(weight=f32(2, 2, 0)), ("kernel is empty", "(2, 2, 0)"))
    yield Bad("no batch", call(input=f32(2, 4)), ("batch", "(2, 4)"))
    yield Bad("weight's rank", call(weight=f32(2, 2)), ("weight", "at least 3", "(2, 2)"))
    yield Bad("nothing transposed", call(input=f32(1, 2, 0), transposed=True), ("input of shape (1, 2, 0) is too small",))
    yield Bad("output_padding", call(transposed=True, output_padding=[1]), ("output_padding", "1"))
    yield Bad("stride per dimension", call(stride=[1, 1]), ("stride", "(1, 1)"))
    yield Bad("groups", call(groups=3), ("groups=3",))
    yield Bad("bool", call(input=of("bool", 1, 2, 4), weight=of("bool", 2, 2, 3)), ("bool",))


@errors_of("convolution_weight_gradient")
def _():
    def call(input=f32(1, 2, 4), grad=f32(1, 2, 2), kernel_size=(3,), **options):
        usual = dict(stride=[1], padding=[0], dilation=[1], groups=1)
        return Call(input=input, grad=grad, kernel_size=list(kernel_size), **{**usual, **options})

    yield Bad("another size", call(grad=f32(1, 2, 3)), ("(1, 2, 4)", "(1, 2, 3)"))
    yield Bad("another batch", call(grad=f32(2, 2, 2)), ("(1, 2, 4)", "(2, 2, 2)"))
    yield Bad("another rank", call(grad=f32(1, 2)), ("takes (1, 2, 4) to (1, 2)",))
    yield Bad("kernel rank", call(kernel_size=(3, 3)), ("kernel", "2"))
    yield Bad("empty kernel", call(kernel_size=(0,)), ("kernel_size", "1"))
    yield Bad("dtypes", call(grad=of("float64", 1, 2, 2)), ("float32", "float64"))


# -- pad


def _pad_call(draw):
    mode = draw.choice("constant", "reflect", "replicate", "circular")
    if mode == "constant":
        shape = draw.shape()
        least = draw.choice(0, -1)  # negative numbers take away
        frame = [draw.integer(least, 2) for _ in range(2 * draw.integer(0, len(shape)))]
        return Call(input=draw.tensor(shape), pad=frame, mode=mode, value=draw.maybe(draw.uniform(-2, 2)))
    rank, fewest = draw.integer(1, 2), draw.choice(0, 0, -1)
    least = 3 if fewest else {"reflect": 3, "replicate": 1, "circular": 2}[mode]
    shape = _batch(draw) + [draw.integer(1, 2)] + [draw.integer(least, 5) for _ in range(rank)]
    return Call(input=draw.tensor(shape), pad=[draw.integer(fewest, 2) for _ in range(2 * rank)], mode=mode, value=draw.choice(None, 0.0))


samples_of("pad", judge=F.pad)(_pad_call)


@errors_of("pad")
def _():
    yield Bad("odd", Call(input=f32(1, 2, 4), pad=[1]), ("divisible", "(1,)"))
    yield Bad("too many", Call(input=f32(4), pad=[1, 1, 1, 1]), ("twice", "(4,)"))
    yield Bad("takes too much", Call(input=f32(1, 2, 4), pad=[-3, -2]), ("4", "-3", "-2"))
    huge = Call(input=f32(1, 2, 4), pad=[2**62, 2**62 + 1])
    yield Bad("64 bits", huge, ("padding 4611686018427387904 and 4611686018427387905", "64 bits"))
    more = Call(input=f32(1, 2, 4), pad=[-5, 4])
    yield Bad("takes more than there is", more, ("4", "-5", "negative size along dimension 2"))
    yield Bad("mode", Call(input=f32(1, 2, 4), pad=[1, 1], mode="mirror"), ("reflect", "mirror"), raises=None)
    yield Bad("value", Call(input=f32(1, 2, 4), pad=[1, 1], mode="circular", value=1.0), ("circular", "no value"))
    yield Bad("reflects too far", Call(input=f32(1, 2, 4), pad=[4, 0], mode="reflect"), ("reflect", "(1, 2, 4)"))
    yield Bad("wraps twice", Call(input=f32(1, 2, 4), pad=[5, 0], mode="circular"), ("circular", "(1, 2, 4)"))
