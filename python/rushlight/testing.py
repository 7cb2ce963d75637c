"""Comparison of tensors in tests."""

import math

from rushlight import _C
from rushlight._C import Tensor

# relative and absolute, for the less exact of two dtypes
_TOLERANCES = {_C.float16: (1e-3, 1e-5), _C.bfloat16: (1.6e-2, 1e-5), _C.float32: (1.3e-6, 1e-5), _C.float64: (1e-7, 1e-7)}


def assert_close(actual, expected, *, rtol=None, atol=None, equal_nan=False, check_device=True, check_dtype=True, check_layout=True,
                 check_stride=False, allow_subclasses=True, msg=None):
    """Raises AssertionError, which says how they differ, unless |actual - expected| <= atol + rtol * |expected| everywhere.

    Takes tensors, numbers, arrays, and sequences and mappings of those.
    """
    if (rtol is None) != (atol is None):
        raise ValueError("rtol and atol must both be specified or both be left out")
    complaint = _complaint(actual, expected, rtol, atol, equal_nan, check_dtype, check_stride)
    if complaint:
        raise AssertionError(complaint if msg is None else msg(complaint) if callable(msg) else msg)


def _complaint(actual, expected, *options):
    if isinstance(actual, dict) and isinstance(expected, dict):
        if actual.keys() != expected.keys():
            return f"The keys of the mappings do not match: {sorted(map(str, actual))} and {sorted(map(str, expected))}"
        pairs = ((key, actual[key], expected[key]) for key in expected)
    elif isinstance(actual, (list, tuple)) and isinstance(expected, (list, tuple)):
        if len(actual) != len(expected):
            return f"The length of the sequences mismatch: {len(actual)} != {len(expected)}"
        pairs = ((i, a, e) for i, (a, e) in enumerate(zip(actual, expected)))
    elif actual is None or expected is None:
        return None if actual is expected else f"None mismatch: {actual!r} is not {expected!r}"
    else:
        return _tensor_complaint(*map(_as_tensor, (actual, expected)), *options)
    for place, a, e in pairs:
        if complaint := _complaint(a, e, *options):
            return f"{complaint}\n\nThe failure occurred for item [{place}]"
    return None


def _as_tensor(value):
    if isinstance(value, float) and not isinstance(value, bool):
        return _C.tensor(value, dtype=_C.float64)
    return value.detach() if isinstance(value, Tensor) else _C.as_tensor(value)


def _tensor_complaint(actual, expected, rtol, atol, equal_nan, check_dtype, check_stride):
    if actual.shape != expected.shape:
        return f"The values for attribute 'shape' do not match: {tuple(actual.shape)} != {tuple(expected.shape)}."
    if check_dtype and actual.dtype != expected.dtype:
        return f"The values for attribute 'dtype' do not match: {actual.dtype} != {expected.dtype}."
    if check_stride and actual.stride() != expected.stride():
        return f"The values for attribute 'stride()' do not match: {actual.stride()} != {expected.stride()}."
    if rtol is None:
        pairs = [_TOLERANCES.get(t.dtype, (0.0, 0.0)) for t in (actual, expected)]
        rtol, atol = (max(column) for column in zip(*pairs))
    if not (actual.is_floating_point() or expected.is_floating_point()) and not rtol and not atol:
        wrong, distance = actual != expected, (actual.to(_C.float64) - expected.to(_C.float64)).abs()
    else:
        actual, expected = actual.to(_C.float64), expected.to(_C.float64)
        wrong, distance = ~_C.isclose(actual, expected, rtol, atol, equal_nan), (actual - expected).abs()
    count = int(wrong.sum())
    if count == 0:
        return None
    relative = distance / expected.to(_C.float64).abs()
    return (f"Tensor-likes are not close!\n\nMismatched elements: {count} / {wrong.numel()} ({100 * count / wrong.numel():.1f}%)\n"
            f"Greatest absolute difference: {_greatest(distance)} (up to {atol} allowed)\n"
            f"Greatest relative difference: {_greatest(relative)} (up to {rtol} allowed)")


def _greatest(values):
    """The greatest and where it is; NaN counts as greatest."""
    place, indices = int(values.reshape(-1).argmax()), []
    greatest = values.reshape(-1)[place].item()
    for size in reversed(values.shape):
        place, index = divmod(place, size)
        indices.insert(0, index)
    return f"{'nan' if math.isnan(greatest) else greatest} at index {tuple(indices)}"
