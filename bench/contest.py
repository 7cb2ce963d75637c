"""Sides measured fairly: each in a process of its own, round by round in turn, the idle ones asleep; the machine's own
limits are measured in every round too."""

import dataclasses
import os
import pathlib
import random
import re
import statistics
import subprocess
import time

REST = 0.02  # seconds between two turns: a rival's threads spin for a while after its work


class Process:
    """A program that answers every line that it is sent with a line."""

    def __init__(self, name, command, environment=None):
        self.name, self.command = name, command
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})}
        )

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name}: {' '.join(self.command)} ended with status {self.process.wait()}")
        return line.strip()

    def ask(self, line=""):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.read()

    def peak_megabytes(self):
        """The most memory that it had, code and libraries included."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"^VmHWM:\s*(\d+) kB", status, re.M).group(1)) / 1024

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


@dataclasses.dataclass
class Contestant:
    """One side: the process that works for it, and what it took so far."""

    process: Process
    times: list = dataclasses.field(default_factory=list)
    megabytes: float = 0  # the peak, once the contest is over

    @property
    def name(self):
        return self.process.name

    @property
    def median(self):
        return statistics.median(self.times)

    def turn(self):
        self.times.append(float(self.process.ask()))


@dataclasses.dataclass
class Limits:
    """What the machine could do meanwhile: floating-point operations a second, bytes a second (read; read and written)."""

    process: Process
    rounds: list = dataclasses.field(default_factory=list)

    def turn(self):
        self.rounds.append([float(word) * 1e9 for word in self.process.ask().split()])

    def milliseconds(self, flops, bytes_moved, only_reads=False):
        """The least that so much work can take."""
        peak, reading, mixed = (statistics.median(column) for column in zip(*self.rounds))
        return 1e3 * max(flops / peak, bytes_moved / (reading if only_reads else max(reading, mixed)))


def run(contestants, rounds, limits=None):
    """Everyone takes `rounds` turns; each round in another order."""
    order = random.Random(1)
    everyone = [*contestants, *([limits] if limits else [])]
    for _ in range(rounds):
        for one in order.sample(everyone, len(everyone)):
            time.sleep(REST)
            one.turn()


def best(contestants):
    return min(contestants, key=lambda c: c.median)


def ratio(ours, rival, draws=2000):
    """(rival's median / ours, the lower end of its 95 % interval by bootstrap)."""
    chance = random.Random(1)
    rounds = list(zip(rival.times, ours.times))  # drawn whole: what slows the machine down slows both sides of a round

    def resampled():
        theirs, own = zip(*chance.choices(rounds, k=len(rounds)))
        return statistics.median(theirs) / statistics.median(own)

    return rival.median / ours.median, sorted(resampled() for _ in range(draws))[int(0.025 * draws)]


def share_row(workload, limit_ms, contestant, target, quick):
    """How much of what the machine allows the contestant reaches, in percent."""
    reached = 100 * limit_ms / contestant.median
    met = None if quick else reached >= target
    return {"workload": workload, "measured": reached, "unit": "%", "target": target, "met": met, "more": True}


def rows(workload, own, others, targets, quick, limit_ms=None):
    """The best of ours against the best of the others: a row for each level of `targets`."""
    mine, rival = best(own), best(others)
    factor, low = ratio(mine, rival)
    for level, target in targets.items():
        yield {
            "workload": workload,
            "ours": mine.name,
            "rival": rival.name,
            "level": level,
            "ours_ms": mine.median,
            "rival_ms": rival.median,
            "ratio": factor,
            "ratio_low": low,
            "limit_ms": limit_ms,
            "limit_share": limit_ms / mine.median if limit_ms else None,
            "target": target,
            "met": None if quick else low >= target,
        }
