"""No symbol that the linker could share between instruction sets: `check_weak_symbols.py [BUILD_DIR]`.

An inline function compiled into a per-ISA object is weak: of several copies the linker keeps any one, also for code
that must run on older machines. So every weak symbol there must carry the ISA's own namespace.
"""
import pathlib
import re
import subprocess

import source_tree

# Of data that the compiler itself emits, every copy is the same on every machine.
HARMLESS = re.compile(r"DW\.ref\.__gxx_personality_v0$")
SYMBOL = re.compile(r"^(?:[0-9a-f]+)? +([uVvWw]) (.+)$")


def weak_symbols(object_file):
    command = ["nm", "--demangle", "--defined-only", object_file]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [match[2] for match in map(SYMBOL.match, output.splitlines()) if match]


def check_object(object_file, isa):
    for symbol in weak_symbols(object_file):
        if f"rushlight::cpu::{isa}::" not in symbol and not HARMLESS.match(symbol):
            yield f"{object_file.name}: weak symbol outside rushlight::cpu::{isa}: {symbol}"


def has_kernels(build_dir):
    cache = pathlib.Path(build_dir, "CMakeCache.txt")
    return not cache.exists() or "RUSHLIGHT_CPU:BOOL=OFF" not in cache.read_text()


def check(build_dir):
    objects = sorted(pathlib.Path(build_dir).glob("CMakeFiles/rushlight_cpu_*.dir/**/*.o"))
    if not objects and has_kernels(build_dir):
        yield f"{build_dir}: no per-ISA objects; is it built?"
    for object_file in objects:
        isa = re.search(r"rushlight_cpu_(\w+)\.dir", str(object_file))[1]
        yield from check_object(object_file, isa)


if __name__ == "__main__":
    source_tree.run(check)
