"""The dtypes that rushlight.ops() names are those that an op's tensors may have: other draws are refused."""

import pytest
import rushlight

from call import EVERY_DTYPE
from draw import Draw
from op_table import ops
from suite import family_of
from wrong_calls import ERRORS, run

DRAWS = 8
ROWS = {row["id"]: row for row in rushlight.ops()}
OTHERS = [op for op in ops().values() if op.kind not in ("map", "view")]  # tests/python looks at elementwise ops


def _given(op, family, dtype):
    """Calls with tensors of that dtype, of those that were drawn."""
    for seed in range(DRAWS):
        try:
            call = family.draw(Draw(f"dtypes {seed}", dtype))
        except (RuntimeError, TypeError, ValueError):  # PyTorch cannot draw it
            continue
        if any(array.dtype == dtype for array in call.arrays()):
            yield call


def _is_taken(op, family, call):
    try:
        run(op, family, call)
    except ERRORS:
        return False
    return True


@pytest.mark.parametrize("op", OTHERS, ids=lambda op: op.id)
def test_the_table_names_what_is_taken(op):
    family = family_of(op)
    named = {str(dtype).removeprefix("rushlight.") for dtype in ROWS[op.id]["dtypes"]}
    assert set(family.dtypes) <= named
    if any(argument.name in ("dtype", "key") for argument in op.arguments):
        return  # another argument decides
    for dtype in EVERY_DTYPE:
        taken = [_is_taken(op, family, call) for call in _given(op, family, dtype)]
        assert not taken or any(taken) == (dtype in named), dtype
