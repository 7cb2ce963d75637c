"""What must hold of one call: its values, gradients, in-place and out= forms, its replay."""

import dataclasses
import functools

import rushlight
import torch

import bridge
import differences
from call import EVERY_DTYPE, Array, Call, DType, Seeded, dtype_name, widened
from evaluate import ERRORS, answer, ask, call_rushlight, gradients, run
from judge import UNIT, Wrong, expect, expect_close, expect_equal


class Refused(Exception):
    """Rushlight and PyTorch agree that this call is an error: nothing was checked."""


@dataclasses.dataclass
class Case:
    """One drawn call on its way through the checks."""

    op: object
    family: object
    call: Call
    form: str = "function"
    results: list = None  # Rushlight's, as PyTorch tensors, once forward() has passed
    asked: Call = None  # what the judge was asked then: whole numbers may have become int64

    @property
    def coarsest(self):
        """The least precise floating dtype of the arguments."""
        return max((a.dtype for a in self.call.arrays() if a.is_floating), key=UNIT.get, default=None)


# -- values -----------------------------------------------------------------------------------------------------------


def forward(case):
    """The results are PyTorch's: how many, their shapes and dtypes, and their values as float64 has them."""
    try:
        outputs, _ = run(case.op, case.family, case.call, case.form)
    except ERRORS as error:
        _excuse_refusal(case, error)
    case.results = [bridge.to_torch(t) for t in outputs]
    if case.family.judge is None:
        return _judge_by_float64(case)
    judged = answer(case.family, case.call, case.results)
    case.asked = judged.call
    if judged.native is None and judged.wide is None:
        _excuse_acceptance(case, judged.refusal)
    expected = judged.native or judged.wide
    expect(len(case.results) == len(expected), "there are", len(case.results), "results but should be", len(expected))
    for place, got in enumerate(case.results):
        _expect_result(case, judged, place, got)


def _excuse_refusal(case, error):
    family = case.family
    native = None
    if family.judge and not family.sees_result:
        try:
            native, _ = ask(family, case.call)
        except Exception:
            native = None
    if family.sees_result:
        raise Wrong(f"refuses what its samples draw: {type(error).__name__}: {error}") from error
    if native is None or differences.explains(differences.REFUSED, case.op.id, case.call):
        raise Refused from error
    raise Wrong(f"PyTorch takes this call, but: {type(error).__name__}: {error}") from error


def _excuse_acceptance(case, refusal):
    if differences.is_unwritten(refusal) or differences.explains(differences.ACCEPTED, case.op.id, case.call):
        raise Refused from refusal
    raise Wrong(f"accepts what PyTorch refuses: {str(refusal).splitlines()[0]}")


def _expect_result(case, judged, place, got):
    what = f"result {place}" if len(case.results) > 1 else "the result"
    if judged.native:
        native = judged.native[place]
        if case.family.exact or not native.dtype.is_floating_point:
            return expect_equal(got, native, what)
        expect(got.dtype == native.dtype, what, "is", dtype_name(got.dtype), "but should be", dtype_name(native.dtype))
    elif judged.dtypes:
        dtype = judged.dtypes[place]
        expect(got.dtype == dtype, what, "is", dtype_name(got.dtype), "but should be", dtype_name(dtype))
    expected = (judged.wide or judged.native)[place]
    expect(got.shape == expected.shape, what, "has shape", tuple(got.shape), "but should have", tuple(expected.shape))
    is_map = case.op.kind == "map"
    excuse = _excuse(case, lambda call: ask(case.family, call)[0][0]) if is_map and judged.wide else None
    scale = _operand_scale(case, expected) if is_map else None
    if case.family.multilinear and judged.wide:
        scale = ask(case.family, widened(_absolute(judged.call)))[0][place].abs()
    expect_close(
        got,
        expected.double() if got.is_floating_point() else expected,
        case.family.units,
        what,
        case.coarsest,
        scale,
        excuse,
    )


def _operand_scale(case, result):
    """Elementwise errors may be as large as those of operands below 1: the result near 0 of an operand near 0 is exact,
    but 1 + erf(x) loses what it loses."""
    if case.family.relative:
        return torch.zeros(())
    tensors = [case.call.arguments.get(a.name) for a in case.op.arguments if a.is_tensor]
    sizes = [v.value.double() if isinstance(v, Array) else torch.tensor(float(v)).double() for v in tensors]
    largest = functools.reduce(torch.fmax, (size.abs() for size in sizes))
    return largest.clamp(max=1).nan_to_num(0).expand(result.shape)


def _absolute(call):
    """The same call of the sizes of all numbers."""

    def size(leaf):
        plain = isinstance(leaf, Array) and leaf.value.dtype.is_signed and leaf.differentiable
        return dataclasses.replace(leaf, value=leaf.value.abs()) if plain else leaf

    return call.map(size)


