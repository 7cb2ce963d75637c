"""The conformance suite: how many calls a run draws, and the runs of all chosen ops before their tests."""

import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
pytest.importorskip("torch", reason="PyTorch is the judge")
pytest.importorskip("rushlight")

import run as command_line  # noqa: E402
import samples  # noqa: E402, F401
import suite  # noqa: E402
from op_table import ops  # noqa: E402

COUNTS = {"quick": 2_000, "usual": 26_000, "full": 102_000}  # distinct combinations over all ops
SIZE = os.environ.get("RUSHLIGHT_TEST_SIZE", "quick")
SEED = int(os.environ.get("RUSHLIGHT_TEST_SEED", "1"))


@pytest.fixture(scope="session")
def size():
    return SIZE


@pytest.fixture(scope="session")
def reports(request):
    """The Report of every op whose test was chosen, by id."""
    chosen = {item.callspec.params.get("op_id") for item in request.session.items if hasattr(item, "callspec")}
    op_ids = [op_id for op_id in ops() if op_id in chosen]
    share = command_line.share(COUNTS[SIZE], ops())
    return {report.op: report for report in suite.run_ops(op_ids, share, SEED)}
