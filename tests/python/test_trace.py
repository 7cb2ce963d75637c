"""trace(fn) from Python: recorded twice, then replayed."""

import copy
import pickle

import numpy as np
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


def calls(function, count=6):
    """The results of a traced function of 1, 2, 3 ..., in rows of three."""
    traced = rl.trace(function)
    return [traced(rl.ones(3) * i).tolist() for i in range(1, count + 1)]


def same_numbers(x):
    rl.manual_seed(3)
    return rl.rand(3) * x


def forked_numbers(x):
    with rl.random.fork_rng():
        return rl.rand(3) * x


def own_generator(x):
    return rl.rand(3, generator=rl.Generator().manual_seed(1)) * x


@pytest.mark.parametrize("function", [same_numbers, forked_numbers, own_generator])
def test_a_generator_that_is_set_in_a_trace_is_a_trace_error(function):
    with pytest.raises(rl.TraceError, match=r"seeded or set to a state \(manual_seed"):
        calls(function)


SLOT = rl.Slot(0.5)
NUMBERS = {
    "operator": lambda x: x * SLOT,
    "method": lambda x: x.mul(SLOT),
    "alpha": lambda x: x.add(x, alpha=SLOT),
    "dropout": lambda x: rl.nn.functional.dropout(x, SLOT),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_a_slot_that_no_op_reads_anew_is_a_trace_error(name):
    NUMBERS[name](rl.ones(3))  # untraced it is a number
    with pytest.raises(rl.TraceError, match=r"Slot\(0.5\) stands for a plain number"):
        calls(NUMBERS[name])
    assert calls(lambda x: x * SLOT.value)[5] == [3, 3, 3]


def toggle(w, x):
    w.requires_grad_(True)
    (w * x).sum().backward()
    w.grad = None
    w.requires_grad_(False)


P = rl.ones(3, requires_grad=True)
CHANGES = {
    "data": (lambda w, x: setattr(w, "data", x), "another memory"),
    "data of its own": (lambda w, x: setattr(w, "data", w[::2]), "changed the shape, the strides"),
    "set_": (lambda w, x: w.set_(x), "another memory"),
    "an argument's data": (lambda w, x: setattr(x, "data", w), "another memory"),
    "requires_grad_": (lambda w, x: w.requires_grad_(not w.requires_grad), "gradient"),
    "an argument's requires_grad_": (lambda w, x: x.requires_grad_(), "gradient"),
    "a write with a history": (lambda w, x: x.add_(P), "gradient"),
    "unsqueeze_": (lambda w, x: w.unsqueeze_(0), "changed the shape"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_tensor_from_outside_that_becomes_another_is_a_trace_error(name):
    change, what = CHANGES[name]
    w = rl.zeros(3)

    def function(x):
        change(w, x)
        return w * 1

    with pytest.raises(rl.TraceError, match=what):
        calls(function)


def test_a_tensor_from_outside_may_change_for_a_while():
    w = rl.ones(3)

    def function(x):
        toggle(w, x)
        w.unsqueeze_(0)
        y = w * x
        w.squeeze_(0)
        return y.sum(0)

    assert calls(function) == [[i] * 3 for i in range(1, 7)] and not w.requires_grad and w.shape == (3,)


def test_tensors_from_outside_are_returned():
    w, p = rl.ones(3), rl.ones(3, requires_grad=True)
    assert calls(lambda x: w) == calls(lambda x: p) == [[1, 1, 1]] * 6
    traced = rl.trace(lambda x: w)
    for i in range(1, 6):
        w.fill_(i)
        assert traced(rl.ones(1)).tolist() == [i] * 3
    assert traced.replay_count == 2


def test_what_saved_a_tensor_that_is_written_does_not_outlive_the_call():
    p = rl.ones(3, 3, requires_grad=True)

    def function(x):
        h = x @ p
        h += rl.sin(h)
        return h.detach().sum()

    assert len(set(calls(function))) == 6


SHAPES_FROM_ELEMENTS = {
    "nonzero": lambda x: rl.nonzero(x),
    "argwhere": lambda x: rl.argwhere(x),
    "where": lambda x: rl.where(x > 1)[0],
    "masked_select": lambda x: rl.masked_select(x, x > 1),
    "a mask as index": lambda x: x[x > 1],
    "unique": lambda x: rl.unique(x * 2),
    "unique along dim": lambda x: rl.unique(x, dim=0),
    "unique_consecutive": lambda x: rl.unique_consecutive(x),
    "unique_all": lambda x: rl.unique_all(x).values,
    "bincount": lambda x: rl.bincount(x.to(rl.int64)),
    "equal": lambda x: x if rl.equal(x, x) else x * 2,
    "allclose": lambda x: x if rl.allclose(x, x) else x * 2,
    "is_nonzero": lambda x: x if rl.is_nonzero(x[0]) else x * 2,
}


ELEMENTS_LEAVE = {
    "numpy": lambda x: x * float(x.numpy().sum()),
    "asarray": lambda x: x * float(np.asarray(x).sum()),
    "DLPack": lambda x: x * float(np.from_dlpack(x).sum()),
    "print": lambda x: x * len(str(x)),
    "repr": lambda x: x * len(repr(x * 2)),
    "data_ptr": lambda x: x * x.data_ptr(),
    "storage": lambda x: x * x.untyped_storage().data_ptr(),
    "pickle": lambda x: x * pickle.loads(pickle.dumps(x.detach())),
    "tolist": lambda x: x * x.tolist()[0],
}


@pytest.mark.parametrize("name", ELEMENTS_LEAVE)
def test_elements_that_leave_a_trace_are_a_trace_error_that_says_where(name):
    """Else the numbers of the recording would be replayed for ever."""
    traced = rl.trace(ELEMENTS_LEAVE[name])
    x = rl.tensor([1.0, 2.0, 2.0])
    traced(x)
    with pytest.raises(rl.TraceError, match=r"\w+\(\) asks for the elements of .*(argument of the function|the result of \[)"):
        traced(x)


def test_a_deep_copy_in_a_trace_follows_its_original():
    traced = rl.trace(lambda x: copy.deepcopy(x) * 2)
    for value in (1.0, 2.0, 3.0, 4.0, 5.0):
        assert traced(rl.tensor([value])).tolist() == [2 * value]
    assert traced.replay_count


def test_a_trace_may_show_what_it_made_of_numbers():
    traced = rl.trace(lambda x: x * len(str(rl.tensor([1.0]))))
    assert [traced(rl.ones(1)).item() for _ in range(5)] == [len("tensor([1.])")] * 5


@pytest.mark.parametrize("name", SHAPES_FROM_ELEMENTS)
def test_shapes_that_depend_on_elements_are_a_trace_error_that_says_where(name):
    traced = rl.trace(SHAPES_FROM_ELEMENTS[name])
    x = rl.tensor([1.0, 2.0, 2.0])
    traced(x)
    with pytest.raises(rl.TraceError, match=r"\w+\(\) asks for the elements of .*(argument of the function|the result of \[)"):
        traced(x)


def test_draws_replay_as_they_run():
    def draw(weights):
        return rl.multinomial(weights, 3), rl.multinomial(weights, 5, replacement=True), weights.clone().normal_(2, 3), weights.clone().random_(9)

    traced = rl.trace(draw)
    weights = [rl.tensor([0.5, 1.0 + i, 2.0, 0.0]) for i in range(6)]
    rl.manual_seed(7)
    replayed = [[t.tolist() for t in traced(w)] for w in weights]
    rl.manual_seed(7)
    assert replayed == [[t.tolist() for t in draw(w)] for w in weights]
    assert traced.replay_count == 3
    with pytest.raises(RuntimeError, match="all 0"):
        traced(rl.zeros(4))