def _nudged(case, signs, unit):
    """The call in float64, each operand off by its rounding in one direction."""
    operands = iter(signs)
    tensors = {a.name for a in case.op.arguments if a.is_tensor}

    def nudge(name, value):
        if name not in tensors:
            return value
        factor = 1 + unit * next(operands)
        if isinstance(value, Array) and value.is_floating:
            return dataclasses.replace(value, value=value.value * factor)
        return value * factor if isinstance(value, float) else value

    return Call(**{name: nudge(name, value) for name, value in widened(case.call).arguments.items()})


def _excuse(case, evaluate):
    """Pardons an elementwise result that is right for operands a rounding away from the given ones: near a pole or a
    jump no arithmetic can do better. evaluate(call) is the judge's answer in float64."""

    def excuse(got):
        unit = 2 * UNIT[max(dtype_name(got.dtype), case.coarsest or "float64", key=UNIT.get)]
        signs = ((1, 1, 1), (1, -1, 1), (-1, 1, -1), (-1, -1, -1))
        answers = [evaluate(_nudged(case, sign, unit)).double() for sign in signs]
        low, high = functools.reduce(torch.fmin, answers), functools.reduce(torch.fmax, answers)
        slack = 16 * UNIT[dtype_name(got.dtype)] * torch.maximum(low.abs(), high.abs())
        return (got.double() >= low - slack) & (got.double() <= high + slack)

    return excuse


def _judge_by_float64(case):
    """No judge knows this op: in float64 and in any layout it must at least say the same."""
    outputs, _ = run(case.op, case.family, widened(case.call).map(_plain))
    for got, exact in zip(case.results, outputs):
        expect_close(got, bridge.to_torch(exact).double(), case.family.units, "the result", case.coarsest)


def _plain(leaf):
    return dataclasses.replace(leaf, layout="contiguous") if isinstance(leaf, Array) else leaf


# -- gradients --------------------------------------------------------------------------------------------------------


def cotangents_for(results, seed=17):
    """Numbers to multiply each result with: exact in its dtype."""
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(r.shape, generator=generator, dtype=torch.float64).to(r.dtype) for r in results]


def has_usual_values(call):
    """At infinities, far out, and where squares under- or overflow, gradients are a matter of taste."""
    for array in call.arrays():
        size = array.value.double().abs()
        usual = (size < 25) & ((size == 0) | (size > 1e-5)) if array.is_floating else size < 1e4
        if array.differentiable and not bool(usual.all()):
            return False
    return True


def has_one_slope(case):
    """Whether what a gradient should be is known at the arguments of a case."""
    undefined = any(bool(r.isnan().any()) for r in case.results if r.is_floating_point())
    return not undefined and has_usual_values(case.call) and not (case.family.bent and case.family.bent(case.call))


def takes_gradients(case):
    return any(a.is_floating and a.differentiable for a in case.call.arrays()) and not case.op.only_in_place


def gradient(case):
    """Gradients of every floating argument are PyTorch's in float64."""
    if not takes_gradients(case) or not has_one_slope(case) or case.family.judge is None:
        return False
    expected_outputs, _ = _judged_outputs(case, widened(case.asked))
    outputs, leaves = run(case.op, case.family, case.call, case.form, requires_grad=True)
    wanted = [i for i, t in enumerate(expected_outputs) if t.requires_grad and case.results[i].is_floating_point()]
    for place, output in enumerate(outputs):
        expect(output.requires_grad == (place in wanted), f"requires_grad of result {place} is", output.requires_grad)
    if not wanted:
        return False
    cotangents = cotangents_for([case.results[i] for i in wanted])
    given = [bridge.to_rushlight(Array(c)) for c in cotangents]
    got = gradients([outputs[i] for i in wanted], leaves, given)
    try:
        expected = _judged_gradients(case, widened(case.asked), wanted, cotangents)
    except (NotImplementedError, RuntimeError):  # PyTorch's own backward fails; finite differences remain
        return True
    for place, (mine, theirs) in enumerate(zip(got, expected)):
        evaluate = lambda call, place=place: _judged_gradients(case, call, wanted, cotangents)[place]
        _expect_gradient(case, place, mine, theirs, leaves[place], evaluate)
    return True


def _judged_outputs(case, call):
    wide_results = [r.double() if r.is_floating_point() else r for r in case.results]
    return ask(case.family, call, wide_results, requires_grad=True)


def _judged_gradients(case, call, wanted, cotangents):
    """The judge's, with zeros where nothing depends on an argument."""
    outputs, leaves = _judged_outputs(case, call)
    found = torch.autograd.grad(
        [outputs[i] for i in wanted], leaves, [c.double() for c in cotangents], allow_unused=True
    )
    return [torch.zeros_like(leaf) if g is None else g for g, leaf in zip(found, leaves)]


