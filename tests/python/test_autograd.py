"""Autograd from Python."""

import gc
import weakref

import pytest

import rushlight as rl


def leaf(*values):
    return rl.tensor(list(values), requires_grad=True)


def test_backward_accumulates_and_takes_options():
    x = leaf(1.0, 2.0)
    y = x * x
    y.backward(rl.tensor([1.0, 10.0]), retain_graph=True)
    assert x.grad.tolist() == [2.0, 40.0]
    y.sum().backward(inputs=[x])
    assert x.grad.tolist() == [4.0, 44.0]
    x.grad = None
    assert x.grad is None
    with pytest.raises(RuntimeError, match="shape"):
        x.grad = rl.tensor([1.0])


def test_misuse_explains_itself():
    x = leaf(1.0, 2.0)
    y = (x * x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="second time"):
        y.backward()
    with pytest.raises(RuntimeError, match="scalar"):
        (x * 2).backward()
    with pytest.raises(RuntimeError, match="does not require grad"):
        rl.tensor(1.0).backward()
    with pytest.raises(RuntimeError, match="leaf"):
        x += 1
    z = x * 2
    w = z * z
    z += 1
    with pytest.raises(RuntimeError, match="modified by an inplace"):
        w.sum().backward()


def test_grad_and_higher_orders():
    x = leaf(2.0)
    y = x * x * x
    (first,) = rl.autograd.grad(y, x, create_graph=True)
    (second,) = rl.autograd.grad(first, x)
    assert first.tolist() == [12.0] and second.tolist() == [12.0] and x.grad is None
    other = leaf(1.0)
    with pytest.raises(RuntimeError, match="not have been used"):
        rl.autograd.grad(x * 2, other)
    assert rl.autograd.grad(x * 2, [x, other], allow_unused=True)[1] is None
    assert rl.autograd.grad(x * 2, [other], materialize_grads=True)[0].tolist() == [0.0]
    rl.autograd.backward([x * 2, x * 3], [rl.tensor([1.0]), rl.tensor([1.0])])
    assert x.grad.tolist() == [5.0]


def test_flags_and_nodes():
    x = leaf(1.0)
    y = x * 2 + 1
    assert x.is_leaf and not y.is_leaf and x.grad_fn is None and y.requires_grad
    assert y.grad_fn.name() == "AddBackward0" and repr(y.grad_fn) == "<AddBackward0>"
    (inner, slot), (nothing, _) = y.grad_fn.next_functions
    assert inner.name() == "MulBackward0" and slot == 0 and nothing is None
    assert inner.next_functions[0][0].name() == "AccumulateGrad" and y.grad_fn == y.grad_fn
    assert not y.detach().requires_grad
    y.detach_()
    assert y.is_leaf and not y.requires_grad
    x.requires_grad = False
    assert not x.requires_grad
    with pytest.raises(RuntimeError, match="floating"):
        rl.tensor([1]).requires_grad_()


def test_data_writes_are_not_tracked():
    x = leaf(1.0, 2.0)
    x.data.mul_(2)
    x.data = x.data + 1
    assert x.tolist() == [3.0, 5.0] and x.is_leaf and x.requires_grad


def test_modes_are_contexts_and_decorators():
    x = leaf(1.0)
    with rl.no_grad():
        assert not (x * 2).requires_grad and not rl.is_grad_enabled()
        with rl.enable_grad():
            assert (x * 2).requires_grad
    assert rl.is_grad_enabled()

    @rl.no_grad()
    def called():
        return (x * 2).requires_grad

    @rl.no_grad
    def bare():
        return (x * 2).requires_grad

    @rl.no_grad()
    def generator():
        received = yield rl.is_grad_enabled()
        yield received, rl.is_grad_enabled()

    assert not called() and not bare() and called.__name__ == "called"
    walk = generator()
    assert next(walk) is False and rl.is_grad_enabled()
    assert walk.send("word") == ("word", False)
    with rl.set_grad_enabled(False):
        assert not rl.is_grad_enabled()
    rl.set_grad_enabled(False)
    assert not rl.is_grad_enabled()
    rl.set_grad_enabled(True)
    with pytest.raises(ZeroDivisionError), rl.no_grad():
        1 / 0
    assert rl.is_grad_enabled()


def test_inference_mode():
    x = leaf(1.0)
    with rl.inference_mode():
        y = x * 2
        assert y.is_inference() and not y.requires_grad
    with pytest.raises(RuntimeError, match="[Ii]nference"):
        x * y
    assert rl.is_grad_enabled() and not rl.is_inference_mode_enabled()


def test_hooks_see_and_replace_gradients():
    x = leaf(1.0, 2.0)
    seen = []
    watch = x.register_hook(lambda g: seen.append(g.tolist()))
    double = x.register_hook(lambda g: g * 2)
    (x * 3).sum().backward()
    assert seen == [[3.0, 3.0]] and x.grad.tolist() == [6.0, 6.0]
    watch.remove()
    double.remove()
    (x * 3).sum().backward()
    assert len(seen) == 1 and x.grad.tolist() == [9.0, 9.0]

    def fails(_):
        raise KeyError("mine")

    y = x * 1
    y.register_hook(fails)
    with pytest.raises(KeyError, match="mine"):
        y.sum().backward()


