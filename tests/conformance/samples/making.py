"""Tensors made of numbers alone, and tensors overwritten by one number."""

import rushlight
import torch

from call import FLOATING, INTEGRAL, UNSIGNED, Call, DType
from judge import expect
from registry import Bad, errors_of, law_of, samples_of
from samples.wrong import f32, i64


_COUNTED = FLOATING + INTEGRAL  # a row of counted numbers is no row of truth values


def _number(draw):
    return draw.choice(draw.integer(0, 9), draw.uniform(0, 3))


def _dtype(draw):
    """Another dtype than the tensor's that is there."""
    return None if draw.smooth else draw.maybe(draw.any_dtype())


def _own_dtype(draw):
    """Where there is no tensor, the dtype that is drawn for it."""
    return None if draw.smooth else draw.maybe(DType(draw.dtype), 0.7)


for _name in ("zeros", "ones"):

    @samples_of(_name, judge=getattr(torch, _name))
    def _(draw):
        return Call(size=draw.shape(), dtype=_own_dtype(draw))

    @samples_of(f"{_name}_like", judge=getattr(torch, f"{_name}_like"))
    def _(draw):
        return Call(input=draw.tensor(), dtype=_dtype(draw))

    @samples_of(f"new_{_name}", judge=lambda input, size, dtype=None, name=_name: getattr(input, f"new_{name}")(size, dtype=dtype))
    def _(draw):
        return Call(input=draw.tensor(), size=draw.shape(), dtype=_dtype(draw))


# Memory to be filled: Rushlight's is 0.
@samples_of("empty", judge=torch.zeros)
def _(draw):
    return Call(size=draw.shape(), dtype=_own_dtype(draw))


@samples_of("empty_like", judge=torch.zeros_like)
def _(draw):
    return Call(input=draw.tensor(), dtype=_dtype(draw))


@samples_of("new_empty", judge=lambda input, size, dtype=None: input.new_zeros(size, dtype=dtype))
def _(draw):
    return Call(input=draw.tensor(), size=draw.shape(), dtype=_dtype(draw))


@samples_of("full_like", judge=torch.full_like)
def _(draw):
    return Call(input=draw.tensor(), fill_value=_number(draw), dtype=_dtype(draw))


@samples_of("new_full", judge=lambda input, size, fill_value, dtype=None: input.new_full(size, fill_value, dtype=dtype))
def _(draw):
    return Call(input=draw.tensor(), size=draw.shape(), fill_value=_number(draw), dtype=_dtype(draw))


@samples_of("scalar_tensor", judge=torch.scalar_tensor)
def _(draw):
    return Call(s=_number(draw), dtype=_own_dtype(draw))


@samples_of("type_as", judge=lambda input, other: input.type_as(other))
def _(draw):
    return Call(input=draw.tensor(low=0), other=draw.tensor(dtype=draw.dtype if draw.smooth else draw.any_dtype().name))


@samples_of("fill", judge=torch.fill)
def _(draw):
    return Call(input=draw.tensor(), value=draw.choice(_number(draw), draw.tensor([], low=0)))


@samples_of("zero", judge=lambda input: torch.fill(input, 0))
def _(draw):
    return Call(input=draw.tensor())


@samples_of(
    "sequence",
    judge=lambda start, step, count, dtype: (torch.arange(count) * step + start).to(dtype),
    dtypes=_COUNTED,
)
def _(draw):
    return Call(start=draw.integer(0, 9), step=draw.integer(1, 4), count=draw.count(0, 20), dtype=DType(draw.dtype))


def _arange(start, end, step=None, dtype=None):
    """In unsigned types, which PyTorch lacks here, as in signed ones."""
    if dtype in (torch.uint16, torch.uint32, torch.uint64):
        return torch.arange(start, end, step or 1, dtype=torch.int32).to(dtype)
    return torch.arange(start, end, step or 1, dtype=dtype)


@samples_of("arange", judge=lambda end, dtype=None: _arange(0, end, None, dtype), dtypes=_COUNTED)
def _(draw):
    return Call(end=draw.choice(draw.count(0, 40), draw.uniform(0, 20)), dtype=_own_dtype(draw))


@samples_of("arange_from", judge=_arange, dtypes=_COUNTED)
def _(draw):
    step = draw.choice(None, 1, 2, -1, -3, 0.5, -0.25)
    start, length = draw.choice(draw.integer(-9, 9), draw.uniform(-9, 9)), draw.count(0, 12)
    whole = step in (None, 1, 2, -1, -3)
    if draw.dtype in UNSIGNED and whole:
        start, length = draw.integer(40, 50), min(length, 9)
    if isinstance(start, float) and whole:  # whole numbers are counted from whole ends
        length = draw.choice(length, length + draw.uniform(0, 0.9))
    end = start + (length if (step or 1) > 0 else -length)
    return Call(start=start, end=end, step=step, dtype=_own_dtype(draw) if whole else None)


