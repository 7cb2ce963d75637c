"""Reads every source that the build compiles with clang 19, once and without making code: `clang_syntax.py BUILD_DIR JOBS`.

Only headers that are not ours are precompiled, so each source is seen to include what it needs of ours.
"""
import json
import pathlib
import shlex
import subprocess
import sys
import tempfile
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

# The flags that tell what a source means; all others belong to the compiler that the build was made for.
MEANINGFUL = ("-D", "-I", "-isystem", "-std=", "-m", "-W", "-f")
FOREIGN = ("-fsanitize", "-fno-fat-lto-objects")
WORTH_PRECOMPILING = 8  # sources: precompiling takes as long as it saves them


def syntax_flags(entry):
    words = shlex.split(entry["command"])
    return tuple(word for before, word in zip(words, words[1:])
                 if before == "-isystem" or word.startswith(MEANINGFUL) and not word.startswith(FOREIGN))


def foreign_headers(source):
    """What is precompiled for a source. The tests' main file chooses itself what doctest.h is."""
    if source.parts[0] == "tests":
        return None if source.name == "main.cpp" else "#include <bits/stdc++.h>\n#include <doctest/doctest.h>\n"
    return "#include <bits/stdc++.h>\n"


def clang(entry, *words):
    result = subprocess.run(["clang++-19", *words], capture_output=True, text=True, cwd=entry["directory"])
    if result.returncode:
        print(result.stderr, end="", flush=True)
    return result.returncode == 0


def check_group(pool, folder, headers, flags, entries):
    """The verdicts on sources that are compiled in the same way, as futures."""
    options = ["-fsyntax-only", *flags]
    if headers and len(entries) >= WORTH_PRECOMPILING:
        header = pathlib.Path(tempfile.mkdtemp(dir=folder), "foreign.h")
        header.write_text(headers)
        precompiled = header.with_suffix(".pch")
        if clang(entries[0], *flags, "-x", "c++-header", str(header), "-o", str(precompiled)):
            options += ["-include-pch", str(precompiled)]
    return [pool.submit(clang, entry, *options, entry["file"]) for entry in entries]


def main(build_dir, jobs):
    root = pathlib.Path.cwd()
    entries = json.loads(pathlib.Path(build_dir, "compile_commands.json").read_text())
    groups = defaultdict(list)
    for file, entry in {e["file"]: e for e in entries}.items():  # kernels are compiled for several instruction sets
        source = pathlib.Path(file)
        if source.is_relative_to(root) and ".venv" not in file:
            groups[foreign_headers(source.relative_to(root)), syntax_flags(entry)].append(entry)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(int(jobs)) as pool:
        verdicts = [v for group, members in groups.items() for v in check_group(pool, folder, *group, members)]
        good = sum(v.result() for v in verdicts)
    print(f"{good} of {len(verdicts)} sources are good C++ for clang 19")
    return good != len(verdicts) or not verdicts


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
