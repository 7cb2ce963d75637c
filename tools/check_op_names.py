"""No second list of ops: `check_op_names.py [ROOT]`.

Five different op names (quoted, or as enumerators of OpId) within 20 lines are a list, and lists of ops that are kept
by hand drift apart. core/op_list.h is the one; formulas, op families and tests name ops because they are about them.
"""
import pathlib
import re

import source_tree

OP_LIST = "rushlight/core/op_list.h"
NAMES = 5
LINES = 20
ALLOWED = ("rushlight/math/", "rushlight/ops/", "tests/", OP_LIST)
# file: why it may
EXCEPTIONS = {
    "bench/kernels.cpp": "the cases that are measured, with their shapes; each is made by hand",
    "bench/kernels.py": "their shapes and targets",
    "rushlight/backend/reference/reference.cpp": "binds each kernel to its op; the conformance run misses what is not bound",
    "rushlight/backend/cpu/cpu_backend.cpp": "the same; what is not bound falls back, which is counted",
    "rushlight/backend/scatter_words.h": "the words of scatter's reduce argument happen to be names of ops",
    "python/rushlight/backends/torch_backend.py": "the few ops whose PyTorch function takes its arguments otherwise",
    "python/bindings/operators.cpp": "which op each operator of Python's language means",
    "rushlight/nn/init.cpp": "the activations that have a gain",
    "tools/golden_layers.py": "the layers that tests compare with PyTorch's, each with its shapes",
    "rushlight/scalar/value_functions.cpp": "the oracle of math/ is written by itself; the names are for drawings",
}

ENTRY = re.compile(r"^[A-Z]+\((\w+),\s*\"(?:([\w|]+)\()?", re.MULTILINE)
MENTION = re.compile(r"""(["'])(\w+)\1|\bOpId::(\w+)""")


def op_names(root):
    """Ids, and all names that people call ops by."""
    entries = ENTRY.findall(pathlib.Path(root, OP_LIST).read_text())
    return {name for id_name, called in entries for name in (id_name, *called.split("|")) if name}


def list_in(root, path, ops):
    """(line, names) of the first list of ops in a file, or None."""
    recent = {}  # name: the line that mentioned it last
    for number, line in source_tree.lines(root, path):
        for _, quoted, enumerator in MENTION.findall(line):
            if (quoted or enumerator) in ops:
                recent[quoted or enumerator] = number
        close = sorted(name for name, last in recent.items() if number - last < LINES)
        if len(close) >= NAMES:
            return number, close
    return None


def check(root):
    ops = op_names(root)
    if not ops:
        yield f"{OP_LIST}:1: no ops found"
    for path in source_tree.files(root, ""):
        if path.as_posix().startswith(ALLOWED):
            continue
        found = list_in(root, path, ops)
        if found and path.as_posix() not in EXCEPTIONS:
            yield f"{path}:{found[0]}: a list of ops ({', '.join(found[1])}) beside {OP_LIST}"
        if not found and path.as_posix() in EXCEPTIONS:
            yield f"{path}:1: needs no exception in tools/check_op_names.py: it has no list of ops"


if __name__ == "__main__":
    source_tree.run(check)
