"""A matrix product from three loops to all threads, step by step (bench_climb); and what the second step alone is worth
to a TinyViT on the reference backend."""

import json
import pathlib
import subprocess
import tempfile

import contest
import programs


def product_rows(quick):
    with tempfile.NamedTemporaryFile() as file:
        size = ["--n", "512"] if quick else []
        subprocess.run([str(programs.BUILD / "bench_climb"), *size, "--json", file.name], check=True, stdout=subprocess.DEVNULL)
        for step in json.loads(pathlib.Path(file.name).read_text()):
            yield {"workload": f"matrix product: {step['step']}", "measured": step["gflops"], "unit": "GF/s", "met": None}


def training_rows(quick):
    step = lambda name, *options: programs.ours("workloads", name, "tinyvit", "eager", "--backend", "reference", *options)
    sides = [contest.Contestant(programs.ready(process)) for process in (step("by blocks"), step("three loops", "--naive"))]
    try:
        contest.run(sides, 2 if quick else 7)
    finally:
        for side in sides:
            side.process.stop()
    yield from contest.rows("tinyvit on the reference backend", sides[:1], sides[1:], {"required": 2.0}, quick)


def rows(quick):
    yield from product_rows(quick)
    yield from training_rows(quick)
