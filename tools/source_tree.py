"""The files of the repository, and the frame that all check_*.py share."""
import os
import pathlib
import re
import subprocess
import sys

LEFT_OUT = {".git", ".venv", "build", "__pycache__"}
TESTS = {
    "_test.cpp": re.compile(r'^TEST_CASE\("([^"]+)"', re.MULTILINE),
    ".py": re.compile(r"^def (test_\w+)\(", re.MULTILINE),
}


def files(root, *suffixes):
    """Paths, relative to root, that git tracks or would offer to; without git, all but build products."""
    listing = subprocess.run(
        ["git", "-C", root, "ls-files", "-z", "-co", "--exclude-standard"], capture_output=True, text=True
    )
    if listing.returncode == 0:
        names = filter(None, listing.stdout.split("\0"))
    else:
        names = walk(root)
    paths = sorted(set(map(pathlib.PurePath, names)))
    return [p for p in paths if p.name.endswith(suffixes) and pathlib.Path(root, p).is_file()]


def walk(root):
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = [name for name in subfolders if name not in LEFT_OUT]
        yield from (os.path.relpath(os.path.join(folder, name), root) for name in names)


def lines(root, path):
    """(number, line) of a file, numbers from 1."""
    return enumerate(pathlib.Path(root, path).read_text(encoding="utf-8").splitlines(), 1)


def size(root, path):
    return pathlib.Path(root, path).stat().st_size


def test_names(root):
    """What tests are called. What stands before a name's colon is enough to mean it."""
    names = set()
    for ending, test in TESTS.items():
        for path in files(root, ending):
            if path.parts[0] == "tests":
                names.update(test.findall(pathlib.Path(root, path).read_text(encoding="utf-8")))
    return names | {name.partition(":")[0] for name in names}


def run(check):
    """Prints what check(root) complains of; root is the command's argument or the current folder."""
    problems = list(check(sys.argv[1] if len(sys.argv) > 1 else "."))
    print(*problems, sep="\n", end="\n" if problems else "")
    sys.exit(bool(problems))
