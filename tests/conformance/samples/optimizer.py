"""Optimizer steps and clipping: ops over lists of tensors that change them; judged by PyTorch's own functions."""

import rushlight
import torch
from torch.optim.adam import adam
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

from call import FLOATING, LAYOUTS, Array, Call
from judge import expect
from registry import Bad, errors_of, law_of, samples_of
from samples.wrong import f32, i64


def _scaled(grads, factor):
    return grads if factor is None else [(grad * factor.to(grad.dtype)).reshape(grad.shape) for grad in grads]


def _adam(function, decay):
    def judge(params, grads, exp_avgs, exp_avg_sqs, step, lr, max_exp_avg_sqs=(), grad_factor=None, **options):
        usual = {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": decay, "maximize": False}
        steps = [step.clone().reshape([]).float() for _ in params]
        amsgrad = bool(max_exp_avg_sqs)
        function(
            params, _scaled(grads, grad_factor), exp_avgs, exp_avg_sqs, list(max_exp_avg_sqs), steps, amsgrad=amsgrad, lr=lr, foreach=False,
            **{**usual, **options},
        )  # fmt: skip
        return [*params, *exp_avgs, *exp_avg_sqs, *max_exp_avg_sqs, step + 1]

    return judge


def _lists(draw, least=0, empty=1):
    """row(low): a list of tensors of the shapes that were drawn."""
    shapes = [draw.shape(least=1 - empty) for _ in range(draw.integer(least, 3))]
    dtypes = [draw.choice(draw.dtype, draw.dtype, draw.dtype if draw.smooth else draw.choice("float32", "float64")) for _ in shapes]
    plain = {"layouts": ("contiguous", "misaligned", "transposed", "sliced", "negative"), "differentiable": False}
    return lambda low, **more: [
        draw.tensor(shape, dtype, low=low, **{**plain, **more}) for shape, dtype in zip(shapes, dtypes)
    ]


def _count(draw):
    return Array(torch.tensor(float(draw.integer(0, 20))), differentiable=False, layouts=("contiguous",))


def _factor(draw):
    """Behind the options: none, or what the gradients are multiplied by."""
    if draw.boolean():
        return {}
    number = torch.full(draw.choice((), (1,)), draw.uniform(0.1, 2), dtype=torch.float64)
    return {"grad_factor": Array(number, differentiable=False, layouts=("contiguous",))}


for _name, _judge in {"adamw": _adam(adamw, 0.01), "adam": _adam(adam, 0.0)}.items():
    for _amsgrad in (False, True):

        @samples_of(f"{_name}_{'amsgrad_' * _amsgrad}step", judge=_judge, dtypes=("float32", "float64"))
        def _(draw, amsgrad=_amsgrad):
            # an amsgrad list must not be empty: by that the judge knows it
            row = _lists(draw, least=int(amsgrad))
            more = {"max_exp_avg_sqs": row(0.1)} if amsgrad else {}
            return Call(
                params=row(-3), grads=row(-3, layouts=LAYOUTS), exp_avgs=row(-1), exp_avg_sqs=row(0.1), **more, step=_count(draw),
                lr=draw.uniform(0.001, 0.5), beta1=draw.choice(0.9, 0.5), beta2=draw.choice(0.999, 0.9),
                eps=draw.choice(1e-8, 0.1), weight_decay=draw.choice(0.01, 0.0, 0.3), maximize=draw.boolean(),
                **_factor(draw),
            )  # fmt: skip


def _sgd(params, grads, lr, momentum_buffers=None, step=None, momentum=0.0, grad_factor=None, **options):
    usual = {"weight_decay": 0.0, "dampening": 0.0, "nesterov": False, "maximize": False}
    known = momentum_buffers if momentum_buffers and float(step) > 0 else [None] * len(params)
    buffers = list(known)
    sgd(params, _scaled(grads, grad_factor), buffers, momentum=momentum, lr=lr, foreach=False, **{**usual, **options})
    return [*params, *buffers, step + 1] if step is not None else params


@samples_of("sgd_step", judge=_sgd, dtypes=("float32", "float64"))
def _(draw):
    row = _lists(draw, least=1)
    decay = draw.choice(0.0, 0.1)
    return Call(
        params=row(-3), grads=row(-3, layouts=LAYOUTS), lr=draw.uniform(0.001, 0.5), weight_decay=decay, maximize=draw.boolean(),
        **_factor(draw),
    )  # fmt: skip


@samples_of("sgd_momentum_step", judge=_sgd, dtypes=("float32", "float64"))
def _(draw):
    row, nesterov = _lists(draw), draw.boolean()
    return Call(
        params=row(-3), grads=row(-3, layouts=LAYOUTS), momentum_buffers=row(-3), step=_count(draw) if draw.boolean() else f32() if draw.smooth else Array(torch.tensor(0.0), differentiable=False),
        lr=draw.uniform(0.001, 0.5), momentum=draw.choice(0.9, 0.5), dampening=0.0 if nesterov else draw.choice(0.0, 0.4),
        weight_decay=draw.choice(0.0, 0.1), nesterov=nesterov, maximize=draw.boolean(), **_factor(draw),
    )  # fmt: skip


# -- clipping ---------------------------------------------------------------------------------------------------------


def _with_gradients(clip):
    """PyTorch clips the gradients of parameters."""

    def judge(grads, *args, **options):
        parameters = [torch.nn.Parameter(torch.zeros_like(g)) for g in grads]
        for parameter, gradient in zip(parameters, grads):
            parameter.grad = gradient.clone()
        clip(parameters, *args, **options)
        return [p.grad for p in parameters]

    return judge


_clip_with_norm = _with_gradients(torch.nn.utils.clip_grads_with_norm_)


@samples_of(
    "clip_grads_with_norm",
    judge=lambda grads, total_norm, max_norm: _clip_with_norm(grads, max_norm, total_norm),
    dtypes=FLOATING,
    gradients=False,
)
def _(draw):
    norm = draw.tensor(draw.choice([], [1]), low=0.1, high=9, dtype=draw.choice("float32", draw.dtype), differentiable=False)
    if norm.value.dim():
        norm = Array(norm.value[0].clone(), differentiable=False)
    return Call(grads=_lists(draw)(-3), total_norm=norm, max_norm=draw.uniform(0, 6))


_clip_value = _with_gradients(torch.nn.utils.clip_grad_value_)


@samples_of("clip_grad_value", judge=lambda grads, clip_value: _clip_value(grads, clip_value), dtypes=FLOATING)
def _(draw):
    return Call(grads=_lists(draw, least=1)(-3), clip_value=draw.uniform(0, 3))


_ORDERS = (2.0, 2.0, 1.0, 3.0, float("inf"), 0.0)


def _gradients(draw):
    return [draw.tensor(draw.shape(least=1), low=-3) for _ in range(draw.integer(0, 3))]


@samples_of("get_total_norm", judge=torch.nn.utils.get_total_norm, dtypes=FLOATING, gradients=False, units=256)
def _(draw):
    return Call(tensors=_gradients(draw), norm_type=draw.choice(*_ORDERS), error_if_nonfinite=draw.boolean())


@samples_of(
    "clip_grad_norm",
    judge=lambda grads, max_norm, **options: torch.nn.utils.get_total_norm(grads, **options),
    dtypes=FLOATING,
    gradients=False,
    units=256,
)
def _(draw):
    return Call(grads=_lists(draw, empty=0)(-3), max_norm=draw.uniform(0.1, 9), norm_type=draw.choice(*_ORDERS), error_if_nonfinite=draw.boolean())


@law_of("clip_grad_norm")
def leaves_gradients_of_that_norm():
    grads = [rushlight.tensor([3.0, 0.0]), rushlight.tensor([[4.0]])]
    total = rushlight.clip_grad_norm(grads, 1.0).item()
    expect(total == 5, "the norm was", total, "but should be 5")
    after = rushlight.get_total_norm(grads).item()
    expect(abs(after - 1) < 1e-6, "the norm is", after, "after clipping to 1")
    rushlight.clip_grad_norm(grads, 2.0)
    expect(rushlight.get_total_norm(grads).item() == after, "clipping to more than the norm changed the gradients")


# -- wrong calls ------------------------------------------------------------------------------------------------------


def _wrong_steps(states, counts, **more):
    """`states`: the names of the lists besides params and grads."""

    def step(params, grads, *lists, count=f32(), **factor):
        rest = {"step": count} if counts else {}
        return Call(params=params, grads=grads, **dict(zip(states, lists)), **rest, lr=0.1, **more, **factor)

    x, other = f32(2), f32(3)
    usual = [[x]] * len(states)
    yield Bad("lengths", step([x, x], [x], *usual), ("one length",), raises=ValueError)
    yield Bad("grad's shape", step([x], [other], *usual), ("parameter 0", "(2,)", "(3,)"), raises=ValueError)
    yield Bad("grad's dtype", step([x], [i64(2)], *usual), ("parameter 0", "float32", "int64"), raises=ValueError)
    yield Bad("integers", step([i64(2)], [i64(2)], *[[i64(2)]] * len(states)), ("parameter 0", "int64"), raises=TypeError)
    yield Bad("no grad", step([x], [None], *usual), ("parameter 0",))
    yield Bad("factor is many", step([x], [x], *usual, grad_factor=f32(2)), ("grad_factor", "one floating point number"), raises=ValueError)
    yield Bad("factor is whole", step([x], [x], *usual, grad_factor=i64()), ("grad_factor", "int64"), raises=ValueError)
    if states:
        yield Bad("state's shape", step([x], [x], *usual[1:], [other]), ("parameter 0", "(3,)"), raises=ValueError)
    if counts:
        yield Bad("step is many", step([x], [x], *usual, count=f32(2)), ("step", "one number"), raises=ValueError)


_MOMENTS = ("exp_avgs", "exp_avg_sqs")
for _id, _states, _more in (
    ("adamw_step", _MOMENTS, {}),
    ("adamw_amsgrad_step", (*_MOMENTS, "max_exp_avg_sqs"), {}),
    ("adam_step", _MOMENTS, {}),
    ("adam_amsgrad_step", (*_MOMENTS, "max_exp_avg_sqs"), {}),
    ("sgd_step", (), {}),
    ("sgd_momentum_step", ("momentum_buffers",), {"momentum": 0.9}),
):

    @errors_of(_id)
    def _(id=_id, states=_states, more=_more):
        yield from _wrong_steps(states, id != "sgd_step", **more)
        if id == "sgd_momentum_step":
            lists = {"params": [f32(2)], "grads": [f32(2)], "momentum_buffers": [f32(2)], "step": f32()}
            damped = Call(**lists, lr=0.1, momentum=0.9, dampening=0.1, nesterov=True)
            yield Bad("nesterov and dampening", damped, ("nesterov", "0.9", "0.1"), raises=ValueError)


@errors_of("clip_grads_with_norm")
def _():
    yield Bad("norm is many", Call(grads=[f32(2)], total_norm=f32(2), max_norm=1.0), ("total_norm", "one number"), raises=ValueError)
    yield Bad("integers", Call(grads=[i64(2)], total_norm=f32(), max_norm=1.0), ("gradient 0", "int64"), raises=TypeError)
    yield Bad("no gradient", Call(grads=[f32(2), None], total_norm=f32(), max_norm=1.0), ("clip_grads_with_norm",), raises=TypeError)


@errors_of("clip_grad_value")
def _():
    yield Bad("integers", Call(grads=[f32(2), i64(2)], clip_value=1.0), ("gradient 1", "int64"), raises=TypeError)
    yield Bad("no gradient", Call(grads=[None], clip_value=1.0), ("clip_grad_value",), raises=TypeError)


_INFINITE = Array(torch.tensor([1.0, float("inf")]))


@errors_of("get_total_norm")
def _():
    yield Bad("not finite", Call(tensors=[_INFINITE], error_if_nonfinite=True), ("total norm", "not finite", "error_if_nonfinite"))
    yield Bad("integers", Call(tensors=[i64(2)]), ("floating", "int64"))


@errors_of("clip_grad_norm")
def _():
    yield Bad("not finite", Call(grads=[_INFINITE], max_norm=1.0, error_if_nonfinite=True), ("total norm", "not finite"))
    yield Bad("integers", Call(grads=[i64(2)], max_norm=1.0), ("floating", "int64"))
