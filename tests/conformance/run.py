"""The conformance suite from the command line: op by op against PyTorch, with a table of what was checked.

./dev python tests/conformance/run.py --count 20000 --seed 1
./dev python tests/conformance/run.py --op matmul --only 137
"""

import argparse
import sys
import time

import suite
from op_table import ops

COLUMNS = ("forward", "gradient", "gradcheck", "gradgradcheck", "in place", "out", "view", "replay")


def table_row(report):
    counts = " ".join(f"{report.checks.get(name, 0):>{max(len(name), 6)}}" for name in COLUMNS)
    state = "ok" if not report.failures else f"{len(report.failures)} FAILED"
    return f"{report.op:<30} {report.combinations:>6} {len(report.features):>5} {counts} {report.causes:>6} {report.seconds:6.1f} s  {state}"


def table_head():
    names = " ".join(f"{name:>6}" for name in COLUMNS)
    return f"{'op':<30} {'calls':>6} {'shown':>5} {names} {'errors':>6}"


def summary(reports):
    total = sum(r.combinations for r in reports)
    smallest = min(reports, key=lambda r: r.combinations)
    cpu = sum(r.seconds for r in reports)
    return (
        f"{total} distinct (op, dtype, layout, arguments) combinations over {len(reports)} ops; "
        f"smallest: {smallest.combinations} ({smallest.op}); {cpu:.0f} s of processor time"
    )


def share(count, op_ids):
    """Combinations that each op owes of a total."""
    return -(-count // len(op_ids))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=20_000, help="distinct combinations over all ops")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--op", action="append", help="only this op (by its id)")
    parser.add_argument("--only", help="only the sample with this index (12, or empty/3), in this process")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--features", action="store_true", help="also which dtypes, layouts and shapes were shown")
    arguments = parser.parse_args()
    op_ids = arguments.op or list(ops())
    if arguments.only is not None:
        run = suite.OpRun(op_ids[0], 1, arguments.seed)
        run.sample(arguments.only, arguments.only.partition("/")[0] if "/" in arguments.only else None)
        print("\n".join(run.report.failures) or "ok")
        return bool(run.report.failures)
    started, reports = time.perf_counter(), []
    print(table_head())
    for report in suite.run_ops(op_ids, share(arguments.count, ops()), arguments.seed, arguments.jobs):
        reports.append(report)
        print(table_row(report), flush=True)
        if arguments.features:
            print("    " + " ".join(report.features))
        for failure in report.failures:
            print("    " + failure.replace("\n", "\n    "))
    print(f"{summary(reports)}; {time.perf_counter() - started:.0f} s")
    return any(r.failures for r in reports)


if __name__ == "__main__":
    sys.exit(main())
