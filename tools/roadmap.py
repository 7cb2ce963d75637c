"""Writes docs/roadmap.md from docs/roadmap.toml: `roadmap.py [ROOT]`. With --check it asks instead whether the page is
what the table gives, and whether all that an entry names is there: paths, tests, commands, figures."""
import collections
import pathlib
import re
import sys
import tomllib

import source_tree

TABLE, PAGE = "docs/roadmap.toml", "docs/roadmap.md"
STATES = ("done", "differs", "not yet")
KEYS = {"what", "where", "command", "test", "figure", "state", "why"}
MEASURED = ("docs/results.md", "docs/performance.md")
HEAD = """\
# Roadmap

What the five documents at Rushlight's beginning ask for, and what became of it. *Done*: it is there, and a test or a command
shows it. *Differs*: it is there in another form, or reaches something else, for the reason given. *Not yet*: it is not there, or
only a part of it is. `./dev test -k WORD` runs the tests that have a word in their names; `rushlight` is
`build/release/bin/rushlight`; figures are those of [results.md](results.md) and [performance.md](performance.md).

`tools/roadmap.py` writes this page from [roadmap.toml](roadmap.toml), and `./dev check` holds every row against the repository.
"""


def text_of(root, path):
    return pathlib.Path(root, path).read_text(encoding="utf-8")


def documents(root):
    return tomllib.loads(text_of(root, TABLE))["document"]


# -- the page


def table_row(*cells):
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def code(text):
    return f"`{text}`" if text else ""


def entry_row(entry):
    state = ": ".join(filter(None, (entry.get("state"), entry.get("why"))))
    where = ", ".join(f"[{path}](../{path})" for path in entry.get("where", []))
    tests = "; ".join(map(code, entry.get("test", [])))
    return table_row(entry.get("what", ""), where, code(entry.get("command")), tests, entry.get("figure", ""), state)


def counts(entries):
    found = collections.Counter(entry.get("state") for entry in entries)
    return [str(found[state]) for state in STATES]


def page(documents):
    lines = [HEAD, table_row("document", *STATES), "|---|" + "---:|" * len(STATES)]
    for document in documents:
        anchor = re.sub(r"[^\w\- ]", "", document["name"].lower()).replace(" ", "-")
        lines.append(table_row(f"[{document['name']}](#{anchor})", *counts(document["entry"])))
    lines.append(table_row("**all**", *counts(entry for document in documents for entry in document["entry"])))
    for document in documents:
        lines += ["", f"## {document['name']}", "", document["about"].strip(), ""]
        lines += [table_row("what", "where", "command", "test", "figure", "state"), "|---|---|---|---|---|---|"]
        lines += map(entry_row, document["entry"])
    return "\n".join(lines) + "\n"


# -- what an entry may name


class Known:
    def __init__(self, root):
        files = source_tree.files(root, "")
        self.paths = {str(path) for file in files for path in (file, *file.parents)}
        self.tests = source_tree.test_names(root)
        self.measured = " ".join(" ".join(text_of(root, path) for path in MEASURED).split())
        cases = re.findall(r"^  ([\w |-]+)\)", text_of(root, "dev").partition('case "$command" in')[2], re.MULTILINE)
        self.dev = set(" | ".join(cases).split(" | "))
        self.program = set(re.findall(r'\badd_command\(\s*app, "([\w-]+)"', text_of(root, "rushlight/cli/main.cpp")))
        self.recipes = set(re.findall(r'\.name = "([\w-]+)"', text_of(root, "rushlight/cli/recipe.cpp")))


def wrong_command(command, known):
    program, first, second, *_ = [*command.split(), "", "", ""]
    if program not in ("./dev", "rushlight"):
        return f"{command!r} begins neither with ./dev nor with rushlight"
    if first not in (known.dev if program == "./dev" else known.program):
        return f"{program} has no command {first!r}"
    if (program, first) == ("rushlight", "train") and re.match(r"\w", second) and second not in known.recipes:
        return f"there is no recipe {second!r}"
    if (program, first) == ("./dev", "python") and second.endswith(".py") and second not in known.paths:
        return f"there is no program {second!r}"
    return None


def objections(entry, known):
    state = entry.get("state")
    if unknown := sorted(entry.keys() - KEYS):
        yield f"there is no key {unknown[0]!r}"
    if state not in STATES:
        yield f"there is no state {state!r}: {', '.join(STATES)}"
    if state == "done" and not (entry.get("test") or entry.get("command")):
        yield "done, but neither a test nor a command shows it"
    if state == "differs" and not entry.get("why"):
        yield "differs, but does not say why"
    yield from (f"there is no path {path!r}" for path in entry.get("where", []) if path not in known.paths)
    yield from (f"there is no test {name!r}" for name in entry.get("test", []) if name not in known.tests)
    if "command" in entry and (wrong := wrong_command(entry["command"], known)):
        yield wrong
    if entry.get("figure", "") not in known.measured:
        yield f"the figure {entry['figure']!r} stands in none of {', '.join(MEASURED)}"


def check(root):
    try:
        found = documents(root)
    except tomllib.TOMLDecodeError as error:
        yield f"{TABLE}: {error}"
        return
    known = Known(root)
    for document in found:
        for entry in document["entry"]:
            yield from (f"{TABLE}: {entry.get('what', '?')!r}: {why}" for why in objections(entry, known))
    if not pathlib.Path(root, PAGE).exists() or text_of(root, PAGE) != page(found):
        yield f"{PAGE} is not what {TABLE} gives: run tools/roadmap.py"


def write(root):
    pathlib.Path(root, PAGE).write_text(page(documents(root)), encoding="utf-8")
    return []


if __name__ == "__main__":
    checking = "--check" in sys.argv
    if checking:
        sys.argv.remove("--check")
    source_tree.run(check if checking else write)