def _expect_gradient(case, place, mine, theirs, leaf, evaluate):
    if mine is None:
        return expect(not bool(theirs.any()), f"there is no gradient of argument {place}")
    what = f"the gradient of argument {place}"
    expect(
        mine.dtype == leaf.dtype and tuple(mine.shape) == tuple(leaf.shape),
        what,
        "is",
        dtype_name(mine.dtype),
        tuple(mine.shape),
    )
    coarsest = max([case.coarsest] + [dtype_name(r.dtype) for r in case.results if r.is_floating_point()], key=UNIT.get)
    excuse = _excuse(case, evaluate) if case.op.kind == "map" else None
    expect_close(bridge.to_torch(mine), theirs, 4 * case.family.units, what, coarsest, excuse=excuse)


# -- in place and out= ------------------------------------------------------------------------------------------------


def _fits(case):
    """Whether the result may be written over the target."""
    target, result = case.call.arguments["input"], case.results[0]
    return (
        target.layout != "expanded"
        and target.value.shape == result.shape
        and torch.can_cast(result.dtype, target.value.dtype)
    )


def in_place(case):
    """`name_` writes what `name` returns, or refuses and leaves the target alone."""
    if not case.op.has_in_place:
        return False
    target = case.call.arguments["input"]
    if not isinstance(target, Array) or not target.value.numel():
        return False
    ready, _ = bridge.rushlight_call(case.call)
    written = ready.arguments["input"]
    if case.family.before:
        case.family.before()
    try:
        returned = call_rushlight(case.op, ready.arguments, "in_place")
    except ERRORS as error:
        expect(not _fits(case), "the in-place form refuses:", error)
        expect_equal(bridge.to_torch(written), target.value, "after a refused in-place call, the target")
        return True
    expect(_fits(case), "the in-place form should have refused")
    expect(returned is written, "the in-place form returns another tensor than its target")
    expect_equal(bridge.to_torch(written), case.results[0].to(target.value.dtype), "the target of the in-place form")
    _in_place_gradient(case)
    return True


def _in_place_gradient(case):
    target, result = case.call.arguments["input"], case.results[0]
    if target.value.dtype != result.dtype or not takes_gradients(case) or not has_usual_values(case.call):
        return
    cotangent = bridge.to_rushlight(Array(cotangents_for([result])[0]))
    outputs, leaves = run(case.op, case.family, case.call, requires_grad=True)
    if not outputs[0].requires_grad:
        return
    expected = gradients(outputs, leaves, [cotangent])
    ready, leaves = bridge.rushlight_call(case.call, requires_grad=True)
    arguments = dict(ready.arguments, input=rushlight.clone(ready.arguments["input"]))
    got = gradients([call_rushlight(case.op, arguments, "in_place")], leaves, [cotangent])
    for place, (mine, theirs) in enumerate(zip(got, expected)):
        expect((mine is None) == (theirs is None), f"in place, the gradient of argument {place} is", mine)
        if mine is not None:
            expect_equal(bridge.to_torch(mine), bridge.to_torch(theirs), f"in place, the gradient of argument {place}")


def out(case, layout):
    """`out=` receives what the call returns, in whatever layout it has."""
    if not case.op.has_out or layout == "expanded":
        return False
    result = case.results[0]
    out_array = Array(torch.zeros_like(result), layout=layout if result.dim() else "contiguous")
    target = bridge.to_rushlight(out_array)
    ready, _ = bridge.rushlight_call(case.call)
    if case.family.before:
        case.family.before()
    returned = case.op.function(**ready.arguments, out=target)
    expect(returned is target, "out= returns another tensor than its target")
    expect_equal(bridge.to_torch(target), result, "what out= received")
    return True


def view(case):
    """A view shows its input's memory: what is written through it arrives there, and only there."""
    if case.op.kind != "view":
        return False
    ready, _ = bridge.rushlight_call(case.call)
    base = rushlight.clone(ready.arguments["input"], memory_format="contiguous")
    shown = call_rushlight(case.op, dict(ready.arguments, input=base))
    places = torch.arange(base.numel()).reshape(tuple(base.shape))
    seen = ask(case.family, Call(**dict(case.call.arguments, input=Array(places))))[0][0]
    if seen.unique().numel() != seen.numel() or not seen.numel():
        return False
    ones = torch.ones(seen.shape).to(case.results[0].dtype)
    shown.copy_(bridge.to_rushlight(Array(ones)))
    before, after = case.call.arguments["input"].value, bridge.to_torch(base)
    written = torch.isin(places, seen.contiguous())
    expected = torch.where(written, torch.ones(()).to(before.dtype), before)
    expect_equal(after, expected, "the input after a write through the view")
    return True


