"""Draws with parameters of their own: their range and statistics can be judged, the numbers are theirs."""

import rushlight
import torch

from call import EVERY_DTYPE, FLOATING, Array, Call, torch_dtype
from judge import expect
from registry import Bad, errors_of, law_of, samples_of
from samples.random import SEEDED, key
from samples.wrong import f32, i64, of

WIDEST = 9  # no draw is further from its mean, in standard deviations


def _near(result, mean, std, size=None):
    """`result` where it has the right shape and is no further than it may be; else NaN."""
    reach = WIDEST * torch.as_tensor(std).double() + 0.05 * torch.as_tensor(mean).double().abs()
    away = (result.double() - torch.as_tensor(mean).double()).abs()
    shape = list(size) if size is not None else list(torch.broadcast_shapes(*(t.shape for t in (mean, std) if hasattr(t, "shape"))))
    right = list(result.shape) == shape and bool((away <= reach).all())
    return result if right else torch.full(shape, torch.nan, dtype=result.dtype)


def _normal(result, mean, std=1.0, size=None, dtype=None, generator=None):
    leader = mean if hasattr(mean, "dtype") else std
    expected = dtype or (leader.dtype if hasattr(leader, "dtype") else torch.get_default_dtype())
    return _near(result, mean, std, size).to(expected)


def _generator(draw):
    return draw.maybe(draw.seeded())


@samples_of("normal", judge=_normal, dtypes=FLOATING, **SEEDED)
def _(draw):
    shape = draw.shape()
    mean = draw.tensor(draw.broadcast_to(shape), differentiable=False)
    std = draw.tensor(shape, low=0, dtype=draw.choice(draw.dtype, "float32"), differentiable=False)
    form = draw.integer(0, 2)
    return Call(mean=mean if form else draw.uniform(-2, 2), std=std if form < 2 else draw.uniform(0, 2), generator=_generator(draw))


samples_of("normal_mean", judge=_normal, dtypes=FLOATING, **SEEDED)(
    lambda d: Call(mean=d.tensor(differentiable=False), generator=_generator(d))
)


@samples_of("normal_sized", judge=_normal, dtypes=("float32",), **SEEDED)
def _(draw):
    dtype = draw.maybe(draw.floating_dtype())
    return Call(mean=draw.uniform(-2, 2), std=draw.uniform(0, 3), size=draw.shape(), dtype=dtype, generator=_generator(draw))


@samples_of(
    "normal_fill",
    judge=lambda result, input, mean=0, std=1, generator=None: _near(result, mean, std, input.shape),
    dtypes=FLOATING,
    **SEEDED,
)
def _(draw):
    return Call(input=draw.tensor(differentiable=False), mean=draw.uniform(-2, 2), std=draw.uniform(0, 3), generator=_generator(draw))


# -- random_ ----------------------------------------------------------------------------------------------------------


def last_whole(dtype):
    """The last whole number that a dtype holds with all before it."""
    if dtype == torch.bool:
        return 1
    if not dtype.is_floating_point:
        return min(torch.iinfo(dtype).max, 2**63 - 1)
    return int(2 / torch.finfo(dtype).eps)


def _whole(low=None, high=None):
    def judge(result, input, to=None, generator=None, **rest):
        lowest, highest = rest.get("from", 0), last_whole(input.dtype) if to is None else to - 1
        numbers = result.to(torch.int64)
        right = result.shape == input.shape and bool(((numbers >= lowest) & (numbers <= highest)).all())
        right &= not result.is_floating_point() or bool((numbers == result).all())
        return result if right else torch.empty(0, dtype=input.dtype)

    return judge


def _small(draw):
    return draw.tensor(differentiable=False)


samples_of("random_fill", judge=_whole(), exact=True, **SEEDED)(lambda d: Call(input=_small(d), generator=_generator(d)))


@samples_of("random_fill_below", judge=_whole(), exact=True, **SEEDED)
def _(draw):
    input = _small(draw)
    return Call(input=input, to=1 + draw.integer(0, min(last_whole(input.value.dtype), 100)), generator=_generator(draw))


