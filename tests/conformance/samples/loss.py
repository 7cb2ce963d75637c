"""Losses."""

import dataclasses
import math

import torch
import torch.nn.functional as F

from call import EVERY_DTYPE, FLOATING, INTEGRAL, LAYOUTS, Call
from judge import UNIT
from registry import FAMILIES, Bad, errors_of, samples_of
from samples.wrong import f32, i64, indices


def _reduction(draw):
    return draw.choice("mean", "sum", "none")


def _scores(draw):
    """The shape of scores, the shape without the classes, and how many those are."""
    classes = draw.integer(2, 6)
    lead = draw.maybe([draw.size(1)], 0.85) or []
    rest = draw.shape(most_rank=2, least=1) if lead else []
    return lead + [classes] + rest, lead + rest, classes


def _class_weight(draw, classes):
    return draw.maybe(draw.tensor([classes], low=0.2, high=2, differentiable=False), 0.4)


@samples_of("cross_entropy", judge=F.cross_entropy, dtypes=FLOATING, units=256)
def _(draw):
    shape, items, classes = _scores(draw)
    options = {"reduction": _reduction(draw), "weight": _class_weight(draw, classes)}
    if draw.chance(0.4):
        options["label_smoothing"] = draw.choice(0.1, 0.5)
    if draw.chance(0.3):
        return Call(input=draw.tensor(shape), target=draw.tensor(shape, low=0, high=1), **options)
    target = draw.integers(items, 0, classes)
    if draw.chance(0.3) and target.value.numel() > 1:
        options["ignore_index"] = draw.choice(-100, -1, 1)
        target.value.view(-1)[0] = options["ignore_index"]
        target.value.view(-1)[1] = 0
    return Call(input=draw.tensor(shape), target=target, **options)


@samples_of("nll_loss", judge=F.nll_loss, dtypes=FLOATING, units=256)
def _(draw):
    shape, items, classes = _scores(draw)
    target = draw.integers(items, 0, classes)
    options = {"reduction": _reduction(draw), "weight": _class_weight(draw, classes)}
    if draw.chance(0.3) and target.value.numel() > 1:
        options["ignore_index"] = draw.choice(-100, -1, 1)
        target.value.view(-1)[0] = options["ignore_index"]
        target.value.view(-1)[1] = 0
    return Call(input=draw.tensor(shape), target=target, **options)


def _pair(draw, low=-3.0, high=3.0):
    shape = draw.shape(least=1)
    return {"input": draw.tensor(shape, low=low, high=high), "target": draw.tensor(shape, low=low, high=high)}


def _signs(draw, shape):
    sign = draw.integers(shape, 0, 2)
    sign.value = sign.value * 2 - 1
    return sign


def _l1_loss(input, target, *rest, **options):
    """Of uint8 as of larger numbers: PyTorch's differences wrap."""
    wraps = input.dtype == torch.uint8
    result = F.l1_loss(*((t.to(torch.int64) if wraps else t) for t in (input, target)), *rest, **options)
    return result.to(torch.uint8) if wraps and options.get("reduction") == "none" else result


def _mse_loss(input, target, reduction="mean", weight=None):
    """Of whole numbers, which PyTorch leaves out, by its definition."""
    if input.dtype.is_floating_point:
        return F.mse_loss(input, target, reduction=reduction, weight=weight)
    squares = (input - target) ** 2
    return F.l1_loss(squares, torch.zeros_like(squares), reduction=reduction, weight=weight)


@samples_of("mse_loss", judge=_mse_loss, dtypes=FLOATING + INTEGRAL)
@samples_of("l1_loss", judge=_l1_loss, dtypes=FLOATING + INTEGRAL)
def _(draw):
    pair = _pair(draw)
    weight = draw.maybe(draw.tensor(list(pair["input"].value.shape), low=0.2, differentiable=False), 0.3)
    reduction = _reduction(draw) if pair["input"].is_floating else draw.choice("sum", "none")  # a whole mean is no mean
    return Call(**pair, reduction=reduction, weight=weight)


@samples_of("smooth_l1_loss", judge=F.smooth_l1_loss, dtypes=FLOATING)
def _(draw):
    return Call(**_pair(draw), reduction=_reduction(draw), beta=draw.choice(1.0, 0.5, 2.0))