# -- replay -----------------------------------------------------------------------------------------------------------


def _reversed(value):
    """PyTorch flips no wide unsigned numbers: they go as int64."""
    wide = dtype_name(value.dtype) in ("uint16", "uint32", "uint64")
    turned = (value.to(torch.int64) if wide else value).flip(list(range(value.dim())))
    return turned.to(value.dtype)


# Ops whose result's shape, or whose errors, depend on elements: a trace refuses to look at them.
READ_ELEMENTS = ("masked_select", "masked_scatter", "repeat_interleave_each", "one_hot")
READ_ELEMENTS += ("allclose", "argwhere", "bincount", "clip_grad_norm", "equal", "get_total_norm", "is_nonzero", "nanquantile", "nonzero", "nonzero_along", "normal", "normal_mean", "quantile", "unique", "unique_all", "unique_consecutive", "unique_counts", "unique_inverse", "unique_values", "where_nonzero")


def _excuse_trace(case, error):
    if case.op.id in READ_ELEMENTS:
        raise Refused from error
    raise Wrong(f"cannot be traced: {error}") from error


def _replayed_arguments(case):
    """The arguments with the arrays left in, and what starts all their random numbers anew."""
    generators = []

    def convert(leaf):
        if isinstance(leaf, Seeded):
            generators.append((rushlight.Generator(), leaf.seed))
            return generators[-1][0]
        return bridge.rushlight_dtype(leaf.name) if isinstance(leaf, DType) else leaf

    def restart():
        if case.family.before:
            case.family.before()
        for generator, seed in generators:
            generator.manual_seed(seed)

    return case.call.map(convert), restart


def replay(case):
    """A recorded call, replayed on other values, does bitwise what the eager call does, gradients included."""
    if not case.call.arrays():
        return False
    wants = takes_gradients(case) and has_usual_values(case.call)
    ready, restart = _replayed_arguments(case)

    def step(tensors):
        rest = iter(tensors)
        arguments = ready.map(lambda leaf: next(rest) if isinstance(leaf, Array) else leaf).arguments
        outputs = bridge.outputs_of(call_rushlight(case.op, arguments, case.form))
        if case.op.only_in_place:
            return [rushlight.clone(tensor) for tensor in tensors]
        floating = [t for t in outputs if t.requires_grad]
        leaves = [t for t in tensors if t.requires_grad]
        found = (
            rushlight.autograd.grad([rushlight.sum(t) for t in floating], leaves, allow_unused=True) if floating else []
        )
        return [*outputs, *(g for g in found if g is not None)]

    tensors_of = lambda call: [
        bridge.to_rushlight(a, wants and a.differentiable and a.is_floating) for a in call.arrays()
    ]
    reversed_call = case.call.with_arrays([_reversed(a.value) for a in case.call.arrays()])
    traced = rushlight.trace(lambda *tensors: step(tensors))
    try:
        for _ in range(3):
            traced(*tensors_of(case.call))
    except rushlight.TraceError as error:
        _excuse_trace(case, error)
    restart()
    got = traced(*tensors_of(reversed_call))
    restart()
    expected = step(tensors_of(reversed_call))
    for place, (mine, eager) in enumerate(zip(bridge.outputs_of(got), expected, strict=True)):
        expect_equal(bridge.to_torch(mine), bridge.to_torch(eager), f"replayed, output {place}")
    return True


# -- promotion --------------------------------------------------------------------------------------------------------


def _operand_forms(dtype):
    """A value of this dtype as a vector, as a 0-d tensor, and as a plain number."""
    ones = torch.ones(2).to(getattr(torch, dtype))
    yield Array(ones)
    yield Array(ones[0].clone())
    numbers = {"bool": True, "int64": 1, "float64": 1.5}
    if dtype in numbers:
        yield numbers[dtype]


def promotion(op, family):
    """For every pair of dtypes, as tensors, 0-d tensors and numbers: the result's dtype, or an error, as PyTorch."""
    names = [a.name for a in op.arguments if a.is_tensor and a.name != "condition"]
    if len(names) < 2 or family.judge is None:
        return
    options = {a.name: 1 for a in op.arguments if not a.is_tensor}
    if any(a.name == "condition" for a in op.arguments):
        options["condition"] = Array(torch.ones(2, dtype=torch.bool))
    forms = [form for dtype in EVERY_DTYPE for form in _operand_forms(dtype)]
    for left in (form for form in forms if isinstance(form, Array)):
        for right in forms:
            rest = {name: right for name in names[2:]}
            case = Case(op, family, Call(**{**options, names[0]: left, names[1]: right, **rest}))
            try:
                forward(case)
            except Refused:
                continue
            except Wrong as error:
                raise Wrong(f"{case.call!r}: {error}") from error
