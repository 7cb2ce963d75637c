"""The backend selector: the same training on Rushlight's kernels and, through the same engine, on PyTorch's."""

import pytest

import rushlight as rl

torch = pytest.importorskip("torch", reason="PyTorch is one of the backends")


def train(steps=20):
    """A small network on XOR; the loss of each step."""
    rl.manual_seed(3)
    x = rl.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = rl.tensor([[0.0], [1.0], [1.0], [0.0]])
    parameters = [rl.randn(2, 8), rl.zeros(8), rl.randn(8, 1), rl.zeros(1)]
    for p in parameters:
        p.requires_grad_()
    losses = []
    for _ in range(steps):
        w1, b1, w2, b2 = parameters
        hidden = rl.softmax(rl.tanh(x @ w1 + b1), 1)
        loss = ((hidden @ w2 + b2 - y) ** 2).mean()
        loss.backward()
        with rl.no_grad():
            for p in parameters:
                p -= 0.5 * p.grad
                p.grad = None
        losses.append(loss.item())
    return losses


@pytest.fixture
def products(monkeypatch):
    """A list that grows with every call of PyTorch's matmul."""
    from rushlight.backends import torch_backend

    calls = []
    monkeypatch.setitem(torch_backend.OTHERWISE, "matmul", lambda **options: calls.append(1) or torch.matmul(**options))
    torch_backend.function_of.cache_clear()
    yield calls
    torch_backend.function_of.cache_clear()


def test_training_is_the_same_on_every_backend():
    with rl.use_backend("reference"):
        expected = train()
    assert expected[-1] < expected[0]
    for name in rl.backends():
        with rl.use_backend(name):
            assert rl.get_backend() == name
            assert train() == pytest.approx(expected, rel=1e-5)


def test_pytorch_computes(products):
    with rl.use_backend("torch"):
        train(steps=1)
    assert len(products) >= 5  # two forward, three backward
    products.clear()
    with rl.use_backend("reference"):
        train(steps=1)
    assert products == []


def test_results_land_in_the_same_memory():
    with rl.use_backend("torch"):
        x = rl.ones(3)
        same = x.detach()
        x.mul_(2)
        y = rl.zeros(3)
        rl.add(x, x, out=y)
    assert same.tolist() == [2, 2, 2] and y.tolist() == [4, 4, 4]


def test_what_pytorch_declines_runs_here():
    with rl.use_backend("torch"):
        assert rl.slice(rl.arange(4), step=-1).add(rl.tensor(1)).tolist() == [4, 3, 2, 1]
        assert rl.tensor([1, 2], dtype=rl.uint32).add(1).tolist() == [2, 3]
        x = rl.ones(2, 4).requires_grad_()
        rl.layer_norm(x * 2, [4]).sum().backward()
        assert x.grad.tolist() == [[0.0] * 4] * 2


def test_options_are_not_lost():
    x = rl.tensor([1.0, 2.0, 4.0])
    with rl.use_backend("torch"):
        assert rl.std(x, unbiased=False).item() == pytest.approx(torch.std(torch.tensor([1.0, 2.0, 4.0]), unbiased=False).item())


def test_errors_stay_ours():
    with rl.use_backend("torch"), pytest.raises(RuntimeError, match=r"\[matmul\].*3.*4"):
        rl.ones(2, 3) @ rl.ones(4, 2)


def test_another_thread_keeps_its_own():
    import threading

    seen = []
    with rl.use_backend("torch"):
        thread = threading.Thread(target=lambda: seen.append(rl.get_backend()))
        thread.start()
        thread.join()
    assert seen in (["cpu"], ["reference"])


def test_a_traced_function_does_not_change_it():
    traced = rl.trace(lambda x: (rl.set_backend("reference"), x * 2 + 1)[1])
    with rl.use_backend("reference"):
        traced(rl.ones(2))
        with pytest.raises(RuntimeError, match="inside a traced function"):
            traced(rl.ones(2))


def test_an_unknown_backend():
    with pytest.raises(ValueError, match="there is no backend 'abacus'; there are: reference, .*torch"):
        rl.set_backend("abacus")
