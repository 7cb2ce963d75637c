"""Matrix products."""

import torch

from call import FLOATING, INTEGRAL, Call, DType
from registry import FAMILIES, Bad, errors_of, samples_of
from samples.wrong import f32, i64, of

NUMBERS = FLOATING + INTEGRAL


@samples_of("matmul", judge=lambda input, other: torch.matmul(input, other), dtypes=NUMBERS, multilinear=True)
def _(draw):
    inner = draw.size()
    batch = draw.shape(most_rank=2)
    left, right = [draw.size(), inner], [inner, draw.size()]
    if draw.chance(0.15):
        left, inner = [inner], inner
    elif draw.chance(0.7):
        left = draw.broadcast_to(batch) + left
    if draw.chance(0.15):
        right = [right[0]]
    elif draw.chance(0.7):
        right = draw.broadcast_to(batch) + right
    return Call(input=draw.tensor(left), other=draw.tensor(right))


def _linear(input, weight, bias=None, residual=None):
    result = torch.nn.functional.linear(input, weight, bias)
    return result if residual is None else result + residual


@samples_of("linear", judge=_linear, dtypes=NUMBERS, multilinear=True)
def _(draw):
    features, outputs, shape = draw.size(), draw.size(), draw.shape(most_rank=2)
    bias, residual = draw.maybe(draw.tensor([outputs]), 0.7), draw.maybe(draw.tensor(shape + [outputs]), 0.5)
    return Call(input=draw.tensor(shape + [features]), weight=draw.tensor([outputs, features]), bias=bias, residual=residual)


