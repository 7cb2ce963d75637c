"""Right answers for the runner of mutants: calls of every op with PyTorch's results, gradients and second gradients, and
wrong calls with the words of their errors.

    ./dev python tests/mutants/goldens.py OUT [--count 24]
"""

import argparse
import concurrent.futures
import dataclasses
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "conformance"))

import rushlight  # noqa: E402
import torch  # noqa: E402

import bridge  # noqa: E402
import checks  # noqa: E402
import differences  # noqa: E402
import features  # noqa: E402
import suite  # noqa: E402
import wrong_calls  # noqa: E402
from call import EVERY_DTYPE, Array, Call, widened  # noqa: E402
from draw import Draw  # noqa: E402
from evaluate import ERRORS, answer, ask, run  # noqa: E402
from golden_file import Unspeakable, Writer  # noqa: E402
from judge import UNIT, largest, tolerance, wrong_places  # noqa: E402
from op_table import NOT_GIVEN, ops  # noqa: E402
from samples import elementwise  # noqa: E402

LARGEST = 2_000  # elements of all tensors of a call
SECOND_TOLERANCE = 1e-9


NEIGHBOURED = 4  # calls that are changed a little
FEW = 200  # elements of such a call
MORE_PER_OPTION = 6  # draws: each changes what the others mean
MORE_PER_WORD = 18  # draws: words stand for rules of their own


class Skipped(Exception):
    """A draw from which no golden can be made."""


def _slack(case, got, expected, units, scale=None):
    """How far each element may be from `expected` (float64), as the conformance suite's judge has it."""
    judged_as = max((bridge.dtype_name(got.dtype), case.coarsest or "float64"), key=UNIT.get)
    allowed = tolerance(judged_as, units)
    floor = allowed * (max(1.0, largest(expected)) if scale is None else scale) + torch.finfo(got.dtype).tiny
    slack = allowed * expected.abs() + floor
    if bool(wrong_places(got.double(), expected, 0.0, slack.nan_to_num(0, 0, 0)).any()):
        raise Skipped("a result near a pole or a jump, where the suite asks twice")
    return slack.nan_to_num(0, 0, 0)


def _expected(case, judged, place, got):
    """(dtype's name, values, slack); slack is None where every bit counts."""
    native = judged.native[place] if judged.native else None
    if native is not None and (case.family.exact or not native.dtype.is_floating_point):
        return native, None
    values = (judged.wide or judged.native)[place]
    if not got.dtype.is_floating_point:
        return values.to(got.dtype), None
    values = values.double()
    rounded = values.to(got.dtype).double()
    values = torch.where(rounded.isfinite(), values, rounded)
    scale = checks._operand_scale(case, values) if case.op.kind == "map" else None
    return values, _slack(case, got, values, case.family.units, scale)


def _values(case):
    """What forward must give: (dtype, expected, slack) of each result."""
    judged = answer(case.family, case.call, case.results)
    if judged.native is None and judged.wide is None:
        raise Skipped("PyTorch refuses")
    wanted = judged.native or judged.wide
    if len(wanted) != len(case.results):
        raise Skipped("PyTorch has other results")
    found = []
    for place, got in enumerate(case.results):
        expected, slack = _expected(case, judged, place, got)
        right_dtype = judged.native is None or got.dtype == judged.native[place].dtype
        if not right_dtype or got.shape != expected.shape:
            raise Skipped("another dtype or shape")
        if slack is None and not bool(((got == expected) | ((got != got) & (expected != expected))).all()):
            raise Skipped("another value")
        found.append((got.dtype, expected, slack))
    return found


def _with_leaves(case, turn):
    """The call with all of its tensors differentiable or with one alone, in turn: gradients nobody needs are left out."""
    arrays = [a for a in case.call.arrays() if a.is_floating and a.differentiable]
    kept = turn % (len(arrays) + 1) - 1
    if len(arrays) < 2 or kept < 0:
        return case
    places = iter(range(len(arrays)))

    def thin(leaf):
        if isinstance(leaf, Array) and leaf.is_floating and leaf.differentiable and next(places) != kept:
            return Array(leaf.value, leaf.layouts, leaf.layout, differentiable=False)
        return leaf

    return checks.Case(case.op, case.family, case.call.map(thin), case.form, case.results)


