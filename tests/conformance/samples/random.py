"""Random ops: what they zero is theirs to choose; everything else follows from that choice."""

import functools

import rushlight
import torch

from call import FLOATING, Array, Call, DType
from judge import expect
from registry import Bad, errors_of, law_of, samples_of
from samples.wrong import f32, i64, of


def _dropped(result, input, p):
    """What dropout may return: each element is 0 or input / (1 - p)."""
    if p >= 1:
        return input * 0
    return torch.where(result == 0, torch.zeros_like(input), input / (1 - p))


def key(draw):
    value = torch.tensor([draw.integer(0, 2**40), draw.integer(0, 2**20)]).to(torch.uint64)
    return Array(value, differentiable=False)


def _probability(draw):
    return draw.choice(0.0, 1.0, 0.25, 0.9, draw.uniform(0, 1))


@samples_of(
    "dropout_with_key",
    judge=lambda result, input, key, p: _dropped(result, input, p),
    sees_result=True,
    dtypes=FLOATING,
)
def _(draw):
    return Call(input=draw.tensor(low=0.5), key=key(draw), p=_probability(draw))


def _dropout(result, input, p=0.5, training=True, generator=None):
    return _dropped(result, input, p) if training and p else input


@samples_of("dropout", judge=_dropout, sees_result=True, before=lambda: rushlight.manual_seed(5))
def _(draw):
    generator, input = draw.maybe(draw.seeded()), draw.tensor(low=0.5)
    training = input.is_floating and draw.chance(0.8)  # of whole numbers nothing can be dropped
    return Call(input=input, p=_probability(draw), training=training, generator=generator)


def _first_key(result, count, generator=None):
    """A new generator's first numbers start at counter 0 of its seed."""
    return torch.tensor([generator.seed if generator else 5, 0]).to(torch.uint64)


@samples_of(
    "random_key",
    judge=_first_key,
    sees_result=True,
    dtypes=(),
    before=lambda: rushlight.manual_seed(5),
)
def _(draw):
    return Call(count=draw.integer(0, 10**6), generator=draw.maybe(draw.seeded()))


# -- filled tensors: any numbers of the right range, shape and dtype ---------------------------------------------------


def _key_call(draw, **more):
    return Call(key=key(draw), size=draw.shape(), **more)


def _ranged(result, low, high, dtype, size):
    """`result` itself where it is what was asked for; else zeros of what was."""
    right = list(result.shape) == list(size) and bool(((result >= low) & (result < high)).all())
    return result if right else torch.full(list(size), float("nan"), dtype=torch.float64)


samples_of(
    "uniform_with_key",
    judge=lambda result, key, size, dtype: _ranged(result, 0, 1 + 1e-9, dtype, size),
    sees_result=True,
    dtypes=(),
)(lambda draw: _key_call(draw, dtype=draw.floating_dtype()))
samples_of(
    "normal_with_key",
    judge=lambda result, key, size, dtype: _ranged(result, -8.5, 8.5, dtype, size),
    sees_result=True,
    dtypes=(),
)(lambda draw: _key_call(draw, dtype=draw.floating_dtype()))


@samples_of(
    "integers_with_key",
    judge=lambda result, key, size, low, high, dtype: _ranged(result, low, high, dtype, size),
    sees_result=True,
    dtypes=(),
)
def _(draw):
    low = draw.integer(-20, 20)
    dtype = DType(draw.choice("int64", "int32", "float32", "int8"))
    return _key_call(draw, low=low, high=low + draw.integer(1, 20), dtype=dtype)


@samples_of(
    "permutation_with_key",
    judge=lambda result, key, n: result if sorted(result.tolist()) == list(range(n)) else torch.arange(n),
    sees_result=True,
    dtypes=(),
)
def _(draw):
    return Call(key=key(draw), n=draw.integer(0, 50))


# -- laws -------------------------------------------------------------------------------------------------------------


def _dropped_share(p, count=100_000):
    rushlight.manual_seed(11)
    kept = rushlight.dropout(rushlight.full([count], 1.0), p)
    return 1 - float(rushlight.sum(kept).item()) * (1 - p) / count


@law_of("dropout")
def zeroes_the_share_it_was_asked_for():
    for p in (0.1, 0.5, 0.8):
        share = _dropped_share(p)
        expect(abs(share - p) < 5 * (p * (1 - p) / 100_000) ** 0.5, f"dropout(p={p}) zeroed {share:.4f}")


