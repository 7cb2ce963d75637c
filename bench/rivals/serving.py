"""A round of work, measured as bench/serving.h measures it."""

import statistics
import sys
import time


def milliseconds_of(work, times):
    start = time.perf_counter_ns()
    for _ in range(times):
        work()
    return (time.perf_counter_ns() - start) / 1e6 / times


class Rounds:
    """A round: the median of five groups of runs of 20 ms each; what takes longer than 100 ms runs once."""

    def __init__(self, work):
        self.work = work
        milliseconds_of(work, 6)
        once = milliseconds_of(work, 1)
        if once < 20:
            once = milliseconds_of(work, 5)
        self.times = min(max(int(20 / max(once, 1e-6)), 1), 1_000_000)
        self.groups = 1 if once > 100 else 5

    def milliseconds(self):
        return statistics.median(milliseconds_of(self.work, self.times) for _ in range(self.groups))


def serve(work):
    """Says "ready", then a round's milliseconds for each line on standard input."""
    rounds = Rounds(work)
    print("ready", flush=True)
    for _ in sys.stdin:
        print(f"{rounds.milliseconds():.7f}", flush=True)