@samples_of("huber_loss", judge=F.huber_loss, dtypes=FLOATING)
def _(draw):
    return Call(**_pair(draw), reduction=_reduction(draw), delta=draw.choice(1.0, 0.5, 2.0))


def _weighted_pair(draw, low, high):
    pair = _pair(draw, low, high)
    weight = draw.maybe(draw.tensor(list(pair["input"].value.shape), low=0.2, differentiable=False), 0.3)
    return {**pair, "weight": weight, "reduction": _reduction(draw)}


@samples_of("binary_cross_entropy", judge=F.binary_cross_entropy, dtypes=FLOATING)
def _(draw):
    return Call(**_weighted_pair(draw, 0.1, 0.9))


@samples_of("binary_cross_entropy_with_logits", judge=F.binary_cross_entropy_with_logits, dtypes=EVERY_DTYPE)
def _(draw):
    arguments = _weighted_pair(draw, 0.1, 0.9)
    shape = list(arguments["input"].value.shape)[-1:]
    return Call(**arguments, pos_weight=draw.maybe(draw.tensor(shape, low=0.2, differentiable=False), 0.4))


@samples_of("kl_div", judge=F.kl_div, dtypes=FLOATING)
def _(draw):
    reduction = draw.choice("mean", "sum", "none", "batchmean")
    return Call(**_pair(draw, 0.1, 0.9), reduction=reduction, log_target=draw.boolean())


@samples_of("soft_margin_loss", judge=F.soft_margin_loss, dtypes=FLOATING)
def _(draw):
    pair = _pair(draw)
    pair["target"].differentiable = False
    return Call(**pair, reduction=_reduction(draw))


@samples_of("hinge_embedding_loss", judge=F.hinge_embedding_loss, dtypes=FLOATING)
def _(draw):
    shape = draw.shape(least=1)
    margin = draw.choice(1.0, 0.5, 2.0)
    return Call(input=draw.tensor(shape), target=_signs(draw, shape), margin=margin, reduction=_reduction(draw))


@samples_of("margin_ranking_loss", judge=F.margin_ranking_loss, dtypes=FLOATING)
def _(draw):
    shape = draw.shape(least=1, least_rank=1)
    first, second, target, margin = draw.tensor(shape), draw.tensor(shape), _signs(draw, shape), draw.choice(0.0, 0.5)
    bend = margin - target.value * (first.value.double() - second.value.double())
    first.value[bend.abs() < 0.1] += 0.5  # a rounding away from the bend any slope is right
    plain = {"layouts": tuple(layout for layout in LAYOUTS if layout != "expanded")}
    first, second = dataclasses.replace(first, **plain), dataclasses.replace(second, **plain)
    return Call(input1=first, input2=second, target=target, margin=margin, reduction=_reduction(draw))


@samples_of("cosine_embedding_loss", judge=F.cosine_embedding_loss, dtypes=EVERY_DTYPE)
def _(draw):
    items, size = draw.size(1), draw.integer(2, 5)
    inputs = {"input1": draw.tensor([items, size], low=0.2), "input2": draw.tensor([items, size], low=0.2)}
    return Call(**inputs, target=_signs(draw, [items]), margin=draw.choice(0.0, 0.5), reduction=_reduction(draw))


def _bent_triplets(call):
    """Distances that meet, or an item at the margin."""
    a = {"p": 2.0, "eps": 1e-6, "swap": False, "margin": 1.0, **call.arguments}
    anchor, positive, negative = (a[name].value.double() for name in ("anchor", "positive", "negative"))
    distance = lambda x, y: F.pairwise_distance(x, y, a["p"], a["eps"])
    near, far, swapped = distance(anchor, positive), distance(anchor, negative), distance(positive, negative)
    bends = [near - (far.minimum(swapped) if a["swap"] else far) + a["margin"]]
    bends += [far - swapped] if a["swap"] else []
    reach = 8 * UNIT[a["anchor"].dtype] * (near + far + swapped + a["margin"])
    return any(bool((bend.abs() <= reach).any()) for bend in bends)


