"""Random programs of views and in-place writes on both libraries: the same values, and the same gradients.

Where PyTorch refuses a gradient because a saved tensor was written over, and we have kept a copy, finite differences judge.
"""

import random

import numpy as np
import pytest

import rushlight as rl

torch = pytest.importorskip("torch", reason="PyTorch is the judge")

PROGRAMS = 250  # for each seed
STEPS = 7

VIEWS = {
    "rows": lambda t: t[1:],
    "columns": lambda t: t[..., :2],
    "steps": lambda t: t[::2],
    "row": lambda t: t[0],
    "transposed": lambda t: t.transpose(0, -1),
    "flat": lambda t: t.flatten(),
    "deeper": lambda t: t.unsqueeze(0),
    "diagonal": lambda t: t.diagonal() if t.dim() == 2 else t,
    "half": lambda t: t.chunk(2)[0],
    "unbound": lambda t: t.unbind(0)[-1],
    "same": lambda t: t[:],
    "viewed": lambda t: t.view(-1) if t.is_contiguous() else t[:],
}
FRESH = {
    "sin": lambda t: t.sin(),
    "twice": lambda t: t * 2,
    "squared": lambda t: t * t,
    "softmax": lambda t: t.softmax(-1),
    "clone": lambda t: t.clone(),
}
# With another tensor of the same shape, which may be the target, share its memory, or lie apart.
WRITES_OF_TWO = {
    "mul_": lambda t, u: t.mul_(u),
    "add_": lambda t, u: t.add_(u, alpha=0.5),
    "sub_": lambda t, u: t.sub_(u),
    "copy_": lambda t, u: t.copy_(u),
    "addcmul_": lambda t, u: t.addcmul_(u, u, value=0.3),
    "lerp_": lambda t, u: t.lerp_(u, 0.25),
    "set": lambda t, u: t.__setitem__(Ellipsis, u),
}
WRITES_OF_ONE = {
    "mul_by_2": lambda t: t.mul_(2),
    "exp_": lambda t: t.exp_(),
    "tanh_": lambda t: t.tanh_(),
    "relu_": lambda t: t.relu_(),
    "sigmoid_": lambda t: t.sigmoid_(),
    "fill_": lambda t: t.fill_(0.7),
    "zero_": lambda t: t.zero_(),
    "clamp_": lambda t: t.clamp_(-0.5, 0.9),
    "masked_fill_": lambda t: t.masked_fill_(t.detach() > 0.5, 0.1),
    "set_row": lambda t: t.__setitem__(0, 0.4),
    "pow_": lambda t: t.pow_(2),
    "iadd": lambda t: t.__iadd__(1),
}
OTHERS = {"itself": lambda t: t, "detached": lambda t: t.detach(), "alias": lambda t: t[...]}


def draw_program(chance):
    """Steps that name the tensors they take by their number, modulo how many there are."""
    program = []
    for _ in range(chance.randint(3, STEPS)):
        kind = chance.choices(("view", "fresh", "one", "two", "other"), (4, 2, 3, 3, 1))[0]
        table = {"view": VIEWS, "fresh": FRESH, "one": WRITES_OF_ONE}.get(kind, WRITES_OF_TWO)
        program.append((kind, chance.choice(sorted(table)), chance.randrange(100), chance.choice(sorted(OTHERS)), chance.randrange(100)))
    return program


def perform(program, x):
    """All tensors that the program makes. A step that does not fit its tensors is passed over, by shapes alone."""
    tensors = [x * 1.5]
    for kind, name, at, other, second in program:
        target = tensors[at % len(tensors)]
        if kind == "view":
            if target.dim() >= 1 and target.shape[0] >= 2:
                tensors.append(VIEWS[name](target))
        elif kind == "fresh":
            if target.dim() >= 1:
                tensors.append(FRESH[name](target))
        elif kind == "one":
            if target.dim() >= 1:
                WRITES_OF_ONE[name](target)
        elif kind == "other":
            WRITES_OF_TWO[name](target, OTHERS[other](target))
        else:
            fitting = [t for t in tensors if tuple(t.shape) == tuple(target.shape)]
            WRITES_OF_TWO[name](target, fitting[second % len(fitting)])
    return tensors


def loss_of(tensors):
    return sum((t * (i + 1.3)).sum() for i, t in enumerate(tensors))


def run(library, program, values):
    x = library.tensor(values.tolist(), dtype=library.float64, requires_grad=True)
    try:
        tensors = perform(program, x)
        loss = loss_of(tensors)
        loss.backward()
    except RuntimeError as error:
        return None, None, str(error).splitlines()[0]
    gradient = np.zeros(x.shape) if x.grad is None else np.array(x.grad.tolist())  # no path leads to it
    return np.array(loss.detach().tolist()), gradient, None


def finite_differences(program, values):
    def loss_at(point):
        with torch.no_grad():
            return float(loss_of(perform(program, torch.tensor(point, dtype=torch.float64))))

    slopes = np.zeros_like(values)
    for at in np.ndindex(*values.shape):
        step = np.zeros_like(values)
        step[at] = 1e-6
        slopes[at] = (loss_at(values + step) - loss_at(values - step)) / 2e-6
    return slopes


@pytest.mark.parametrize("seed", range(3))
def test_random_programs(seed):
    chance = random.Random(seed)
    judged = {"torch": 0, "differences": 0, "refused by both": 0}
    for number in range(PROGRAMS):
        program = draw_program(chance)
        values = np.random.default_rng(number).normal(size=(4, 3))
        expected_loss, expected, refused = run(torch, program, values)
        loss, found, complaint = run(rl, program, values)
        if complaint:
            assert refused, (number, complaint, program)
            judged["refused by both"] += 1
            continue
        if refused:
            if "inplace" not in refused:
                raise AssertionError((number, refused, program))
            if any(other == "detached" and kind == "other" for kind, _, _, other, _ in program):
                continue  # differences would move what is detached, too
            expected = finite_differences(program, values)
            judged["differences"] += 1
        else:
            np.testing.assert_allclose(loss, expected_loss, rtol=1e-10, err_msg=str((number, program)))
            judged["torch"] += 1
        np.testing.assert_allclose(found, expected, rtol=1e-4 if refused else 1e-10, atol=1e-4 if refused else 1e-10, err_msg=str((number, program)))
    assert judged["torch"] > PROGRAMS / 4 and judged["differences"] + judged["refused by both"] > 10, judged
