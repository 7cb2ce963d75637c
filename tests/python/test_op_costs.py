"""What ops cost, as Python is told."""

import rushlight


def test_op_costs_tell_what_ran():
    x = rushlight.randn(16, 8)
    rushlight.reset_costs()
    rushlight.count_costs(True)
    try:
        (x @ x.T).relu_()
    finally:
        rushlight.count_costs(False)
    costs = {row["op"]: row for row in rushlight.op_costs()}
    rushlight.reset_costs()
    assert costs["matmul"]["flops"] == 2 * 16 * 16 * 8
    assert costs["relu"]["bytes"] == 2 * 4 * 16 * 16 and costs["relu"]["allocations"] == 0
    assert all(row["seconds"] > 0 and row["calls"] == 1 for row in costs.values())
    assert rushlight.op_costs() == []
