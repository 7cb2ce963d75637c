"""Does what docs/adding-an-op.md says to the tree in the folder ROOT: `follow.py ROOT`. Prints what it adds where.

Only the document says what: its code blocks are the additions, and the text before them names the files.
"""

import pathlib
import re
import sys

DOCUMENT = "docs/adding-an-op.md"
BLOCK = re.compile(r"^```cpp\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED_FILE = re.compile(r"`((?:rushlight/)?[\w/]+\.h)`")


def steps(text):
    """(files that the text before names, code) of each block."""
    start, files = 0, []
    for block in BLOCK.finditer(text):
        files += NAMED_FILE.findall(text[start : block.start()])
        start = block.end()
        yield list(files), block[1]


def put_before(path, mark, addition):
    """Before the last `mark` of a file."""
    text = path.read_text()
    if mark not in text:
        sys.exit(f"{path} has no `{mark}`")
    head, tail = text.rsplit(mark, 1)
    path.write_text(head + addition + mark + tail)


def header_of(files):
    return next(name for name in reversed(files) if name.startswith("rushlight/math/"))


def add_struct(root, files, code):
    name = re.match(r"struct (\w+) {", code)[1]
    header = header_of(files)
    put_before(root / header, "// clang-format on", code + "\n")
    put_before(root / "rushlight/math/elementwise.h", ">;", f", {name}")
    print(f"{name}: {header}, AllFormulas")


def add_line(root, files, code):
    op_list = next(name for name in files if name.endswith("op_list.h"))
    lines = (root / op_list).read_text().splitlines(keepends=True)
    last = max(i for i, line in enumerate(lines) if re.match(r'MAP\(.*"\)$', line))
    lines[last + 1 : last + 1] = [code]
    (root / op_list).write_text("".join(lines))
    print(f"{code.strip()}: {op_list}")


def main():
    root = pathlib.Path(sys.argv[1])
    structs = lines = 0
    for files, code in steps((root / DOCUMENT).read_text()):
        if code.startswith("struct "):
            add_struct(root, files, code)
            structs += 1
        elif code.startswith("MAP("):
            add_line(root, files, code)
            lines += 1
        else:
            sys.exit(f"{DOCUMENT} has a block that is neither a struct nor a line of the list:\n{code}")
    if structs != 2 or lines != 2:
        sys.exit(f"{DOCUMENT} adds {structs} structs and {lines} lines; two ops were promised")


if __name__ == "__main__":
    main()
