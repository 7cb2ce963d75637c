"""Measures Rushlight beside its rivals and prints one table.

./dev bench                      everything
./dev bench --only skeleton      what the engine itself costs: calls, recording, backward, a tape's memory, Python
./dev bench --only tinyvit       a training step against PyTorch's best; cnn is another
./dev bench --only climb         a matrix product from three loops to all threads
./dev bench --quick              fewer rounds, eager rivals only, no verdicts
./dev bench --json FILE          the rows as JSON too
"""

import argparse
import json
import os
import sys

import climb
import skeleton
import workloads

SECTIONS = {"skeleton": skeleton.rows, "climb": climb.rows, **workloads.SECTIONS}


def warn_of_load():
    load = os.getloadavg()[0]
    if load > 0.5:
        print(f"Something else runs here (load {load:.1f}): the figures are no measurement.", file=sys.stderr)


def text_of(row):
    """One line of the table: a cost (less is better), a contest against a rival (more is better), or just a figure."""
    if "rival" in row:
        figure = f"{row['ours_ms']:9.3f} ms {row['rival_ms']:9.3f} ms  {row['ratio']:6.2f} x ({row['ratio_low']:.2f})"
        target = f">= {row['target']} x"
    else:
        figure, target = f"{row['measured']:9.1f} {row['unit']}", f"<= {row['target']:g}" if "target" in row else ""
    verdict = {True: "met", False: "MISSED", None: ""}[row["met"]]
    return f"{row['workload']:<44} {row.get('rival', ''):<28} {figure:<44} {target:<10} {verdict}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="NAME", help=f"one of {', '.join(SECTIONS)}")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    if arguments.only and arguments.only not in SECTIONS:
        parser.error(f"there is no benchmark '{arguments.only}'; there are: {', '.join(SECTIONS)}")
    warn_of_load()
    rows = []
    for name, section in SECTIONS.items():
        if arguments.only in (None, name):
            for row in section(arguments.quick):
                rows.append(row)
                print(text_of(row), flush=True)
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(rows, file, indent=2)


if __name__ == "__main__":
    main()