@law_of("dropout_with_key")
def is_a_function_of_its_key():
    x = rushlight.full([1000], 1.0)
    key, next_key = (rushlight.random_key(1000, generator=g) for g in [rushlight.Generator().manual_seed(3)] * 2)
    first, again, other = (rushlight.dropout_with_key(x, k, 0.5).tolist() for k in (key, key, next_key))
    expect(first == again, "the same key gave other numbers")
    expect(first != other, "the next key gave the same numbers")
    same = sum(a == b for a, b in zip(first, other))
    expect(400 < same < 600, "two keys agree on", same, "of 1000 elements")


@law_of("random_key")
def ranges_do_not_overlap():
    generator = rushlight.Generator().manual_seed(9)
    starts = [rushlight.random_key(count, generator=generator).tolist()[1] for count in (1, 4, 5, 1000, 1)]
    used = [(count + 3) // 4 for count in (1, 4, 5, 1000)]
    for before, after, counters in zip(starts, starts[1:], used):
        expect(
            after - before >= counters, "a key starts at", after, "but the one before took", counters, "from", before
        )


# -- wrong calls ------------------------------------------------------------------------------------------------------


@errors_of("random_key")
def _():
    yield Bad("negative", Call(count=-1), ("random_key", "negative"), raises=ValueError)
    yield Bad("not whole", Call(count=1.5), ("random_key",), raises=TypeError)
    yield Bad("a word", Call(count="3"), ("random_key",), raises=TypeError)
    yield Bad("no generator", Call(count=1, generator=3), ("random_key",), raises=TypeError)
    yield Bad("count missing", Call(), ("random_key", "count"), raises=TypeError)


@errors_of("dropout_with_key")
def _():
    key = of("uint64", 2)
    for p in (-0.1, 1.5, float("nan")):
        yield Bad(f"p={p}", Call(input=f32(2), key=key, p=p), ("probability", "between 0 and 1"), raises=ValueError)
    yield Bad("key's dtype", Call(input=f32(2), key=i64(2), p=0.5), ("key", "random_key", "int64"), raises=TypeError)
    yield Bad("key's length", Call(input=f32(2), key=of("uint64", 3), p=0.5), ("key", "(3,)"), raises=TypeError)
    yield Bad("integers", Call(input=i64(2), key=key, p=0.5), ("input", "floating", "int64"))


@errors_of("dropout")
def _():
    for p in (-0.1, 1.5, float("nan")):
        yield Bad(f"p={p}", Call(input=f32(2), p=p), ("probability", "between 0 and 1"), raises=ValueError)
    yield Bad(
        "p too large, not training", Call(input=f32(2), p=2.0, training=False), ("probability",), raises=ValueError
    )
    yield Bad("integers", Call(input=i64(2)), ("input", "floating", "int64"))
    yield Bad("no generator", Call(input=f32(2), generator=3), ("dropout",), raises=TypeError)


def _key_errors(op_id, **arguments):
    @errors_of(op_id)
    def _():
        for name, key in {"dtype": i64(2), "length": of("uint64", 3)}.items():
            yield Bad(f"key's {name}", Call(key=key, **arguments), ("key", "random_key"), raises=TypeError)


_key_errors("uniform_with_key", size=[2], dtype=DType("float32"))
_key_errors("normal_with_key", size=[2], dtype=DType("float32"))
_key_errors("integers_with_key", size=[2], low=0, high=3, dtype=DType("int64"))
_key_errors("permutation_with_key", n=3)


# -- functions that draw a key: shape, dtype and range are asked for, the numbers are theirs


def _filled(low, high):
    """A judge that takes any numbers in [low, high) of the right shape."""

    def judge(result, input=None, size=None, n=None, dtype=None, generator=None, **rest):
        shape = [n] if n is not None else size if size is not None else list(input.shape)
        return _ranged(result, rest.get("low", low), rest.get("high", high), dtype, shape)

    return judge


SEEDED = {"sees_result": True, "before": lambda: rushlight.manual_seed(5)}


def _sized(draw, **more):
    return Call(size=draw.shape(), generator=draw.maybe(draw.seeded()), **more)


def _floating(draw):
    return draw.maybe(draw.floating_dtype())


samples_of("rand", judge=_filled(0, 1.001), dtypes=(), **SEEDED)(lambda d: _sized(d, dtype=_floating(d)))
samples_of("randn", judge=_filled(-9, 9), dtypes=(), **SEEDED)(lambda d: _sized(d, dtype=_floating(d)))
samples_of("randint", judge=_filled(0, 5), dtypes=(), **SEEDED)(
    lambda d: _sized(d, high=d.integer(1, 5), dtype=d.maybe(DType("int32")))
)
samples_of("randint_between", judge=_filled(-5, 5), dtypes=(), **SEEDED)(
    lambda d: _sized(d, low=d.integer(-5, 0), high=d.integer(1, 5), dtype=d.maybe(DType("int32")))
)
samples_of("randperm", judge=_filled(0, 50), dtypes=(), **SEEDED)(
    lambda d: Call(n=d.count(0, 50), dtype=d.maybe(DType("int32")), generator=d.maybe(d.seeded()))
)
samples_of("rand_like", judge=_filled(0, 1.001), dtypes=FLOATING, **SEEDED)(
    lambda d: Call(input=d.tensor(differentiable=False), dtype=_floating(d))
)
samples_of("randn_like", judge=_filled(-9, 9), dtypes=FLOATING, **SEEDED)(
    lambda d: Call(input=d.tensor(differentiable=False), dtype=_floating(d))
)


@errors_of("randint_between")
def _():
    yield Bad("empty range", Call(low=3, high=3, size=[2]), ("randint", "low < high", "3"))
    yield Bad("negative size", Call(low=0, high=3, size=[-2]), ("randint", "-2"))


@errors_of("randperm")
def _():
    yield Bad("negative", Call(n=-1), ("randperm", "-1"))


# -- functions that fill or change their input


def _filled_input(low, high):
    def judge(result, input, generator=None, **rest):
        return _ranged(result, rest.get("from", low), rest.get("to", high) + 0.02, None, list(input.shape))

    return judge


def _plain(draw):
    return draw.tensor(differentiable=False)


@samples_of("uniform", judge=_filled_input(0, 1), dtypes=FLOATING, **SEEDED)
def _(draw):
    range_of = draw.choice({}, {"from": -1.0, "to": 2.0}, {"from": 0.5, "to": 0.5})
    return Call(input=_plain(draw), generator=draw.maybe(draw.seeded()), **range_of)


@samples_of("exponential", judge=_filled_input(0, 1e4), dtypes=FLOATING, **SEEDED)
def _(draw):
    rate = {"lambd": draw.uniform(0.5, 3)} if draw.boolean() else {}
    return Call(input=_plain(draw), generator=draw.maybe(draw.seeded()), **rate)


@samples_of("cauchy", judge=_filled_input(-1e9, 1e9), dtypes=FLOATING, **SEEDED)
def _(draw):
    place = {"median": draw.uniform(-3, 3), "sigma": draw.uniform(0.5, 3)} if draw.boolean() else {}
    return Call(input=_plain(draw), generator=draw.maybe(draw.seeded()), **place)


@samples_of("log_normal", judge=_filled_input(0, 1e9), dtypes=FLOATING, **SEEDED)
def _(draw):
    spread = {"mean": draw.uniform(-1, 1), "std": draw.uniform(0.1, 0.5)} if draw.boolean() else {"std": 0.5}
    return Call(input=_plain(draw), generator=draw.maybe(draw.seeded()), **spread)


def _throws(result, input, p, generator=None):
    """Whole numbers from 1 on."""
    return torch.where((result >= 1) & (result == result.trunc()), result.to(input.dtype), torch.nan)


samples_of("geometric", judge=_throws, dtypes=FLOATING, **SEEDED)(
    lambda d: Call(input=_plain(d), p=d.choice(0.3, 0.5, 0.999), generator=d.maybe(d.seeded()))
)


def _coins(result, input, p=None, generator=None):
    """Zeros and ones, and no other than the sure ones where the probability is 0 or 1."""
    p = torch.full_like(input, p) if p is not None else input
    sure = torch.where(p == 0, torch.zeros_like(p), torch.where(p == 1, torch.ones_like(p), result.to(p.dtype)))
    return torch.where((result == 0) | (result == 1), sure, torch.nan)


samples_of("bernoulli", judge=_coins, dtypes=FLOATING, **SEEDED)(
    lambda d: Call(input=d.tensor(low=0, high=1, differentiable=False), generator=d.maybe(d.seeded()))
)
samples_of("bernoulli_of", judge=_coins, dtypes=FLOATING, **SEEDED)(
    lambda d: Call(input=_plain(d), p=d.choice(0.0, 1.0, 0.4), generator=d.maybe(d.seeded()))
)


def _channels_dropped(result, input, unbatched_rank, p=0.5, training=True):
    """Whole channels go or stay."""
    if not training:
        return input
    flat = result.flatten(1 if input.dim() == unbatched_rank else 2)
    zero = (flat == 0).all(-1, keepdim=True).expand_as(flat).reshape(result.shape)
    return torch.where(zero, torch.zeros_like(input), input * 0 if p >= 1 else input / (1 - p))


def _dropout_of_channels(op_id, rank, unbatched_rank=None):
    judge = functools.partial(_channels_dropped, unbatched_rank=unbatched_rank)

    @samples_of(op_id, judge=judge, dtypes=FLOATING, **SEEDED)
    def _(draw):
        dims = draw.choice(rank, unbatched_rank or rank)
        shape = draw.shape(least_rank=dims, most_rank=dims, least=1)
        input = draw.tensor(shape, low=0.5)
        return Call(input=input, p=draw.choice(0.0, 0.5, 0.9), training=draw.chance(0.8))


_dropout_of_channels("dropout1d", 3, unbatched_rank=2)
_dropout_of_channels("dropout2d", 4)
_dropout_of_channels("dropout3d", 5, unbatched_rank=4)


def _alpha_dropped(result, input, p=0.5, training=False):
    """selu's lowest value where the result says so; scaled and moved to mean 0 and variance 1."""
    if not training or p == 0:
        return input
    if p == 1:
        return input * 0
    lowest = -1.7580993408473766
    scale = ((1 - p) * (1 + p * lowest**2)) ** -0.5
    kept, dropped = (input - lowest * p) * scale, (1 - p) * lowest * scale
    near = (result - kept.detach()).abs() < (result - dropped).abs()
    return torch.where(near, kept, torch.full_like(input, dropped))


@samples_of("alpha_dropout", judge=_alpha_dropped, dtypes=FLOATING, units=512, **SEEDED)
def _(draw):
    return Call(input=draw.tensor(), p=draw.choice(0.0, 0.3, 0.3, 1.0), training=draw.chance(0.8))


def _gumbel_softmax(result, logits, tau=1, hard=False, dim=-1):
    """Positive, and 1 in sum along dim. What noise there was the result says; hard, it is a single 1."""
    if result.numel() == 0:
        return result + logits * 0
    whole = (result.sum(dim, keepdim=True) - 1).abs() < 1e-2
    right = whole & (result >= 0) & ((result == 0) | (result == 1) if hard else result <= 1)
    if hard or not bool(right.all()):
        return torch.where(right, result, torch.nan) + 0 * logits
    noise = tau * result.log() - logits.detach()
    return torch.softmax((logits + noise) / tau, dim)


@samples_of("gumbel_softmax", judge=_gumbel_softmax, dtypes=FLOATING, **SEEDED)
def _(draw):
    shape = draw.shape(least_rank=1, least=1)
    hard = not draw.smooth and draw.boolean()
    logits = draw.tensor(shape, differentiable=not hard)
    return Call(logits=logits, tau=draw.uniform(0.5, 2), hard=hard, dim=draw.integer(-len(shape), -1))


@law_of("gumbel_softmax")
def hard_numbers_have_the_gradient_of_soft_ones():
    x = rushlight.tensor([[0.3, -1.0, 2.0], [1.0, 0.5, 0.2]], requires_grad=True)
    weights = rushlight.tensor([[1.0, 2.0, -3.0], [0.5, 1.5, 2.5]])
    found = []
    for hard in (False, True):
        rushlight.manual_seed(7)
        result = rushlight.gumbel_softmax(x, hard=hard)
        found.append(rushlight.autograd.grad([(result * weights).sum()], [x])[0].tolist())
    expect(found[0] == found[1], "soft numbers have the gradient", found[0], "and hard ones", found[1])
