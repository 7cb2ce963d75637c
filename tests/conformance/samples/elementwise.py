"""MAP ops: nothing is said per op. Names find PyTorch's function, and its answers find where the op is smooth."""

import functools
import inspect
import math

import mpmath
import torch
import torch.nn.functional as F

import bridge
from call import EVERY_DTYPE, FLOATING, INTEGRAL, SIGNED, Array, Call, torch_dtype
from draw import Draw
from registry import Family


class _Polygamma(torch.autograd.Function):
    """By mpmath: PyTorch's trigamma is good to 1e-9 only, and it has large numbers where there are poles."""

    @staticmethod
    def forward(ctx, n, x):
        ctx.n = n
        ctx.save_for_backward(x)
        values = [_polygamma(n, value) for value in x.double().reshape(-1).tolist()]
        dtype = x.dtype if x.is_floating_point() else torch.get_default_dtype()
        return torch.tensor(values, dtype=torch.float64).reshape(x.shape).to(dtype)

    @staticmethod
    def backward(ctx, gradient):
        return None, gradient * _Polygamma.apply(ctx.n + 1, *ctx.saved_tensors)


class _Sinc(torch.autograd.Function):
    """With a gradient that loses no digits near 0, as PyTorch's does."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.sinc(x)

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return gradient * _sinc_slope(x.double())


def _sinc_slope(x):
    """By the series where the difference of the closed form has lost half its digits. Differentiable in turn."""
    y = math.pi * x
    near = y.abs() < 0.5
    far = torch.where(near, 1.0, y)
    closed = math.pi * (far.cos() * far - far.sin()) / (far * far)
    series = sum((-1) ** k * 2 * k * y ** (2 * k - 1) / math.factorial(2 * k + 1) for k in range(1, 9))
    return torch.where(near, math.pi * series, closed)


def _polygamma(n, x):
    if math.isnan(x) or x == -math.inf:
        return math.nan
    if x == math.inf:
        return math.inf if n == 0 else 0.0
    if x <= 0 and x == math.floor(x):  # a pole
        sign = (-1) ** (n + 1) if n else -math.copysign(1, x)
        return math.nan if n == 0 and x else sign * math.inf
    return float(mpmath.polygamma(n, mpmath.mpf(x)))


def _divided(divide):
    """PyTorch's division dies (SIGFPE) of the lowest whole number over -1: there it is asked for the number over 1,
    which is the same once wrapped."""

    def judge(input, other):
        first, second = _without_numbers([input, other])
        dtype = torch.result_type(input, other)
        if dtype in (torch.int8, torch.int16, torch.int32, torch.int64):
            wraps = (first == torch.iinfo(dtype).min) & (second == -1)
            other = torch.where(wraps, torch.ones_like(second), second) if bool(wraps.any()) else other
        return divide(input, other)

    return judge


# Judges of what PyTorch calls by another name, or does not do well.
JUDGES = {
    "digamma": lambda input: _Polygamma.apply(0, input),
    "polygamma": lambda n, input: _Polygamma.apply(int(n), input),
    "trunc_divide": _divided(lambda input, other: torch.div(input, other, rounding_mode="trunc")),
    "floor_divide": _divided(torch.floor_divide),
    "remainder": _divided(torch.remainder),
    "fmod": _divided(torch.fmod),
    "round_decimals": lambda input, decimals: torch.round(input, decimals=decimals),
    "addcmul": lambda input, tensor1, tensor2, value=1: torch.addcmul(
        *_without_numbers([input, tensor1, tensor2]), value=value
    ),
    "addcdiv": lambda input, tensor1, tensor2, value=1: torch.addcdiv(
        *_without_numbers([input, tensor1, tensor2]), value=value
    ),
    "clamp_tensor": lambda input, min, max: torch.clamp(*_without_numbers([input, min, max])),
    "sinc": lambda input: _Sinc.apply(input),
    "heaviside": lambda input, values: torch.heaviside(*(t.detach() for t in _without_numbers([input, values]))),
    "log_sigmoid": F.logsigmoid,
    "gelu_tanh": lambda input: F.gelu(input, approximate="tanh"),
    "squared_difference": lambda input, other: (input - other) ** 2,
    "absolute_difference": lambda input, other: _absolute_difference(*_without_numbers([input, other])),
}


def _absolute_difference(input, other):
    """Unsigned differences wrap below 0: the smaller is taken from the larger."""
    if torch.promote_types(input.dtype, other.dtype) == torch.uint8:
        return torch.maximum(input, other) - torch.minimum(input, other)
    return (input - other).abs()


# Attributes that must be of a kind that no range of numbers describes.
ATTRIBUTES = {
    ("polygamma", "n"): lambda draw: draw.choice(0, 1, 2, 3),
}
# Ops that are sampled in one interval only.
DOMAINS = {
    "polygamma": (0.1, 5.0),
    "bce": (0.05, 0.95),
    "logit": (0.05, 0.95),
}
# Operands of one dtype: PyTorch refuses others.
TERMS = ("squared_difference", "absolute_difference", "huber", "smooth_l1", "bce", "bce_with_logits", "kl_term")
TERMS += ("celu", "hardsigmoid", "kl_term_of_log", "soft_margin", "prelu_elementwise", "lerp", "addcmul", "addcdiv", "isclose", "heaviside")
EXACT = ("nextafter",)
RELATIVE = ("erfc", "exp", "exp2")


def _for_floats(judge):
    """These are for floating numbers alone."""

    def judge_floats(**arguments):
        tensors = [v for v in arguments.values() if isinstance(v, torch.Tensor)]
        if not all(t.is_floating_point() for t in tensors):
            raise NotImplementedError
        return judge(**arguments)

    return judge_floats


def _huber(input, other, delta):
    size = (input - other).abs()
    return torch.where(size <= delta, 0.5 * size * size, delta * (size - 0.5 * delta))


def _smooth_l1(input, other, beta):
    size = (input - other).abs()
    return torch.where(size < beta, 0.5 * size * size / beta, size - 0.5 * beta)


def _bce_with_logits(input, target, pos_weight):
    """PyTorch's formula, and its limit at -inf, where PyTorch says NaN."""
    input, target, pos_weight = _without_numbers([input, target, pos_weight])
    log_weight = 1 + (pos_weight - 1) * target
    loss = (1 - target) * input - log_weight * F.logsigmoid(input)
    lowest = input.detach() == -math.inf
    return torch.where(lowest, pos_weight * target * math.inf, loss) if bool(lowest.any()) else loss


