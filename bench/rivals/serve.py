"""A rival in a process of its own: for each line on standard input it runs one round and prints its milliseconds.

    python bench/rivals/serve.py WORKLOAD eager|compile [--losses N]

--losses: print the losses of the first steps instead, to see that both sides compute the same thing.
"""

import argparse
import importlib

import torch
from serving import serve

# Name -> module, the function in it that makes a step, and what it is given.
WORKLOADS = {
    "point": ("mlp", "make_point_step", {}),
    "digits": ("mlp", "make_digits_step", {}),
    "tinyvit": ("tinyvit", "make_step", {}),
    "cnn": ("cnn", "make_step", {}),
    "cnn_channels_last": ("cnn", "make_step", {"channels_last": True}),
    "gpt_small": ("nanogpt", "make_step", {"layers": 4, "heads": 4, "width": 128, "time": 64, "batch": 12}),
    "gpt_large": ("nanogpt", "make_step", {"layers": 6, "heads": 6, "width": 384, "time": 256, "batch": 8}),
    "gpt2_decode": ("gpt2_decode", "make_step", {}),
}


def step_of(name, compiled):
    module, make, options = WORKLOADS[name]
    return getattr(importlib.import_module(module), make)(compiled, **options)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workload", choices=WORKLOADS)
    parser.add_argument("how", choices=("eager", "compile"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--losses", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    step = step_of(arguments.workload, arguments.how == "compile")
    if arguments.losses:
        return print(*(f"{step():.6f}" for _ in range(arguments.losses)))
    serve(step)


if __name__ == "__main__":
    main()
