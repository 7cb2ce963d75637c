"""Completes the stub that nanobind wrote: `finish_stub.py RAW FINISHED`.

Tensor has methods called bool, int, float, dtype and device. Inside its class an annotation of that name would mean the
method: there it is written builtins.bool, and _dtype for the class dtype.
"""
import pathlib
import re
import sys

ANNOTATION = re.compile(r"(?P<before>: |-> |\[|\| )(?P<name>bool|int|float|dtype|device)\b(?=[\s,)\]|:=]|$)")
SIGNATURE = re.compile(r"\s+(def |@overload|\w+: )")


def qualified(match):
    name = match["name"]
    return match["before"] + (f"_{name}" if name in ("dtype", "device") else f"builtins.{name}")


def finish(text):
    lines, inside = [], False
    for line in text.splitlines():
        if line and not line[0].isspace():
            inside = line.startswith("class Tensor")
            if inside:
                lines += ["_dtype = dtype", "_device = device", ""]
        lines.append(ANNOTATION.sub(qualified, line) if inside and SIGNATURE.match(line) else line)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raw, finished = map(pathlib.Path, sys.argv[1:])
    finished.write_text(finish(raw.read_text()))
