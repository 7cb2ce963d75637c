"""The suite notices what it is there to notice: an op that is broken on purpose fails the check that is for it."""

import dataclasses
import pathlib

import rushlight
import torch

import differences
import suite
import wrong_calls
from call import Array
from op_table import ops

COUNT = 60


def run_broken(op_id, monkeypatch, broken):
    """Every failure of a run in which the op's function is `broken(right one)`."""
    op = ops()[op_id]
    right = op.function
    monkeypatch.setattr(rushlight, op.name, broken(right))
    run = suite.OpRun(op_id, COUNT, seed=1)
    run.samples()
    if not run.report.failures:
        run.all_differences()
    return "\n".join(run.report.failures)


def test_a_wrong_value(monkeypatch):
    off_by_little = lambda exp: lambda input, **options: rushlight.mul(exp(input, **options), 1.0001)
    assert "the result at" in run_broken("exp", monkeypatch, off_by_little)


def test_a_wrong_gradient(monkeypatch):
    cut = lambda tanh: lambda input, **options: tanh(input, **options).detach()
    assert "requires_grad" in run_broken("tanh", monkeypatch, cut)


def test_a_wrong_dtype(monkeypatch):
    widened = lambda add: lambda input, other, **options: add(input, other, **options).to(rushlight.float64)
    assert "should be" in run_broken("add", monkeypatch, widened)


def test_a_layout_that_is_ignored(monkeypatch):
    def from_the_start(sum_):
        return lambda input, **options: sum_(
            rushlight.as_strided(input, list(input.shape), list(input.stride()), 0), **options
        )

    assert run_broken("sum", monkeypatch, from_the_start)


def test_a_call_that_is_refused(monkeypatch):
    def picky(neg):
        def refuse(input, **options):
            if input.dtype == rushlight.float16:
                raise RuntimeError("no halves")
            return neg(input, **options)

        return refuse

    assert "PyTorch takes this call" in run_broken("neg", monkeypatch, picky)


def test_a_judge_that_is_wrong():
    run = suite.OpRun("softmax", COUNT, seed=1)
    run.family = dataclasses.replace(run.family, judge=lambda input, dim: torch.softmax(input, dim) + 1e-4)
    run.samples()
    assert len(run.report.failures) == suite.MOST_FAILURES


def test_a_process_that_dies():
    reports = list(suite.run_ops(["abs", "no_such_op", "neg"], 1, seed=1, jobs=1))
    assert [report.op for report in reports] == ["abs", "no_such_op", "neg"]
    assert "died" in reports[1].failures[0] and not reports[0].failures + reports[2].failures


def test_an_op_without_its_gradient(monkeypatch):
    monkeypatch.setattr(rushlight, "tanh", lambda input, right=rushlight.tanh: right(input).detach())
    run = suite.OpRun("tanh", COUNT, seed=1)
    run.all_differences()
    assert "has no gradient" in run.report.failures[0]


def test_a_dtype_that_samples_leave_out():
    run = suite.OpRun("softmax", COUNT, seed=1)
    run.family = dataclasses.replace(run.family, dtypes=("float32",))
    run.dtypes()
    assert "never draw" in run.report.failures[0]


def test_a_layout_that_samples_leave_out():
    run = suite.OpRun("neg", COUNT, seed=1)
    plain = lambda leaf: dataclasses.replace(leaf, layouts=("contiguous",)) if isinstance(leaf, Array) else leaf
    draw = run.family.draw
    run.family = dataclasses.replace(run.family, draw=lambda drawing: draw(drawing).map(plain))
    run.features(), run.coverage()
    assert "transposed" in run.report.failures[0]


def test_a_random_op_that_refuses(monkeypatch):
    def refuse(input, **options):
        raise RuntimeError("not today")

    monkeypatch.setattr(rushlight, "alpha_dropout", refuse)
    run = suite.OpRun("alpha_dropout", COUNT, seed=1)
    run.samples()
    assert "refuses what its samples draw" in run.report.failures[0]


def test_an_op_that_no_trace_can_hold(monkeypatch):
    looking = lambda exp: lambda input: exp(input) if input.tolist() is not None else None
    assert "cannot be traced" in run_broken("exp", monkeypatch, looking)


def test_every_difference_is_on_the_page():
    page = pathlib.Path(__file__).parents[2] / "docs" / "differences.md"
    rows = [line.removeprefix("| ") for line in page.read_text().splitlines() if line.startswith("| ")]
    for difference in differences.REFUSED + differences.ACCEPTED:
        assert any(row.startswith(difference.row) for row in rows), f"docs/differences.md has no row {difference.row}"
        names = {ops()[op].name.removeprefix("linalg_") for op in difference.ops if op in ops()}
        assert any(name in difference.row for name in names), f"the row {difference.row} names none of {names}"


def test_too_few_wrong_calls(monkeypatch):
    monkeypatch.setattr(wrong_calls, "mistakes", lambda op, family: iter(()))
    run = suite.OpRun("exp", COUNT, seed=1)
    run.wrong_calls()
    assert "only 0 causes" in run.report.failures[0]
