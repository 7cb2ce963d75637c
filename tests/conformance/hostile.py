"""Random op calls with hostile arguments, in a child process: each returns or raises one of Rushlight's errors.

./dev python tests/conformance/hostile.py --count 1000000 --seed 1
"""

import argparse
import faulthandler
import multiprocessing
import os
import random
import sys
import time
import typing

MEMORY_LIMIT = "256M"
BATCH = 25_000
LONGEST = 60.0  # seconds for WATCHED calls, before they count as hung
WATCHED = 200
NUMBERS = (0, 1, -1, 2, 3, 7, -2, 64, 2**31, -(2**31), 2**40, 2**62, 2**63 - 1, -(2**63), 2**64)
REALS = (0.0, -1.0, 0.5, 1e-300, 1e300, float("nan"), float("inf"), float("-inf"))
WORDS = ("", "mean", "sum", "none", "preserve", "contiguous", "channels_last", "x" * 1000, "\0", "é")
SHAPES = (
    (), (0,), (1,), (2,), (3,), (2, 3), (3, 2), (0, 3), (3, 0), (1, 1), (2, 3, 4), (1, 3, 1, 2), (5, 1, 0, 2), (2,) * 9, (1,) * 20, (700,), (33, 17),
)  # fmt: skip
DTYPES = (
    "float32",
    "float32",
    "float64",
    "float16",
    "bfloat16",
    "int8",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint64",
    "bool",
)
MANY = 4096  # elements of a tensor that later calls may be given


class Argument(typing.NamedTuple):
    """One that the op list does not name."""

    name: str
    kind: str


class Hostile:
    """One stream of calls. Tensors that calls return come back as arguments: views of views, expanded, half-recorded."""

    def __init__(self, seed):
        import rushlight
        from op_table import ops

        self.rushlight, self.ops = rushlight, list(ops().values())
        self.random = random.Random(seed)
        self.kept = []
        rushlight.manual_seed(seed)

    def chance(self, probability):
        return self.random.random() < probability

    def new_tensor(self):
        rushlight, pick = self.rushlight, self.random.choice
        dtype = getattr(rushlight, pick(DTYPES))
        tensor = rushlight.full(list(pick(SHAPES)), pick((0, 1, 2, 100)), dtype=dtype)
        if dtype.is_floating_point:
            if self.chance(0.3):
                tensor = rushlight.mul(tensor, pick(REALS))
            if self.chance(0.4):
                tensor = tensor.detach().requires_grad_()
        return tensor

    def tensor(self):
        """Usually a tensor; an old one now and then, so that outputs and inputs overlap."""
        if self.kept and self.chance(0.5):
            return self.random.choice(self.kept)
        if self.chance(0.06):
            return self.random.choice((None, "x", [1], 3, 0.5, True, 2**70))
        return self.new_tensor()

    def integer(self):
        return self.random.choice(NUMBERS) if self.chance(0.4) else self.random.randint(-5, 5)

    def argument(self, argument):
        if self.chance(0.03):
            return self.random.choice((None, "x", 1.5, [], [None], (2, 3), {}, self))
        pick = self.random.choice
        return {
            "tensor": self.tensor,
            "tensors": lambda: [self.tensor() for _ in range(self.random.randint(0, 3))],
            "float": lambda: pick(REALS) if self.chance(0.6) else self.random.uniform(-2, 2),
            "slot": lambda: pick(REALS),
            "int": self.integer,
            "bool": lambda: pick((True, False)),
            "ints": lambda: [self.integer() for _ in range(self.random.randint(0, 4))],
            "int?s": lambda: [pick((None, self.integer())) for _ in range(self.random.randint(0, 4))],
            "floats": lambda: [pick(REALS) for _ in range(self.random.randint(0, 4))],
            "dtype": lambda: getattr(self.rushlight, pick(DTYPES)),
            "str": lambda: pick(WORDS),
            "generator": lambda: self.rushlight.Generator().manual_seed(self.integer()),
        }[argument.kind]()

    def call(self, tell=False):
        op = self.random.choice(self.ops)
        arguments = {a.name: self.argument(a) for a in op.arguments if not self.chance(0.1)}
        if self.chance(0.1):  # to ops that have none as well
            arguments["out"] = self.argument(Argument("out", self.random.choice(("tensor", "tensors"))))
        if self.chance(0.03):
            arguments["requires_grad"] = self.random.choice((True, False, None, 1, self.tensor()))
        if tell:
            print(op.id, {name: self.text(value) for name, value in arguments.items()}, flush=True)
        function = op.function
        if op.has_in_place and self.chance(0.2) and isinstance(arguments.get("input"), self.rushlight.Tensor):
            function = getattr(arguments.pop("input"), op.name + "_")
        self.keep(function(**arguments))

    def text(self, value):
        """Never the elements: they may be what kills."""
        if isinstance(value, list):
            return [self.text(item) for item in value]
        if not isinstance(value, self.rushlight.Tensor):
            return repr(value)
        return f"{value.dtype} {tuple(value.shape)} strides {tuple(value.stride())} from {value.storage_offset()}"

    def keep(self, result):
        for tensor in result if isinstance(result, (tuple, list)) else [result]:
            if isinstance(tensor, self.rushlight.Tensor) and tensor.numel() <= MANY and self.chance(0.3):
                self.kept.append(tensor)
        if len(self.kept) > 40:
            del self.kept[: self.random.randint(1, 30)]
        if self.kept and self.chance(0.05):
            self.random.choice(self.kept).sum().backward()


