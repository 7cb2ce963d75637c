"""Every op of the list against PyTorch: values, gradients, forms, errors; and that no op of the list escapes."""

import pytest

import run as command_line
import suite
from op_table import ops
from registry import FAMILIES


@pytest.mark.parametrize("op_id", list(ops()))
def test_op(op_id, reports):
    report = reports[op_id]
    assert not report.failures, "\n".join(report.failures)
    assert report.combinations and report.causes >= 5


def test_every_op_has_samples():
    assert [op.id for op in ops().values() if not suite.family_of(op).draw] == []


def test_no_samples_of_ops_that_are_gone():
    assert sorted(set(FAMILIES) - set(ops())) == []


def test_enough_was_checked(reports, size, capsys):
    with capsys.disabled():
        print(f"\n{command_line.summary(list(reports.values()))}")
    if len(reports) == len(ops()) and size != "quick":
        assert min(r.combinations for r in reports.values()) >= 50
