"""An error begins with the op that was called, not with one that it is made of."""

import pytest

import rushlight as rl
from rushlight.nn import functional as F

WRONG = {
    "rand": lambda: rl.rand(2, dtype=rl.int64),
    "zeros": lambda: rl.zeros(-1),
    "one_hot": lambda: F.one_hot(rl.tensor([3]), 2),
    "mse_loss": lambda: F.mse_loss(rl.ones(2), rl.ones(3, 4)),
    "conv2d": lambda: F.conv2d(rl.ones(1, 2, 4, 4), rl.ones(1, 3, 2, 2)),
    "cosine_similarity": lambda: F.cosine_similarity(rl.ones(2, 3), rl.ones(2, 3), dim=5),
    "floor_divide": lambda: rl.floor_divide(rl.tensor([1]), rl.tensor([0])),
    "fmod": lambda: rl.fmod(rl.tensor([1]), 0),
    "remainder": lambda: rl.tensor([1]) % 0,
    "div": lambda: rl.div(rl.tensor([1]), 0, rounding_mode="floor"),
    "max": lambda: rl.max(rl.ones(2), 3),
    "add_": lambda: rl.ones(2).add_(rl.ones(2, 2), alpha=2),
    "mm": lambda: rl.ones(2, 3).mm(rl.ones(2, 3)),
    "empty": lambda: rl.empty(2, memory_format="channels_last"),
    "clamp": lambda: rl.clamp(rl.ones(2, dtype=rl.uint8), 0, 300),
    "zeros_like": lambda: rl.zeros_like(rl.ones(2), memory_format="upside down"),
}


@pytest.mark.parametrize("name", WRONG)
def test_the_op_that_was_called_names_itself(name):
    with pytest.raises((RuntimeError, ValueError, IndexError, TypeError)) as caught:
        WRONG[name]()
    assert str(caught.value).startswith((f"[{name}] ", f"[{name.rstrip('_')}] "))


def test_what_failed_inside_is_named_too():
    with pytest.raises(RuntimeError, match=r"^\[rand\] in uniform_with_key: dtype must be floating point, but it is int64"):
        rl.rand(2, dtype=rl.int64)


def test_names_come_once():
    with pytest.raises(RuntimeError) as caught:
        rl.ones(2) + rl.ones(3)
    assert str(caught.value).count("add") == 1
