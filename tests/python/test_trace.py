"""trace(fn) from Python: recorded twice, then replayed."""

import pytest

import rushlight as rl


def test_a_training_step_replays_bitwise_and_reads_its_slot():
    def make():
        w = rl.tensor([[0.5, -0.25], [1.0, 0.75]], requires_grad=True)
        state = [rl.zeros(2, 2), rl.zeros(2, 2), rl.tensor(0.0)]
        rate = rl.Slot(0.1)

        def step(x):
            loss = rl.gelu(x @ w).sum()
            w.grad = None
            loss.backward()
            with rl.no_grad():
                rl.adamw_step([w], [w.grad], [state[0]], [state[1]], state[2], lr=rate)
            return loss

        return step, w, rate

    eager, w_eager, rate_eager = make()
    step, w, rate = make()
    traced = rl.trace(step)
    for i in range(8):
        x = rl.tensor([[1.0 + i, 2.0], [0.5, -i]])
        rate.value = rate_eager.value = 0.1 / (i + 1)
        assert traced(x).tolist() == eager(x).tolist()
        assert w.tolist() == w_eager.tolist()
    assert traced.replay_count == 5 and "matmul" in traced.graph()


def test_results_keep_their_form():
    x = rl.tensor([1.0])
    for function, kind in ((lambda a: (a, a * 2), tuple), (lambda a: [a * 2], list), (lambda a: a * 2, rl.Tensor), (lambda a: None, type(None))):
        traced = rl.trace(function)
        assert [type(traced(x)) for _ in range(5)] == [kind] * 5


def test_what_a_graph_cannot_hold_is_a_trace_error():
    traced = rl.trace(lambda a: a * a.sum().item())
    x = rl.tensor([1.0, 2.0])
    traced(x)
    with pytest.raises(rl.TraceError):
        for _ in range(3):
            traced(x)
    with pytest.raises(rl.TraceError, match="must return"):
        rl.trace(lambda a: "text")(x)
    with pytest.raises(TypeError, match="arguments of a traced function"):
        rl.trace(lambda a: a)(3.0)
    with pytest.raises(ZeroDivisionError):
        rl.trace(lambda a: 1 / 0)(x)
