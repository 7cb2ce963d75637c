"""The conformance run of one op, and of many in processes of their own."""

import dataclasses
import multiprocessing
import multiprocessing.connection
import os
import pathlib
import time
import traceback

import rushlight
import torch
import torch.fx.experimental.symbolic_shapes  # noqa: F401  torch.autograd.grad would import it in every process: 1 s

import checks
import differentiable
import features
import finite_differences
import samples  # noqa: F401  fills the registry
import wrong_calls
from call import LAYOUTS, Array
from draw import Draw
from judge import Wrong
from op_table import NOT_GIVEN, ops
from registry import FAMILIES
from samples import elementwise

MOST_FAILURES = 5  # shown for one op
ATTEMPTS = 40  # at showing a feature
LEAST_DIFFERENCES = 4  # finite differences of each order that must have been possible


@dataclasses.dataclass
class Report:
    """What the run of one op came to."""

    op: str
    combinations: int = 0  # distinct (dtype, layout, shapes, options)
    refused: int = 0  # draws that PyTorch refuses too
    checks: dict = dataclasses.field(default_factory=dict)  # how often each check had something to say
    differentiable: bool = False  # some argument has a gradient
    features: list = dataclasses.field(default_factory=list)  # dtypes, layouts, empty, 0-d: what samples have shown
    causes: int = 0  # distinct causes of errors
    failures: list = dataclasses.field(default_factory=list)
    seconds: float = 0.0  # of the processor

    def count(self, check):
        self.checks[check] = self.checks.get(check, 0) + 1


def family_of(op):
    """What is known about an op. A MAP needs no entry; what one has is added to what its kind implies."""
    if op.kind != "map":
        return FAMILIES[op.id]
    family, known = elementwise.family_of(op), FAMILIES.get(op.id)
    if known:
        family = dataclasses.replace(family, bad=known.bad, laws=known.laws, draw=known.draw or family.draw)
    return family


def backends():
    """Not "torch": PyTorch is the judge."""
    return [name for name in rushlight.backends() if name != "torch"]


def _choose_layouts(call, draw, wanted=None):
    """Each tensor in a layout of its own. An expanded one repeats its first slice along its widest dimension."""

    def lay_out(leaf):
        if not isinstance(leaf, Array) or (not wanted and draw.chance(0.35)):
            return leaf
        layout = wanted if wanted in leaf.layouts else draw.choice(*leaf.layouts)
        rank = leaf.value.dim()
        if rank == 0 and layout not in ("contiguous", "misaligned"):
            layout = "contiguous"
        if layout != "expanded":
            return dataclasses.replace(leaf, layout=layout)
        widest = max(range(rank), key=lambda d: leaf.value.shape[d])
        if leaf.value.shape[widest] < 2:
            return leaf
        repeated = leaf.value.narrow(widest, 0, 1).expand(leaf.value.shape).clone()
        return dataclasses.replace(leaf, value=repeated, layout=layout)

    return call.map(lay_out)


def _choose_dtype(family, draw):
    if not family.dtypes:
        return "float32"
    if draw.chance(0.55):
        common = [d for d in ("float32", "float64") if d in family.dtypes]
        return draw.choice(*(common or family.dtypes))
    return draw.choice(*family.dtypes)


def draw_case(op, family, seed, feature=None):
    """A call and what its checks draw from; `feature`: something that the call should show, if it can."""
    draw = Draw(seed, wish=feature if feature in features.SHAPES else None)
    draw.dtype = feature if feature in family.dtypes else _choose_dtype(family, draw)
    call = _choose_layouts(family.draw(draw), draw, feature if feature in LAYOUTS else None)
    usual = {a.name: a.default for a in op.arguments if a.default is not NOT_GIVEN}
    for name in [n for n, v in call.arguments.items() if n in usual and v == usual[n] and type(v) is type(usual[n])]:
        if draw.boolean():
            del call.arguments[name]
    by_method = op.has_method and isinstance(call.arguments.get("input"), Array) and draw.boolean()
    return checks.Case(op, family, call, "method" if by_method else "function"), draw