def _log_or_zero(target):
    return torch.log(torch.where(target == 0, 1, target))


def _kl_term(input, target):
    input, target = _without_numbers([input, target])
    return target * (_log_or_zero(target) - input)


def _kl_term_of_log(input, target):
    input, target = _without_numbers([input, target])
    return target.exp() * (target - input)


def _soft_margin(input, target):
    """By way of logaddexp: PyTorch's own overflows."""
    size = -1.0 * (input * target)
    return torch.logaddexp(size, torch.zeros_like(size))


JUDGES |= {
    op_id: _for_floats(judge)
    for op_id, judge in {
        # PyTorch's gradients of the first two go by way of float32, and its losses take one dtype and one shape
        "celu": lambda input, alpha=1: torch.where(input > 0, input, alpha * torch.expm1(input.clamp(max=0) / alpha)),
        "hardsigmoid": lambda input: F.relu6(input + 3) / 6,
        "prelu_elementwise": lambda input, weight: torch.where(input > 0, input, weight * input),
        "huber": _huber,
        "smooth_l1": _smooth_l1,
        "bce": lambda input, target: (target - 1) * torch.log1p(-input).clamp(min=-100)
        - target * torch.log(input).clamp(min=-100),
        "bce_with_logits": _bce_with_logits,
        "kl_term": _kl_term,
        "kl_term_of_log": _kl_term_of_log,
        "soft_margin": _soft_margin,
    }.items()
}
# Where to look for a range in which an op and its gradient are finite.
RANGES = ((-3.0, 3.0), (0.1, 0.9), (1.1, 3.0))
KINKS = (0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 1.5, 2.0, -2.5, 3.0, -3.0, 6.0)
UNUSUAL = (math.inf, -math.inf, math.nan, 1e-30, -1e-4, 20.5, -21.0, 88.0, 1e4, -1e10)