@samples_of("linspace", judge=torch.linspace, dtypes=FLOATING)
def _(draw):
    return Call(start=draw.uniform(-9, 9), end=draw.uniform(-9, 9), steps=draw.count(0, 30), dtype=_own_dtype(draw))


@samples_of("logspace", judge=torch.logspace, units=512, dtypes=FLOATING)
def _(draw):
    return Call(start=draw.uniform(-2, 2), end=draw.uniform(-2, 2), steps=draw.count(0, 20), base=draw.choice(10.0, 2.0, 3.5), dtype=_own_dtype(draw))


@samples_of("eye", judge=lambda n, m=None, dtype=None: torch.eye(n, n if m is None else m, dtype=dtype))
def _(draw):
    return Call(n=draw.count(0, 6), m=draw.maybe(draw.integer(0, 6)), dtype=_own_dtype(draw))


for _name in ("tril_indices", "triu_indices"):

    @samples_of(_name, judge=lambda row, col, offset=0, dtype=None, name=_name: getattr(torch, name)(row, col, offset, dtype=dtype or torch.int64), dtypes=INTEGRAL)
    def _(draw):
        return Call(row=draw.count(0, 6), col=draw.integer(0, 6), offset=draw.integer(-4, 4), dtype=_own_dtype(draw))

    @law_of(_name)
    def many_rows_without_columns_take_no_time(name=_name):
        shape = list(getattr(rushlight, name)(2**40, 0).shape)
        expect(shape == [2, 0], name, "of 2 ** 40 rows and no columns has shape", shape)
        offset = 2**20 - 1 if name == "triu_indices" else 1 - 2**40  # one corner
        places = getattr(rushlight, name)(2**40, 2**20, offset).tolist()
        expect(len(places[0]) == 1, name, "of one place among 2 ** 60 finds", len(places[0]))

    @errors_of(_name)
    def _(name=_name):
        yield Bad("negative row", Call(row=-1, col=2), (name, "-1"))
        yield Bad("negative col", Call(row=2, col=-1), (name, "-1"))
        yield Bad("too many places", Call(row=2**40, col=2**40), (name, "too many"))


# -- wrong calls ------------------------------------------------------------------------------------------------------


@errors_of("zeros")
def _():
    yield Bad("negative size", Call(size=[2, -1]), ("full", "-1"))
    yield Bad("64 bits", Call(size=[2**62, 2**62]), ("64 bits",))
    yield Bad("too much memory", Call(size=[2**55]), ("memory",))


@errors_of("fill")
def _():
    yield Bad("many values", Call(input=f32(2), value=f32(2)), ("fill", "(2,)"))
    yield Bad("a vector of one", Call(input=f32(2), value=f32(1)), ("fill", "(1,)"))


@errors_of("sequence")
def _():
    yield Bad("negative count", Call(start=0, step=1, count=-1, dtype=DType("int64")), ("count", "-1"), raises=ValueError)
    yield Bad("many starts", Call(start=f32(2), step=1, count=1, dtype=DType("int64")), ("start", "(2,)"))
    yield Bad("many steps", Call(start=0, step=f32(2), count=1, dtype=DType("int64")), ("step", "(2,)"))


@errors_of("arange")
def _():
    yield Bad("backwards", Call(end=-1), ("arange", "-1"))
    yield Bad("no end", Call(end=float("inf")), ("arange", "finite"))
    yield Bad("not a number", Call(end=float("nan")), ("arange", "finite"))
    yield Bad("many ends", Call(end=f32(2)), ("arange", "(2,)"))
    for end in (9.2e18, 1.1e19):
        yield Bad("more than fit", Call(end=end, dtype=DType("float64")), ("arange", "more than a tensor can hold"))


@errors_of("arange_from")
def _():
    yield Bad("no step", Call(start=0, end=3, step=0), ("arange", "zero"))
    yield Bad("wrong way", Call(start=0, end=3, step=-1), ("arange", "towards"))
    yield Bad("wrong way back", Call(start=3.5, end=0, step=1), ("arange", "towards"))
    yield Bad("step of many", Call(start=0, end=3, step=i64(2)), ("arange", "(2,)"))


for _name in ("linspace", "logspace"):

    @errors_of(_name)
    def _(name=_name):
        yield Bad("negative steps", Call(start=0.0, end=1.0, steps=-1), (name, "-1"))


@errors_of("eye")
def _():
    yield Bad("negative n", Call(n=-1), ("eye", "-1"))
    yield Bad("negative m", Call(n=1, m=-1), ("eye", "-1"))