def check_case(case, draw, report):
    """Forward and gradient always; of the rest one, in turn."""
    checks.forward(case)
    report.count("forward")
    if checks.gradient(case):
        report.count("gradient")
    extra = draw.choice("in place", "out", "view" if case.op.kind == "view" else "in place", "replay")
    done = {
        "in place": lambda: checks.in_place(case),
        "out": lambda: checks.out(case, draw.choice("contiguous", "misaligned", "transposed", "sliced", "negative")),
        "view": lambda: checks.view(case),
        "replay": lambda: checks.replay(case),
    }[extra]()
    if done:
        report.count(extra)


class OpRun:
    def __init__(self, op_id, count, seed):
        self.op = ops()[op_id]
        self.family = family_of(self.op)
        self.wanted, self.seed = count, seed
        self.report = Report(op_id)
        self.seen = set()
        self.missing = features.wanted_of(self.op, self.family)  # features never yet shown
        self.unforeseen = set()  # shown, though said to be impossible
        self.unusual = {a.name for a in self.op.arguments if a.default is not NOT_GIVEN}  # never yet given otherwise

    def _fail(self, where, error):
        known = isinstance(error, Wrong)
        text = str(error) if known else "".join(traceback.format_exception(error)[-3:]).strip()
        if len(self.report.failures) < MOST_FAILURES:
            self.report.failures.append(f"{self.op.id}({where}): {text}")

    def _note(self, case):
        self.seen.add(repr(case.call))
        shown = features.shown_by(case.call, case.results)
        self.unforeseen |= {name for name in shown if features.is_impossible(self.op, name)}
        self.missing = [name for name in self.missing if name not in shown]
        self.report.combinations = len(self.seen)
        self.report.features = sorted(set(self.report.features) | shown)
        for argument in self.op.arguments:
            value = case.call.arguments.get(argument.name, argument.default)
            if isinstance(value, Array) or value != argument.default:
                self.unusual.discard(argument.name)

    def sample(self, index, feature=None):
        """One drawn call, with every check that fits it. A failure says the index: `run.py --op X --only INDEX`."""
        try:
            case, draw = draw_case(self.op, self.family, f"{self.seed}/{self.op.id}/{index}", feature)
        except Exception as error:
            if feature not in features.SHAPES:  # else this sample needs larger shapes than those asked for
                self._fail(f"drawing {index}", error)
            return
        backend = draw.choice(*backends())
        if backend:
            rushlight.set_backend(backend)
        try:
            check_case(case, draw, self.report)
            self._note(case)
        except checks.Refused:
            self.report.refused += 1
        except Exception as error:
            self._fail(f"{case.call!r} [--only {index}{f', {backend}' if backend else ''}]", error)

    def features(self):
        """Calls drawn for one feature each, until it was shown."""
        for feature in list(self.missing):
            for attempt in range(ATTEMPTS):
                if feature in self.missing and len(self.report.failures) < MOST_FAILURES:
                    self.sample(f"{feature}/{attempt}", feature)

    def samples(self):
        index = 0
        while self.report.combinations < self.wanted and index < 4 * self.wanted + 100:
            self.sample(index)
            index += 1
            if len(self.report.failures) >= MOST_FAILURES:
                return

    def differences(self, index):
        """Finite differences of one smooth call."""
        draw = Draw(f"{self.seed}/{self.op.id}/smooth/{index}", "float64", smooth=True)
        call = self.family.draw(draw)
        try:
            for name, check in (("gradcheck", finite_differences.first), ("gradgradcheck", finite_differences.second)):
                if check(self.op, self.family, call):
                    self.report.count(name)
        except Exception as error:
            self._fail(f"{call!r} [smooth {index}]", error)

    def all_differences(self):
        """Until there are enough of both orders; not every draw has a gradient, or is free of kinks."""
        try:
            self.report.differentiable = differentiable.is_differentiable(self.op, self.family)
        except Exception as error:
            return self._fail("differentiable", error)
        if not self.report.differentiable:
            return
        enough = max(LEAST_DIFFERENCES, self.wanted // 20)
        done = lambda: min(self.report.checks.get(name, 0) for name in ("gradcheck", "gradgradcheck")) >= enough
        index = 0
        while not done() and index < 5 * enough and len(self.report.failures) < MOST_FAILURES:
            self.differences(index)
            index += 1
        if not done() and not self.report.failures:
            self._fail("every draw", Wrong(f"only {self.report.checks} finite differences were possible"))

    def wrong_calls(self):
        causes, own = set(), 0
        try:
            for wrongdoing in wrong_calls.mistakes(self.op, self.family):
                causes.add(wrongdoing.cause)
                own += not wrongdoing.of_schema
                try:
                    wrong_calls.check(self.op, wrongdoing)
                except Exception as error:
                    self._fail("a wrong call", error)
        except Exception as error:
            self._fail("wrong calls", error)
        self.report.causes = len(causes)
        takes_anything = self.op.id in wrong_calls.TAKES_ANYTHING
        if (len(causes) < wrong_calls.LEAST_CAUSES or not own) and not takes_anything:
            self._fail("wrong calls", Wrong(f"only {len(causes)} causes of errors are tried, {own} beyond the schema"))

    def laws(self):
        for law in self.family.laws:
            try:
                law()
            except Exception as error:
                self._fail(law.__name__, error)

    def promotions(self):
        if self.op.kind == "map":
            try:
                checks.promotion(self.op, self.family)
            except Exception as error:
                self._fail("promotion", error)

    def dtypes(self):
        try:
            features.refuses_the_rest(self.op, self.family)
        except Exception as error:
            self._fail("dtypes", error)

    def coverage(self):
        if self.unusual and self.wanted >= 20 and not self.report.failures:
            self._fail("arguments", Wrong(f"{sorted(self.unusual)} never had another value than the default"))
        if self.missing and not self.report.failures:
            self._fail("features", Wrong(f"{self.missing} were never shown"))
        if self.unforeseen:
            self._fail("features", Wrong(f"{sorted(self.unforeseen)} can be shown: features.EXCEPTIONS is wrong"))

    def run(self):
        started = time.process_time()
        for part in (self.features, self.samples, self.all_differences, self.wrong_calls, self.laws, self.promotions, self.dtypes, self.coverage):
            part()
        self.report.seconds = time.process_time() - started
        return self.report


def run_op(op_id, count, seed):
    torch.set_num_threads(1)
    return OpRun(op_id, count, seed).run()


# -- many ops, a few in each process: one that dies takes nothing with it ---------------------------------------------

TOGETHER = 8  # to fork and to join costs as much as a few calls do


def _work(connection, op_ids, count, seed):
    for op_id in op_ids:
        connection.send(run_op(op_id, count, seed))


def _start(context, op_ids, count, seed):
    mine, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(theirs, op_ids, count, seed))
    process.start()
    theirs.close()
    return mine, process


def _forkserver():
    """A process that has imported all this once and is forked for each op. It finds us by PYTHONPATH, not by sys.path."""
    here = str(pathlib.Path(__file__).parent)
    if here not in (paths := os.environ.get("PYTHONPATH", "").split(os.pathsep)):
        os.environ["PYTHONPATH"] = os.pathsep.join([here, *filter(None, paths)])
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["suite"])
    return context


def run_ops(op_ids, count, seed, jobs=2):
    """A Report for each op, as they come."""
    context = _forkserver()
    waiting, running = list(reversed(op_ids)), {}
    while waiting or running:
        while waiting and len(running) < jobs:
            some = [waiting.pop() for _ in range(min(TOGETHER, len(waiting)))]
            connection, process = _start(context, some, count, seed)
            running[connection] = (process, some)
        for connection in multiprocessing.connection.wait(list(running)):
            process, some = running[connection]  # `some` are those whose reports have not come yet
            try:
                report = connection.recv()
                some.pop(0)
                yield report
            except EOFError:
                process.join()
                del running[connection]
                if some:
                    yield Report(some[0], failures=[f"{some[0]}: the process died (exit status {process.exitcode})"])
                waiting += reversed(some[1:])
