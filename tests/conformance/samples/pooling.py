"""Pooling: the largest, the mean and the norm of windows, and the way back."""

import math

import rushlight
import torch
import torch.nn.functional as F

import bridge
from call import FLOATING, INTEGRAL, LAYOUTS, Array, Call
from judge import expect, expect_equal
from registry import Bad, errors_of, law_of, samples_of
from samples.wrong import f32, i64, of

NUMBERS = FLOATING + INTEGRAL
RANKS = (1, 2, 3)


def _by_rank(name):
    """PyTorch's function for an op of any rank."""
    return lambda input, *arguments, **options: getattr(F, name.format(input.dim() - 2))(input, *arguments, **options)


def _each(draw, rank, low, high):
    return [draw.integer(low, high) for _ in range(rank)]


def _one_or_each(draw, numbers):
    return numbers[0] if len(set(numbers)) == 1 and draw.boolean() else numbers


def _batch(draw):
    return [0 if draw.wish == "empty" else draw.integer(1, 2) if draw.smooth or draw.chance(0.95) else 0]


def _sliding(draw, rank, dilates):
    """Options of a window, and an image that it fits into."""
    kernel = _each(draw, rank, 1, 3 if rank < 3 else 2)
    facts = dict(
        kernel_size=kernel, stride=_each(draw, rank, 1, 3), padding=[draw.integer(0, k // 2) for k in kernel]
    )
    dilation = _each(draw, rank, 1, 2) if dilates else [1] * rank
    if dilates:
        facts["dilation"] = dilation
    sizes = [max(1, d * (k - 1) + 1 + draw.integer(0, 4 if rank < 3 else 2)) for k, d in zip(kernel, dilation)]
    return facts, sizes


def _image(draw, rank, sizes, batched=False, **options):
    batch = _batch(draw) if batched or draw.chance(0.7) else []
    return draw.tensor(batch + [draw.integer(1, 3)] + sizes, **options)


def _loose(draw, facts):
    """As people write it: one number for all, no stride."""
    facts = {name: _one_or_each(draw, numbers) for name, numbers in facts.items()}
    if draw.chance(0.3):
        facts["stride"] = None
    return facts


# -- the largest


@samples_of("max_pool", judge=lambda **a: _by_rank("max_pool{}d_with_indices")(**a), dtypes=NUMBERS)
def _(draw):
    rank = draw.integer(1, 3)
    facts, sizes = _sliding(draw, rank, dilates=True)
    return Call(input=_image(draw, rank, sizes, batched=True), **facts, ceil_mode=draw.boolean())


def _max_pool_gradient(grad, indices, size):
    planes = torch.zeros([*grad.shape[:2], math.prod(size)], dtype=grad.dtype)
    return planes.scatter_add(-1, indices.flatten(2), grad.flatten(2)).reshape([*grad.shape[:2], *size])


@samples_of("max_pool_gradient", judge=_max_pool_gradient, dtypes=FLOATING)
def _(draw):
    rank = draw.integer(1, 3)
    size, shape = _each(draw, rank, 1, 4), [*_batch(draw), draw.integer(1, 3), *_each(draw, rank, 1, 3)]
    return Call(grad=draw.tensor(shape), indices=draw.integers(shape, 0, math.prod(size)), size=size)


def _max_pool(rank):
    def sample(draw):
        facts, sizes = _sliding(draw, rank, dilates=True)
        return Call(input=_image(draw, rank, sizes), **_loose(draw, facts), ceil_mode=draw.boolean())

    return sample


def _output_size(draw, sizes, keeps=True):
    wanted = [draw.integer(0 if draw.chance(0.05) and not draw.smooth else 1, size + 2) for size in sizes]
    wanted = [None if keeps and draw.chance(0.2) else size for size in wanted]
    return wanted[0] if wanted[0] is not None and len(set(wanted)) == 1 and draw.boolean() else wanted


@samples_of("adaptive_max_pool", judge=_by_rank("adaptive_max_pool{}d_with_indices"), dtypes=NUMBERS)
def _(draw):
    sizes = _each(draw, draw.integer(1, 3), 1, 4)
    return Call(input=_image(draw, len(sizes), sizes, batched=True), output_size=_output_size(draw, sizes, keeps=False))


def _adaptive(rank):
    def sample(draw):
        sizes = _each(draw, rank, 1, 6 if rank < 3 else 4)
        return Call(input=_image(draw, rank, sizes), output_size=_output_size(draw, sizes))

    return sample


def _kept(function):
    """PyTorch's 1d functions take no None."""

    def judge(input, output_size):
        if output_size == [None]:
            output_size = input.shape[-1]
        return function(input, output_size)

    return judge


# -- the mean


def _mean_options(draw):
    divisor = draw.choice(1, 2, 5, -3) if draw.chance(0.3) else None
    return dict(ceil_mode=draw.boolean(), count_include_pad=draw.boolean(), divisor_override=divisor)


def _avg_pool_of_any_rank(input, divisor_override, **options):
    rest = {} if input.dim() == 3 else dict(divisor_override=divisor_override)
    means = _by_rank("avg_pool{}d")(input, **options, **rest)
    if rest or divisor_override is None:
        return means
    options = {name: [1, *v] if isinstance(v, list) else v for name, v in options.items()}
    options["padding"][0] = 0
    return F.avg_pool2d(input.unsqueeze(2), **options, divisor_override=divisor_override).squeeze(2)


@samples_of("avg_pool", judge=_avg_pool_of_any_rank, dtypes=NUMBERS)
def _(draw):
    rank = draw.integer(1, 3)
    facts, sizes = _sliding(draw, rank, dilates=False)
    return Call(input=_image(draw, rank, sizes, batched=True), **facts, **_mean_options(draw))


def _avg_pool(rank):
    def sample(draw):
        facts, sizes = _sliding(draw, rank, dilates=False)
        options = _mean_options(draw)
        if rank == 1:
            del options["divisor_override"]
        return Call(input=_image(draw, rank, sizes), **_loose(draw, facts), **options)

    return sample


def _avg_pool_gradient(grad, size, **options):
    image = torch.zeros([*grad.shape[:2], *size], dtype=grad.dtype, requires_grad=True)
    with torch.enable_grad():
        means = _avg_pool_of_any_rank(image, **options)
        return torch.autograd.grad(means, image, grad, create_graph=grad.requires_grad)[0]


@samples_of("avg_pool_gradient", judge=_avg_pool_gradient, dtypes=FLOATING)
def _(draw):
    rank = draw.integer(1, 3)
    facts, sizes = _sliding(draw, rank, dilates=False)
    options = _mean_options(draw)
    shape = _avg_pool_of_any_rank(torch.zeros([*_batch(draw), 2, *sizes]), **facts, **options).shape
    return Call(grad=draw.tensor(list(shape)), size=sizes, **facts, **options)


# -- the way back, and norms


def _max_unpool(rank):
    def sample(draw):
        kernel = _each(draw, rank, 1, 3 if rank < 3 else 2)
        stride = [k + draw.integer(0, 1) for k in kernel]  # apart: no place is written twice
        padding = [draw.integer(0, k // 2) for k in kernel]
        sizes = [max(k, s + draw.integer(0, 3)) for k, s in zip(kernel, stride)]
        image = _image(draw, rank, sizes, dtype="float64").value
        pool = getattr(F, f"max_pool{rank}d_with_indices")
        largest, indices = pool(image, kernel, stride, padding)
        found = [(o - 1) * s + k - 2 * p for o, s, k, p in zip(largest.shape[-rank:], stride, kernel, padding)]
        asked = draw.choice(sizes, list(image.shape)) if len(image.shape) == rank + 2 else sizes
        usual = _loose(draw, dict(kernel_size=kernel, stride=stride, padding=padding))
        if usual["stride"] is None and stride != kernel:
            usual["stride"] = stride
        return Call(
            input=draw.tensor(list(largest.shape)),
            indices=Array(indices, LAYOUTS[:-1], differentiable=False),
            **usual,
            output_size=None if sizes == found and draw.boolean() else asked,
        )

    return sample


def _moves(function):
    """PyTorch moves no truth values."""

    def judge(input, indices, **options):
        moved = function(input.to(torch.uint8) if input.dtype == torch.bool else input, indices, **options)
        return moved.to(input.dtype)

    return judge


def _lp_pool(rank):
    def sample(draw):
        facts, sizes = _sliding(draw, rank, dilates=False)
        del facts["padding"]
        facts = _loose(draw, facts)
        facts["kernel_size"] = facts["kernel_size"] if rank > 1 else _plain(facts["kernel_size"])
        order = draw.choice(1.0, 2.0, 3.0, 1.5, float("inf"), float("-inf"))
        return Call(input=_image(draw, rank, sizes, low=0.3), norm_type=order, **facts, ceil_mode=draw.boolean())

    return sample


def _plain(number):
    """PyTorch's lp_pool1d multiplies by its kernel_size: no list."""
    return number[0] if isinstance(number, list) else number


# -- wrong calls


def _image_of(rank, *front):
    return f32(*front, *[4] * rank)


def _ranks_taken(rank):
    """Without a batch, and with one."""
    return f"{rank + 1}D (unbatched)", f"{rank + 2}D (batched)"


def _slides_wrongly(rank, has_dilation):
    def calls():
        image = _image_of(rank, 1, 2)
        yield Bad("kernel", Call(input=image, kernel_size=0), ("kernel_size", "at least 1", "0"))
        yield Bad("kernel per dimension", Call(input=image, kernel_size=[2] * (rank + 1)), ("kernel_size", "2"))
        yield Bad("stride", Call(input=image, kernel_size=2, stride=0), ("stride", "at least 1"))
        yield Bad("padding", Call(input=image, kernel_size=2, padding=2), ("padding", "half", "2"))
        yield Bad("negative padding", Call(input=image, kernel_size=2, padding=-1), ("padding", "-1"))
        yield Bad("too large", Call(input=image, kernel_size=5), ("fit", "5", "4"))
        yield Bad("rank", Call(input=f32(4), kernel_size=2), ("input", "(4,)", *_ranks_taken(rank)))
        yield Bad("empty", Call(input=f32(1, 0, *[4] * rank), kernel_size=2), ("empty", "(1, 0"))
        yield Bad("bool", Call(input=of("bool", 1, 2, *[4] * rank), kernel_size=2), ("bool", "uint8"))
        yield Bad("huge", Call(input=image, kernel_size=2, stride=2**40), ("stride", str(2**31 - 1)))
        if has_dilation:
            yield Bad("dilation", Call(input=image, kernel_size=2, dilation=0), ("dilation", "at least 1"))
        elif rank > 1:
            yield Bad("divisor", Call(input=image, kernel_size=2, divisor_override=0), ("divisor_override", "0"))

    return calls


def _adapts_wrongly(rank):
    def calls():
        image = _image_of(rank, 1, 2)
        yield Bad("negative", Call(input=image, output_size=-1), ("output_size", "-1"))
        yield Bad("sizes", Call(input=image, output_size=[2] * (rank + 1)), ("output_size", str(rank)))
        yield Bad("rank", Call(input=f32(4), output_size=2), ("input", "(4,)", *_ranks_taken(rank)))
        yield Bad("empty", Call(input=f32(1, 2, *[0] * rank), output_size=2), ("empty", "(1, 2, 0"))
        yield Bad("bool", Call(input=of("bool", 1, 2, *[4] * rank), output_size=2), ("bool",))

    return calls


def _unpools_wrongly(rank):
    def calls():
        image, indices = _image_of(rank, 1, 2), i64(1, 2, *[4] * rank)
        yield Bad("dtype", Call(input=image, indices=of("int32", *image.value.shape), kernel_size=2), ("int64",))
        yield Bad("shape", Call(input=image, indices=i64(1, 2), kernel_size=2), ("indices", "(1, 2)"))
        size = Call(input=image, indices=indices, kernel_size=2, output_size=[20] * rank)
        yield Bad("size", size, ("output_size", "20", "above 6", "below 10"))
        size = Call(input=image, indices=indices, kernel_size=2, output_size=[8] * (rank + 1))
        yield Bad("sizes", size, ("output_size", str(rank + 2)))
        far = Array(indices.value * 1000, differentiable=False)
        yield Bad("beyond", Call(input=image, indices=far, kernel_size=2), ("index", "1000"))
        yield Bad("rank", Call(input=f32(4), indices=i64(4), kernel_size=2), ("input", "(4,)", *_ranks_taken(rank)))
        yield Bad("kernel", Call(input=image, indices=indices, kernel_size=0), ("kernel_size", "0"))

    return calls


def _norms_wrongly(rank):
    def calls():
        image = _image_of(rank, 1, 2)
        yield Bad("order", Call(input=image, norm_type=0.0, kernel_size=2), ("norm_type", "0"))
        yield Bad("kernel", Call(input=image, norm_type=2.0, kernel_size=0), (f"[lp_pool{rank}d] kernel_size", "0"))
        yield Bad("stride", Call(input=image, norm_type=2.0, kernel_size=2, stride=0), ("stride", "at least 1"))
        yield Bad("too large", Call(input=image, norm_type=2.0, kernel_size=5), ("fit", "5"))
        yield Bad("rank", Call(input=f32(4), norm_type=2.0, kernel_size=2), ("input", "(4,)", *_ranks_taken(rank)))

    return calls


for _rank in RANKS:
    for _ending in ("", "_with_indices"):
        _name = f"max_pool{_rank}d{_ending}"
        samples_of(_name, judge=getattr(F, _name), dtypes=NUMBERS)(_max_pool(_rank))
        errors_of(_name)(_slides_wrongly(_rank, has_dilation=True))
        _name = f"adaptive_max_pool{_rank}d{_ending}"
        samples_of(_name, judge=_kept(getattr(F, _name)), dtypes=NUMBERS)(_adaptive(_rank))
        errors_of(_name)(_adapts_wrongly(_rank))
    _name = f"avg_pool{_rank}d"
    samples_of(_name, judge=getattr(F, _name), dtypes=NUMBERS)(_avg_pool(_rank))
    errors_of(_name)(_slides_wrongly(_rank, has_dilation=False))
    _name = f"adaptive_avg_pool{_rank}d"
    samples_of(_name, judge=_kept(getattr(F, _name)), dtypes=FLOATING)(_adaptive(_rank))
    errors_of(_name)(_adapts_wrongly(_rank))
    _name = f"max_unpool{_rank}d"
    samples_of(_name, judge=_moves(getattr(F, _name)))(_max_unpool(_rank))
    errors_of(_name)(_unpools_wrongly(_rank))
    if _rank < 3:
        _name = f"lp_pool{_rank}d"
        samples_of(_name, judge=getattr(F, _name), units=256)(_lp_pool(_rank))
        errors_of(_name)(_norms_wrongly(_rank))


@errors_of("max_pool")
def _():
    def call(input=f32(1, 2, 4), **options):
        usual = dict(kernel_size=[2], stride=[2], padding=[0], dilation=[1], ceil_mode=False)
        return Call(input=input, **{**usual, **options})

    yield Bad("no batch", call(input=f32(2, 4)), ("batch", "(2, 4)"))
    yield Bad("too large", call(kernel_size=[5]), ("fit", "5", "(1, 2, 4)"))
    yield Bad("padding", call(padding=[2]), ("half", "(2,)"))
    yield Bad("dilation", call(dilation=[0]), ("dilation", "(0,)"))
    yield Bad("per dimension", call(stride=[1, 1]), ("stride", "(1, 1)"))


@errors_of("max_pool_gradient")
def _():
    grad, indices = f32(1, 2, 3), i64(1, 2, 3)
    yield Bad("no batch", Call(grad=f32(2, 3), indices=i64(2, 3), size=[4]), ("batch", "(2, 3)"))
    yield Bad("whole numbers", Call(grad=i64(1, 2, 3), indices=indices, size=[4]), ("floating", "int64"))
    yield Bad("other indices", Call(grad=grad, indices=i64(1, 2, 4), size=[4]), ("(1, 2, 4)", "(1, 2, 3)"))
    yield Bad("floating indices", Call(grad=grad, indices=f32(1, 2, 3), size=[4]), ("int64", "float32"))
    yield Bad("empty image", Call(grad=grad, indices=indices, size=[0]), ("size", "at least 1"))
    beyond = Array(torch.full([1, 2, 3], 9), differentiable=False)
    yield Bad("out of bounds", Call(grad=grad, indices=beyond, size=[4]), ("9", "out of bounds", "4"), raises=IndexError)


@errors_of("adaptive_max_pool")
def _():
    yield Bad("no batch", Call(input=f32(2, 4), output_size=[2]), ("batch", "(2, 4)"))
    yield Bad("negative", Call(input=f32(1, 2, 4), output_size=[-2]), ("output_size", "-2"))
    yield Bad("per dimension", Call(input=f32(1, 2, 4), output_size=[2, 2]), ("output_size", "(2, 2)"))
    yield Bad("empty", Call(input=f32(1, 2, 0), output_size=[2]), ("empty", "(1, 2, 0)"))
    yield Bad("bool", Call(input=of("bool", 1, 2, 4), output_size=[2]), ("bool",))


def _mean_call(tensor, **options):
    usual = dict(kernel_size=[2], stride=[2], padding=[0], ceil_mode=False, count_include_pad=True, divisor_override=None)
    return Call(**tensor, **{**usual, **options})


@errors_of("avg_pool")
def _():
    image = dict(input=f32(1, 2, 4))
    yield Bad("no batch", _mean_call(dict(input=f32(2, 4))), ("batch", "(2, 4)"))
    yield Bad("too large", _mean_call(image, kernel_size=[5]), ("fit", "5", "(1, 2, 4)"))
    yield Bad("padding", _mean_call(image, padding=[2]), ("half", "(2,)"))
    yield Bad("divisor", _mean_call(image, divisor_override=0), ("divisor_override", "0"))
    yield Bad("per dimension", _mean_call(image, stride=[1, 1]), ("stride", "(1, 1)"))


@errors_of("avg_pool_gradient")
def _():
    grad = dict(grad=f32(1, 2, 2))
    yield Bad("another size", _mean_call(grad, size=[7]), ("(1, 2, 7)", "(1, 2, 3)", "(1, 2, 2)"))
    yield Bad("whole numbers", _mean_call(dict(grad=i64(1, 2, 2)), size=[4]), ("floating", "int64"))
    yield Bad("empty image", _mean_call(grad, size=[0]), ("size", "at least 1"))
    yield Bad("no batch", _mean_call(dict(grad=f32(2, 2)), size=[4]), ("batch", "(2, 2)"))
    yield Bad("divisor", _mean_call(grad, size=[4], divisor_override=0), ("divisor_override", "0"))


# -- laws


def _same(got, expected, what):
    for mine, theirs in zip(bridge.outputs_of(got), bridge.outputs_of(expected), strict=True):
        expect_equal(bridge.to_torch(mine), theirs, what)


@law_of("max_pool2d_with_indices")
def nan_and_infinity_win_as_in_pytorch():
    generator = torch.Generator().manual_seed(5)
    numbers = torch.tensor([float("nan"), float("-inf"), float("inf"), 0.0, 1.0, -0.0])
    for _ in range(20):
        image = numbers[torch.randint(0, 6, (2, 2, 6, 7), generator=generator)]
        image[0, 0] = float("-inf")
        given = bridge.to_rushlight(Array(image))
        _same(rushlight.max_pool2d_with_indices(given, 3, 2, 1), F.max_pool2d_with_indices(image, 3, 2, 1), "max_pool2d")
        adapted = F.adaptive_max_pool2d_with_indices(image, (4, 3))
        _same(rushlight.adaptive_max_pool2d_with_indices(given, (4, 3)), adapted, "adaptive_max_pool2d")


@law_of("max_pool2d")
def channels_last_stays():
    image = torch.rand(2, 3, 6, 8).contiguous(memory_format=torch.channels_last)
    given = rushlight.clone(bridge.to_rushlight(Array(image)), memory_format="channels_last")
    for name, arguments in (("max_pool2d", (2,)), ("avg_pool2d", (2,)), ("adaptive_avg_pool2d", (3,)), ("interpolate", (5,))):
        got, expected = getattr(rushlight, name)(given, *arguments), getattr(F, name)(image, *arguments)
        expect(tuple(got.stride()) == expected.stride(), name, "has strides", got.stride(), "not", expected.stride())