def _gradient(case, turn):
    """(indices of results, cotangents, [(expected, slack)]) or None."""
    if not checks.takes_gradients(case) or not checks.has_one_slope(case) or case.family.judge is None:
        return None
    try:
        outputs, _ = checks._judged_outputs(case, widened(case.call))
    except (NotImplementedError, RuntimeError):
        return None
    wanted = [i for i, t in enumerate(outputs) if t.requires_grad and case.results[i].is_floating_point()]
    if not wanted:
        return None
    if len(wanted) > 1 and turn % 2:
        wanted = [wanted[turn // 2 % len(wanted)]]  # one result alone
    cotangents = checks.cotangents_for([case.results[i] for i in wanted])
    try:
        expected = checks._judged_gradients(case, widened(case.call), wanted, cotangents)
    except (NotImplementedError, RuntimeError):
        return None
    mine, leaves = run(case.op, case.family, case.call, case.form, requires_grad=True)
    try:
        found = checks.gradients([mine[i] for i in wanted], leaves, [bridge.to_rushlight(Array(c)) for c in cotangents])
    except ERRORS as error:
        raise Skipped("a gradient that Rushlight refuses") from error
    coarsest = max([case.coarsest] + [bridge.dtype_name(case.results[i].dtype) for i in wanted], key=UNIT.get)
    graded = checks.Case(case.op, case.family, case.call)
    rows = []
    for got, right, leaf in zip(found, expected, leaves):
        got = bridge.to_torch(got) if got is not None else torch.zeros(right.shape, dtype=bridge.to_torch(leaf).dtype)
        judged_as = got.to(getattr(torch, coarsest)) if UNIT[coarsest] > UNIT[bridge.dtype_name(got.dtype)] else got
        rows.append((right.double(), _slack(graded, judged_as, right.double(), 4 * case.family.units)))
    return wanted, cotangents, rows


def _is_linear(total, cotangents, slopes):
    """Whether `total`, a number made of gradients, is linear in the cotangents, as those are: then this is Euler's rule."""
    along = sum(float((s * c).sum()) for s, c in zip(slopes, cotangents) if s is not None)
    return abs(float(total) - along) <= SECOND_TOLERANCE * max(1.0, abs(along))


def _second(case, wanted, cotangents):
    """(weights of the gradients, [expected]): the gradient of <weights, gradient> in leaves and cotangents, or None."""
    if any(a.is_floating and a.dtype != "float64" for a in case.call.arrays()) or case.coarsest != "float64":
        return None
    try:
        outputs, leaves = checks._judged_outputs(case, case.call)
        given = [c.double().clone().requires_grad_() for c in cotangents]
        first = torch.autograd.grad([outputs[i] for i in wanted], leaves, given, create_graph=True, allow_unused=True)
        weights = checks.cotangents_for(leaves, seed=23)
        terms = [(g * w).sum() for g, w in zip(first, weights) if g is not None and g.requires_grad]
        if not terms:
            return None
        second = torch.autograd.grad(terms, leaves + given, allow_unused=True)
        if not _is_linear(sum(terms), given, second[len(leaves) :]):
            return None  # PyTorch's own is wrong
    except (NotImplementedError, RuntimeError):
        return None
    rows = [torch.zeros_like(t) if s is None else s.double() for s, t in zip(second, leaves + given)]
    if not all(bool(r.isfinite().all()) for r in rows):
        return None
    return weights, [(r, torch.full_like(r, SECOND_TOLERANCE * max(1.0, largest(r)))) for r in rows]


def _near_tensors(array):
    """One more along a dimension, one dimension less, one more; another dtype."""
    value, rank = array.value, array.value.dim()
    for dim in range(rank):
        if value.shape[dim]:
            yield torch.cat([value, value.narrow(dim, 0, 1)], dim)
    if rank and value.shape[0]:
        yield value[0].clone()
    yield value.unsqueeze(0)
    if array.differentiable:
        yield value.to(torch.int64 if array.is_floating else torch.float64)


def _near_values(argument, value, rank):
    if isinstance(value, Array):
        for near in _near_tensors(value):
            yield dataclasses.replace(value, value=near, layout="contiguous")
    elif isinstance(value, list):
        for i, item in enumerate(value):
            for near in _near_values(argument, item, rank):
                yield [*value[:i], near, *value[i + 1 :]]
        yield value[:-1]
        yield [*value, *value[-1:]]
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from {value + 1, value - 1, rank, -rank - 1} - {value}
    elif isinstance(value, float):
        yield from (-value, 0.0, value + 1)
    if value is not None and argument.optional:
        yield None


def neighbours_of(call, op):
    """The call with one argument changed by a step."""
    rank = max((a.value.dim() for a in call.arrays()), default=0)
    for argument in op.arguments:
        for near in _near_values(argument, call.arguments[argument.name], rank):
            yield Call(**{**call.arguments, argument.name: near})


def _small(call):
    return sum(a.value.numel() for a in call.arrays()) <= LARGEST


class Goldens:
    """The cases of one op."""

    def __init__(self, op_id):
        self.op = ops()[op_id]
        self.family = suite.family_of(self.op)
        self.writer = Writer(self.op)
        self.skipped = []
        self.turn = 0
        self.takes_floats = self._takes_floats()

    def _takes_floats(self):
        try:
            run(self.op, self.family, self.family.draw(Draw("does it?", "float64", smooth=True)))
        except ERRORS:
            return False
        return True

    def _case(self, call, draw):
        """A right call, or one that both sides refuse."""
        if not _small(call):
            raise Skipped("large")
        case = checks.Case(self.op, self.family, call)
        try:
            outputs, _ = run(self.op, self.family, call)
        except ERRORS:
            return self._refused(call)
        case.results = [bridge.to_torch(t) for t in outputs]
        values = _values(case) if self.family.judge else [(r.dtype, r, None) for r in case.results]
        case = _with_leaves(case, self.turn)
        gradient = _gradient(case, self.turn)
        self.turn += 1
        second = _second(case, *gradient[:2]) if gradient and draw.smooth else None
        recorded, _ = run(self.op, self.family, case.call, requires_grad=True)
        forms = (self._may_write_in_place(case), self._may_write_out(case))
        self.writer.right(case.call, forms, self.family.before is not None, values, gradient, second,
                          [t.requires_grad for t in recorded])  # fmt: skip

    def _may_write_in_place(self, case):
        target = case.call.arguments.get("input")
        receives = self.op.has_in_place and self.op.kind != "function" and isinstance(target, Array)
        return receives and bool(target.value.numel()) and checks._fits(case)

    def _may_write_out(self, case):
        return self.op.has_out and len(case.results) == 1

    def _refused(self, call):
        """A call that is an error, by PyTorch's word too."""
        if self.family.judge is None or self.family.sees_result:
            raise Skipped("nobody judges")
        try:
            ask(self.family, call)
        except Exception as refusal:  # PyTorch has its own many ways to say no
            if differences.is_unwritten(refusal):
                raise Skipped("PyTorch only lacks it") from refusal
            self.writer.wrong(call, ())
            return
        raise Skipped("refused, though PyTorch takes it")

    def add(self, call, draw):
        try:
            self._case(call, draw)
        except (Skipped, Unspeakable) as reason:
            self.skipped.append(f"{self.op.id}({call!r}): {reason}")
        except Exception as error:  # a neighbour may be a call that the judges themselves stumble over: --tell says which
            self.skipped.append(f"{self.op.id}({call!r}): no golden: {type(error).__name__}: {error}")

    def drawn(self, index):
        draw = Draw(f"golden/{self.op.id}/{index}", "float64", smooth=index % 3 == 0)
        if not draw.smooth or not self.takes_floats:
            wide = self.takes_floats and "float64" in self.family.dtypes and draw.chance(0.6)
            draw.dtype = "float64" if wide or not self.family.dtypes else draw.choice(*self.family.dtypes)
        call = suite._choose_layouts(self.family.draw(draw), draw)
        return self._complete(call), draw

    def more_draws(self):
        """Draws for the options."""
        options = [a for a in self.op.arguments if not a.is_tensor]
        return self.family.meanings + sum(MORE_PER_WORD if a.kind == "str" else MORE_PER_OPTION for a in options)

    def features(self):
        """Each dtype once, and tensors that are empty or of no dimensions."""
        for feature in (*self.family.dtypes, *features.SHAPES):
            wish = feature if feature in features.SHAPES else None
            draw = Draw(f"feature/{self.op.id}/{feature}", feature, wish=wish)
            draw.dtype = (*self.family.dtypes, "float64")[0] if wish else feature
            try:
                call = suite._choose_layouts(self.family.draw(draw), draw)
            except Exception as error:  # this sample needs larger shapes
                self.skipped.append(f"{self.op.id}, {feature}: {error}")
                continue
            self.add(self._complete(call), draw)

    def dense(self):
        """Of a formula also many numbers, for its branches."""
        if self.op.kind == "map" and self.takes_floats:
            draw = Draw(f"dense/{self.op.id}", "float64", smooth=True)
            self.add(self._complete(elementwise.dense_call(self.op, draw)), draw)

    def _complete(self, call):
        """With every argument said, in the schema's order; what the schema does not know is an error to be."""
        usual = {a.name: a.default for a in self.op.arguments if a.default is not NOT_GIVEN}
        given = {**usual, **call.arguments}
        order = [a.name for a in self.op.arguments if a.name in given]
        return Call(**{name: given[name] for name in order + [n for n in given if n not in order]})

    def neighbours(self, count):
        """Calls that are one step from a right one: PyTorch says whether they are right too, or an error."""
        if self.op.kind == "map" or self.family.judge is None or self.family.sees_result:
            return
        draw = Draw(f"neighbours/{self.op.id}", "float64")
        found = []
        for index in range(NEIGHBOURED):
            call, _ = self.drawn(3 * index + 1)
            if _small(call) and sum(a.value.numel() for a in call.arrays()) < FEW:
                found += [(call, near) for near in neighbours_of(call, self.op)]
        for _, near in draw.shuffled(found)[:count]:
            self.add(near, draw)

    def other_dtypes(self):
        """Every dtype that the samples leave out, once: most are errors."""
        for dtype in EVERY_DTYPE:
            if dtype not in self.family.dtypes:
                draw = Draw(f"other dtype/{self.op.id}", dtype)
                try:
                    call = self._complete(self.family.draw(draw))
                except Exception as error:  # the samples leave it out, and need not know how to draw it
                    self.skipped.append(f"{self.op.id} in {dtype}: {error}")
                    continue
                self.add(call, draw)

    def wrong_calls(self):
        for bad in self.family.bad() if self.family.bad else ():
            if bad.form == "function":
                self._wrong(bad.call, bad.words)
        tensors = [a.name for a in self.op.arguments if a.is_tensor]
        if self.op.kind == "map" and len(tensors) > 1:
            self._wrong_shapes(tensors)
        self._wrong_for_want_of_tensors()

    def _wrong_for_want_of_tensors(self):
        """A right call without one of its tensors, which the rule names."""
        right = self._complete(wrong_calls.usual_call(self.op, self.family))
        for argument in self.op.arguments:
            if argument.kind == "tensors" and argument.name != "indices":
                holed = [*right.arguments[argument.name][:-1], None]
                self._speak(Call(**{**right.arguments, argument.name: holed}), ())
            elif argument.is_tensor and not argument.optional and self.op.kind not in ("view", "function"):
                words = () if self.op.only_in_place else (self.op.name, argument.name)
                self._speak(Call(**{**right.arguments, argument.name: None}), words)

    def _wrong_shapes(self, tensors):
        call, _ = self.drawn(0)
        number = torch.float64 if self.takes_floats else torch.int64
        ones = lambda name, *shape: Array(torch.ones(shape, dtype=torch.bool if name == "condition" else number))
        for name in tensors[1:]:
            operands = {other: ones(other) for other in tensors}
            operands |= {tensors[0]: ones(tensors[0], 2, 3), name: ones(name, 4)}
            self._wrong(Call(**{**call.arguments, **operands}), (self.op.name, "(2, 3)", "(4,)"))

    def _wrong(self, call, words):
        required = {a.name for a in self.op.arguments if a.is_tensor and not a.optional}
        if any(call.arguments.get(name) is None for name in required):
            words = ()  # Python's face names the function that was called, the rule the op that it is made of
        self._speak(self._complete(call), words)

    def _speak(self, call, words):
        try:
            self.writer.wrong(call, words)
        except Unspeakable:
            pass  # the Python face refuses it before it is a call


def goldens_of(op_id, count):
    """(op, cases, skipped draws, bytes)"""
    torch.set_num_threads(1)
    rushlight.set_backend("reference")
    goldens = Goldens(op_id)
    for index in range(count + goldens.more_draws()):
        goldens.add(*goldens.drawn(index))
    goldens.features()
    goldens.dense()
    goldens.neighbours(count)
    goldens.other_dtypes()
    right = goldens.writer.count
    goldens.wrong_calls()
    return op_id, right, goldens.writer.count - right, goldens.skipped, bytes(goldens.writer.data)


def _one(job):
    return goldens_of(*job)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=24, help="draws for each op, without those for its options")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--tell", action="store_true", help="which draws are left out, and why")
    arguments = parser.parse_args()
    # an executor says so where one of its processes died
    with concurrent.futures.ProcessPoolExecutor(arguments.jobs) as pool:
        rows = list(pool.map(_one, [(op_id, arguments.count) for op_id in ops()], chunksize=4))
    total = sum(right + wrong for _, right, wrong, _, _ in rows)
    arguments.out.write_bytes(total.to_bytes(4, "little") + b"".join(row[4] for row in rows))
    if arguments.tell:
        print(*(text for row in rows for text in row[3]), sep="\n")
    poor = sorted((right, op_id) for op_id, right, _, _, _ in rows)[:8]
    print(
        f"{sum(r[1] for r in rows)} right calls and {sum(r[2] for r in rows)} wrong ones of {len(rows)} ops "
        f"({sum(len(r[3]) for r in rows)} draws left out); fewest: " + ", ".join(f"{op_id} {n}" for n, op_id in poor)
    )


if __name__ == "__main__":
    main()
