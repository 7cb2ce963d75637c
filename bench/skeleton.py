"""What the engine itself costs, in C++ (bench_skeleton) and from Python; and the scalar engine beside micrograd."""

import importlib.util
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
BUILD = HERE.parent / "build" / "release"

ADD = """
import timeit
import {module} as torch
a, b = torch.ones(1), torch.ones(1)
print(min(timeit.repeat("a + b", globals=globals(), number=100_000, repeat=9)) / 100_000 * 1e9)
"""
IMPORT = """
import sys, time
sys.path.insert(0, {folder!r})
start = time.perf_counter()
import _C
print((time.perf_counter() - start) * 1e3)
"""


def row(workload, measured, unit, target, quick):
    return {
        "workload": workload,
        "measured": measured,
        "unit": unit,
        "target": target,
        "met": None if quick else measured <= target,
    }


def python_prints(program):
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return float(run.stdout)


def engine_rows(quick):
    with tempfile.NamedTemporaryFile() as file:
        program = str(BUILD / "bench_skeleton")
        subprocess.run([program, "--json", file.name], check=True, stdout=subprocess.DEVNULL)
        for entry in json.load(open(file.name)):
            yield row(entry["workload"], entry["measured"], entry["unit"], entry["target"], quick)


def python_rows(quick):
    rounds = range(1 if quick else 5)
    yield row("a + b from Python", min(python_prints(ADD.format(module="rushlight")) for _ in rounds), "ns", 150, quick)
    if importlib.util.find_spec("torch"):
        yield row("a + b from Python, PyTorch's", min(python_prints(ADD.format(module="torch")) for _ in rounds), "ns", 0, True)
    folder = str(BUILD / "python" / "rushlight")
    times = [python_prints(IMPORT.format(folder=folder)) for _ in range(11)]
    yield row("import rushlight._C", statistics.median(times), "ms", 20, quick)


def scalar_rows(quick):
    """A training step of micrograd's moons demo, on the same numbers."""
    if not importlib.util.find_spec("micrograd"):
        print("  skipped: the scalar engine beside micrograd (pip install micrograd)", file=sys.stderr)
        return
    command = [sys.executable, str(HERE / "scalar_moons.py"), str(BUILD / "bench_scalar_moons"), "--rounds", "1" if quick else "5"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = dict(re.findall(r"^(\w+) +([\d.]+)", text, re.M))
    ratio = float(found["ratio"])
    yield {
        "workload": "scalar moons step, 2-16-16-1, 100 points",
        "rival": "micrograd",
        "level": "required",
        "ours_ms": float(found["rushlight"]),
        "rival_ms": float(found["micrograd"]),
        "ratio": ratio,
        "ratio_low": ratio,
        "target": 500,
        "met": None if quick else ratio >= 500,
    }


def rows(quick):
    yield from engine_rows(quick)
    yield from python_rows(quick)
    yield from scalar_rows(quick)
