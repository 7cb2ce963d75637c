"""Normalizations and attention."""

import math

import rushlight
import torch
import torch.nn.functional as F

import bridge
from call import FLOATING, Call
from draw import Draw
from judge import expect_close
from registry import Bad, errors_of, law_of, samples_of
from samples.random import key as random_key
from samples.wrong import f32, i64, of


WIDE = ("float32", "float64")


def _softmax_call(draw, far=3.0):
    shape = draw.shape()
    return Call(input=draw.tensor(shape, low=-far, high=far), dim=draw.dim(len(shape)))


def _far_softmax_call(draw):
    """Of numbers whose exp overflows, too."""
    return _softmax_call(draw, 3.0 if draw.smooth else draw.choice(3.0, 3.0, 1000.0))


samples_of("softmax", judge=torch.softmax, dtypes=FLOATING)(_far_softmax_call)
samples_of("log_softmax", judge=torch.log_softmax, dtypes=FLOATING)(_far_softmax_call)


@samples_of("layer_norm", judge=F.layer_norm, dtypes=FLOATING, units=512)
def _(draw):
    tail = [draw.integer(2, 6) for _ in range(draw.integer(1, 2))]
    weight, bias = draw.maybe(draw.tensor(tail), 0.7), draw.maybe(draw.tensor(tail), 0.7)
    input = draw.tensor(
        draw.shape(most_rank=2) + tail, layouts=("contiguous", "misaligned", "transposed", "sliced", "negative")
    )
    return Call(input=input, normalized_shape=tail, weight=weight, bias=bias, eps=draw.choice(1e-5, 0.1, 1.0))


def _attention(query, key, value, mask=None, dropout_key=None, is_causal=False, scale=None, dropout_p=0):
    if mask is not None and is_causal:
        seen = torch.ones(query.shape[-2], key.shape[-2], dtype=torch.bool).tril()
        mask = mask & seen if mask.dtype == torch.bool else mask.masked_fill(~seen, -math.inf)
        is_causal = False
    return F.scaled_dot_product_attention(
        query, key, value, attn_mask=mask, dropout_p=dropout_p, is_causal=is_causal, scale=scale, enable_gqa=query.dim() > 2
    )


@samples_of("attention", judge=_attention, dtypes=FLOATING, units=256)
def _(draw):
    lead = [draw.size(1) for _ in range(draw.integer(1, 2))]
    queries, keys, size, width = (draw.size(1) for _ in range(4))
    mask = draw.tensor([queries, keys], dtype=draw.choice("bool", draw.dtype), layouts=("contiguous", "transposed"))
    if mask.value.dtype == torch.bool and draw.chance(0.3):
        mask.value[0] = False  # a row that sees nothing
    return Call(
        query=draw.tensor(lead[:-1] + [lead[-1] * draw.integer(1, 2), queries, size]),
        key=draw.tensor(lead + [keys, size]),
        value=draw.tensor(lead + [keys, width]),
        mask=draw.maybe(mask),
        dropout_key=random_key(draw),
        is_causal=draw.boolean(),
        scale=draw.maybe(draw.uniform(0.1, 1)),
        dropout_p=int(draw.chance(0.1)),  # all or nothing: what lies between is compared with dropout itself
    )


def _self_attention(qkv, is_causal=False, scale=None):
    query, key, value = (x.transpose(-3, -2) for x in qkv.unbind(-3))
    return F.scaled_dot_product_attention(query, key, value, is_causal=is_causal, scale=scale).transpose(-3, -2)


@samples_of("self_attention", judge=_self_attention, dtypes=FLOATING, units=256)
def _(draw):
    lead = [draw.size(1) for _ in range(draw.integer(0, 2))]
    qkv = draw.tensor([*lead, draw.size(1), 3, draw.size(1), draw.size(1)])
    return Call(qkv=qkv, is_causal=draw.boolean(), scale=draw.maybe(draw.uniform(0.1, 1)))


@law_of("attention")
def weights_are_dropped_where_dropout_would_drop_them():
    draw = Draw("dropped", "float64")
    query, key, value = (draw.tensor([2, 3, 4]) for _ in range(3))
    q, k, v = (bridge.to_rushlight(x) for x in (query, key, value))
    noise = rushlight.random_key(1)
    weights = rushlight.softmax(q @ k.mT * 0.5, -1)
    mine = rushlight.attention(q, k, v, dropout_key=noise, scale=0.5, dropout_p=0.4)
    expect_close(bridge.to_torch(mine), bridge.to_torch(rushlight.dropout_with_key(weights, noise, 0.4) @ v), 64, "dropout")


