"""What recipes reach: each is trained with seeds 0, 1, 2, ..., and the figures for docs/results.md printed.

    ./dev python bench/recipes.py mlp --seeds 5
    ./dev python bench/recipes.py "tinyvit --full"
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

PROGRAM = pathlib.Path(__file__).parents[1] / "build/release/bin/rushlight"


def train(words, seed):
    """(accuracy, seconds) of the last line that `rushlight train` prints."""
    with tempfile.TemporaryDirectory() as runs:
        command = [PROGRAM, "train", *words, "--seed", str(seed), "--runs", runs]
        out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    last = json.loads(out.splitlines()[-1])
    return last["test_accuracy"], last["seconds"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="+", metavar="RECIPE", help="as for `rushlight train`, options included")
    parser.add_argument("--seeds", type=int, default=1, help="how many (default 1)")
    arguments = parser.parse_args()
    print("| recipe | seeds | median | worst | seconds |\n|---|---|---|---|---|")
    for recipe in arguments.recipes:
        results = []
        for seed in range(arguments.seeds):
            results.append(train(recipe.split(), seed))
            print(f"  {recipe}, seed {seed}: {100 * results[-1][0]:.2f} % in {results[-1][1]:.1f} s", file=sys.stderr)
        accuracies, seconds = zip(*results)
        cells = [f"{100 * statistics.median(accuracies):.2f} %", f"{100 * min(accuracies):.2f} %", f"{statistics.median(seconds):.3g}"]
        print(f"| `rushlight train {recipe}` | {len(results)} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
