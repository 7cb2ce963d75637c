"""The processes that take part."""

import importlib.util
import pathlib
import sys

from contest import Process

HERE = pathlib.Path(__file__).parent
BUILD = HERE.parent / "build" / "release"
# PyTorch's memory comes from malloc, which by default gives it back to the system at every step.
KEEP_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(2**33), "MALLOC_MMAP_THRESHOLD_": str(2**33)}
MEMORIES = {"": {}, ", memory kept": KEEP_MEMORY}


def limits():
    return ready(Process("limits", [str(BUILD / "bench_limits")]))


def ready(process):
    """Once it says so."""
    if process.read() != "ready":
        raise RuntimeError(f"{process.name}: {' '.join(process.command)} did not start")
    return process


def ours(program, name, *arguments):
    return Process(f"rushlight {name}".strip(), [str(BUILD / f"bench_{program}"), *arguments])


def rivals(script, name, *arguments, memories=MEMORIES):
    """A script of bench/rivals/, once for each way of keeping memory."""
    package = "numpy" if "openblas" in arguments else "torch"
    if not importlib.util.find_spec(package):
        raise RuntimeError(f"{name} needs the Python package '{package}', which is not installed; ./dev setup installs it")
    command = [sys.executable, str(HERE / "rivals" / script), *arguments]
    return [Process(f"{name}{words}", command, environment) for words, environment in memories.items()]