@samples_of("scaled_dot_product_attention", judge=F.scaled_dot_product_attention, dtypes=FLOATING, units=256)
def _(draw):
    shared, copies, items = draw.integer(1, 2), draw.integer(1, 2), draw.size(1)
    queries, keys, size, width = (draw.size(1) for _ in range(4))
    causal = draw.chance(0.2)
    cast = 0 if draw.smooth else 1 if draw.dtype in WIDE else 3  # numbers of another dtype than the scores'
    dtypes = ("bool", draw.dtype, *["float32"] * cast)
    mask = draw.tensor([queries, keys], dtype=draw.choice(*dtypes), layouts=("contiguous", "transposed"))
    if mask.value.dtype == torch.bool:
        mask.value[:, 0] = True
        if draw.chance(0.3):
            mask.value[0] = False  # a row that sees nothing
    spreads = copies == 1 and draw.chance(0.4)
    lead = (lambda sizes: draw.broadcast_to(sizes)) if spreads else list
    return Call(
        query=draw.tensor(lead([items, shared * copies]) + [queries, size]),
        key=draw.tensor(lead([items, shared]) + [keys, size]),
        value=draw.tensor(lead([items, shared]) + [keys, width]),
        attn_mask=None if causal else draw.maybe(mask, 0.8),
        dropout_p=0.0 if draw.smooth else draw.choice(0.0, 0.0, 1.0),
        is_causal=causal,
        scale=draw.maybe(draw.uniform(0.1, 1)),
        enable_gqa=True if copies > 1 else not spreads and draw.boolean(),
    )


def _softmax_in_call(draw):
    call = _softmax_call(draw)
    return Call(**call.arguments, dtype=None if draw.smooth else draw.maybe(draw.floating_dtype(), 0.7))


samples_of("softmax_in", judge=torch.softmax, dtypes=FLOATING)(_softmax_in_call)
samples_of("log_softmax_in", judge=torch.log_softmax, dtypes=FLOATING)(_softmax_in_call)
samples_of("softmin", judge=lambda input, dim, dtype=None: F.softmin(input, dim, dtype=dtype), dtypes=FLOATING)(
    _softmax_in_call
)


@samples_of("glu", judge=F.glu)
def _(draw):
    shape = draw.shape(least_rank=1, most_rank=3)
    dim = draw.dim(len(shape))
    shape[dim] *= 2
    return Call(input=draw.tensor(shape), dim=dim)


@samples_of("rms_norm", judge=F.rms_norm, dtypes=FLOATING, units=512)
def _(draw):
    tail = [draw.integer(2, 6) for _ in range(draw.integer(1, 2))]
    input = draw.tensor(draw.shape(most_rank=2) + tail)
    weight = draw.maybe(draw.tensor(tail), 0.7)
    return Call(input=input, normalized_shape=tail, weight=weight, eps=draw.choice(1e-5, 0.1, 1.0))


def _channels(draw, channels, low=-3.0):
    return draw.maybe(draw.tensor([channels], low=low), 0.7)


def _group_norm(input, num_groups, weight=None, bias=None, eps=1e-5):
    """Without elements as a scale and a shift: PyTorch's gradients of those are NaN then."""
    if input.numel():
        return F.group_norm(input, num_groups, weight, bias, eps)
    shape = [-1] + [1] * (input.dim() - 2)
    scaled = input * (1 if weight is None else weight.reshape(shape))
    return scaled + (0 if bias is None else bias.reshape(shape))


@samples_of("group_norm", judge=_group_norm, dtypes=FLOATING, units=1024)
def _(draw):
    groups, size = draw.integer(1, 3), draw.integer(1, 3)
    channels = groups * size
    input = draw.tensor([draw.size(1), channels, draw.integer(2, 5)] + draw.shape(most_rank=1, least=1))
    weight, bias = _channels(draw, channels), _channels(draw, channels)
    return Call(input=input, num_groups=groups, weight=weight, bias=bias, eps=draw.choice(1e-5, 0.1, 1.0))


def _running(draw, channels, low):
    value = draw.tensor([channels], low=low, differentiable=False, layouts=("contiguous",))
    return value


def _in_the_same_pass(y, relu, max_pool):
    y = F.relu(y) if relu else y
    return F.max_pool2d(y, max_pool) if max_pool > 1 else y


def _window(draw, plane):
    return draw.choice(1, 2) if len(plane) == 2 and min(plane) > 1 else 1