def _positional(op, function):
    """PyTorch's function, called with our arguments in our order: its parameter names differ (self, other, exponent)."""
    defaults = {a.name: a.default for a in op.arguments if a.name != "alpha"}

    def judge(**arguments):
        rest = {name: arguments.pop(name) for name in list(arguments) if name not in defaults}
        plain = [arguments.get(name, default) for name, default in defaults.items()]
        try:
            return function(*plain, **rest)
        except TypeError:  # no numbers, only tensors
            return function(*_without_numbers(plain), **rest)

    return judge


def _without_numbers(operands):
    """Numbers as tensors of no dimensions, in the dtype that they yield to."""
    tensors = [o for o in operands if isinstance(o, torch.Tensor)]
    common = functools.reduce(torch.promote_types, (t.dtype for t in tensors)) if len(tensors) > 1 else tensors[0].dtype
    dtype_for = lambda number: common if common.is_floating_point else torch.result_type(tensors[0], number)
    return [o if isinstance(o, torch.Tensor) else torch.tensor(o, dtype=dtype_for(o)) for o in operands]


def judge_of(op):
    """PyTorch's function for a MAP op, or None where it has none."""
    if op.id in JUDGES:
        return JUDGES[op.id]
    for place in (torch, torch.nn.functional, torch.special):
        if inspect.isroutine(function := getattr(place, op.name, None)):
            return _positional(op, function)
    return None


def _is_finite(op, judge, interval):
    """Whether results and gradients are, for operands all over the interval."""
    call = _call(op, Draw(f"range {op.id}", "float64", smooth=True), [64], interval)
    tensors = {name: v.value if isinstance(v, Array) else v for name, v in call.arguments.items()}
    floating = [t.requires_grad_() for t in tensors.values() if isinstance(t, torch.Tensor) and t.is_floating_point()]
    found = [result := judge(**tensors)]
    if result.requires_grad:
        found += torch.autograd.grad(result.sum(), floating, allow_unused=True)
    return all(bool(t.isfinite().all()) for t in found if t is not None)


@functools.cache
def smooth_range(op):
    """An interval of operands in which PyTorch's result and gradients are finite."""
    if op.id in DOMAINS:
        return DOMAINS[op.id]
    judge = judge_of(op)
    try:
        return next(interval for interval in RANGES if judge and _is_finite(op, judge, interval))
    except (StopIteration, NotImplementedError, RuntimeError):  # no such op, or none for floating numbers
        return RANGES[1]


def _attribute(op, argument, draw, integral):
    if (op.id, argument.name) in ATTRIBUTES:
        return ATTRIBUTES[op.id, argument.name](draw)
    if argument.kind == "bool":
        return draw.boolean()
    has_default = isinstance(argument.default, (int, float))
    if has_default and not draw.smooth and draw.chance(0.3):
        return argument.default
    if argument.kind == "int" or integral:
        return draw.integer(1, 3)
    if has_default and argument.default:
        return argument.default * draw.uniform(0.5, 1.5)
    return draw.uniform(0.1, 2.0)


def _sprinkle(draw, array, values):
    """Some elements replaced by values from a list, as far as the dtype has them."""
    flat = array.value.reshape(-1)
    for place in draw.subset(range(flat.numel()))[:8]:
        flat[place] = draw.choice(*values)
    return array


