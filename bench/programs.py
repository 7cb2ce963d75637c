"""The processes that take part."""

import importlib.util
import pathlib
import subprocess
import sys

from contest import Process

HERE = pathlib.Path(__file__).parent
BUILD = HERE.parent / "build" / "release"
# PyTorch's memory comes from malloc, which by default gives it back to the system at every step.
KEEP_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(2**33), "MALLOC_MMAP_THRESHOLD_": str(2**33)}
MEMORIES = {"": {}, ", memory kept": KEEP_MEMORY}


def limits(*arguments):
    return ready(Process("limits", [str(BUILD / "bench_limits"), *arguments]))


def ready(process):
    """Once it says so."""
    if process.read() != "ready":
        raise RuntimeError(f"{process.name}: {' '.join(process.command)} did not start")
    return process


def ours(program, name, *arguments):
    return Process(f"rushlight {name}".strip(), [str(BUILD / f"bench_{program}"), *arguments])


def libtorch(*arguments):
    """bench/rivals/libtorch.cpp, compiled when it is first wanted, against the libraries in PyTorch's package."""
    source, program = HERE / "rivals" / "libtorch.cpp", BUILD / "libtorch_rival"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        found = importlib.util.find_spec("torch")
        if not found:
            raise RuntimeError("PyTorch is not installed (./dev setup), so there is no libtorch to measure")
        torch = pathlib.Path(found.origin).parent
        print("  compiling bench/rivals/libtorch.cpp, some 20 s", file=sys.stderr)
        headers = ["-isystem", torch / "include", "-isystem", torch / "include/torch/csrc/api/include", "-I", HERE.parent]
        libraries = [f"-L{torch / 'lib'}", "-ltorch", "-ltorch_cpu", "-lc10", f"-Wl,-rpath,{torch / 'lib'}"]
        subprocess.run(["g++", "-O2", "-std=c++20", *headers, source, "-o", program, *libraries], check=True)
    return Process("libtorch", [str(program), *arguments])


def rivals(script, name, *arguments, memories=MEMORIES):
    """A script of bench/rivals/, once for each way of keeping memory."""
    package = "numpy" if "openblas" in arguments else "torch"
    if not importlib.util.find_spec(package):
        raise RuntimeError(f"{name} needs the Python package '{package}', which is not installed; ./dev setup installs it")
    command = [sys.executable, str(HERE / "rivals" / script), *arguments]
    return [Process(f"{name}{words}", command, environment) for words, environment in memories.items()]