@samples_of("triplet_margin_loss", judge=F.triplet_margin_loss, dtypes=FLOATING, units=512, bent=_bent_triplets)
def _(draw):
    shape = [draw.size(1), draw.integer(2, 5)]
    points = {name: draw.tensor(shape) for name in ("anchor", "positive", "negative")}
    options = {"margin": draw.choice(1.0, 0.5), "p": draw.choice(2.0, 3.0), "swap": draw.boolean()}
    return Call(**points, **options, eps=draw.choice(1e-6, 1e-3), reduction=_reduction(draw))


def _nearly(numbers, other, dtype):
    return bool(((numbers - other).abs() <= 8 * UNIT[dtype] * (numbers.abs() + other.abs())).any())


def _bent_lines(call):
    """A length at eps, or a largest coordinate that shares its place."""
    a = {"p": 2.0, "dim": 1, "eps": 1e-12, **call.arguments}
    x = a["input"]
    length = torch.linalg.vector_norm(x.value.double(), a["p"], a["dim"], keepdim=True)
    return _nearly(length, torch.tensor(a["eps"]), x.dtype) or _has_ties(x.value, a["p"], a["dim"], x.dtype)


def _has_ties(differences, p, dim, dtype):
    """Whether two coordinates are both the norm of an infinite order: each may have the gradient."""
    if not math.isinf(p) or differences.dim() == 0 or differences.shape[dim] < 2:
        return False
    sizes = differences.double().abs().sort(dim=dim, descending=p > 0).values
    return _nearly(sizes.select(dim, 0), sizes.select(dim, 1), dtype)


def _bent_pairs(call):
    a = {"p": 2.0, "eps": 1e-6, **call.arguments}
    x1, x2 = a["x1"], a["x2"]
    return _has_ties(x1.value.double() - x2.value.double() + a["eps"], a["p"], -1, x1.dtype)


def _bent_distances(call):
    x1, x2 = (call.arguments[name].value.double() for name in ("x1", "x2"))
    differences = x1.unsqueeze(-2) - x2.unsqueeze(-3)
    return _has_ties(differences, call.arguments.get("p", 2.0), -1, call.arguments["x1"].dtype)


@samples_of("normalize", judge=F.normalize, dtypes=FLOATING, bent=_bent_lines)
def _(draw):
    shape = draw.shape(least_rank=2, most_rank=3, least=1)
    x = draw.tensor(shape)
    x.value += x.value.sign() / 2  # far enough from 0, where nothing has a direction
    if x.dtype in ("float32", "float64") and not draw.smooth and draw.chance(0.3):
        x.value[0] = 0  # a line of length 0 has a gradient all the same; in halves eps itself is 0
    return Call(input=x, p=draw.choice(2.0, 1.0, 3.0, math.inf), dim=draw.dim(len(shape)), eps=draw.choice(1e-12, 2.0))


ORDERS = (2.0, 2.0, 1.0, 3.0, 0.0, math.inf)


@samples_of("pairwise_distance", judge=F.pairwise_distance, dtypes=FLOATING, units=512, bent=_bent_pairs)
def _(draw):
    shape = [draw.size(1), draw.integer(1, 5)]
    options = {"p": draw.choice(*ORDERS, -math.inf), "eps": draw.choice(1e-6, 1e-3), "keepdim": draw.boolean()}
    return Call(x1=draw.tensor(shape), x2=draw.tensor(shape), **options)


@samples_of("cdist", judge=torch.cdist, dtypes=FLOATING, units=512, bent=_bent_distances)
def _(draw):
    size = draw.integer(1, 5)
    x1, x2 = draw.tensor([draw.size(1), size]), draw.tensor([draw.size(1), size])
    if not draw.smooth and x1.value.numel() and x2.value.numel() and draw.chance(0.3):
        x2.value[0] = x1.value[0]  # no distance, and a gradient all the same
    return Call(x1=x1, x2=x2, p=draw.choice(*ORDERS))


@samples_of("cosine_similarity", judge=F.cosine_similarity)
def _(draw):
    shape = draw.shape(least_rank=2, most_rank=3, least=2)
    inputs = {"x1": draw.tensor(shape, low=0.2), "x2": draw.tensor(shape, low=0.2)}
    return Call(**inputs, dim=draw.dim(len(shape)), eps=draw.choice(1e-8, 1e-3))


