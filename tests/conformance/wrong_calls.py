"""Wrong calls: those that every schema implies, and those that the families know; each must say what is wrong."""

import dataclasses
import itertools
from typing import Callable, Optional

import rushlight
import torch

import bridge
from call import Array, Call
from draw import Draw
from evaluate import ERRORS, call_rushlight, run
from judge import expect
from op_table import NOT_GIVEN, ops

LEAST_CAUSES = 5
# Ops of which no more can be wrong than the number, names and kinds of their arguments.
TAKES_ANYTHING = ("detach", "contiguous", "ravel", "atleast_1d", "atleast_2d", "atleast_3d", "type_as", "full_like")
TAKES_ANYTHING += ("zeros_like", "ones_like", "empty_like", "scalar_tensor", "kron", "rand_like", "randn_like", "max", "min", "isin")
TAKES_ANYTHING += ("unique_all", "unique_counts", "unique_inverse", "unique_values", "nonzero", "nonzero_along")
TAKES_ANYTHING += ("where_nonzero", "argwhere")


@dataclasses.dataclass(frozen=True)
class Wrongdoing:
    cause: str  # two of one cause count as one
    act: Callable
    words: tuple
    raises: Optional[type] = None
    of_schema: bool = False  # wrong in number, name or kind of an argument


def usual_call(op, family):
    """A call that is right: of some size, everything contiguous, of the first dtype that the op takes."""
    for dtype, seed in itertools.product(("float32", "int64", "bool"), range(100)):
        call = family.draw(Draw(f"usual {seed}", dtype, smooth=True))
        arrays = [a for a in call.arrays() if a.differentiable]
        if all(a.value.numel() > 1 and a.dtype in (dtype, "bool") for a in arrays):
            try:
                run(op, family, call)
                return call
            except ERRORS:
                continue
    raise AssertionError("no usual call was drawn")


def _unfit(argument):
    """Something that an argument of this kind cannot be."""
    return {"str": 3.5, "ints": ["x"], "int?s": ["x"], "floats": ["x"], "tensors": ["x"], "generator": 3, "dtype": "x"}.get(argument.kind, "x")


def _changed(op, ready, **changes):
    return lambda: call_rushlight(op, {**ready.arguments, **changes})


def _schema_mistakes(op, ready):
    """Arguments that are missing, too many, unknown, or of the wrong kind."""
    required = [a for a in op.arguments if a.default is NOT_GIVEN]
    overloaded = sum(other.name == op.name for other in ops().values()) > 1
    for argument in [] if overloaded else required[:1]:  # another form may take what is left
        rest = {name: value for name, value in ready.arguments.items() if name != argument.name}
        yield Wrongdoing(f"no {argument.name}", lambda: op.function(**rest), (op.name,), TypeError)
    yield Wrongdoing("unknown keyword", _changed(op, ready, nonsense=1), (op.name, "nonsense"), TypeError)
    many = [None] * 30
    yield Wrongdoing("too many arguments", lambda: op.function(*many), (op.name,), TypeError)
    for argument in op.arguments:
        wrong = _changed(op, ready, **{argument.name: _unfit(argument)})
        yield Wrongdoing(f"{argument.name} of the wrong kind", wrong, (op.name,), TypeError)
        if not argument.optional and argument.kind != "tensors":
            none = _changed(op, ready, **{argument.name: None})
            yield Wrongdoing(f"{argument.name} of the wrong kind", none, (op.name,), TypeError)
        if argument.kind == "tensors" and argument.name != "indices":  # an index of None takes its whole dimension
            holed = [*ready.arguments[argument.name][:-1], None]
            yield Wrongdoing(f"{argument.name} hold None", _changed(op, ready, **{argument.name: holed}), ())
        if argument.is_tensor:
            listed = _changed(op, ready, **{argument.name: {"a": 1}})
            yield Wrongdoing(f"{argument.name} of the wrong kind", listed, (op.name,), TypeError)


