"""Steps of training and of decoding, of bench/workloads/, against their twins in bench/rivals/."""

import dataclasses
import subprocess
import sys

import contest
import programs


def costs_of(name):
    """(floating-point operations, bytes) of a step."""
    command = [str(programs.BUILD / "bench_workloads"), name, "eager", "--costs"]
    last = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
    return tuple(map(float, last.split()))


def steps_of(name, *options):
    return [programs.ours("workloads", " ".join([how, *options]).replace("--", ""), name, how, *options) for how in ("eager", "replay")]


def memory_row(name, own, others, quick):
    """The most memory that a process had: the worst of ours may need what the best of the others needs."""
    mine, theirs = max(side.megabytes for side in own), min(side.megabytes for side in others)
    figure = {"measured": mine, "unit": "MB", "target": round(theirs), "met": None if quick else mine <= theirs}
    return {"workload": f"{name}: peak memory, torch's as target", **figure}


@dataclasses.dataclass
class Step:
    """A section: one row for each level of `targets`, and some more."""

    name: str
    targets: dict
    twins: tuple = ()  # the rival's names, where they are not one and the same
    ways: tuple = ("eager", "compile")  # in which the rival runs
    what: str = "training step"
    share: float = None  # of the limit that must be reached
    only_reads: bool = False  # the limit is that of reading
    direct: float = None  # the target without Winograd's shortcut
    libtorch: float = None  # the target beside PyTorch's C++ library

    def __call__(self, quick):
        own = steps_of(self.name)
        without = steps_of(self.name, "--direct") if self.direct else []
        in_cpp = [programs.libtorch(self.name)] if self.libtorch else []
        others = []
        for twin in self.twins or [self.name]:
            for how in self.ways[:1] if quick else self.ways:
                others += programs.rivals("serve.py", f"torch {twin} {how}", twin, how)
        sides, limits = self.measured(own + without + in_cpp + others, quick)
        of = lambda chosen: [sides[process] for process in chosen]
        limit = limits.milliseconds(*costs_of(self.name), self.only_reads)
        row = lambda what, mine, rivals, targets: contest.rows(f"{self.name}: {what}", of(mine), of(rivals), targets, quick, limit)
        yield from row(self.what, own, others, self.targets)
        yield memory_row(self.name, of(own), of(others), quick)
        if self.libtorch:
            yield from row("beside libtorch", own, in_cpp, {"required": self.libtorch})
        if self.direct:
            yield from row("without Winograd", without, others, {"required": self.direct})
        if self.share:
            yield contest.share_row(f"{self.name}: share of the limit", limit, contest.best(of(own)), self.share, quick)

    @staticmethod
    def measured(processes, quick, rounds=None):
        limits = contest.Limits(programs.limits())
        try:
            sides = {process: contest.Contestant(programs.ready(process)) for process in processes}
            contest.run(list(sides.values()), rounds or (5 if quick else 21), limits)
            for process, side in sides.items():
                side.megabytes = process.peak_megabytes()
        finally:
            for process in [*processes, limits.process]:
                process.stop()
        for side in sides.values():
            print(f"  {side.name:<44} {side.median:9.4f} ms {side.megabytes:7.0f} MB", file=sys.stderr)
        return sides, limits


def decoding(name, target, share):
    return Step(name, {"required": target}, ("gpt2_decode",), ("eager",), "a token", share, only_reads=True)


STEPS = [
    Step("point", {"required": 30}, libtorch=8),
    Step("digits", {"required": 3}),
    Step("tinyvit", {"required": 2.0, "aim": 2.2}, share=50),
    Step("cnn", {"required": 2.0, "aim": 2.4}, twins=("cnn", "cnn_channels_last"), direct=1.3),
    Step("gpt_small", {"required": 1.55, "aim": 1.75}, share=65),
    Step("gpt_large", {"required": 1.25, "aim": 1.35}, share=78),
    decoding("gpt2_float32", 1.9, 75),
    decoding("gpt2_bf16", 3.8, 75),
    decoding("gpt2_int8", 6.5, 60),
]
SECTIONS = {step.name: step for step in STEPS}
