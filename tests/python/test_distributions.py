"""Categorical against PyTorch's."""

import pytest

import rushlight as rl

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("arguments", [{"probs": [[1.0, 3.0, 0.0], [0.2, 0.2, 0.6]]}, {"logits": [[0.5, -1.0, 2.0], [0.0, 0.0, 0.0]]},
                                       {"probs": [0.5, 0.5]}])
def test_categorical_says_the_same(arguments):
    made = []
    for library in (rl, torch):
        given = {key: library.tensor(value, requires_grad=True) for key, value in arguments.items()}
        d = library.distributions.Categorical(**given)
        value = library.tensor([0, 1]) if d.batch_shape else library.tensor(1)
        log_prob = d.log_prob(value)
        log_prob.sum().backward()
        made.append([*log_prob.reshape(-1).tolist(), *d.entropy().reshape(-1).tolist(), *d.probs.reshape(-1).tolist(), *d.mode.reshape(-1).tolist(),
                     *d.logits.reshape(-1).tolist(), *next(iter(given.values())).grad.reshape(-1).tolist(),
                     *d.log_prob(library.zeros(5, *d.batch_shape)).reshape(-1).tolist()])
        assert d.sample().shape == d.batch_shape and d.sample((3, 2)).shape == (3, 2, *d.batch_shape) and d.event_shape == ()
    assert made[0] == pytest.approx(made[1], rel=1e-5, abs=1e-6)


def test_categorical_draws_by_its_probabilities():
    rl.manual_seed(0)
    draws = rl.distributions.Categorical(probs=rl.tensor([[0.1, 0.9], [0.7, 0.3]])).sample((4000,))
    assert draws.float().mean(0).tolist() == pytest.approx([0.9, 0.3], abs=0.03)


def test_categorical_refuses_what_is_no_distribution():
    categorical = rl.distributions.Categorical
    for wrong in ({}, {"probs": rl.ones(2), "logits": rl.ones(2)}, {"probs": rl.tensor(1.0)}, {"probs": rl.tensor([-1.0, 2.0])}, {"probs": rl.zeros(2)}):
        with pytest.raises(ValueError):
            categorical(**wrong)
