"""Optimizer steps as ops: a hundred of them follow torch.optim's way, eager and replayed, and clipping does too."""

import pytest

import rushlight as rl

torch = pytest.importorskip("torch")

STEPS = 100
TARGETS = [[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]]
STARTS = [[[1.0, 2.0, -1.0], [0.5, -0.5, 3.0]], [0.3, -0.2, 0.1]]

ADAM = [{}, {"weight_decay": 0.1}, {"amsgrad": True}, {"amsgrad": True, "weight_decay": 0.05}, {"maximize": True}, {"betas": (0.8, 0.95), "eps": 1e-4}]
SGD = [
    {},
    {"weight_decay": 0.1},
    {"momentum": 0.9},
    {"momentum": 0.9, "dampening": 0.3},
    {"momentum": 0.8, "nesterov": True, "weight_decay": 0.01},
    {"momentum": 0.5, "maximize": True},
]
CASES = [(torch.optim.Adam, o) for o in ADAM] + [(torch.optim.AdamW, o) for o in ADAM] + [(torch.optim.SGD, o) for o in SGD]


def loss_of(library, matrix, vector, target):
    """Smooth, bounded (it is maximised too), and every parameter matters."""
    return library.tanh((matrix * vector - target) * 0.5).square().mean() + library.sin(vector).sum() * 0.1


def rate_at(step):
    return 0.05 / (1 + step % 7)


class Steps:
    """What torch.optim keeps to itself, as tensors of ours."""

    def __init__(self, kind, parameters, options):
        self.parameters, self.options = parameters, dict(options)
        self.amsgrad = self.options.pop("amsgrad", False)
        beta1, beta2 = self.options.pop("betas", (0.9, 0.999))
        self.momentum = self.options.pop("momentum", 0.0)
        self.is_sgd = kind is torch.optim.SGD
        if not self.is_sgd:
            self.options.update(beta1=beta1, beta2=beta2)
            self.options.setdefault("weight_decay", 0.01 if kind is torch.optim.AdamW else 0.0)
        self.op = rl.sgd_step if self.is_sgd else rl.adamw_step if kind is torch.optim.AdamW else rl.adam_step
        lists = (1 if self.momentum else 0) if self.is_sgd else 2 + self.amsgrad
        self.states = [[rl.zeros_like(p.detach()) for p in parameters] for _ in range(lists)]
        self.count, self.rate, self.momentum_slot = rl.tensor(0.0), rl.Slot(0.0), rl.Slot(self.momentum)

    def __call__(self):
        grads = [p.grad for p in self.parameters]
        with rl.no_grad():
            if self.is_sgd and not self.momentum:
                return self.op(self.parameters, grads, lr=self.rate, **self.options)
            more = {"momentum": self.momentum_slot} if self.is_sgd else {}
            self.op(self.parameters, grads, *self.states, self.count, lr=self.rate, **more, **self.options)


def trajectories(kind, options, dtype, traced):
    """All parameters after each step: ours and PyTorch's."""
    ours = [rl.tensor(s, dtype=getattr(rl, dtype)).requires_grad_() for s in STARTS]
    theirs = [torch.tensor(s, dtype=getattr(torch, dtype), requires_grad=True) for s in STARTS]
    steps, optimizer = Steps(kind, ours, options), kind(theirs, lr=1.0, foreach=False, **options)

    def step(target):
        for p in ours:
            p.grad = None
        loss = loss_of(rl, *ours, target)
        loss.backward()
        steps()
        return loss

    run = rl.trace(step) if traced else step
    target = rl.tensor(TARGETS, dtype=getattr(rl, dtype))
    for i in range(STEPS):
        steps.rate.value = optimizer.param_groups[0]["lr"] = rate_at(i)
        run(target)
        optimizer.zero_grad()
        loss_of(torch, *theirs, torch.tensor(TARGETS, dtype=getattr(torch, dtype))).backward()
        optimizer.step()
        yield [torch.tensor(p.tolist(), dtype=torch.float64) for p in ours], [p.detach().double() for p in theirs]
    if traced:
        assert run.replay_count == STEPS - 3


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize("dtype, allowed", [("float32", 1e-5), ("float64", 1e-13)])
@pytest.mark.parametrize("kind, options", CASES, ids=lambda value: str(value.__name__ if isinstance(value, type) else value))
@pytest.mark.parametrize("backend", [name for name in rl.backends() if name != "torch"])
def test_a_hundred_steps(kind, options, dtype, allowed, traced, backend):
    with rl.use_backend(backend):
        for number, (ours, theirs) in enumerate(trajectories(kind, options, dtype, traced)):
            for mine, expected in zip(ours, theirs):
                worst = (mine - expected).abs().max() / expected.abs().max()
                assert worst <= allowed, f"step {number}: {worst}"


def clipped(library, clip):
    """Parameters after steps of gradient descent with clipping in it."""
    p = library.tensor([[3.0, -4.0], [0.5, 2.0]], requires_grad=True)

    def step(x):
        p.grad = None
        loss = (p * x).square().sum()
        loss.backward()
        total = clip(p)
        with library.no_grad():
            p.sub_(p.grad * 0.1)
        return loss if total is None else total

    return step, p


CLIPS = {
    "norm": (lambda p: rl.clip_grad_norm([p.grad], 1.5), lambda p: torch.nn.utils.clip_grad_norm_([p], 1.5)),
    "largest": (
        lambda p: rl.clip_grad_norm([p.grad], 0.7, norm_type=float("inf")),
        lambda p: torch.nn.utils.clip_grad_norm_([p], 0.7, norm_type=float("inf")),
    ),
    "value": (lambda p: rl.clip_grad_value([p.grad], 0.4), lambda p: torch.nn.utils.clip_grad_value_([p], 0.4)),
}


@pytest.mark.parametrize("name", CLIPS)
def test_clipping_inside_a_trace(name):
    step, p = clipped(rl, CLIPS[name][0])
    eager, q = clipped(torch, CLIPS[name][1])
    traced = rl.trace(step)
    for i in range(20):
        x = [[1.0, 0.5 + i / 10], [0.1, -0.3]]
        assert traced(rl.tensor(x)).item() == pytest.approx(eager(torch.tensor(x)).item(), rel=1e-5)
        assert torch.tensor(p.tolist()).allclose(q.detach(), rtol=1e-5)
    assert traced.replay_count == 17


def test_a_norm_that_must_be_finite_is_asked_for_outside_of_traces():
    traced = rl.trace(lambda x: rl.get_total_norm([x * 2], error_if_nonfinite=True))
    x = rl.tensor([3.0, 4.0])
    assert traced(x).item() == 10
    with pytest.raises(rl.TraceError, match="get_total_norm"):
        traced(x)