def test_retain_grad():
    x = leaf(1.0)
    y = x * 2
    y.retain_grad()
    (y * 5).sum().backward()
    assert y.grad.tolist() == [5.0] and y.grad is y.grad


class Scale(rl.autograd.Function):
    @staticmethod
    def forward(ctx, x, factor):
        ctx.save_for_backward(x)
        ctx.factor = factor
        return x * x * factor

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return gradient * 2 * x * ctx.factor, None


def test_custom_function():
    x = leaf(1.0, 3.0)
    y = Scale.apply(x, 5.0)
    assert y.grad_fn.name() == "ScaleBackward" and y.tolist() == [5.0, 45.0]
    (first,) = rl.autograd.grad(y.sum(), x, create_graph=True)
    assert first.tolist() == [10.0, 30.0]
    assert rl.autograd.grad(first.sum(), x)[0].tolist() == [10.0, 10.0]
    with rl.no_grad():
        assert Scale.apply(x, 2.0).grad_fn is None


def test_custom_function_with_several_results_and_saved_result():
    class Split(rl.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            product, index = rl.exp(x) * y, rl.tensor([7])
            ctx.save_for_backward(product, y, None)
            ctx.mark_non_differentiable(index)
            return product, x, index

        @staticmethod
        def backward(ctx, of_product, of_x, _):
            product, y, nothing = ctx.saved_tensors
            assert nothing is None and ctx.needs_input_grad == (True, False)
            return of_product * product + of_x, None

    x, y = leaf(0.0, 1.0), rl.tensor([2.0, 2.0])
    product, same, index = Split.apply(x, y)
    assert same is not x and same.requires_grad and not index.requires_grad
    product.sum().backward()
    assert x.grad.tolist() == product.tolist()


def test_custom_function_errors():
    class Short(rl.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            return x + y

        @staticmethod
        def backward(ctx, gradient):
            return gradient

    with pytest.raises(RuntimeError, match="incorrect number of gradients"):
        Short.apply(leaf(1.0), leaf(2.0)).sum().backward()
    x = leaf(1.0)
    hidden = x * 1
    y = Scale.apply(hidden, 2.0)
    hidden += 1
    with pytest.raises(RuntimeError, match="modified by an inplace"):
        y.sum().backward()


def test_graphs_die_with_their_tensors():
    class Watched:
        pass

    watched = Watched()
    reference = weakref.ref(watched)
    x = leaf(1.0)
    y = x * 2
    y.register_hook(lambda g, keep=watched: None)
    del watched, y
    gc.collect()
    assert reference() is None


def test_a_saved_tensor_that_changed_its_shape_is_an_error():
    x = rl.ones(3, 3).requires_grad_()
    a = x * 1
    b = a.sin()
    a.t_()
    with pytest.raises(RuntimeError, match="modified by an inplace"):
        b.sum().backward()


@pytest.mark.parametrize("shape", [(3,), (1,), (2, 1)])
def test_a_custom_gradient_of_another_shape_is_an_error(shape):
    class Wrong(rl.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, gradient):
            return rl.ones(*shape)

    x = rl.ones(2).requires_grad_()
    with pytest.raises(RuntimeError, match="invalid gradient at index 0"):
        Wrong.apply(x).sum().backward()
    assert x.grad is None


def test_a_saved_tensor_that_was_resized_is_an_error():
    w = rl.ones(3).requires_grad_()
    a = rl.ones(3)
    y = w * a
    a.resize_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace"):
        y.sum().backward()


def test_a_hook_is_removed_from_where_it_was_set():
    x = rl.ones(2).requires_grad_()
    y = x * 1
    seen = []
    kept = y.register_hook(lambda g: seen.append("kept"))
    gone = y.register_hook(lambda g: seen.append("gone"))
    y.mul_(2)
    gone.remove()
    gone.remove()
    y.sum().backward()
    assert seen == ["kept"]
    kept.remove()


def test_a_gradient_of_another_dtype_is_cast():
    x = leaf(1.0, 1.0)
    (x * 2).backward(rl.ones(2, dtype=rl.int64))
    assert x.grad.tolist() == [2, 2] and x.grad.dtype == rl.float32
    assert rl.autograd.grad(x * 2, x, rl.ones(2, dtype=rl.float64))[0].dtype == rl.float32


def test_small_questions_to_a_tensor():
    x = leaf(1.0, 2.0)
    y = x * 2
    y.grad = None
    assert not x.retains_grad and not y.retains_grad
    y.retain_grad()
    assert y.retains_grad
    y.sum().backward()
    del x.grad
    assert x.grad is None
    view = y[:1][:1]
    assert view._is_view() and view._base is y and not y._is_view() and x._base is None


def test_hooks_of_a_node_see_all_its_gradients_and_replace_them():
    x = leaf(1.0, 1.0)
    y = x * 3
    seen = []
    y.register_hook(lambda g: seen.append(("tensor", g.tolist())))
    y.grad_fn.register_prehook(lambda outputs: seen.append(("before", outputs[0].tolist())) or (outputs[0] * 10,))
    y.grad_fn.register_hook(lambda inputs, outputs: seen.append(("behind", inputs[0].tolist(), inputs[1], outputs[0].tolist())))
    y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] * 2, None))
    gone = y.grad_fn.register_hook(lambda inputs, outputs: seen.append("gone"))
    gone.remove()
    y.sum().backward()
    assert seen == [("tensor", [1, 1]), ("before", [1, 1]), ("behind", [30, 30], None, [10, 10])]
    assert x.grad.tolist() == [60, 60]