def tell(seed, last):
    """Runs a batch up to a call, in this process, and prints its arguments before it is made."""
    from evaluate import ERRORS

    hostile = Hostile(seed)
    for index in range(last + 1):
        try:
            hostile.call(tell=index == last)
        except (*ERRORS, OverflowError) as error:
            if index == last:
                print(f"{type(error).__name__}: {error}")


def _run_batch(seed, count, progress, tally):
    """In the child: `progress` says which call is under way, for the parent to read when this process has died."""
    from evaluate import ERRORS

    hostile = Hostile(seed)
    for index in range(count):
        progress.value = index
        if index % WATCHED == 0:
            faulthandler.dump_traceback_later(LONGEST, exit=True)
        try:
            hostile.call()
            tally[0] += 1
        except (*ERRORS, OverflowError) as error:
            tally[1] += 1
            if isinstance(error, MemoryError):
                tally[2] += 1
    faulthandler.cancel_dump_traceback_later()


def run(count, seed):
    """(returned, raised, of which for memory, deaths): a death names the batch's seed, the call's number and the exit status."""
    os.environ["RUSHLIGHT_MEMORY_LIMIT"] = MEMORY_LIMIT
    context = multiprocessing.get_context("spawn")
    progress, tally = context.Value("q", 0, lock=False), context.Array("q", 3, lock=False)
    deaths = []
    for first in range(0, count, BATCH):
        batch_seed = seed * 1_000_003 + first
        child = context.Process(target=_run_batch, args=(batch_seed, min(BATCH, count - first), progress, tally))
        child.start()
        child.join()
        if child.exitcode:
            deaths.append(f"batch {batch_seed}, call {progress.value}: exit status {child.exitcode}")
    return (*tally, deaths)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tell", type=int, nargs=2, metavar=("BATCH", "CALL"), help="the call that a death names")
    arguments = parser.parse_args()
    if arguments.tell:
        return tell(*arguments.tell)
    started = time.perf_counter()
    returned, raised, memory, deaths = run(arguments.count, arguments.seed)
    print("\n".join(deaths))
    print(
        f"{returned + raised} hostile calls: {returned} returned, {raised} raised ({memory} for memory), "
        f"{len(deaths)} deaths; {time.perf_counter() - started:.0f} s"
    )
    return bool(deaths)


if __name__ == "__main__":
    sys.exit(main())