@samples_of("random_fill_between", judge=_whole(), exact=True, **SEEDED)
def _(draw):
    input = _small(draw)
    signed = draw.dtype[0] in "fi" or draw.dtype == "bfloat16"
    low = draw.integer(-9 if signed else 0, min(last_whole(input.value.dtype), 9))
    high = draw.choice(None, low + draw.integer(1, 20)) if draw.dtype != "bool" else draw.choice(None, 2)
    return Call(input=input, **{"from": low}, to=high, generator=_generator(draw))


# -- multinomial ------------------------------------------------------------------------------------------------------


def _places(result, input, num_samples, replacement=False, **rest):
    """Places of the row, of positive weight while there are such, and different ones without replacement."""
    rows, weights = result.reshape(-1, num_samples), input.reshape(-1, input.shape[-1])
    right = list(result.shape) == list(input.shape[:-1]) + [num_samples] and bool(((rows >= 0) & (rows < input.shape[-1])).all())
    for row, weight in zip(rows, weights) if right else ():
        positive = int((weight > 0).sum())
        drawn = weight[row] > 0
        right &= bool(drawn.all() if replacement else drawn[:positive].all())
        right &= replacement or row.unique().numel() == num_samples
    return result if right else result - 1


def _weights(draw):
    shape = [0 if draw.wish == "empty" else draw.integer(1, 3)] * draw.integer(0, 1) + [draw.integer(1, 7)]
    weights = draw.tensor(shape, low=0, high=3, differentiable=False)
    weights.value[..., [0, draw.integer(0, shape[-1] - 1)]] = 1  # what can be drawn, the first too: it may be repeated
    return weights


def _draw_places(draw):
    weights, replacement = _weights(draw), draw.boolean()
    return weights, draw.integer(1, 12 if replacement else weights.value.shape[-1]), replacement


@samples_of("multinomial_with_key", judge=_places, dtypes=FLOATING, sees_result=True, gradients=False)
def _(draw):
    weights, count, replacement = _draw_places(draw)
    return Call(input=weights, key=key(draw), num_samples=count, replacement=replacement)


@samples_of("multinomial", judge=_places, dtypes=FLOATING, **SEEDED)
def _(draw):
    weights, count, replacement = _draw_places(draw)
    return Call(input=weights, num_samples=count, replacement=replacement, generator=_generator(draw))


# -- laws -------------------------------------------------------------------------------------------------------------


def _shares(places, categories):
    counts = torch.bincount(torch.tensor(places), minlength=categories).double()
    return counts / counts.sum()


def _expect_shares(shares, expected, count, what):
    deviation = (torch.tensor(expected) * (1 - torch.tensor(expected)) / count).sqrt()
    expect(bool(((shares - torch.tensor(expected)).abs() <= 5 * deviation + 1e-12).all()), what, shares.tolist(), "but should be", expected)


@law_of("multinomial")
def draws_in_proportion():
    rushlight.manual_seed(3)
    weights, count = rushlight.tensor([1.0, 0.0, 2.0, 5.0]), 40_000
    drawn = rushlight.multinomial(weights, count, replacement=True).tolist()
    _expect_shares(_shares(drawn, 4), [1 / 8, 0, 2 / 8, 5 / 8], count, "with replacement places come up")


@law_of("multinomial")
def the_second_without_replacement_comes_from_the_rest():
    rushlight.manual_seed(4)
    count = 20_000
    rows = rushlight.ones(count, 3) * rushlight.tensor([1.0, 2.0, 5.0])
    pairs = torch.tensor(rushlight.multinomial(rows, 2).tolist())
    weights = torch.tensor([1, 2, 5], dtype=torch.float64) / 8
    expected = [weights[a] * weights[b] / (1 - weights[a]) if a != b else 0 for a in range(3) for b in range(3)]
    _expect_shares(_shares((pairs[:, 0] * 3 + pairs[:, 1]).tolist(), 9), [float(e) for e in expected], count, "pairs come up")


@law_of("normal")
def has_the_mean_and_the_deviation_it_was_asked_for():
    rushlight.manual_seed(5)
    count = 40_000
    mean, std = rushlight.tensor([[-2.0], [3.0]]), rushlight.tensor([[0.5], [2.0]])
    numbers = torch.tensor(rushlight.normal(mean.expand(2, count), std).tolist(), dtype=torch.float64)
    for row, m, s in zip(numbers, (-2, 3), (0.5, 2)):
        expect(abs(row.mean() - m) < 5 * s / count**0.5, "the mean is", float(row.mean()), "but should be", m)
        expect(abs(row.std() / s - 1) < 0.02, "the deviation is", float(row.std()), "but should be", s)


