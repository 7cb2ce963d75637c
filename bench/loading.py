"""How fast the data loader hands batches of CIFAR-10 to a loop that reads every number (bench_loading)."""

import json
import pathlib
import subprocess
import tempfile

import programs

TARGET = 0.5  # GB/s of float32 that one core makes


def rows(quick):
    with tempfile.NamedTemporaryFile() as file:
        epochs = ["--epochs", "2" if quick else "9"]
        subprocess.run([str(programs.BUILD / "bench_loading"), *epochs, "--json", file.name], check=True, stdout=subprocess.DEVNULL)
        for entry in json.loads(pathlib.Path(file.name).read_text()):
            name = f"CIFAR-10: shuffle, crop, flip, normalise; {entry['workers']} workers"
            row = {"workload": name, "unit": "GB/s", "met": None}
            if entry["workers"] == 0:
                met = None if quick else entry["processor"] >= TARGET
                yield {**row, "workload": f"{name}, per core", "measured": entry["processor"], "target": TARGET, "more": True, "met": met}
            yield {**row, "measured": entry["wall"]}