def _linear_packed(input, weight, out_features, scale=None, bias=None):
    """PyTorch has no such function: linear of the unpacked weight, in float64, without a gradient."""
    weight = weight.double()
    if scale is not None:
        weight = weight * scale.double().repeat_interleave(weight.shape[1] // scale.shape[1], 1)
    rows = weight.transpose(1, 2).flatten(0, 1)[:out_features]
    bias = None if bias is None else bias.double()
    return torch.nn.functional.linear(input.double(), rows, bias).to(input.dtype).detach()


PACKABLE = ("float32", "float16", "bfloat16")


@samples_of("linear_packed", judge=_linear_packed, dtypes=PACKABLE, multilinear=True)
def _(draw):
    features, outputs = draw.size(), draw.choice(draw.size(), draw.integer(0, 40))
    panels, dtype = -(-outputs // 16), draw.choice(*PACKABLE, "int8")
    groups = draw.choice(*[n for n in range(1, features + 1) if features % n == 0] or [1])
    integral = dtype == "int8"
    largest = 127 if integral else 3
    return Call(
        input=draw.tensor(draw.shape(most_rank=2) + [features]),
        weight=draw.tensor([panels, features, 16], dtype, low=-largest, high=largest),
        out_features=outputs,
        scale=draw.tensor([panels, groups, 16], "float32", low=0, high=0.02) if integral else None,
        bias=draw.maybe(draw.tensor([outputs]), 0.7),
    )


def _panels(weight):
    outputs, features = weight.shape
    panels = -(-outputs // 16)
    whole = torch.nn.functional.pad(weight.detach(), (0, 0, 0, panels * 16 - outputs))
    return whole.reshape(panels, 16, features).transpose(1, 2)


@samples_of("pack_linear", judge=lambda weight, dtype=None: _panels(weight).to(dtype or weight.dtype), dtypes=FLOATING)
def _(draw):
    chosen = DType(draw.choice(*PACKABLE))
    weight = draw.tensor([draw.choice(draw.size(), draw.integer(0, 40)), draw.size()])
    return Call(weight=weight, dtype=chosen if draw.dtype == "float64" else draw.maybe(chosen))


def _pack_linear_int8(weight, group_size=None):
    panels, size = _panels(weight.float()), group_size or weight.shape[1]
    grouped = panels.reshape(len(panels), weight.shape[1] // size, size, 16)
    scale = grouped.abs().amax(2, keepdim=True) / 127
    whole = (grouped / scale.where(scale != 0, 1.0)).round().to(torch.int8)
    return whole.view(panels.shape), scale.squeeze(2)


@samples_of("pack_linear_int8", judge=_pack_linear_int8, dtypes=FLOATING, exact=True)
def _(draw):
    size, groups = draw.size(least=1) or 1, draw.integer(1, 4)
    weight = draw.tensor([draw.choice(draw.size(), draw.integer(0, 40)), size * groups])
    return Call(weight=weight, group_size=size if groups > 1 else draw.maybe(size))


@samples_of("mm", judge=torch.mm, dtypes=NUMBERS, multilinear=True)
def _(draw):
    inner = draw.size()
    return Call(input=draw.tensor([draw.size(), inner]), mat2=draw.tensor([inner, draw.size()]))


@samples_of("bmm", judge=torch.bmm, dtypes=NUMBERS, multilinear=True)
def _(draw):
    batch, inner = draw.size(), draw.size()
    return Call(input=draw.tensor([batch, draw.size(), inner]), mat2=draw.tensor([batch, inner, draw.size()]))


@samples_of("mv", judge=torch.mv, dtypes=NUMBERS, multilinear=True)
def _(draw):
    inner = draw.size()
    return Call(input=draw.tensor([draw.size(), inner]), vec=draw.tensor([inner]))


@samples_of("dot", judge=torch.dot, dtypes=NUMBERS, multilinear=True)
def _(draw):
    size = draw.shape(1, 1)
    return Call(input=draw.tensor(size), tensor=draw.tensor(size))


@samples_of("vdot", judge=torch.vdot, dtypes=NUMBERS, multilinear=True)
def _(draw):
    size = draw.shape(1, 1)
    return Call(input=draw.tensor(size), other=draw.tensor(size))


@samples_of("inner", judge=torch.inner, multilinear=True)
def _(draw):
    if draw.dtype == "bool" or draw.chance(0.1):  # with a number it is mul, which takes truth values too
        return Call(input=draw.tensor([]), other=draw.tensor(draw.shape(most_rank=3)))
    last = draw.size()
    shapes = [draw.shape(most_rank=2) + [last] for _ in "ab"]
    return Call(input=draw.tensor(shapes[0]), other=draw.tensor(shapes[1]))


@samples_of("outer", judge=torch.outer)
def _(draw):
    return Call(input=draw.tensor([draw.size()]), vec2=draw.tensor([draw.size()]))


def _factors(draw):
    """beta and alpha; whole ones for whole numbers, as PyTorch wants them, and 1 for truth values."""
    whole = draw.dtype not in FLOATING
    pick = lambda: draw.integer(1, 1 if draw.dtype == "bool" else 3) if whole else draw.uniform(0.1, 2)
    return {name: pick() for name in ("beta", "alpha") if draw.chance(0.6)}


def _whole(op):
    """PyTorch takes no float factor for whole tensors, and the list's defaults are floats."""

    def judge(input, *tensors, beta=1, alpha=1, **named):
        if not input.dtype.is_floating_point:
            beta, alpha = int(beta), int(alpha)
        return op(input, *tensors, **named, beta=beta, alpha=alpha)

    return judge


@samples_of("addmm", judge=_whole(torch.addmm), dtypes=NUMBERS, multilinear=True)
def _(draw):
    rows, inner, columns = draw.size(), draw.size(), draw.size()
    input = draw.tensor(draw.broadcast_to([rows, columns]))
    return Call(
        input=input, mat1=draw.tensor([rows, inner]), mat2=draw.tensor([inner, columns]), **_factors(draw)
    )


def _addmv(input, mat, vec, **factors):
    """PyTorch forgets to broadcast input where the inner size is 0."""
    return torch.addmv(input.expand(mat.shape[0]), mat, vec, **factors)


@samples_of("addmv", judge=_whole(_addmv), dtypes=NUMBERS, multilinear=True)
def _(draw):
    rows, inner = draw.size(), draw.size()
    input = draw.tensor(draw.broadcast_to([rows]))
    return Call(input=input, mat=draw.tensor([rows, inner]), vec=draw.tensor([inner]), **_factors(draw))


@samples_of("addr", judge=_whole(torch.addr), multilinear=True)
def _(draw):
    rows, columns = draw.size(), draw.size()
    input = draw.tensor(draw.broadcast_to([rows, columns]))
    return Call(input=input, vec1=draw.tensor([rows]), vec2=draw.tensor([columns]), **_factors(draw))


def _batches(draw):
    batch, rows, inner, columns = draw.size(), draw.size(), draw.size(), draw.size()
    tensors = {"batch1": draw.tensor([batch, rows, inner]), "batch2": draw.tensor([batch, inner, columns])}
    return [batch, rows, columns], tensors


@samples_of("baddbmm", judge=_whole(torch.baddbmm), dtypes=NUMBERS, multilinear=True)
def _(draw):
    shape, tensors = _batches(draw)
    return Call(input=draw.tensor(draw.broadcast_to(shape)), **tensors, **_factors(draw))


@samples_of("addbmm", judge=_whole(torch.addbmm), dtypes=NUMBERS, multilinear=True)
def _(draw):
    shape, tensors = _batches(draw)
    return Call(input=draw.tensor(draw.broadcast_to(shape[1:])), **tensors, **_factors(draw))


@samples_of("bilinear", judge=torch.nn.functional.bilinear, dtypes=NUMBERS, multilinear=True)
def _(draw):
    batch, left, right, outputs = draw.shape(most_rank=2, least=1), draw.size(1), draw.size(1), draw.size(1)
    bias = draw.maybe(draw.tensor([outputs]), 0.7)
    return Call(
        input1=draw.tensor(batch + [left]),
        input2=draw.tensor(batch + [right]),
        weight=draw.tensor([outputs, left, right]),
        bias=bias,
    )


@samples_of("kron", judge=torch.kron)
def _(draw):
    return Call(input=draw.tensor(draw.shape(most_rank=2)), other=draw.tensor(draw.shape(most_rank=3)))


@samples_of("linalg_trace", judge=torch.trace, dtypes=NUMBERS)
def _(draw):
    return Call(input=draw.tensor(draw.shape(2, 2)))


@samples_of("linalg_vecdot", judge=torch.linalg.vecdot, dtypes=NUMBERS, multilinear=True)
def _(draw):
    shape = draw.shape(least_rank=1, most_rank=3)
    dim = draw.integer(-len(shape), -1)
    part = draw.broadcast_to(shape)
    broadcasts = len(shape) > 1 and len(part) >= -dim
    return Call(x=draw.tensor(shape), y=draw.tensor(part if broadcasts else shape), dim=dim)


@samples_of("cross", judge=lambda input, other, dim=None: torch.cross(input, other, dim=dim), dtypes=NUMBERS)
def _(draw):
    shape = draw.shape(most_rank=2)
    place = draw.integer(0, len(shape))
    shape.insert(place, 3)
    call = Call(input=draw.tensor(shape), other=draw.tensor(shape))
    if draw.boolean():
        call.arguments["dim"] = place - draw.choice(0, len(shape))
    return call


@samples_of("linalg_cross", judge=torch.linalg.cross, dtypes=NUMBERS)
def _(draw):
    shape = draw.shape(most_rank=2)
    place = draw.integer(0, len(shape))
    other = [1 if draw.chance(0.2) else size for size in shape]
    for sizes in (shape, other):
        sizes.insert(place, 3)
    return Call(input=draw.tensor(shape), other=draw.tensor(other), dim=place - len(shape))


EQUATIONS = (
    "ij,jk->ik", "ij,jk", "bij,bjk->bik", "i,i", "i,j->ij", "ii", "ii->i", "iij->ji", "ij->ji", "ba", "aB", "ij->",
    "ij->j", "...ij,...jk->...ik", "...i,...i", "...ii->...i", "i...->...", "...", "bi,oij,bj->bo", "ij,jk,kl->il",
    "ijk,jil->kl", "i,ij,j->", "bhqd,bhkd->bhqk", "ij,kl->il", "iji,j->i", " i j , j k -> i k ", "...j,j...->...",
    "ab,ba", "ij,ij->ij", "i...j->j...", "->", ",i->i", "aab,bcc->ac",
    "zA,Zz", "z...,Z...",
)  # fmt: skip


def _einsum(equation, operands):
    """Of several operands in their dtype: PyTorch makes int64 of whole numbers where an index is summed of one alone."""
    result = torch.einsum(equation, *operands)
    return result.to(operands[0].dtype) if len(operands) > 1 else result


@samples_of(
    "einsum",
    judge=_einsum,
    multilinear=True,
    meanings=4 * len(EQUATIONS),
)
def _(draw):
    alone = [equation for equation in EQUATIONS if "," not in equation]
    equation = draw.choice(*(alone if draw.dtype == "bool" else EQUATIONS))  # no products of truth values
    sizes, hidden = {}, draw.shape(most_rank=2)
    hidden = [min(size, 3) for size in hidden]
    operands = []
    for term in equation.split("->")[0].replace(" ", "").split(","):
        shape = []
        for label in term.replace("...", "."):
            if label == ".":
                shape += draw.broadcast_to(hidden)
            else:
                shape.append(sizes.setdefault(label, min(draw.size(int(draw.smooth)), 4)))
        operands.append(draw.tensor(shape))
    return Call(equation=equation, operands=operands)


# Two dimensions may meet of which one is long: a thousand terms, and where they are repeated, all errors go one way.
MANY_TERMS = 512


@samples_of(
    "tensordot",
    judge=lambda a, b, dims=2: torch.tensordot(a, b, dims),
    dtypes=NUMBERS,
    multilinear=True,
    units=MANY_TERMS,
)
def _(draw):
    met = draw.shape(most_rank=2)
    left, right = draw.shape(most_rank=2), draw.shape(most_rank=2)
    met_a, met_b = draw.shuffled([met, _with_ones(draw, met)])
    return Call(a=draw.tensor(left + met_a), b=draw.tensor(met_b + right), dims=len(met))


def _with_ones(draw, shape):
    """Dimensions of one meet any size."""
    return [draw.choice(n, n, n, 1) for n in shape]


@samples_of(
    "tensordot_dims",
    judge=lambda a, b, dims_a, dims_b: torch.tensordot(a, b, (list(dims_a), list(dims_b))),
    dtypes=NUMBERS,
    multilinear=True,
    units=MANY_TERMS,
)
def _(draw):
    met = draw.shape(most_rank=2)
    shapes, dims = [], []
    for sizes in draw.shuffled([met, _with_ones(draw, met)]):
        shape = draw.shape(most_rank=2) + sizes
        order = draw.shuffled(range(len(shape)))
        shapes.append([shape[d] for d in order])
        dims.append([order.index(len(shape) - len(met) + i) for i in range(len(met))])
    return Call(a=draw.tensor(shapes[0]), b=draw.tensor(shapes[1]), dims_a=dims[0], dims_b=dims[1])


@samples_of(
    "linalg_multi_dot",
    judge=lambda tensors: torch.linalg.multi_dot(tensors),
    dtypes=NUMBERS,
    multilinear=True,
)
def _(draw):
    sizes = [draw.size() for _ in range(draw.integer(3, 6))]
    sizes[0], sizes[-1] = draw.choice(1, sizes[0]), draw.choice(1, sizes[-1])
    shapes = [[a, b] for a, b in zip(sizes, sizes[1:])]
    if draw.chance(0.3):
        shapes[0] = shapes[0][1:]
    if draw.chance(0.3):
        shapes[-1] = shapes[-1][:1]
    return Call(tensors=[draw.tensor(shape) for shape in shapes])


# -- wrong calls ------------------------------------------------------------------------------------------------------


@errors_of("matmul")
def _():
    yield Bad("inner sizes", Call(input=f32(2, 3), other=f32(4, 5)), ("(2, 3) @ (4, 5)", "3 vs 4"))
    yield Bad("transposed", Call(input=f32(2, 3), other=f32(5, 3)), ("3 vs 5", "transpose"))
    yield Bad("vector", Call(input=f32(3), other=f32(4, 2)), ("3 vs 4",))
    yield Bad("number on the left", Call(input=f32(), other=f32(2, 2)), ("input", "dimension"))
    yield Bad("number on the right", Call(input=f32(2, 2), other=f32()), ("other", "dimension"))
    yield Bad("batches", Call(input=f32(2, 3, 4), other=f32(3, 4, 5)), ("matmul", "(2,)", "(3,)"))
    yield Bad("dtypes", Call(input=f32(2, 3), other=of("float64", 3, 2)), ("float32", "float64", "dtype"))


@errors_of("linear")
def _():
    yield Bad("features", Call(input=f32(2, 3), weight=f32(5, 4)), ("(2, 3)", "(5, 4)", "4"))
    yield Bad("number", Call(input=f32(), weight=f32(5, 4)), ("input", "dimension"))
    yield Bad("weight of rank 3", Call(input=f32(2, 3), weight=f32(1, 5, 3)), ("weight", "(1, 5, 3)"))
    yield Bad("bias length", Call(input=f32(2, 3), weight=f32(5, 3), bias=f32(3)), ("bias", "(5,)", "(3,)"))
    yield Bad("bias rank", Call(input=f32(2, 3), weight=f32(5, 3), bias=f32(5, 1)), ("bias", "(5, 1)"))
    yield Bad("dtypes", Call(input=f32(2, 3), weight=of("float64", 5, 3)), ("float32", "float64"))
    bias = of("float64", 5)
    yield Bad("bias dtype", Call(input=f32(2, 3), weight=f32(5, 3), bias=bias), ("bias", "float32", "float64"))
    plain = {"input": f32(2, 3), "weight": f32(5, 3)}
    yield Bad("residual's shape", Call(**plain, residual=f32(5)), ("residual", "(2, 5)", "(5,)"))
    yield Bad("residual's dtype", Call(**plain, residual=of("float64", 2, 5)), ("residual", "float32", "float64"))


@errors_of("linear_packed")
def _():
    narrow, scale = of("int8", 2, 6, 16), f32(2, 3, 16)
    good = {"input": f32(4, 6), "weight": f32(2, 6, 16), "out_features": 20}
    call = lambda **changed: Call(**{**good, **changed})
    whole = lambda **changed: call(**{"weight": narrow, "scale": scale, **changed})
    yield Bad("number", call(input=f32()), ("linear_packed", "input", "dimension"))
    yield Bad("input's dtype", call(input=of("float64", 4, 6)), ("input", "float64", "to(float32)"))
    yield Bad("not packed", call(weight=f32(20, 6)), ("weight", "(20, 6)", "(panels, in, 16)", "pack_linear"))
    yield Bad("panels of 8", call(weight=f32(2, 6, 8)), ("weight", "(2, 6, 8)", "pack_linear"))
    yield Bad("weight's dtype", call(weight=of("float64", 2, 6, 16)), ("weight", "float64", "pack_linear"))
    for outputs in (16, 33, -1):
        yield Bad("outputs", call(out_features=outputs), ("(2, 6, 16)", "2 panel(s)", f"out_features={outputs}"))
    yield Bad("features", call(input=f32(4, 5)), ("(4, 5)", "5 features", "takes 6"))
    yield Bad("no scale", call(weight=narrow), ("int8", "scale", "pack_linear_int8"))
    yield Bad("scale of floats", call(scale=scale), ("scale", "int8", "float32"))
    yield Bad("scale's dtype", whole(scale=of("float64", 2, 3, 16)), ("scale", "float32", "float64"))
    for shape in ((2, 16), (1, 3, 16), (2, 3, 8)):
        yield Bad("scale's shape", whole(scale=f32(*shape)), ("scale", "(panels, groups, 16)", str(shape)))
    for groups in (0, 4):
        yield Bad("groups", whole(scale=f32(2, groups, 16)), ("6 features", f"{groups} group(s)"))
    yield Bad("bias length", call(bias=f32(32)), ("bias", "(20,)", "(32,)"))
    yield Bad("bias rank", call(bias=f32(20, 1)), ("bias", "(20, 1)"))
    yield Bad("bias dtype", call(bias=of("float16", 20)), ("bias", "float32", "float16"))


@errors_of("pack_linear")
def _():
    yield Bad("rank 1", Call(weight=f32(3)), ("pack_linear", "weight", "(3,)"))
    yield Bad("rank 3", Call(weight=f32(1, 2, 3)), ("weight", "(1, 2, 3)"))
    yield Bad("integers", Call(weight=i64(2, 3)), ("pack_linear", "int64", "to(float32)"))
    yield Bad("float64", Call(weight=of("float64", 2, 3)), ("float64", "dtype=..."))
    yield Bad("int8", Call(weight=f32(2, 3), dtype=DType("int8")), ("int8", "pack_linear_int8"))


@errors_of("pack_linear_int8")
def _():
    yield Bad("rank 1", Call(weight=f32(3)), ("pack_linear_int8", "weight", "(3,)"))
    yield Bad("rank 3", Call(weight=f32(1, 2, 3)), ("weight", "(1, 2, 3)"))
    yield Bad("integers", Call(weight=i64(2, 3)), ("pack_linear_int8", "int64", "to(float32)"))
    for size in (4, 0, -3):
        yield Bad("groups", Call(weight=f32(2, 6), group_size=size), ("6 features", f"groups of {size}"))
    yield Bad("no features", Call(weight=f32(2, 0)), ("0 features", "(2, 0)"))


def _product_errors(op, left, right, fits, ranks):
    """Wrong sizes, ranks and dtypes of op(left, right)."""

    @errors_of(op)
    def _():
        a, b = fits
        longer = f32(*[size + 1 for size in b])
        yield Bad("inner sizes", Call(**{left: f32(*a), right: longer}), (op, f"differ ({a[-1]} vs {a[-1] + 1})"))
        yield Bad("left rank", Call(**{left: f32(*a, 1), right: f32(*b)}), (op, "left", str(ranks[0])))
        yield Bad("right rank", Call(**{left: f32(*a), right: f32(*b, 1)}), (op, "right", str(ranks[1])))
        yield Bad("dtypes", Call(**{left: f32(*a), right: of("float64", *b)}), (op, "float32", "float64"))
        yield Bad("bool", Call(**{left: of("bool", *a), right: of("bool", *b)}), ("bool",))


_product_errors("mm", "input", "mat2", ((2, 3), (3, 4)), (2, 2))
_product_errors("bmm", "input", "mat2", ((2, 3, 4), (2, 4, 5)), (3, 3))
_of_any_batch = FAMILIES["bmm"].bad


@errors_of("bmm")
def _():
    yield from _of_any_batch()
    yield Bad("batches", Call(input=f32(2, 3, 4), mat2=f32(5, 4, 6)), ("[bmm] (2, 3, 4) @ (5, 4, 6)", "(2 vs 5)"))


_product_errors("mv", "input", "vec", ((2, 3), (3,)), (2, 1))
_product_errors("dot", "input", "tensor", ((3,), (3,)), (1, 1))
_product_errors("vdot", "input", "other", ((3,), (3,)), (1, 1))


def _added_product_errors(op, left, right, result, fits):
    @errors_of(op)
    def _():
        call = lambda **changed: Call(**{"input": f32(*result), left: f32(*fits[0]), right: f32(*fits[1]), **changed})
        yield Bad("input's shape", call(input=f32(*[size + 7 for size in result])), (op, "input", "broadcast"))
        if len(result) > 1:
            rows = f32(result[0] + 7, *result[1:])
            yield Bad("input's rows", call(input=rows), (op, f"shape {tuple(rows.value.shape)}", f"result's {result}"))
        yield Bad("input's dtype", call(input=of("float64", *result)), (op, "float64", "float32"))
        yield Bad("operands' dtypes", call(**{right: of("float64", *fits[1])}), ("float64", "float32"))
        yield Bad("left rank", call(**{left: f32(*fits[0], 1)}), (op, "dimension"))
        yield Bad("right rank", call(**{right: f32(*fits[1], 1)}), (op, "dimension"))
        whole = {"input": i64(*result), left: i64(*fits[0]), right: i64(*fits[1])}
        yield Bad("alpha is not whole", call(**whole, alpha=0.5), (op, "alpha", "int64"))
        yield Bad("beta is not whole", call(**whole, beta=0.5), (op, "beta", "int64"))


_added_product_errors("addmm", "mat1", "mat2", (2, 4), ((2, 3), (3, 4)))
_added_product_errors("addmv", "mat", "vec", (2,), ((2, 3), (3,)))
_added_product_errors("addr", "vec1", "vec2", (2, 3), ((2,), (3,)))
_added_product_errors("baddbmm", "batch1", "batch2", (5, 2, 4), ((5, 2, 3), (5, 3, 4)))
_added_product_errors("addbmm", "batch1", "batch2", (2, 4), ((5, 2, 3), (5, 3, 4)))


@errors_of("inner")
def _():
    yield Bad("last sizes", Call(input=f32(2, 3), other=f32(2, 4)), ("inner", "(2, 3)", "(2, 4)"))
    yield Bad("dtypes", Call(input=f32(3), other=of("float64", 3)), ("float32", "float64"))


@errors_of("outer")
def _():
    yield Bad("left rank", Call(input=f32(2, 3), vec2=f32(3)), ("outer", "input", "(2, 3)"))
    yield Bad("right rank", Call(input=f32(2), vec2=f32()), ("outer", "vec2", "()"))


@errors_of("bilinear")
def _():
    call = lambda **changed: Call(
        **{"input1": f32(2, 3), "input2": f32(2, 4), "weight": f32(5, 3, 4), "bias": f32(5), **changed}
    )
    yield Bad("batches", call(input2=f32(3, 4)), ("bilinear", "(2, 3)", "(3, 4)"))
    yield Bad("number", call(input1=f32(), input2=f32()), ("bilinear", "()"))
    yield Bad("features", call(input1=f32(2, 5)), ("bilinear", "(5, 3, 4)", "5"))
    yield Bad("weight's rank", call(weight=f32(3, 4)), ("bilinear", "weight", "(3, 4)"))
    yield Bad("weight's dtype", call(weight=of("float64", 5, 3, 4)), ("bilinear", "float64"))
    yield Bad("bias", call(bias=f32(4)), ("bilinear", "bias", "(4,)"))


@errors_of("linalg_vecdot")
def _():
    yield Bad("dtypes", Call(x=f32(3), y=i64(3)), ("vecdot", "float32", "int64"))
    yield Bad("shapes", Call(x=f32(3), y=f32(2)), ("(3,)", "(2,)"))
    yield Bad("dim", Call(x=f32(3), y=f32(3), dim=1), ("out of range", "1"), raises=IndexError)
    yield Bad("bool", Call(x=of("bool", 3), y=of("bool", 3)), ("vecdot", "bool"))


@errors_of("linalg_trace")
def _():
    yield Bad("vector", Call(input=f32(3)), ("trace", "(3,)"))
    yield Bad("batch", Call(input=f32(2, 3, 3)), ("trace", "(2, 3, 3)"))
    yield Bad("bool", Call(input=of("bool", 3, 3)), ("trace", "bool"))


def _cross_errors(op):
    @errors_of(op)
    def _():
        yield Bad("size", Call(input=f32(2, 4), other=f32(2, 4), dim=1), (op, "3", "(2, 4)"))
        yield Bad("ranks", Call(input=f32(2, 3), other=f32(3), dim=-1), (op, "(2, 3)", "(3,)"))
        yield Bad("dim", Call(input=f32(2, 3), other=f32(2, 3), dim=2), (op, "out of range"), raises=IndexError)
        yield Bad("dtypes", Call(input=f32(3), other=of("float64", 3), dim=0), (op, "float64"))
        yield Bad("shapes", Call(input=f32(2, 3), other=f32(4, 3), dim=1), ("(2, 3)", "(4, 3)"))
        yield Bad("other has no 3", Call(input=f32(2, 3), other=f32(2, 1), dim=1), (op, "size 3", "(2, 1)"))
        yield Bad("input has no 3", Call(input=f32(2, 1), other=f32(2, 3), dim=1), (op, "size 3", "(2, 1)"))
        if op == "cross":
            yield Bad("no dimension of 3", Call(input=f32(2, 4), other=f32(2, 4)), ("cross", "size 3"))


_cross_errors("cross")
_cross_errors("linalg_cross")


@errors_of("einsum")
def _():
    call = lambda equation, *shapes: Call(equation=equation, operands=[f32(*shape) for shape in shapes])
    yield Bad("no operands", call("->"), ("einsum", "operand"))
    yield Bad("more terms", call("i,i", (2,)), ("einsum", "terms"))
    yield Bad("fewer terms", call("i", (2,), (2,)), ("einsum", "term"))
    yield Bad("rank", call("ij", (2,)), ("einsum", "(2,)", "names 2"))
    yield Bad("rank, no ellipsis", call("i", (2, 3)), ("einsum", "(2, 3)", "names 1"))
    for equation, first, second in (("ij,ij", (2, 4), (3, 4)), ("ij,ij", (4, 2), (4, 3)), ("i,i", (2,), (3,))):
        words = ("[einsum]", "a dimension has size 2 in one operand and 3 in another")
        yield Bad("sizes", call(equation, first, second), words)
    yield Bad("diagonal", call("ii", (2, 3)), ("einsum", "i stands twice"))
    yield Bad("diagonal from outside", call("iji", (2, 3, 4)), ("einsum", "i stands twice in a term, for sizes 2 and 4"))
    yield Bad("output twice", call("i->ii", (2,)), ("einsum", " i appears twice"))
    yield Bad("output unknown", call("i->j", (2,)), ("einsum", "j appears", "no operand"))
    yield Bad("no letter", call("i1", (2, 2)), ("einsum", "'1'"))
    yield Bad("two dots", call("i..", (2, 2)), ("einsum", "'.'", "ellipsis"))
    yield Bad("two ellipses", call("......", (2, 2)), ("einsum", "more than one ellipsis"))
    mixed = Call(equation="i,i", operands=[f32(2), of("float64", 2)])
    yield Bad("dtypes", mixed, ("einsum", "float32", "float64"))


@errors_of("tensordot")
def _():
    yield Bad("negative", Call(a=f32(2, 3), b=f32(3, 2), dims=-1), ("tensordot", "-1"))
    yield Bad("too many", Call(a=f32(2), b=f32(2, 3), dims=2), ("tensordot", "2", "(2,)"))
    yield Bad("sizes", Call(a=f32(2, 3), b=f32(4, 2), dims=1), ("tensordot", "(2, 3)", "(4, 2)"))
    yield Bad("dtypes", Call(a=f32(2, 3), b=of("float64", 3, 2), dims=1), ("tensordot", "float64"))


@errors_of("tensordot_dims")
def _():
    call = lambda dims_a, dims_b: Call(a=f32(2, 3), b=f32(3, 4), dims_a=dims_a, dims_b=dims_b)
    yield Bad("sizes", call([0], [-1]), ("tensordot", "dimension 0 of (2, 3) and dimension 1 of (3, 4)"))
    yield Bad("counts", call([1], [0, 1]), ("tensordot", "1", "2"))
    yield Bad("twice", call([1, 1], [0, 0]), ("tensordot", "twice"))
    yield Bad("out of range", call([2], [0]), ("tensordot", "out of range"), raises=IndexError)


@errors_of("linalg_multi_dot")
def _():
    yield Bad("one tensor", Call(tensors=[f32(2, 2)]), ("linalg_multi_dot", "at least 2"))
    yield Bad("sizes", Call(tensors=[f32(2, 3), f32(4, 2)]), ("linalg_multi_dot", "(2, 3)", "(4, 2)"))
    yield Bad("vector inside", Call(tensors=[f32(2, 3), f32(3), f32(3, 2)]), ("linalg_multi_dot", "(3,)"))
    yield Bad("dtypes", Call(tensors=[f32(2, 3), of("float64", 3, 2)]), ("linalg_multi_dot", "float64"))
