"""Printing, letter by letter as PyTorch prints."""

import re

import numpy as np
import pytest

import rushlight as rl

torch = pytest.importorskip("torch")

ARRAYS = {
    "scalar": 1.5, "integer": 7, "true": True, "whole": [1.0, 2.0, -3.0], "plain": [1.5, -2.25, 3.0], "large": [1e9, 1.0], "small": [1e-5, 1.0],
    "wide": [[1.0, 10000.5], [0.001, 2.0]], "zeros": [0.0, -0.0], "odd": [float("inf"), float("nan"), -float("inf"), 1.0], "only odd": [float("inf")],
    "half odd": [float("nan"), 1.5], "whole wide": [1.0, 2000.0], "integers": [[1, -200], [3, 4]], "bools": [[True], [False]], "empty": [], "empty rows": [[], []],
    "long row": np.arange(50) / 8, "long whole row": np.arange(60.0), "cube": np.arange(24).reshape(2, 3, 4) / 3, "four": np.arange(16.0).reshape(2, 2, 2, 2),
    "summarised": np.arange(2000.0), "summarised matrix": np.arange(10000).reshape(100, 100), "summarised cube": np.arange(8000).reshape(20, 20, 20) / 7,
    "thin": np.arange(3000.0).reshape(1500, 2), "flat": np.arange(3000).reshape(2, 1500), "threshold": np.arange(1000.0), "tiny": [1e-300], "ints wide": [10**12, 1],
}


def as_ours(text):
    return text.replace("torch.", "rushlight.")


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int32", "float16", "bool"])
def test_printing(name, dtype):
    with np.errstate(all="ignore"):
        array = np.nan_to_num(np.asarray(ARRAYS[name], dtype="float64"), nan=0, posinf=9, neginf=9) if "int" in dtype else np.asarray(ARRAYS[name])
    theirs = torch.tensor(array).to(getattr(torch, dtype))
    assert repr(rl.from_dlpack(theirs)) == as_ours(repr(theirs))
    assert repr(rl.from_dlpack(theirs.t() if theirs.dim() == 2 else theirs)) == as_ours(repr(theirs.t() if theirs.dim() == 2 else theirs))


def test_suffixes():
    x, t = rl.tensor([1.0, 2.0], requires_grad=True), torch.tensor([1.0, 2.0], requires_grad=True)
    assert repr(x) == repr(t) and repr(x * 2) == repr(t * 2) and str(x.double() * 2) == as_ours(repr(t.double() * 2))
    long, theirs = rl.tensor(np.arange(17.0), requires_grad=True), torch.tensor(np.arange(17.0), requires_grad=True)
    assert repr(long) == as_ours(repr(theirs))


@pytest.mark.parametrize("options", [{"precision": 2}, {"threshold": 5}, {"edgeitems": 1, "threshold": 3}, {"linewidth": 40}, {"sci_mode": True},
                                     {"sci_mode": False}, {"profile": "short"}, {"profile": "full"}])
def test_print_options(options):
    array = np.arange(20, dtype="float32").reshape(5, 4) * np.float32(1.5e-3)
    try:
        rl.set_printoptions(**options)
        torch.set_printoptions(**options)
        assert repr(rl.tensor(array)) == as_ours(repr(torch.tensor(array)))
    finally:
        rl.set_printoptions(profile="default")
        torch.set_printoptions(profile="default")


def _on_one_line(text):
    """A dtype behind the numbers: "rushlight." is longer than "torch.", and moves to the next line sooner."""
    return re.sub(r",\s+dtype=", ", dtype=", text)


def _numbers(random, shape, dtype):
    """Of one scale, of many scales, whole, or with what is no number among them."""
    kind = random.choice(["unit", "scales", "whole", "odd", "tiny", "huge"])
    numbers = random.normal(size=shape)
    if kind == "scales":
        numbers = numbers * 10.0 ** random.integers(-6, 7, size=shape)
    elif kind == "whole":
        numbers = np.round(numbers * random.choice([3, 300, 30000]))
    elif kind == "odd":
        numbers = np.where(random.random(shape) < 0.3, random.choice([np.nan, np.inf, -np.inf], size=shape), numbers)
    elif kind in ("tiny", "huge"):
        numbers = numbers * (1e-7 if kind == "tiny" else 1e7)
    tensor = torch.from_numpy(np.asarray(numbers))
    return (tensor.nan_to_num(0, 9, -9).clamp(0, 100) if not dtype.is_floating_point else tensor).to(dtype)


@pytest.mark.parametrize("seed", range(40))
def test_printing_of_anything(seed):
    random = np.random.default_rng(seed)
    names = ["float32", "float64", "float16", "bfloat16", "int8", "int16", "int32", "int64", "uint8", "bool"]
    for _ in range(10):
        shape = tuple(random.integers(0, random.choice([4, 7, 40]), size=random.integers(0, 4)))
        theirs = _numbers(random, shape, getattr(torch, random.choice(names)))
        ours = repr(rl.from_dlpack(theirs))
        assert _on_one_line(ours) == _on_one_line(as_ours(repr(theirs))), (seed, shape, theirs.dtype)
