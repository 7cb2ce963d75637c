"""tools/roadmap.py writes the page of the table, and notices each untruth in it."""
import json
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))

import roadmap  # noqa: E402

GOOD = {"what": "a | b", "where": ["src"], "command": "rushlight train xor", "test": ["first"], "figure": "9 %", "state": "done"}
FILES = {
    "src/a.h": "", "tests/a_test.cpp": 'TEST_CASE("first: of all") {}\n', "docs/results.md": "| 9 % |", "docs/performance.md": "",
    "dev": 'case "$command" in\n  build) build ;;\n  -h | --help) usage ;;\nesac\n',
    "rushlight/cli/main.cpp": 'add_command(app, "train", "...");\n',
    "rushlight/cli/recipe.cpp": '{.name = "xor"}',
}


@pytest.mark.parametrize("change, complaint", [
    ({}, None), ({"command": "./dev build"}, None), ({"where": ["gone"]}, "no path 'gone'"), ({"test": ["second"]}, "no test 'second'"),
    ({"command": "./dev bulid"}, "no command 'bulid'"), ({"command": "rushlight tarin"}, "no command 'tarin'"),
    ({"command": "rushlight train xro"}, "no recipe 'xro'"), ({"command": "make"}, "begins neither"), ({"figure": "8 %"}, "figure '8 %'"),
    ({"command": "./dev python a.py"}, "no command 'python'"), ({"state": "soon"}, "no state 'soon'"), ({"state": "differs"}, "say why"),
    ({"command": "", "test": []}, "neither a test nor a command"), ({"tset": []}, "no key 'tset'"),
])
def test_roadmap(change, complaint, tmp_path):
    entry = "\n".join(f"{key} = {json.dumps(value)}" for key, value in (GOOD | change).items() if value != "")
    table = f'[[document]]\nname = "Plan"\nabout = "All."\n[[document.entry]]\n{entry}\n'
    for name, text in (FILES | {"docs/roadmap.toml": table}).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert any("run tools/roadmap.py" in problem for problem in roadmap.check(tmp_path))
    assert roadmap.write(tmp_path) == [] and "| a \\| b |" in (tmp_path / roadmap.PAGE).read_text()
    assert [complaint in problem for problem in roadmap.check(tmp_path)] == [True] * (complaint is not None)
