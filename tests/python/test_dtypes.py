"""Limits of dtypes, kinds of dtypes, the dtype that operands meet in, and resizing in place."""

import itertools

import pytest

import rushlight as rl

torch = pytest.importorskip("torch")

FLOATING = ("float64", "float32", "float16", "bfloat16")
WHOLE = ("uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64")


@pytest.mark.parametrize("name", FLOATING)
def test_finfo(name):
    mine, theirs = rl.finfo(getattr(rl, name)), torch.finfo(getattr(torch, name))
    for fact in ("bits", "eps", "max", "min", "tiny", "smallest_normal", "resolution", "dtype"):
        assert getattr(mine, fact) == getattr(theirs, fact), fact
    assert repr(mine) == repr(theirs)


@pytest.mark.parametrize("name", WHOLE)
def test_iinfo(name):
    mine, theirs = rl.iinfo(getattr(rl, name)), torch.iinfo(getattr(torch, name))
    assert (mine.bits, mine.min, mine.max, mine.dtype) == (theirs.bits, theirs.min, theirs.max, theirs.dtype)


def test_the_other_kind_is_refused():
    assert rl.finfo().dtype == "float32"
    with pytest.raises(TypeError, match="iinfo"):
        rl.finfo(rl.int32)
    for dtype in (rl.float32, rl.bool):
        with pytest.raises(TypeError, match="iinfo"):
            rl.iinfo(dtype)


def test_isdtype():
    kinds = {
        "bool": ("bool",),
        "signed integer": WHOLE[4:],
        "unsigned integer": WHOLE[:4],
        "integral": WHOLE,
        "real floating": FLOATING,
        "complex floating": (),
        "numeric": WHOLE + FLOATING,
    }
    for kind, members in kinds.items():
        for name in ("bool", *WHOLE, *FLOATING):
            assert rl.isdtype(getattr(rl, name), kind) == (name in members), (name, kind)
    assert rl.isdtype(rl.int8, (rl.float32, "integral")) and rl.isdtype(rl.int8, rl.int8) and not rl.isdtype(rl.int8, rl.int16)
    with pytest.raises(ValueError, match="floats"):
        rl.isdtype(rl.float32, "floats")


def test_result_type():
    operands = [("ones", [2]), ("ones", []), None]
    for (a, b), left, right in itertools.product(itertools.product(("float32", "float64", "float16", "int64", "uint8", "bool"), repeat=2), operands[:2], operands):
        make = lambda library, dtype, size: library.ones(size, dtype=getattr(library, dtype)) if size is not None else {"f": 1.5, "i": 2, "u": 3, "b": True}[dtype[0]]
        of = lambda library: library.result_type(make(library, a, left[1]), make(library, b, right and right[1]))
        assert str(of(rl)).rpartition(".")[2] == str(of(torch)).rpartition(".")[2], (a, left, b, right)
    assert rl.result_type(rl.int32, rl.ones(2, dtype=rl.int64), 1.5) == rl.float32
    for wrong in ((), ("float32",)):
        with pytest.raises(TypeError, match="result_type"):
            rl.result_type(*wrong)


def test_resize_shows_the_same_memory_or_more():
    x = rl.arange(6)
    assert x.resize_(2, 2) is x and x.tolist() == [[0, 1], [2, 3]]
    assert x.resize_((6,)).tolist() == [0, 1, 2, 3, 4, 5]
    assert x.resize_(size=(3,)).tolist() == [0, 1, 2] and x.resize_(6).shape == (6,) and x.resize_(()).shape == ()
    for call in (lambda: x.resize_(), lambda: x.resize_(2, sise=3), lambda: x.resize_(2, size=3)):
        with pytest.raises(TypeError, match="resize_"):
            call()
    x.resize_(6)
    y = x[2:]
    assert y.resize_(2, 3).tolist() == [[2, 3, 4], [5, 0, 0]]
    assert x.tolist() == [0, 1, 2, 3, 4, 5]
    for size, words in (((-1,), "negative"), ((2**62, 2**62), "64 bits")):
        with pytest.raises(RuntimeError, match=words):
            x.resize_(*size)
    with pytest.raises(RuntimeError, match="requires grad"):
        rl.ones(2).requires_grad_().resize_(1)
    with pytest.raises(TypeError, match="size"):
        x.resize_("3")
