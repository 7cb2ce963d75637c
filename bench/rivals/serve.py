"""A rival in a process of its own: for each line on standard input it runs one round and prints its milliseconds.

    python bench/rivals/serve.py WORKLOAD eager|compile [--losses N]

A round is the median of five steps, as in the programs that it is measured beside. --losses: print the losses of the first
steps instead, to see that both sides compute the same thing.
"""

import argparse
import importlib
import statistics
import sys
import time

import torch


def round_ms(step):
    times = []
    for _ in range(5):
        start = time.perf_counter_ns()
        step()
        times.append((time.perf_counter_ns() - start) / 1e6)
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workload")
    parser.add_argument("how", choices=("eager", "compile"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--losses", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    step = importlib.import_module(arguments.workload).make_step(arguments.how == "compile")
    if arguments.losses:
        return print(*(f"{step():.6f}" for _ in range(arguments.losses)))
    for _ in range(6):
        step()
    print("ready", flush=True)
    for _ in sys.stdin:
        print(f"{round_ms(step):.4f}", flush=True)


if __name__ == "__main__":
    main()