@errors_of("cross_entropy")
def _():
    x = f32(2, 3)
    yield Bad(
        "unknown reduction",
        Call(input=x, target=indices(0, 1), reduction="max"),
        ("reduction", "max"),
        raises=ValueError,
    )
    yield Bad("number", Call(input=f32(), target=indices(0)), ("class dimension", "()"))
    yield Bad("too few targets", Call(input=x, target=i64(1)), ("(2, 3)", "(2,)", "(1,)"))
    yield Bad("class too large", Call(input=x, target=indices(0, 3)), ("3", "out of bounds"), raises=IndexError)
    yield Bad("class negative", Call(input=x, target=indices(0, -1)), ("-1", "out of bounds"), raises=IndexError)
    yield Bad("targets not whole", Call(input=x, target=f32(2)), ("target", "float32"))
    yield Bad("logits whole", Call(input=i64(2, 3), target=indices(0, 1)), ("input", "floating", "int64"))
    yield Bad("weight", Call(input=x, target=indices(0, 1), weight=f32(2)), ("weight", "3", "(2,)"))
    yield Bad("smoothing", Call(input=x, target=indices(0, 1), label_smoothing=2.0), ("label_smoothing", "2"))


@errors_of("nll_loss")
def _():
    x = f32(2, 3)
    yield Bad("unknown reduction", Call(input=x, target=indices(0, 1), reduction="max"), ("reduction", "max"))
    yield Bad("too few targets", Call(input=x, target=i64(1)), ("(2, 3)", "(2,)", "(1,)"))
    yield Bad("class too large", Call(input=x, target=indices(0, 3)), ("3", "out of bounds"), raises=IndexError)
    yield Bad("probabilities", Call(input=x, target=f32(2, 3)), ("target", "float32"))
    yield Bad("weight", Call(input=x, target=indices(0, 1), weight=f32(2)), ("weight", "3", "(2,)"))


def _reduction_errors(*names):
    def bad():
        call = {name: f32(2, 3) for name in names}
        yield Bad("unknown reduction", Call(**call, reduction="max"), ("reduction", "max"), raises=ValueError)
        shapes = {**call, names[1]: f32(4)}
        yield Bad("shapes", Call(**shapes), ("(2, 3)", "(4,)"))

    return bad


PAIRS = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "kl_div", "soft_margin_loss", "hinge_embedding_loss")
PAIRS += ("binary_cross_entropy", "binary_cross_entropy_with_logits")
for op_id in PAIRS:
    errors_of(op_id)(_reduction_errors("input", "target"))
errors_of("margin_ranking_loss")(_reduction_errors("input1", "input2", "target"))


@errors_of("cosine_embedding_loss")
def _():
    x, target = f32(2, 3), f32(2)
    call = Call(input1=x, input2=x, target=target, reduction="max")
    yield Bad("unknown reduction", call, ("reduction", "max"), raises=ValueError)
    yield Bad("shapes", Call(input1=x, input2=f32(4), target=target), ("(2, 3)", "(4,)"))


errors_of("triplet_margin_loss")(_reduction_errors("anchor", "positive", "negative"))


@errors_of("cdist")
def _():
    yield Bad("coordinates", Call(x1=f32(2, 3), x2=f32(2, 4)), ("(2, 3)", "(2, 4)"))
    yield Bad("rank", Call(x1=f32(3), x2=f32(2, 3)), ("(3,)",))
    yield Bad("rank of the second", Call(x1=f32(2, 3), x2=f32(3)), ("x2 (3,)",))
    yield Bad("order", Call(x1=f32(2, 3), x2=f32(2, 3), p=-1.0), ("cdist", "p", "-1"))


def _integer_errors(op_id, names):
    earlier = FAMILIES[op_id].bad

    def bad():
        yield from earlier() if earlier else ()
        yield Bad("integers", Call(**{name: i64(2, 3) for name in names}), (op_id, "floating", "int64"))

    errors_of(op_id)(bad)


for _op, _names in {
    "cdist": ("x1", "x2"),
    "pairwise_distance": ("x1", "x2"),
    "margin_ranking_loss": ("input1", "input2", "target"),
    "hinge_embedding_loss": ("input", "target"),
}.items():
    _integer_errors(_op, _names)
