"""out=: what a call makes is written to a tensor that is there."""

import inspect

import numpy as np
import pytest

import rushlight as rl

torch = pytest.importorskip("torch")

CREATIONS = {
    "zeros": lambda T, **o: T.zeros(3, **o),
    "ones": lambda T, **o: T.ones(3, **o),
    "full": lambda T, **o: T.full((3,), 2.5, **o),
    "arange": lambda T, **o: T.arange(1, 7, 2, **o),
    "arange of floats": lambda T, **o: T.arange(3.0, **o),
    "linspace": lambda T, **o: T.linspace(0, 1, 3, **o),
    "logspace": lambda T, **o: T.logspace(0, 1, 3, **o),
}
DRAWS = {
    "empty": lambda **o: rl.empty(3, **o),
    "rand": lambda **o: rl.rand(3, **o),
    "randn": lambda **o: rl.randn(3, **o),
    "randint": lambda **o: rl.randint(9, (3,), **o),
    "randperm": lambda **o: rl.randperm(3, **o),
    "normal": lambda **o: rl.normal(0.0, 1.0, (3,), **o),
    "normal around": lambda **o: rl.normal(rl.zeros(3), 1.0, **o),
}
OTHERS = {
    "eye": lambda T, **o: T.eye(2, 3, **o),
    "stack": lambda T, **o: T.stack([T.ones(2), T.zeros(2)], **o),
    "masked_select": lambda T, **o: T.masked_select(T.arange(4.0), T.arange(4) > 1, **o),
    "nonzero": lambda T, **o: T.nonzero(T.tensor([0, 3, 4]), **o),
    "addmm": lambda T, **o: T.addmm(T.ones(2, 2), T.ones(2, 3), T.ones(3, 2), **o),
    "clamp": lambda T, **o: T.clamp(T.arange(4.0), 1, 2, **o),
}
SEVERAL = {
    "sort": lambda T, **o: T.sort(T.tensor([3.0, 1.0, 2.0]), **o),
    "max": lambda T, **o: T.max(T.tensor([[3.0, 1.0], [5.0, 2.0]]), 0, **o),
    "topk": lambda T, **o: T.topk(T.tensor([3.0, 1.0, 2.0]), 2, **o),
    "aminmax": lambda T, **o: T.aminmax(T.tensor([3.0, 1.0, 2.0]), **o),
}


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
@pytest.mark.parametrize("name", CREATIONS)
def test_creation_takes_the_dtype_of_out(name, dtype):
    out = rl.ones(3, dtype=getattr(rl, dtype))
    assert CREATIONS[name](rl, out=out) is out
    expected = CREATIONS[name](torch, out=torch.ones(3, dtype=getattr(torch, dtype)))
    np.testing.assert_array_equal(out.numpy(), expected.numpy())


@pytest.mark.parametrize("name", DRAWS)
def test_draws_arrive_in_out(name):
    rl.manual_seed(1)
    expected = DRAWS[name]()
    rl.manual_seed(1)
    out = rl.full((6,), 9.0, dtype=expected.dtype)[::2]
    assert DRAWS[name](out=out) is out and out.tolist() == expected.tolist()


@pytest.mark.parametrize("name", OTHERS)
def test_functions_write_to_out(name):
    expected = OTHERS[name](torch)
    out = rl.zeros(expected.shape, dtype=getattr(rl, str(expected.dtype).split(".")[1]))
    assert OTHERS[name](rl, out=out) is out and out.tolist() == expected.tolist()


@pytest.mark.parametrize("name", SEVERAL)
def test_several_results_go_to_a_tuple(name):
    results = SEVERAL[name](rl)
    out = tuple(rl.zeros(r.shape, dtype=r.dtype) for r in results)
    returned = SEVERAL[name](rl, out=out)
    assert all(a is b for a, b in zip(returned, out)) and [t.tolist() for t in out] == [r.tolist() for r in SEVERAL[name](torch)]
    for wrong in (out[0], out[:1], (out[0], 3), (out[0], None), 5):
        with pytest.raises(TypeError, match="'out' must be a tuple of 2 Tensors"):
            SEVERAL[name](rl, out=wrong)


def test_what_out_cannot_hold_says_why():
    for wrong, error, words in [
        (lambda: rl.zeros(2, out=rl.empty(3)), RuntimeError, r"\[zeros\] .*shape \(2,\).*\(3,\)"),
        (lambda: rl.zeros(2, out=[1]), TypeError, "zeros.*'out' must be Tensor, not list"),
        (lambda: rl.zeros(2, out=rl.empty(2, dtype=rl.int32), dtype=rl.float32), RuntimeError, "does not match the dtype of out, int32"),
        (lambda: rl.zeros_like(rl.ones(2), out=rl.empty(2)), TypeError, "unexpected keyword argument 'out'"),
        (lambda: rl.ones(2).new_zeros(2, out=rl.empty(2)), TypeError, "unexpected keyword argument 'out'"),
        (lambda: rl.stack([rl.ones(2, requires_grad=True)], out=rl.empty(1, 2)), RuntimeError, r"\[stack\] .*out=.*no_grad"),
        (lambda: rl.stack([rl.ones(2)], out=rl.empty(1, 2, dtype=rl.int32)), RuntimeError, r"\[stack\] .*int32"),
        (lambda: rl.narrow(rl.ones(3), 0, 0, 2, out=rl.empty(2)), TypeError, "narrow.*view.*copy_"),
        (lambda: rl.zeros(2, out=rl.empty(1).expand(2)), RuntimeError, r"\[zeros.*clone"),
    ]:
        with pytest.raises(error, match=words):
            wrong()


def test_requires_grad_is_a_bool():
    out = rl.empty(2)
    assert rl.zeros(2, out=out, requires_grad=True) is out and out.requires_grad
    assert not rl.zeros(2, requires_grad=None).requires_grad
    for wrong in (1, rl.tensor([1.0, 1.0]), "yes"):
        with pytest.raises(TypeError, match=r"zeros_like\(\): argument 'requires_grad' must be bool, not"):
            rl.zeros_like(rl.ones(2), requires_grad=wrong)


def test_any_op_survives_any_out():
    """Ops that have no out= refuse it, whatever they are called with."""
    out = rl.empty(2)
    for row in rl.ops():
        required = [p for p in inspect.signature(getattr(rl, row["name"])).parameters.values() if p.default is p.empty]
        for value in (2, rl.ones(2, 2), [rl.ones(2)]):
            for target in (out, (out, out)):
                try:
                    getattr(rl, row["name"])(*[value] * len(required), out=target)
                except (TypeError, ValueError, RuntimeError, IndexError):
                    pass


def test_all_results_are_written_or_none():
    values, places = rl.zeros(3), rl.zeros(4, dtype=rl.int64)
    with pytest.raises(RuntimeError, match=r"\[sort\].*shape"):
        rl.sort(rl.tensor([3.0, 1.0, 2.0]), out=(values, places))
    assert values.tolist() == [0, 0, 0]


def test_words_that_are_no_text():
    with pytest.raises((ValueError, UnicodeEncodeError)):
        rl.ones(2).to(memory_format="\ud800")