def _operand(op, argument, draw, shape, dtype, interval):
    if argument.name == "condition":
        return draw.tensor(shape, dtype="bool")
    first = argument.name == "input"
    if not first and not draw.smooth and draw.chance(0.12):  # a plain number
        # exact as a float32 too: the remainder of a large number would tell
        return draw.integer(0, 3) if draw.boolean() else round(64 * draw.uniform(*interval)) / 64
    if dtype in INTEGRAL:
        low = (
            1 if op.id in DOMAINS or (not first and draw.chance(0.7)) else -5
        )  # 0 divides nothing, and negative powers have no integer
        array = draw.tensor(shape, dtype=dtype, low=low, high=6)
        if draw.chance(0.2) and dtype in SIGNED:
            limits = torch.iinfo(torch_dtype(dtype))
            _sprinkle(draw, array, (limits.max, limits.min, 1) if first else (limits.max, 2, 1))
        return array
    array = draw.tensor(shape, dtype=dtype, low=interval[0], high=interval[1])
    if not draw.smooth and dtype in FLOATING and op.id not in DOMAINS:
        if draw.chance(0.3):
            _sprinkle(draw, array, KINKS)
        elif draw.chance(0.15) and (first or op.id not in TERMS):  # no target is infinite
            _sprinkle(draw, array, UNUSUAL if op.id not in ("remainder", "fmod") else KINKS)  # any, of large numbers
    return array


def _call(op, draw, shape, interval):
    integral = draw.dtype in INTEGRAL or draw.dtype == "bool"
    arguments, first = {}, True
    for argument in op.arguments:
        if not argument.is_tensor:
            arguments[argument.name] = _attribute(op, argument, draw, integral)
            continue
        dtype = draw.dtype
        if not first and not draw.smooth and op.id not in TERMS and draw.chance(0.25):
            dtype = draw.any_dtype().name
        wanted = shape if first else draw.broadcast_to(shape)
        arguments[argument.name] = _operand(op, argument, draw, wanted, dtype, interval)
        first = False
    return Call(**arguments)


def _at_attributes(draw, call):
    """Now and then some elements are what an attribute is: a bound, a threshold."""
    numbers = [v for v in call.arguments.values() if isinstance(v, float) and math.isfinite(v)]
    first = next(iter(call.arrays()), None)
    if numbers and first and first.is_floating and draw.chance(0.3):
        _sprinkle(draw, first, [*numbers, *(-number for number in numbers)])
    return call


def dense_call(op, draw):
    """Many numbers close together: some lie on either side of each place where a formula changes."""
    return _call(op, draw, [499], smooth_range(op))


def _takes(function):
    try:
        function()
    except Exception:
        return False
    return True


@functools.cache
def dtypes_of(op):
    """The dtypes that Rushlight takes, or PyTorch."""
    judge = judge_of(op)

    def is_taken(dtype, seed):
        call = _call(op, Draw(f"dtype {op.id} {seed}", dtype, smooth=True), [2], RANGES[1])
        mine, theirs = bridge.rushlight_call(call)[0], bridge.torch_call(call)[0]
        return _takes(lambda: op.function(**mine.arguments)) or _takes(lambda: judge(**theirs.arguments))

    seeds = range(8)  # a 0 divides nothing
    return tuple(dtype for dtype in EVERY_DTYPE if any(is_taken(dtype, seed) for seed in seeds))


def family_of(op):
    """What the registry would say about a MAP op."""

    def draw_call(draw):
        anywhere = not draw.smooth and op.id not in DOMAINS and draw.chance(0.4)
        call = _call(op, draw, draw.shape(), RANGES[0] if anywhere else smooth_range(op))
        return call if draw.smooth or op.id in DOMAINS else _at_attributes(draw, call)

    return Family(dtypes=dtypes_of(op), draw=draw_call, judge=judge_of(op), units=16, exact=op.id in EXACT, relative=op.id in RELATIVE)
