"""Each ticked stage in AGENTS.md names tests that exist: `check_stages.py [ROOT]`."""
import pathlib
import re

import source_tree

STAGE = re.compile(r"- \[([ x])\] (\d+) (.*)", re.DOTALL)
CODE = re.compile(r"`([^`]+)`")


def check(root):
    names = source_tree.test_names(root)
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
