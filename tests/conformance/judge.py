"""Whether numbers are right: how far from float64 each dtype may be."""

import torch

from call import dtype_name

UNIT = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
HALF_UNITS = 6  # halves compute in float32 and round at most a few times


class Wrong(AssertionError):
    """A result that is not what it should be."""


def expect(condition, *message):
    if not condition:
        raise Wrong(" ".join(str(part) for part in message))


def largest(values):
    finite = values[torch.isfinite(values)]
    return float(finite.abs().max()) if finite.numel() else 0.0


def tolerance(dtype, units):
    return UNIT[dtype] * (min(units, HALF_UNITS) if dtype in ("float16", "bfloat16") else units)


def wrong_places(got, expected, relative, absolute):
    """A mask of the elements of `got` (float64) that are not `expected`; NaN equals NaN, infinities must agree."""
    same = (got == expected) | (got.isnan() & expected.isnan())
    near = (got - expected).abs() <= relative * expected.abs() + absolute
    return ~(same | (near & expected.isfinite()))


def _comparable(tensor):
    """PyTorch does not compare wide unsigned numbers; as int64 they are equal where they were."""
    return tensor.to(torch.int64) if dtype_name(tensor.dtype) in ("uint16", "uint32", "uint64") else tensor


def expect_shape_and_dtype(got, expected, what):
    expect(
        tuple(got.shape) == tuple(expected.shape),
        what,
        "has shape",
        tuple(got.shape),
        "but should have",
        tuple(expected.shape),
    )
    expect(got.dtype == expected.dtype, what, "is", dtype_name(got.dtype), "but should be", dtype_name(expected.dtype))


def expect_equal(got, expected, what):
    """Bitwise but for NaNs: shape, dtype and every element."""
    expect_shape_and_dtype(got, expected, what)
    got, expected = _comparable(got), _comparable(expected)
    same = (got == expected) | ((got != got) & (expected != expected))
    _expect_none(~same, got, expected, what)


def expect_close(got, expected, units, what, coarsest=None, scale=None, excuse=None):
    """`expected` is float64. `coarsest`: a dtype of less precision that took part. `scale`: what errors are relative to,
    besides each element itself; else the largest element, or 1. excuse(got) is a mask of elements to pardon."""
    dtype = dtype_name(got.dtype)
    if not got.dtype.is_floating_point:
        return expect_equal(got, expected.to(got.dtype), what)
    judged_as = max((dtype, coarsest or dtype), key=UNIT.get)
    allowed = tolerance(judged_as, units)
    floor = allowed * (max(1.0, largest(expected)) if scale is None else scale) + torch.finfo(got.dtype).tiny
    rounded = expected.to(got.dtype).to(torch.float64)  # an overflow of the narrow type is infinite here too
    expected = torch.where(rounded.isfinite(), expected, rounded)
    wrong = wrong_places(got.to(torch.float64), expected, allowed, floor)
    if excuse and bool(wrong.any()):
        wrong &= ~excuse(got)
    _expect_none(wrong, got, expected, what)


def _expect_none(wrong, got, expected, what):
    if not bool(wrong.any()):
        return
    place = tuple(torch.nonzero(wrong)[0].tolist())
    values = f"is {got[place].item()!r} but should be {expected[place].item()!r}"
    raise Wrong(f"{what} at {place} {values} ({int(wrong.sum())} of {wrong.numel()} wrong)")
