"""Checks by finite differences, Jacobians, checkpoints, hooks: what autograd offers beyond backward."""

import gc
import weakref

import numpy as np
import pytest

import rushlight as rl
from rushlight.autograd import functional, gradcheck, gradgradcheck
from rushlight.autograd.function import once_differentiable
from rushlight.autograd.graph import save_on_cpu, saved_tensors_hooks
from rushlight.utils.checkpoint import checkpoint, checkpoint_sequential


def leaf(*shape, seed=0):
    return rl.from_numpy(np.random.default_rng(seed).normal(size=shape)).requires_grad_()


# -- gradcheck --------------------------------------------------------------------------------------------------------


class WrongCube(rl.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return gradient * x * x * 2  # 3 is right


def test_gradcheck_tells_right_from_wrong():
    x, y = leaf(2, 3), leaf(3, 2, seed=1)
    assert gradcheck(lambda a, b: (a @ b).tanh(), (x, y))
    assert gradcheck(lambda a: (a.sin(), a.sum()), x)
    assert gradcheck(lambda a, n, b: a * n + b, (x, 3, rl.ones(3, dtype=rl.float64)))
    with pytest.raises(RuntimeError, match="(?s)Jacobian mismatch.*numerical.*analytical"):
        gradcheck(WrongCube.apply, x)
    assert not gradcheck(WrongCube.apply, x, raise_exception=False)
    with pytest.raises(ValueError, match="require gradient"):
        gradcheck(rl.sin, x.detach())


def test_gradcheck_notices_gradients_that_change():
    count = [0]

    class Fickle(rl.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, gradient):
            count[0] += 1
            return gradient * (1 + 1e-7 * count[0])

    with pytest.raises(RuntimeError, match="different gradients"):
        gradcheck(Fickle.apply, leaf(1))


def test_gradgradcheck():
    x, y = leaf(2, 2), leaf(2, 2, seed=1)
    assert gradgradcheck(lambda a, b: (a @ b).sigmoid(), (x, y))
    assert gradgradcheck(lambda a: a**3, x, leaf(2, 2, seed=2))

    class WrongTwice(rl.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, gradient):
            (x,) = ctx.saved_tensors
            return gradient * 2 * x.detach()

    assert gradcheck(WrongTwice.apply, x)
    assert not gradgradcheck(WrongTwice.apply, x, raise_exception=False)


# -- functional -------------------------------------------------------------------------------------------------------


def both(call):
    """call(library, functional, leaf) on both; compared as nested lists."""
    torch = pytest.importorskip("torch")

    def lists(value):
        return [lists(v) for v in value] if isinstance(value, tuple) else value.detach().numpy()

    def same(a, b):
        if isinstance(b, list):
            assert len(a) == len(b)
            for pair in zip(a, b):
                same(*pair)
        else:
            assert a.shape == b.shape
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)

    def make(library):
        return lambda *shape, seed=0: library.from_numpy(np.random.default_rng(seed).normal(size=shape))

    same(lists(call(rl, functional, make(rl))), lists(call(torch, torch.autograd.functional, make(torch))))


def test_jacobian():
    both(lambda T, f, new: f.jacobian(lambda x: x.exp().sum(1), new(2, 3)))
    both(lambda T, f, new: f.jacobian(lambda x, y: (x @ y, x.sum()), (new(2, 3), new(3, 2, seed=1))))
    both(lambda T, f, new: f.jacobian(lambda x, y: x * 2, (new(2), new(3))))
    with pytest.raises(RuntimeError, match="depend"):
        functional.jacobian(lambda x, y: x * 2, (leaf(2), leaf(3)), strict=True)
    x = leaf(2)
    assert functional.jacobian(lambda a: a**3, x, create_graph=True).requires_grad


def test_hessian():
    both(lambda T, f, new: f.hessian(lambda x: (x**3).sum(), new(2, 2)))
    both(lambda T, f, new: f.hessian(lambda x, y: (x * y**2).sum(), (new(3), new(3, seed=1))))
    both(lambda T, f, new: f.hessian(lambda x: x.sum() * 2, new(2)))
    with pytest.raises(RuntimeError, match="single element"):
        functional.hessian(lambda x: x * 2, leaf(2))


