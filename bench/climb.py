"""A matrix product from three loops to all threads, step by step (bench_climb)."""

import json
import pathlib
import subprocess
import tempfile

PROGRAM = pathlib.Path(__file__).parent.parent / "build" / "release" / "bench_climb"


def rows(quick):
    with tempfile.NamedTemporaryFile() as file:
        size = ["--n", "512"] if quick else []
        subprocess.run([str(PROGRAM), *size, "--json", file.name], check=True, stdout=subprocess.DEVNULL)
        for step in json.load(open(file.name)):
            yield {"workload": f"matrix product: {step['step']}", "measured": step["gflops"], "unit": "GF/s", "met": None}