def _batch_norm(input, running_mean, running_var, *rest, relu=False, max_pool=1, **options):
    copies = [None if t is None else t.detach().clone() for t in (running_mean, running_var)]
    return _in_the_same_pass(F.batch_norm(input, *copies, *rest, **options), relu, max_pool)


def _follows(rushlight_norm, torch_norm, call):
    """Both layers leave the same running statistics behind."""
    mine, theirs = (to_arguments(call)[0].arguments for to_arguments in (bridge.rushlight_call, bridge.torch_call))
    rushlight_norm(**mine), torch_norm(**theirs)
    for name in ("running_mean", "running_var"):
        expect_close(bridge.to_torch(mine[name]), theirs[name].double(), 64, name)


@law_of("batch_norm")
@law_of("instance_norm")
def running_statistics_follow_those_of_the_batch():
    draw = Draw("running", "float64")
    x, mean, variance = draw.tensor([4, 3, 5]), draw.tensor([3]), draw.tensor([3], low=0.5)
    for momentum in (0.1, 0.7):
        call = Call(input=x, running_mean=mean, running_var=variance, momentum=momentum)
        _follows(rushlight.instance_norm, F.instance_norm, call)
        call.arguments["training"] = True
        _follows(rushlight.batch_norm, F.batch_norm, call)


@samples_of("batch_norm", judge=_batch_norm, dtypes=FLOATING, units=1024)
def _(draw):
    channels, training, plane = draw.integer(1, 4), draw.boolean(), draw.shape(most_rank=2, least=1)
    input = draw.tensor([draw.integer(2, 4), channels] + plane)
    has_running, bias = not training or draw.boolean(), _channels(draw, channels)
    return Call(
        input=input,
        running_mean=_running(draw, channels, -1) if has_running else None,
        running_var=_running(draw, channels, 0.5) if has_running else None,
        weight=_channels(draw, channels),
        bias=bias,
        training=training,
        momentum=draw.choice(0.1, 0.5),
        eps=draw.choice(1e-5, 0.1, 1.0),
        relu=bias is not None and draw.boolean(),
        max_pool=_window(draw, plane),
    )


def _channel_norm(input, weight=None, bias=None, mean=None, variance=None, eps=1e-5, relu=False, max_pool=1):
    wide = torch.promote_types(input.dtype, torch.float32)  # the statistics of halves are float32
    if mean is None:
        dims = [d for d in range(input.dim()) if d != 1]
        y = F.batch_norm(input, None, None, weight, bias, training=True, eps=eps)
        variance, mean = torch.var_mean(input.detach(), dims, correction=0)
    else:  # by the formula: PyTorch's function takes them for constants
        scale, shift, middle, spread = (
            t if t is None else t.reshape([-1] + [1] * (input.dim() - 2)) for t in (weight, bias, mean, variance)
        )
        y = (input.to(wide) - middle) * (spread + eps).rsqrt()
        y = y if scale is None else y * scale
        y = (y if shift is None else y + shift).to(input.dtype)
    return _in_the_same_pass(y, relu, max_pool), mean.detach().to(wide), variance.detach().to(wide)


@samples_of("channel_norm", judge=_channel_norm, dtypes=FLOATING, units=1024)
def _(draw):
    channels, plane = draw.integer(1, 4), draw.shape(most_rank=2, least=1)
    bias = _channels(draw, channels)
    wide = draw.dtype if draw.dtype in WIDE else "float32"
    given = draw.boolean()
    return Call(
        input=draw.tensor([draw.integer(2, 4), channels] + plane),
        weight=_channels(draw, channels),
        bias=bias,
        mean=draw.tensor([channels], dtype=wide) if given else None,
        variance=draw.tensor([channels], dtype=wide, low=0.5, high=2) if given else None,
        eps=draw.choice(1e-5, 0.1, 1.0),
        relu=bias is not None and draw.boolean(),  # equal numbers without a bias lie at relu's kink
        max_pool=_window(draw, plane),
    )


def _instance_norm(input, running_mean=None, running_var=None, *rest, **options):
    copies = [None if t is None else t.detach().clone() for t in (running_mean, running_var)]
    return F.instance_norm(input, *copies, *rest, **options)


