"""Writes tests/optim/trajectories.inc: where PyTorch's optimizers and schedules go in 100 steps. Needs PyTorch.

    ./dev python tools/golden_optimizers.py
"""
import pathlib

import torch
from torch.optim import lr_scheduler as schedules

STEPS = 100
TARGET = pathlib.Path(__file__).parent.parent / "tests/optim/trajectories.inc"


def scattered(count, state):
    """Numbers in [0, 1) that look random; the test makes the same."""
    numbers = []
    for _ in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        numbers.append((state >> 8) / 2**24)
    return torch.tensor(numbers, dtype=torch.float64)


def parameters():
    weight = (scattered(12, 1).reshape(4, 3) - 0.5).requires_grad_()
    bias = (scattered(4, 2) - 0.5).requires_grad_()
    return weight, bias


def loss_of(weight, bias, step):
    x, y = scattered(15, 3 + step).reshape(5, 3), scattered(20, 1000 + step).reshape(5, 4)
    return ((torch.tanh(x @ weight.T + bias) - y) ** 2).mean()


def muon_in_double(gradient, coefficients, steps, eps):
    """PyTorch runs this in bfloat16, whose rounding nobody can follow."""
    a, b, c = coefficients
    x = gradient.T if gradient.size(0) > gradient.size(1) else gradient
    x = x / x.norm().clamp(min=eps)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if gradient.size(0) > gradient.size(1) else x


def glance(numbers, step):
    """Where they lie along one direction, another one after each step: enough to notice if they leave the path."""
    direction = scattered(len(numbers), 5000 + step) - 0.5
    return (direction @ numbers / direction.norm()).item()


def weights_after(make, clip=None, schedule=None):
    """All weights after a few steps, and a glance at them after each."""
    weight, bias = parameters()
    optimizer = make([weight, bias])
    plan = schedule(optimizer) if schedule else None
    rows, glances = [], []
    for step in range(STEPS):
        optimizer.zero_grad()
        loss_of(weight, bias, step).backward()
        if clip:
            clip([weight, bias])
        optimizer.step()
        if plan:
            plan.step()
        numbers = torch.cat([weight.detach().flatten(), bias.detach()])
        glances.append(glance(numbers, step))
        if step + 1 in (1, 2, 10, STEPS):
            rows.append([step + 1, *numbers.tolist()])
    return [glances, *rows]


def rates_of(make):
    optimizer = torch.optim.SGD([{"params": [torch.zeros(1)]}, {"params": [torch.zeros(1)], "lr": 0.02}], lr=0.5, momentum=0.9)
    plan = make(optimizer)
    rows = []
    for step in range(STEPS):
        rows.append([step, *[group["lr"] for group in optimizer.param_groups], optimizer.param_groups[0]["momentum"]])
        optimizer.step()
        plan.step()
    return rows_to_keep(rows)


def rows_to_keep(rows):
    return [row for row in rows if row[0] < 12 or row[0] % 7 == 0]


def metric(step):
    return 1 / (1 + step) if step < 12 else 0.08 + 0.001 * (step % 7)


def plateau_rates(**options):
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.5)
    plan = schedules.ReduceLROnPlateau(optimizer, **options)
    rows = []
    for step in range(STEPS):
        plan.step(metric(step))
        rows.append([step, optimizer.param_groups[0]["lr"]])
    return rows_to_keep(rows)


