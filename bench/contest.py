"""Two sides measured fairly: each in a process of its own, round by round in turn, the idle ones asleep."""

import dataclasses
import os
import random
import statistics
import subprocess
import time

REST = 0.02  # seconds between two turns: a rival's threads spin for a while after its work


@dataclasses.dataclass
class Contestant:
    """A process that says "ready", and then a round's milliseconds for each line that it is sent."""

    name: str
    command: list
    environment: dict = dataclasses.field(default_factory=dict)
    times: list = dataclasses.field(default_factory=list)

    def start(self):
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **self.environment}
        )
        if self._read() != "ready":
            raise RuntimeError(f"{self.name}: {' '.join(self.command)} did not start")

    def turn(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.times.append(float(self._read()))

    def stop(self):
        self.process.stdin.close()
        self.process.wait()

    def _read(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name}: {' '.join(self.command)} ended with status {self.process.wait()}")
        return line.strip()

    @property
    def median(self):
        return statistics.median(self.times)


def run(contestants, rounds):
    """Everyone takes `rounds` turns; each round in another order."""
    started = []
    try:
        for contestant in contestants:
            contestant.start()
            started.append(contestant)
        order = random.Random(1)
        for _ in range(rounds):
            for contestant in order.sample(contestants, len(contestants)):
                time.sleep(REST)
                contestant.turn()
    finally:
        for contestant in started:
            contestant.stop()


def best(contestants):
    return min(contestants, key=lambda c: c.median)


def ratio(ours, rival, draws=2000):
    """(rival's median / ours, the lower end of its 95 % interval by bootstrap)."""
    chance = random.Random(1)
    resampled = lambda times: statistics.median(chance.choices(times, k=len(times)))
    ratios = sorted(resampled(rival.times) / resampled(ours.times) for _ in range(draws))
    return rival.median / ours.median, ratios[int(0.025 * draws)]
