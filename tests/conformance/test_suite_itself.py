"""The suite notices what it is there to notice: an op that is broken on purpose fails the check that is for it."""

import dataclasses

import rushlight
import torch

import suite
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
    reports = list(suite.run_ops(["no_such_op"], 1, seed=1))
    assert "died" in reports[0].failures[0]