def _map_mistakes(op, call):
    """Shapes that do not broadcast, one pair of operands at a time."""
    tensors = [a.name for a in op.arguments if a.is_tensor]

    def ones(name, *shape):
        array = call.arguments[name]
        dtype = array.value.dtype if isinstance(array, Array) else torch.float32
        return Array(torch.ones(shape, dtype=dtype))

    for name in tensors[1:]:
        operands = {other: ones(other) for other in tensors}
        operands |= {tensors[0]: ones(tensors[0], 2, 3), name: ones(name, 4)}
        ready = bridge.rushlight_call(Call(**{**call.arguments, **operands}))[0]
        yield Wrongdoing(f"{name} does not broadcast", _changed(op, ready), (op.name, "(2, 3)", "(4,)"))


def _in_place_mistakes(op, call):
    if not op.has_in_place or not isinstance(call.arguments.get("input"), Array):
        return
    target = call.arguments["input"]

    def act(written):
        def run_in_place():
            ready = bridge.rushlight_call(call)[0]
            return call_rushlight(op, dict(ready.arguments, input=written()), "in_place")

        return run_in_place

    leaf = lambda: bridge.to_rushlight(target, requires_grad=True)
    if _has_gradient(op, call):
        yield Wrongdoing("in place on a leaf", act(leaf), (op.name, "leaf"), RuntimeError)
    shape = list(target.value.shape) or [2]
    expanded = lambda: rushlight.expand(bridge.to_rushlight(Array(torch.ones(()))), shape)
    yield Wrongdoing("in place on an expanded view", act(expanded), (op.name, "clone"), RuntimeError)


def _has_gradient(op, call):
    ready, leaves = bridge.rushlight_call(call, requires_grad=True)
    return any(t.requires_grad for t in bridge.outputs_of(call_rushlight(op, ready.arguments))) and bool(leaves)


def _out_mistakes(op, call):
    if not op.has_out:
        return
    ready = bridge.rushlight_call(call)[0]
    result = call_rushlight(op, ready.arguments)
    shape = list(result.shape)
    yield Wrongdoing("out is no tensor", _changed(op, ready, out=[1]), (op.name, "out"), TypeError)
    larger = rushlight.full([3] + [max(size, 1) for size in shape], 0, dtype=result.dtype)  # with elements, or it would be resized
    yield Wrongdoing("out of another shape", _changed(op, ready, out=larger), (op.name, "shape"), RuntimeError)
    if result.dtype in (rushlight.float32, rushlight.float64) and op.id != "full":  # which makes what out holds
        whole = rushlight.full(shape, 0, dtype=rushlight.int64)
        yield Wrongdoing("out of a lesser dtype", _changed(op, ready, out=whole), (op.name, "int64"), RuntimeError)
    expanded = rushlight.expand(rushlight.full([], 0, dtype=result.dtype), shape or [2])
    if result.numel() > 1:
        yield Wrongdoing("out is expanded", _changed(op, ready, out=expanded), (op.name, "clone"), RuntimeError)
    if _has_gradient(op, call):
        tracked = bridge.rushlight_call(call, requires_grad=True)[0]
        target = rushlight.full(shape, 0, dtype=result.dtype)
        yield Wrongdoing("out while recording", _changed(op, tracked, out=target), (op.name, "out="), RuntimeError)


def _family_mistakes(op, family):
    for bad in family.bad() if family.bad else ():
        act = lambda bad=bad: run(op, family, bad.call, bad.form)
        yield Wrongdoing(bad.cause, act, bad.words, bad.raises)


def mistakes(op, family):
    """Every wrong call of an op that is known."""
    call = usual_call(op, family)
    ready = bridge.rushlight_call(call)[0]
    yield from (dataclasses.replace(mistake, of_schema=True) for mistake in _schema_mistakes(op, ready))
    if op.kind == "map":
        yield from _map_mistakes(op, call)
    yield from _in_place_mistakes(op, call)
    yield from _out_mistakes(op, call)
    yield from _family_mistakes(op, family)


def check(op, wrongdoing):
    """The call raises what it should, and the message has the words."""
    try:
        wrongdoing.act()
    except ERRORS as error:
        expected = wrongdoing.raises
        right_kind = expected is None or isinstance(error, expected)
        expect(
            right_kind,
            f"[{wrongdoing.cause}] raises {type(error).__name__}, not {expected and expected.__name__}: {error}",
        )
        missing = [word for word in wrongdoing.words if word not in str(error)]
        expect(not missing, f"[{wrongdoing.cause}] the message lacks {missing}: {error}")
        return
    expect(False, f"[{wrongdoing.cause}] raises nothing")
