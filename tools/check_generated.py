"""Generated files are what their generators write now, and none is tracked: `check_generated.py [ROOT]`.

The API that tools/generate_api.cpp writes stands in build/. Where there is a release build, it is compared with a fresh one.
"""
import filecmp
import pathlib
import subprocess
import tempfile

import source_tree

MARK = "Written by tools/generate_api.cpp; do not edit."  # in the first line of what it writes
BUILD = "build/release"
OP_LIST = "rushlight/core/op_list.h"


def first_line(root, path):
    with open(pathlib.Path(root, path), "rb") as file:
        return file.readline(400).decode(errors="replace")


def tracked(root):
    for path in source_tree.files(root, ""):
        if MARK in first_line(root, path):
            yield f"{path}:1: a generated file does not belong into the repository: the build writes it"


def outdated(root, build):
    """Files of the build that are not what generate_api writes now."""
    made = subprocess.run(["ninja", "-C", build, "rushlight_api"], capture_output=True, text=True)
    if made.returncode:
        yield f"{build}:1: rushlight_api cannot be built: {made.stdout[-300:]}"
        return
    written = pathlib.Path(build, "generated/rushlight/generated")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([pathlib.Path(build, "generate_api").resolve(), folder, pathlib.Path(root, OP_LIST)], check=True)
        for fresh in sorted(pathlib.Path(folder).iterdir()):
            old = written / fresh.name
            if not old.exists() or not filecmp.cmp(fresh, old, shallow=False):
                yield f"{old}:1: is not what tools/generate_api.cpp writes; it was edited: remove it and build"
        for old in sorted(written.iterdir()):
            if not pathlib.Path(folder, old.name).exists():
                yield f"{old}:1: nothing writes it any more: remove it"


def check(root):
    yield from tracked(root)
    build = pathlib.Path(root, BUILD)
    if (build / "build.ninja").exists():
        yield from outdated(root, build)


if __name__ == "__main__":
    source_tree.run(check)