O = torch.optim
OPTIMIZERS = {
    "sgd": lambda p: O.SGD(p, lr=0.1),
    "sgd_decay": lambda p: O.SGD(p, lr=0.1, weight_decay=0.1, maximize=True),
    "momentum": lambda p: O.SGD(p, lr=0.1, momentum=0.9, dampening=0.1, weight_decay=0.01),
    "nesterov": lambda p: O.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "adam": lambda p: O.Adam(p, lr=0.01, weight_decay=0.1),
    "adam_amsgrad": lambda p: O.Adam(p, lr=0.01, betas=(0.8, 0.99), amsgrad=True),
    "adamw": lambda p: O.AdamW(p, lr=0.01, weight_decay=0.1, eps=1e-6),
    "adamw_amsgrad": lambda p: O.AdamW(p, lr=0.01, amsgrad=True, maximize=True),
    "rmsprop": lambda p: O.RMSprop(p, lr=0.01),
    "rmsprop_centered": lambda p: O.RMSprop(p, lr=0.01, alpha=0.9, centered=True, momentum=0.5, weight_decay=0.1),
    "adagrad": lambda p: O.Adagrad(p, lr=0.1),
    "adagrad_decay": lambda p: O.Adagrad(p, lr=0.1, lr_decay=0.1, weight_decay=0.1, initial_accumulator_value=0.5),
}
SCHEDULES = {
    "step": lambda o: schedules.StepLR(o, 30, gamma=0.5),
    "multi_step": lambda o: schedules.MultiStepLR(o, [10, 10, 60], gamma=0.3),
    "exponential": lambda o: schedules.ExponentialLR(o, 0.95),
    "constant": lambda o: schedules.ConstantLR(o, factor=0.25, total_iters=7),
    "linear": lambda o: schedules.LinearLR(o, start_factor=0.1, end_factor=0.8, total_iters=20),
    "lambda": lambda o: schedules.LambdaLR(o, lambda step: 1 / (1 + step)),
    "cosine": lambda o: schedules.CosineAnnealingLR(o, 40, eta_min=0.01),
    "warm_restarts": lambda o: schedules.CosineAnnealingWarmRestarts(o, 10, T_mult=2, eta_min=0.01),
    "warm_restarts_equal": lambda o: schedules.CosineAnnealingWarmRestarts(o, 15),
    "one_cycle": lambda o: schedules.OneCycleLR(o, 2.0, total_steps=120),
    "one_cycle_linear": lambda o: schedules.OneCycleLR(o, 2.0, total_steps=101, anneal_strategy="linear", pct_start=0.4, div_factor=10, cycle_momentum=False),
    "one_cycle_three_phases": lambda o: schedules.OneCycleLR(o, 2.0, total_steps=101, three_phase=True),
    "sequential": lambda o: schedules.SequentialLR(
        o, [schedules.LinearLR(o, start_factor=0.1, total_iters=10), schedules.CosineAnnealingLR(o, 90)], [10]
    ),
}


def muon(parameters):
    torch.optim._muon._zeropower_via_newtonschulz = muon_in_double
    return O.Muon(parameters[:1], lr=0.02)


def muon_wide(parameters):
    torch.optim._muon._zeropower_via_newtonschulz = muon_in_double
    return O.Muon(parameters[:1], lr=0.02, weight_decay=0.3, momentum=0.8, nesterov=False, adjust_lr_fn="match_rms_adamw")


def main():
    groups = {name: weights_after(make) for name, make in OPTIMIZERS.items()}
    groups["muon"], groups["muon_match"] = weights_after(muon), weights_after(muon_wide)
    groups["clip_norm"] = weights_after(OPTIMIZERS["sgd"], clip=lambda p: torch.nn.utils.clip_grad_norm_(p, 0.1))
    groups["clip_value"] = weights_after(OPTIMIZERS["sgd"], clip=lambda p: torch.nn.utils.clip_grad_value_(p, 0.02))
    for name, make in {**{name: OPTIMIZERS[name] for name in ("sgd", "adamw", "rmsprop", "rmsprop_centered")}, "muon": muon}.items():
        groups[f"{name}_one_cycle"] = weights_after(make, schedule=lambda o: schedules.OneCycleLR(o, 0.1, total_steps=120))
    rates = {name: rates_of(make) for name, make in SCHEDULES.items()}
    rates["plateau"] = plateau_rates(patience=3)
    rates["plateau_absolute"] = plateau_rates(mode="max", factor=0.5, patience=5, threshold=0.01, threshold_mode="abs", cooldown=4, min_lr=0.05)
    lines = ["// clang-format off", "// Written by tools/golden_optimizers.py: the number of steps, then the weights or the rates.", "// Before weights stands a glance at them after each step."]
    for name, rows in {**groups, **{f"lr_{key}": value for key, value in rates.items()}}.items():
        lines.append(f'{{"{name}", {{')
        lines += ["  {" + ", ".join(f"{value:.12g}" for value in row) + "}," for row in rows]
        lines.append("}},")
    TARGET.write_text("\n".join(lines) + "\n")
    print(f"{len(groups) + len(rates)} trajectories in {TARGET}")


if __name__ == "__main__":
    main()
