"""Optimizer steps: ops over lists of tensors that change them; judged by PyTorch's own functional step."""

import torch
from torch.optim.adamw import adamw

from call import Array, Call
from registry import Bad, errors_of, samples_of
from samples.wrong import f32, i64


def _adamw_step(params, grads, exp_avgs, exp_avg_sqs, step, lr, **options):
    usual = {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.01, "maximize": False}
    steps = [step.clone().reshape([]).float() for _ in params]
    adamw(params, grads, exp_avgs, exp_avg_sqs, [], steps, amsgrad=False, lr=lr, foreach=False, **{**usual, **options})
    return [*params, *exp_avgs, *exp_avg_sqs, step + 1]


@samples_of("adamw_step", judge=_adamw_step, dtypes=("float32", "float64"), gradients=False)
def _(draw):
    shapes = [draw.shape() for _ in range(draw.integer(0, 3))]
    plain = {"layouts": ("contiguous", "misaligned", "transposed", "sliced", "negative"), "differentiable": False}
    row = lambda low: [draw.tensor(shape, low=low, **plain) for shape in shapes]
    step = Array(torch.tensor(float(draw.integer(0, 20))), differentiable=False, layouts=("contiguous",))
    return Call(
        params=row(-3), grads=row(-3), exp_avgs=row(-1), exp_avg_sqs=row(0.1), step=step, lr=draw.uniform(0.001, 0.5),
        beta1=draw.choice(0.9, 0.5), beta2=draw.choice(0.999, 0.9), eps=draw.choice(1e-8, 0.1),
        weight_decay=draw.choice(0.01, 0.0, 0.3), maximize=draw.boolean(),
    )  # fmt: skip


@errors_of("adamw_step")
def _():
    def step(params, grads, first, second, count=f32()):
        return Call(params=params, grads=grads, exp_avgs=first, exp_avg_sqs=second, step=count, lr=0.1)

    x, other = f32(2), f32(3)
    yield Bad("lengths", step([x, x], [x], [x, x], [x, x]), ("one length",), raises=ValueError)
    yield Bad("grad's shape", step([x], [other], [x], [x]), ("parameter 0", "(2,)", "(3,)"), raises=ValueError)
    yield Bad("state's shape", step([x], [x], [x], [other]), ("parameter 0", "(3,)"), raises=ValueError)
    yield Bad("integers", step([i64(2)], [i64(2)], [i64(2)], [i64(2)]), ("parameter 0", "int64"), raises=TypeError)
    yield Bad("no grad", step([x], [None], [x], [x]), ("parameter 0",))
    yield Bad("step is many", step([x], [x], [x], [x], f32(2)), ("step", "one number"), raises=ValueError)