def test_products_with_vectors():
    both(lambda T, f, new: f.vjp(lambda x: x.exp(), new(2, 3), new(2, 3, seed=1)))
    both(lambda T, f, new: f.vjp(lambda x, y: (x * y).sum(), (new(2), new(2, seed=1))))
    both(lambda T, f, new: f.jvp(lambda x: x.exp() * 3, new(2, 3), new(2, 3, seed=1)))
    both(lambda T, f, new: f.vhp(lambda x: (x**3).sum(), new(3), new(3, seed=1)))
    both(lambda T, f, new: f.hvp(lambda x: (x**3).sum(), new(3), new(3, seed=1)))
    with pytest.raises(RuntimeError, match="shape"):
        functional.vjp(lambda x: x.exp(), leaf(2), leaf(3))
    with pytest.raises(RuntimeError, match="None"):
        functional.vjp(lambda x: x.exp(), leaf(2))


# -- hooks ------------------------------------------------------------------------------------------------------------


def test_saved_tensors_go_through_hooks():
    seen = []

    def pack(tensor):
        assert not tensor.requires_grad
        seen.append(tensor.tolist())
        return tensor.tolist()

    x = leaf(3)
    with saved_tensors_hooks(pack, lambda values: rl.tensor(values, dtype=rl.float64)):
        y = x.exp()
        z = x * y
    unpacked = x * y  # outside: as ever
    (z + unpacked).sum().backward()
    expected = (2 * x.exp() * (1 + x)).detach()
    assert rl.allclose(x.grad, expected, rtol=1e-12) and len(seen) == 3
    with pytest.raises(TypeError, match="unpack_hook must return a Tensor"):
        with saved_tensors_hooks(lambda tensor: None, lambda nothing: nothing):
            y = x.exp()
        y.sum().backward()


def test_packed_tensors_keep_second_gradients():
    x = leaf(3)
    with save_on_cpu():
        y = (x**3).sum()
    (first,) = rl.autograd.grad(y, x, create_graph=True)
    (second,) = rl.autograd.grad(first.sum(), x)
    assert rl.allclose(second, 6 * x.detach(), rtol=1e-12)


def test_hooks_of_a_block_end_with_it_even_by_an_error():
    with pytest.raises(ZeroDivisionError):
        with saved_tensors_hooks(lambda tensor: 1 / 0, lambda tensor: tensor):
            leaf(2).exp()
    leaf(2).exp().sum().backward()


def test_nothing_keeps_a_packed_graph_alive():
    x = leaf(2)
    with saved_tensors_hooks(lambda tensor: tensor, lambda tensor: tensor):
        y = x.exp()
    gone = weakref.ref(y)
    del y
    gc.collect()
    assert gone() is None


def test_hooks_after_accumulation():
    x, grads = leaf(2), []
    handle = x.register_post_accumulate_grad_hook(lambda tensor: grads.append((tensor is x, tensor.grad.tolist())))
    (x * 2).sum().backward()
    (x * 3).sum().backward()
    assert grads == [(True, [2.0, 2.0]), (True, [5.0, 5.0])]
    handle.remove()
    (x * 2).sum().backward()
    assert len(grads) == 2
    rl.autograd.grad((x * 2).sum(), x)
    assert len(grads) == 2
    with x.register_post_accumulate_grad_hook(lambda tensor: setattr(tensor, "grad", None)):
        (x * 2).sum().backward()
        assert x.grad is None
    gone = weakref.ref(x)
    del x, handle
    gc.collect()
    assert gone() is None