@law_of("random_fill_between")
def every_number_is_as_likely():
    rushlight.manual_seed(6)
    count = 20_000
    drawn = rushlight.zeros(count, dtype=rushlight.int64).random_(-1, 3).tolist()
    _expect_shares(_shares([x + 1 for x in drawn], 4), [0.25] * 4, count, "numbers come up")


# -- wrong calls ------------------------------------------------------------------------------------------------------


@errors_of("normal")
def _():
    yield Bad("two numbers", Call(mean=0.0, std=1.0), ("normal", "size"), raises=TypeError)
    yield Bad("negative", Call(mean=f32(2), std=-1.0), ("normal", "std", "-1"))
    yield Bad("one is negative", Call(mean=0.0, std=Array(torch.tensor([1.0, -2.0]))), ("normal", "std", "-2"))
    yield Bad("shapes", Call(mean=f32(2), std=f32(3)), ("(2,)", "(3,)"))
    yield Bad("integers", Call(mean=i64(2), std=1.0), ("normal", "mean", "int64"))
    yield Bad("whole std", Call(mean=0.0, std=i64(2)), ("normal", "std", "int64"))


@errors_of("normal_mean")
def _():
    yield Bad("integers", Call(mean=i64(2)), ("normal", "mean", "int64"))
    yield Bad("a number", Call(mean=0.5), ("normal", "size"), raises=TypeError)


@errors_of("normal_sized")
def _():
    yield Bad("negative std", Call(mean=0.0, std=-1.0, size=[2]), ("normal", "std", "-1"))
    yield Bad("negative size", Call(mean=0.0, std=1.0, size=[-2]), ("normal", "-2"))


@errors_of("normal_fill")
def _():
    yield Bad("negative std", Call(input=f32(2), std=-1.0), ("normal", "std", "-1"))
    yield Bad("integers", Call(input=i64(2)), ("normal", "floating", "int64"))


@errors_of("random_fill_below")
def _():
    yield Bad("nothing", Call(input=f32(2), to=0), ("random_", "from 0", "to 0"))
    yield Bad("too large", Call(input=of("uint8", 2), to=257), ("random_", "256", "uint8", "255"))


@errors_of("random_fill_between")
def _():
    yield Bad("backwards", Call(input=f32(2), **{"from": 5}, to=2), ("random_", "from 5", "to 2"))
    yield Bad("negative", Call(input=of("uint8", 2), **{"from": -1}, to=2), ("random_", "-1", "uint8"))
    yield Bad("too large", Call(input=of("bool", 2), **{"from": 0}, to=3), ("random_", "2", "bool"))


def _bad_weights(form, **more):
    weights = lambda *numbers: Array(torch.tensor(numbers))
    yield Bad("negative", form(input=weights(1.0, -1.0), num_samples=1), ("multinomial", "negative", "-1"))
    yield Bad("not finite", form(input=weights(1.0, float("inf")), num_samples=1), ("multinomial", "finite", "inf"))
    yield Bad("all 0", form(input=weights(0.0, 0.0), num_samples=1), ("multinomial", "all 0"))
    yield Bad("no samples", form(input=f32(3), num_samples=0), ("multinomial", "num_samples", "0"))
    yield Bad("too many", form(input=f32(3), num_samples=4), ("multinomial", "4", "3", "without replacement"))
    yield Bad("integers", form(input=i64(3), num_samples=1), ("multinomial", "floating", "int64"))
    yield Bad("three dimensions", form(input=f32(1, 1, 3), num_samples=1), ("multinomial", "(1, 1, 3)"))
    yield Bad("nothing to draw from", form(input=f32(2, 0), num_samples=1), ("multinomial", "(2, 0)"))


@errors_of("multinomial")
def _():
    yield from _bad_weights(Call)


@errors_of("multinomial_with_key")
def _():
    yield from _bad_weights(lambda **arguments: Call(**arguments, key=of("uint64", 2), replacement=False))
    yield Bad("key", Call(input=f32(3), key=i64(2), num_samples=1, replacement=False), ("key", "random_key"), raises=TypeError)
