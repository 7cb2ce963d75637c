"""Every op of the list against PyTorch: values, gradients, forms, errors; and that no op of the list escapes."""

import pytest

from conftest import COUNTS

import checks
import run as command_line
import suite
from op_table import ops
import wrong_calls
from registry import FAMILIES

NEVER_REPLAYED = ("scalar_tensor", "sequence", "arange", "arange_from")  # plain numbers are constants of a graph


@pytest.mark.parametrize("op_id", list(ops()))
def test_op(op_id, reports, size):
    report = reports[op_id]
    assert not report.failures, "\n".join(report.failures)
    assert report.combinations
    assert report.causes >= wrong_calls.LEAST_CAUSES or op_id in wrong_calls.TAKES_ANYTHING
    if size == "quick":  # its few calls may miss a check by chance
        return
    if report.differentiable:
        assert report.checks.get("gradient"), "PyTorch never judged its gradient"
        assert min(report.checks["gradcheck"], report.checks["gradgradcheck"]) >= suite.LEAST_DIFFERENCES
    if any(argument.is_tensor for argument in ops()[op_id].arguments) and op_id not in checks.READ_ELEMENTS:
        assert report.checks.get("replay") or op_id in NEVER_REPLAYED, "it was never replayed"


def test_every_op_has_samples():
    assert [op.id for op in ops().values() if not suite.family_of(op).draw] == []


def test_no_samples_of_ops_that_are_gone():
    assert sorted(set(FAMILIES) - set(ops())) == []


def test_enough_was_checked(reports, size, capsys):
    with capsys.disabled():
        print(f"\n{command_line.summary(list(reports.values()))}")
    if len(reports) == len(ops()) and size != "quick":
        assert min(r.combinations for r in reports.values()) >= 50
        assert sum(r.combinations for r in reports.values()) >= COUNTS[size]
