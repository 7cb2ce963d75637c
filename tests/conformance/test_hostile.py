"""No argument, however hostile, ends the process."""

import hostile

COUNTS = {"quick": 2_000, "usual": 100_000, "full": 1_000_000}


def test_hostile_calls(size):
    returned, raised, _, deaths = hostile.run(COUNTS[size], seed=1)
    assert deaths == []
    assert returned + raised == COUNTS[size]
    assert min(returned, raised) > COUNTS[size] // 20
