"""Measures Rushlight beside its rivals, prints one table and keeps it in bench/results/.

./dev bench                      everything, which takes hours
./dev bench --only skeleton      what the engine itself costs: calls, recording, backward, a tape's memory, Python
./dev bench --only tinyvit       a training step against PyTorch's best
./dev bench --only epoch_mlp     an epoch of MNIST, loading included, against PyTorch's best
./dev bench --only gpt2_int8     a token of GPT-2 against PyTorch
./dev bench --only gemm          single ops against the libraries that are known for them
./dev bench --only climb         a matrix product from three loops to all threads
./dev bench --only busy          the CNN's step beside two busy processes
./dev bench --only loading       batches of CIFAR-10 from the data loader
./dev bench --quick              some minutes: fewer rounds, eager rivals only, no verdicts; nothing is kept
./dev bench --json FILE          the rows as JSON too
"""

import argparse
import json
import os
import subprocess
import sys

import busy
import climb
import epochs
import kernels
import loading
import results
import skeleton
import workloads

SECTIONS = {"skeleton": skeleton.rows, "climb": climb.rows, "loading": loading.rows, "busy": busy.rows, **workloads.SECTIONS, **epochs.SECTIONS, **kernels.SECTIONS}


def load_before():
    load = os.getloadavg()[0]
    if load > 0.5:
        print(f"Something else runs here (load {load:.1f}): the figures are no measurement.", file=sys.stderr)
    return load


def measured(section, quick):
    """Its rows, printed as they come. One that cannot be measured must not take the others along."""
    rows = []
    try:
        for row in section(quick):
            rows.append(row)
            print(results.text_of(row), flush=True)
    except (RuntimeError, OSError, subprocess.SubprocessError) as problem:
        print(f"  not measured: {problem}", file=sys.stderr)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="NAME", action="append", help=f"one of {', '.join(SECTIONS)}; may be repeated")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, no verdicts")
    parser.add_argument("--json", metavar="FILE", help="where to write the rows as JSON")
    arguments = parser.parse_args()
    chosen = arguments.only or list(SECTIONS)
    for name in chosen:
        if name not in SECTIONS:
            parser.error(f"there is no benchmark '{name}'; there are: {', '.join(SECTIONS)}")
    load = load_before()
    sections = {name: measured(SECTIONS[name], arguments.quick) for name in chosen}
    if not arguments.quick:
        print(f"kept in {results.keep(sections, load).relative_to(results.FOLDER.parent.parent)}", file=sys.stderr)
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump([row for rows in sections.values() for row in rows], file, indent=2)


if __name__ == "__main__":
    main()
