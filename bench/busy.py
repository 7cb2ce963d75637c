"""How much the CNN's training step slows down beside two busy processes, and how much PyTorch's does."""

import subprocess
import sys

import contest
import programs
from workloads import steps_of

MOST = 3.0


def medians(processes, rounds):
    sides = [contest.Contestant(process) for process in processes]
    contest.run(sides, rounds)
    return [side.median for side in sides]


def rows(quick):
    rounds = 5 if quick else 15
    processes = [steps_of("cnn")[0], programs.rivals("serve.py", "torch cnn_channels_last eager", "cnn_channels_last", "eager")[1]]
    try:
        for process in processes:
            programs.ready(process)
        alone = medians(processes, rounds)
        busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
        try:
            crowded = medians(processes, rounds)
        finally:
            for process in busy:
                process.kill()
    finally:
        for process in processes:
            process.stop()
    ours, theirs = (after / before for before, after in zip(alone, crowded))
    bound = min(MOST, theirs)
    yield {"workload": "cnn beside two busy processes: times as long", "unit": "x", "measured": ours, "target": round(bound, 2),
           "met": None if quick else ours <= bound}  # fmt: skip
    yield {"workload": "PyTorch's beside them: times as long", "unit": "x", "measured": theirs, "met": None}
