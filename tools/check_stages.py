"""Each ticked stage in AGENTS.md names tests that exist: `check_stages.py [ROOT]`."""
import pathlib
import re

import source_tree

STAGE = re.compile(r"- \[([ x])\] (\d+) (.*)", re.DOTALL)
CODE = re.compile(r"`([^`]+)`")
CPP_TEST = re.compile(r'^TEST_CASE\("([^"]+)"', re.MULTILINE)
PYTHON_TEST = re.compile(r"^def (test_\w+)\(", re.MULTILINE)


def test_names(root):
    for path in source_tree.files(root, "_test.cpp", ".py"):
        if path.parts[0] == "tests":
            yield from (CPP_TEST if path.suffix == ".cpp" else PYTHON_TEST).findall(pathlib.Path(root, path).read_text())


def check(root):
    # A test may be called by what stands before its colon.
    names = {known for name in test_names(root) for known in (name, name.partition(":")[0])}
    stages = pathlib.Path(root, "AGENTS.md").read_text().partition("## Stages")[2]
    numbers = []
    for entry in re.split(r"\n(?=- \[)", stages)[1:]:
        ticked, number, text = STAGE.match(entry).groups()
        numbers.append(int(number))
        named = CODE.findall("`" + text.partition(": `")[2])
        if ticked == "x" and not named:
            yield f"AGENTS.md: stage {number} is ticked, but names no test"
        yield from (f"AGENTS.md: stage {number}: there is no test {name!r}" for name in named if name not in names)
    if numbers != list(range(21)):
        yield f"AGENTS.md: the stages are {numbers}, not 0 to 20"


if __name__ == "__main__":
    source_tree.run(check)