def test_once_differentiable():
    class Double(rl.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        @once_differentiable
        def backward(ctx, gradient):
            return gradient * 2

    x = leaf(2)
    (first,) = rl.autograd.grad(Double.apply(x).sum(), x)
    assert first.tolist() == [2.0, 2.0]
    y = (Double.apply(x) ** 2).sum()
    (first,) = rl.autograd.grad(y, x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()


def test_grads_in_batches():
    x = leaf(3)
    y = x**2
    (rows,) = rl.autograd.grad(y, x, rl.eye(3, dtype=rl.float64), is_grads_batched=True)
    assert rl.allclose(rows, (2 * x.detach()).diag())


# -- changes of shape in place ----------------------------------------------------------------------------------------


def test_shape_changes_in_place_keep_history():
    x = leaf(2, 3)
    y = x * 2
    assert y.t_() is y and y.shape == (3, 2)
    y.unsqueeze_(0)
    weight = rl.arange(6, dtype=rl.float64).view(1, 3, 2)
    (y * weight).sum().backward()
    assert rl.equal(x.grad, 2 * weight[0].t())
    x.grad = None
    z = (x * 2)[0]  # a view
    z.unsqueeze_(1)
    (z * 3).sum().backward()
    assert x.grad.tolist() == [[6.0] * 3, [0.0] * 3]
    with pytest.raises(RuntimeError, match="leaf"):
        x.t_()
    with rl.no_grad(), pytest.raises(RuntimeError, match="no_grad"):
        y.squeeze_()


# -- checkpoints ------------------------------------------------------------------------------------------------------


def block(x, weight, *, p=0.5):
    return rl.dropout((x @ weight).gelu(), p)


def test_checkpoint_gives_the_same_and_saves_nothing():
    def gradients(call):
        rl.manual_seed(3)
        x, w = leaf(4, 8), leaf(8, 8, seed=1)
        saved = []
        with saved_tensors_hooks(lambda t: saved.append(t.numel()) or t, lambda t: t):
            y = call(x, w)
        y = (y * y).sum() + (x @ w).sum()
        y.backward()
        return x.grad.tolist(), w.grad.tolist(), sum(saved)

    *plain, much = gradients(block)
    *again, little = gradients(lambda x, w: checkpoint(block, x, w, use_reentrant=False))
    assert again == plain and little == 0 < much


def test_checkpoint_reaches_parameters_that_are_no_arguments():
    w = leaf(3, 3)
    data = rl.ones(2, 3, dtype=rl.float64)
    out = checkpoint(lambda x: (x @ w).tanh(), data)
    (gradient,) = rl.autograd.grad(out.sum(), w)
    (expected,) = rl.autograd.grad((data @ w).tanh().sum(), w)
    assert rl.equal(gradient, expected)


def test_checkpoint_nests_and_takes_second_gradients_and_any_arguments():
    x = leaf(3)

    def inner(a):
        return a.exp().sin()

    def outer(a, options, *, power):
        return checkpoint(inner, a * options["scale"]) ** power, "and text"

    out, text = checkpoint(outer, x, {"scale": 2.0}, power=2)
    assert text == "and text"
    (first,) = rl.autograd.grad(out.sum(), x, create_graph=True)
    (second,) = rl.autograd.grad(first.sum(), x)
    plain = (inner(x * 2.0) ** 2).sum()
    (first_plain,) = rl.autograd.grad(plain, x, create_graph=True)
    (second_plain,) = rl.autograd.grad(first_plain.sum(), x)
    assert rl.allclose(first, first_plain) and rl.allclose(second, second_plain)


def test_checkpoint_tolerates_a_second_backward():
    x = leaf(2)
    y = checkpoint(lambda a: a.exp().sin(), x).sum()
    y.backward(retain_graph=True)
    once = x.grad.clone()
    y.backward()
    assert rl.allclose(x.grad, 2 * once)


def test_checkpoint_notices_a_function_that_does_something_else():
    calls = []

    def fickle(x):
        calls.append(1)
        return x.exp() if len(calls) == 1 else x.exp().sin()

    with pytest.raises(RuntimeError, match="saved 1 tensors at first and 2"):
        checkpoint(fickle, leaf(2)).sum().backward()


def test_checkpoint_draws_from_any_generator_as_it_did_and_leaves_it_there():
    generator = rl.Generator().manual_seed(5)
    x = leaf(64)
    y = checkpoint(lambda a: a * rl.rand(64, generator=generator), x)
    after = generator.get_state().tolist()
    y.sum().backward()
    assert rl.allclose(x.grad, (y / x).detach()) and generator.get_state().tolist() == after


def test_checkpoint_replays_as_it_runs():
    def steps(wrap):
        rl.manual_seed(7)
        x, w = leaf(4, 8), leaf(8, 8, seed=1)

        def step(x):
            w.grad = None
            y = checkpoint(block, x, w)
            (y * y).sum().backward()
            return w.grad * 1

        step = wrap(step)
        return [step(x.detach()).tolist() for _ in range(8)]

    replayed = steps(rl.trace)
    assert replayed == steps(lambda f: f) and replayed[6] != replayed[7]


def test_checkpoint_refuses_a_backward_inside():
    def inside(x):
        y = x.exp()
        y.sum().backward()
        return y

    with pytest.raises(RuntimeError, match="calls backward"):
        checkpoint(inside, leaf(3)).sum().backward()


def test_checkpoint_sequential():
    x = leaf(4)
    functions = [rl.sin, rl.exp, rl.tanh, lambda a: a * a, rl.cos]
    with pytest.raises(ValueError, match="5 functions make 1 to 5 segments, not 6"):
        checkpoint_sequential(functions, 6, x)
    expected = x
    for function in functions:
        expected = function(expected)
    for segments in (1, 2, 3, 5):
        result = checkpoint_sequential(functions, segments, x)
        assert rl.equal(result, expected)
        assert rl.allclose(rl.autograd.grad(result.sum(), x)[0], rl.autograd.grad(expected.sum(), x, retain_graph=True)[0])
