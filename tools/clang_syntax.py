"""Reads every source that the build compiles with clang 19, once and without making code: `clang_syntax.py BUILD_DIR JOBS`.

Without precompiled headers: so each is seen to include what it needs.
"""
import json
import pathlib
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

# The flags that tell what a source means; all others belong to the compiler that the build was made for.
MEANINGFUL = ("-D", "-I", "-isystem", "-std=", "-m", "-W", "-f")
FOREIGN = ("-fsanitize", "-fno-fat-lto-objects")


def syntax_command(entry):
    words = shlex.split(entry["command"])
    command = ["clang++-19", "-fsyntax-only"]
    for before, word in zip(words, words[1:]):
        if before == "-isystem" or word.startswith(MEANINGFUL) and not word.startswith(FOREIGN):
            command.append(word)
    return [*command, entry["file"]]


def check(entry):
    result = subprocess.run(syntax_command(entry), capture_output=True, text=True, cwd=entry["directory"])
    if result.returncode:
        print(result.stderr, end="", flush=True)
    return result.returncode == 0


def main(build_dir, jobs):
    root = pathlib.Path.cwd()
    entries = json.loads(pathlib.Path(build_dir, "compile_commands.json").read_text())
    sources = {e["file"]: e for e in entries}  # kernels are compiled for several instruction sets
    ours = [e for f, e in sources.items() if pathlib.Path(f).is_relative_to(root) and ".venv" not in f]
    with ThreadPoolExecutor(int(jobs)) as pool:
        good = sum(pool.map(check, ours))
    print(f"{good} of {len(ours)} sources are good C++ for clang 19")
    return good != len(ours) or not ours


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
