"""Histories of what is written in place: by functions of one's own, through leaf views, and without a node that holds itself."""

import gc

import pytest

import rushlight as rl


class Double(rl.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.mark_dirty(x)
        x.mul_(2)
        return x

    @staticmethod
    def backward(ctx, gradient):
        return gradient * 2


class CopyTripled(rl.autograd.Function):
    @staticmethod
    def forward(ctx, target, source):
        ctx.mark_dirty(target)
        target.copy_(source * 3)
        return target

    @staticmethod
    def backward(ctx, gradient):
        return None, gradient * 3


def ones(n=3):
    return rl.ones(n, requires_grad=True)


def test_a_function_that_writes_a_view_rewrites_its_base():
    x = ones()
    z = x.clone()
    Double.apply(z[:1])
    (z * z.detach()).sum().backward()
    assert x.grad.tolist() == [4, 1, 1]

    x, z = ones(), rl.zeros(3)
    v = z[:1]
    v.copy_(x[:1])
    assert Double.apply(v) is v
    (z.sum() + v.sum()).backward()
    assert x.grad.tolist() == [4, 0, 0]


def test_a_function_that_writes_a_constant_or_a_whole_tensor():
    x, z = ones(), rl.zeros(3)
    v = z[:1]
    CopyTripled.apply(v, x[:1])
    assert v.requires_grad and z.requires_grad
    (z * 2).sum().backward()
    assert x.grad.tolist() == [6, 0, 0]
    x = ones()
    z = x * 1
    first = z[:1]
    Double.apply(z)
    (z.sum() + first.sum()).backward()
    assert x.grad.tolist() == [4, 2, 2]


def test_a_function_may_write_what_an_in_place_op_may():
    with pytest.raises(RuntimeError, match="DoubleBackward.*a leaf Variable"):
        Double.apply(ones())
    with pytest.raises(RuntimeError, match="a view of a leaf"):
        Double.apply(ones()[:1])
    with pytest.raises(RuntimeError, match="one of several views"):
        Double.apply((ones() * 1).unbind()[0])
    x = ones() * 1
    with rl.no_grad():
        view = x[:1]
    with pytest.raises(RuntimeError, match="created in no_grad"):
        CopyTripled.apply(view, ones(1))


def test_what_is_marked_dirty_is_returned():
    class Forgets(Double):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x.mul_(2).clone()

    with pytest.raises(RuntimeError, match="Forgets: some tensors marked as dirty"):
        Forgets.apply(ones() * 1)


def test_a_leaf_that_is_a_view_follows_its_base():
    x, base = ones(), rl.ones(3)
    leaf = base[:2].requires_grad_()
    part = leaf[:1]
    assert leaf.is_leaf and leaf._is_view() and leaf._base is base
    base.mul_(x)
    (leaf.sum() + part.sum()).backward()
    assert x.grad.tolist() == [2, 1, 0] and leaf.grad is None and not leaf.is_leaf

    leaf = rl.ones(3)[:2].requires_grad_()
    leaf._base.mul_(3.0)  # a constant
    (leaf[:1] * 3).sum().backward()
    assert leaf.is_leaf and leaf.grad.tolist() == [3, 0]
    for target in (leaf, leaf[:1]):
        with pytest.raises(RuntimeError, match="a view of a leaf"):
            target.mul_(2)
    leaf.data = rl.zeros(2)
    assert leaf.is_leaf and not leaf._is_view()


class Saves(rl.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * 2

    @staticmethod
    def backward(ctx, gradient):
        return gradient * 2


def add_of_itself(h):
    h += rl.sin(h)


def add_later(h):
    s = rl.sin(h)
    h.add_(1)
    h += s


def through_a_view(h):
    h[:1] += rl.sin(h[:1])


def base_after_a_view(h):
    h.add_(rl.sin(h[:1]).sum())


def neighbours(h):
    h[:1].mul_(h[1:2])


def another_shape(h):
    s = rl.sin(h)
    h.unsqueeze_(0)
    h += s


def constant(h):
    b = rl.zeros(64, 16)
    b += b * h


def function(h):
    h += Saves.apply(h)


def function_in_place(h):
    Double.apply(h)
    Double.apply(h[:1])


@pytest.mark.parametrize("write", [add_of_itself, add_later, through_a_view, base_after_a_view, neighbours, another_shape, constant, function, function_in_place])
def test_no_graph_holds_itself(write):
    p = rl.ones(16, 16, requires_grad=True)

    def live_after_a_round():
        write(rl.ones(64, 16) @ p)
        return rl.memory_stats()["live_bytes"]

    live_after_a_round()
    gc.collect()
    assert live_after_a_round() == live_after_a_round() == live_after_a_round()


def test_what_was_written_since_is_still_an_error():
    for write in (add_of_itself, add_later, through_a_view):
        h = rl.ones(4, 4) @ rl.ones(4, 4, requires_grad=True)
        write(h)
        with pytest.raises(RuntimeError, match="modified by an inplace"):
            h.sum().backward()


def test_a_view_that_is_older_than_its_base_s_wish_for_a_gradient_has_its_own():
    base = rl.zeros(3)
    view = base[:2]
    base.requires_grad_()
    assert view.requires_grad and view.is_leaf and not view.retains_grad
    (view * 2).sum().backward()
    assert view.grad.tolist() == [2, 2] and base.grad is None


def test_a_first_gradient_is_nobody_else_s():
    a, b = (rl.zeros(3, requires_grad=True) for _ in range(2))
    given = rl.ones(3)
    (a + b).backward(given, create_graph=True)
    a.grad.zero_()
    assert given.tolist() == b.grad.tolist() == [1, 1, 1]
    (a * 1.0).sum().backward(create_graph=True)
    c = rl.zeros(3, requires_grad=True)
    c.sum().backward(create_graph=True)
    c.grad.zero_()  # no expanded number


def test_a_gradient_that_a_function_tracked_holds_no_graph():
    class Tracked(rl.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, gradient):
            with rl.enable_grad():
                return gradient * rl.ones(3, requires_grad=True)

    x = rl.zeros(3, requires_grad=True)
    Tracked.apply(x).sum().backward()
    assert not x.grad.requires_grad


@pytest.mark.parametrize("op", ["clamp_", "relu_", "add_"])
def test_the_error_names_the_op_that_wrote_over_a_saved_tensor(op):
    x = rl.tensor([0.5, 2.0], requires_grad=True)
    y = x.exp()
    getattr(y, op)(*([] if op == "relu_" else [1]))
    with pytest.raises(RuntimeError, match=rf"\[exp\] saved its result .* and \[{op}\] wrote over it"):
        y.sum().backward()