@samples_of("instance_norm", judge=_instance_norm, dtypes=FLOATING, units=1024)
def _(draw):
    channels = draw.integer(1, 4)
    input = draw.tensor([draw.integer(1, 3), channels, draw.integer(2, 4)] + draw.shape(most_rank=1, least=1))
    from_input = draw.boolean()
    has_running = not from_input or draw.boolean()
    return Call(
        input=input,
        running_mean=_running(draw, channels, -1) if has_running else None,
        running_var=_running(draw, channels, 0.5) if has_running else None,
        weight=_channels(draw, channels),
        bias=_channels(draw, channels),
        use_input_stats=from_input,
        momentum=draw.choice(0.1, 0.5),
        eps=draw.choice(1e-5, 0.1, 1.0),
    )


# -- wrong calls ------------------------------------------------------------------------------------------------------


def _softmax_errors():
    yield Bad("dim too large", Call(input=f32(2, 3), dim=2), ("out of range", "2"), raises=IndexError)
    yield Bad("dim too small", Call(input=f32(2, 3), dim=-3), ("out of range", "-3"), raises=IndexError)
    yield Bad("0-d", Call(input=f32(), dim=1), ("out of range", "1"), raises=IndexError)
    yield Bad("integers", Call(input=i64(2), dim=0), ("input", "floating", "int64"))
    yield Bad("dim is no number", Call(input=f32(2), dim="a"), ("softmax",), raises=TypeError)


errors_of("softmax")(_softmax_errors)
errors_of("log_softmax")(_softmax_errors)


@errors_of("layer_norm")
def _():
    x = f32(2, 3)
    yield Bad("another tail", Call(input=x, normalized_shape=[2]), ("(2,)", "(2, 3)"))
    yield Bad("longer than the input", Call(input=x, normalized_shape=[1, 2, 3]), ("(1, 2, 3)", "(2, 3)"))
    yield Bad("nothing", Call(input=x, normalized_shape=[]), ("normalized_shape",))
    yield Bad("weight", Call(input=x, normalized_shape=[3], weight=f32(2)), ("weight", "(3,)", "(2,)"))
    yield Bad("bias", Call(input=x, normalized_shape=[3], bias=f32(2)), ("bias", "(3,)", "(2,)"))
    yield Bad("integers", Call(input=i64(2, 3), normalized_shape=[3]), ("input", "floating", "int64"))


@errors_of("attention")
def _():
    q = f32(2, 4, 8)
    yield Bad("rank", Call(query=f32(8), key=f32(8), value=f32(8)), ("query", "2 dimension"))
    yield Bad("head size", Call(query=q, key=f32(2, 4, 7), value=q), ("(2, 4, 8)", "(2, 4, 7)"))
    yield Bad("length", Call(query=q, key=q, value=f32(2, 5, 8)), ("(2, 5, 8)", "length"))
    yield Bad("batch", Call(query=q, key=f32(3, 4, 8), value=f32(3, 4, 8)), ("(3, 4, 8)",))
    yield Bad("integers", Call(query=i64(2, 4, 8), key=q, value=q), ("query", "floating", "int64"))
    yield Bad("dtypes", Call(query=q, key=of("float64", 2, 4, 8), value=q), ("dtype", "float32", "float64"))


@errors_of("self_attention")
def _():
    yield Bad("rank", Call(qkv=f32(4, 3, 8)), ("qkv", "4 dimension"))
    yield Bad("no three", Call(qkv=f32(4, 2, 2, 8)), ("(..., tokens, 3, heads, size)", "(4, 2, 2, 8)"))
    yield Bad("integers", Call(qkv=i64(4, 3, 2, 8)), ("qkv", "floating", "int64"))


@errors_of("scaled_dot_product_attention")
def _():
    q = f32(2, 4, 8)
    arguments = {"query": q, "key": q, "value": q}
    yield Bad("dropout", Call(**arguments, dropout_p=1.5), ("dropout_p", "1.5"), raises=ValueError)
    yield Bad("mask and causal", Call(**arguments, attn_mask=f32(4, 4), is_causal=True), ("attn_mask", "is_causal"))
    yield Bad("heads", Call(query=f32(3, 4, 8), key=q, value=q, enable_gqa=True), ("3", "2", "heads"))
    flat = Call(query=f32(8), key=f32(8), value=f32(8), attn_mask=f32(1))
    yield Bad("query's rank", flat, ("query must be floating point, (..., L, E)", "(8,)"))
    mixed = Call(query=q, key=f32(4, 8), value=q, enable_gqa=True)
    yield Bad("ranks", mixed, ("query is (2, 4, 8), key (4, 8)", "enable_gqa needs heads"))
    mixed = Call(query=f32(4, 8), key=q, value=q, enable_gqa=True)
    yield Bad("query has no heads", mixed, ("query is (4, 8), key (2, 4, 8)", "enable_gqa needs heads"))
    mixed = Call(query=q, key=q, value=f32(4, 8), enable_gqa=True)
    yield Bad("value's rank", mixed, ("value (4, 8)", "enable_gqa needs heads"))
    mixed = Call(query=f32(4, 4, 8), key=q, value=q)
    yield Bad("shared heads", mixed, ("query (4, 4, 8), key (2, 4, 8)", "must broadcast", "enable_gqa"))
    yield Bad("leading dimensions", Call(query=f32(3, 2, 4, 8), key=f32(2, 2, 4, 8), value=q), ("(3, 2)", "(2, 2)"))
    yield Bad("mask's shape", Call(**arguments, attn_mask=f32(3, 3)), ("(2, 4, 4)", "(3, 3)"))