def test_hooks_of_a_leaf_s_node():
    x = leaf(1.0, 1.0)
    y = x * 3
    seen = []
    accumulate = y.grad_fn.next_functions[0][0]
    accumulate.register_hook(lambda inputs, outputs: seen.append((inputs, outputs[0].tolist(), x.grad.tolist())))
    accumulate.register_prehook(lambda outputs: (outputs[0] * 2,))
    y.sum().backward()
    assert seen == [((), [6, 6], [6, 6])]
    accumulate.register_prehook(lambda outputs: (None, None))
    with pytest.raises(RuntimeError, match="returned 2 gradients in place of 1"):
        (x * 3).sum().backward()


def doubling(backward):
    """x * 2 as a function whose gradient is backward(gradient), with grad mode on."""

    class Doubled(rl.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, gradient):
            with rl.enable_grad():
                return backward(gradient)

    return Doubled.apply


def test_a_derivative_inside_a_backward_leaves_the_gradients_around_it_alone():
    w, x = leaf(2.0), leaf(1.0)
    seen = []
    w.register_hook(lambda g: seen.append(g.tolist()))
    y = doubling(lambda gradient: gradient * rl.autograd.grad((w * w).sum(), w)[0])(x)
    (y + w * 3).sum().backward()  # 3 waits at w while the function differentiates w * w
    assert (x.grad.tolist(), w.grad.tolist(), seen) == ([4.0], [3.0], [[4.0], [3.0]])


def test_a_backward_inside_a_backward_adds_to_the_leaf_that_both_reach():
    w = leaf(2.0)
    after = []
    w.register_hook(lambda g: g * 10)
    w.register_post_accumulate_grad_hook(lambda t: after.append(t.grad.tolist()))

    def runs_another(gradient):
        (w * w).sum().backward()
        return gradient

    (doubling(runs_another)(leaf(1.0)) + w * 3).sum().backward()  # 3 waits at w while 4 arrives
    assert (w.grad.tolist(), after) == ([70.0], [[40.0], [70.0]])


def test_a_gradient_that_is_only_caught_meets_no_hook_of_its_node():
    x = leaf(1.0)
    y = x * 3
    y.grad_fn.register_prehook(lambda outputs: (outputs[0] * 10,))
    y.register_hook(lambda g: g * 2)
    assert rl.autograd.grad((y * 1).sum(), y, retain_graph=True)[0].tolist() == [2.0]
    assert rl.autograd.grad((y * 1).sum(), x)[0].tolist() == [60.0]


@pytest.mark.parametrize("replaced, words", [
    (lambda g: g[:1], r"\[mul\] returned a gradient of shape \(1,\) and float32 for one of shape \(2,\) and float32"),
    (lambda g: g.double(), "float64 for one of shape .* and float32"),
])
def test_what_hooks_return_must_be_like_the_gradient(replaced, words):
    x = leaf(1.0, 1.0)
    hooks = (lambda y: y.register_hook(replaced),
             lambda y: y.grad_fn.register_prehook(lambda outputs: (replaced(outputs[0]),)),
             lambda y: y.grad_fn.register_hook(lambda inputs, outputs: (replaced(inputs[0]), None)))
    for register in hooks:
        y = x * 3
        register(y)
        with pytest.raises(RuntimeError, match=words):
            y.sum().backward()
        assert x.grad is None
    y = x * 3
    y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0], inputs[0]))
    with pytest.raises(RuntimeError, match="returned a gradient where there is none"):
        y.sum().backward()


def test_hooks_of_a_view_s_node_see_its_own_gradient():
    x = leaf(1.0, 2.0)
    y = x * 1
    seen = []
    a, b = y[:1], y[:1]
    for view in (a, b):
        view.grad_fn.register_hook(lambda inputs, outputs: seen.append(inputs[0].tolist()))
    (a + b * 2).sum().backward()
    assert sorted(seen) == [[1, 0], [2, 0]] and x.grad.tolist() == [3, 0]


def test_saved_tensors_hooks_may_be_forbidden():
    from rushlight.autograd import graph

    hooks = graph.saved_tensors_hooks(lambda t: t, lambda t: t)
    with graph.disable_saved_tensors_hooks("outer"):
        with graph.disable_saved_tensors_hooks("inner"):
            pass
        with pytest.raises(RuntimeError, match="outer"), hooks:
            pass
    with hooks, pytest.raises(RuntimeError, match="too late"), graph.disable_saved_tensors_hooks("too late"):
        pass
    with hooks:
        pass