@errors_of("glu")
def _():
    yield Bad("odd", Call(input=f32(2, 3)), ("glu", "even", "3"))
    yield Bad("dim", Call(input=f32(2, 4), dim=2), ("out of range",), raises=IndexError)


@errors_of("rms_norm")
def _():
    yield Bad("another tail", Call(input=f32(2, 3), normalized_shape=[2]), ("(2,)", "(2, 3)"))
    yield Bad("nothing", Call(input=f32(2, 3), normalized_shape=[]), ("normalized_shape",))
    yield Bad("integers", Call(input=i64(2, 3), normalized_shape=[3]), ("floating", "int64"))
    yield Bad("weight", Call(input=f32(2, 3), normalized_shape=[3], weight=f32(2)), ("weight", "(3,)", "(2,)"))


@errors_of("group_norm")
def _():
    yield Bad("rank", Call(input=f32(3), num_groups=1), ("group_norm", "(3,)"))
    yield Bad("groups", Call(input=f32(2, 4, 3), num_groups=3), ("4", "3", "groups"))
    yield Bad("weight", Call(input=f32(2, 4, 3), num_groups=2, weight=f32(3)), ("weight", "(3,)"))


@errors_of("batch_norm")
def _():
    x, c = f32(2, 3, 4), f32(3)
    yield Bad("integers", Call(input=i64(2, 3), running_mean=c, running_var=c), ("batch_norm", "floating", "int64"))
    yield Bad("no statistics", Call(input=x, running_mean=None, running_var=None), ("running_mean", "evaluation"))
    yield Bad("one value", Call(input=f32(1, 3), running_mean=c, running_var=c, training=True), ("more than 1 value",))
    yield Bad("running_mean", Call(input=x, running_mean=f32(2), running_var=c), ("running_mean", "(2,)"))
    yield Bad("rank", Call(input=f32(3), running_mean=c, running_var=c), ("(3,)",))


@errors_of("channel_norm")
def _():
    x = f32(2, 3, 4)
    yield Bad("rank", Call(input=f32(3)), ("channel_norm", "2 dimension"))
    yield Bad("integers", Call(input=i64(2, 3)), ("input", "floating", "int64"))
    yield Bad("weight", Call(input=x, weight=f32(2)), ("weight", "(3,)", "(2,)"))
    yield Bad("bias", Call(input=x, bias=f32(3, 1)), ("bias", "(3,)", "(3, 1)"))
    yield Bad("mean alone", Call(input=x, mean=f32(3)), ("channel_norm", "mean and variance", "together"))
    yield Bad("mean", Call(input=x, mean=f32(2), variance=f32(3)), ("mean", "(3,)", "(2,)"))
    yield Bad("variance", Call(input=x, mean=f32(3), variance=f32(4)), ("variance", "(3,)", "(4,)"))
    yield Bad("type", Call(input=x, mean=of("float64", 3), variance=f32(3)), ("mean", "float32", "float64"))
    yield Bad("windows of lines", Call(input=x, max_pool=2), ("max_pool=2", "(2, 3, 4)"))
    yield Bad("windows too large", Call(input=f32(2, 3, 4, 2), max_pool=3), ("max_pool=3", "(2, 3, 4, 2)"))
    yield Bad("no window", Call(input=f32(2, 3, 4, 4), max_pool=0), ("max_pool=0",))
    yield Bad("no tensor", Call(input="x"), ("channel_norm",), raises=TypeError)


@errors_of("instance_norm")
def _():
    yield Bad("rank", Call(input=f32(2, 3)), ("(2, 3)",))
    yield Bad("one value", Call(input=f32(2, 3, 1)), ("more than 1 spatial",))
    yield Bad("weight", Call(input=f32(2, 3, 4), weight=f32(2)), ("weight", "(2,)"))
