"""Links between the repository's own pages lead somewhere: `check_links.py [ROOT]`. The web's are not followed."""
import pathlib
import re

import source_tree

LINK = re.compile(r"\]\(\s*<?([^)\s>]+)")
ABSOLUTE = re.compile(r"[a-z]+:|//")
CODE = re.compile(r"`[^`]*`")


def prose(root, path):
    """(number, line) of what is not code."""
    fenced = False
    for number, line in source_tree.lines(root, path):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            yield number, line


def anchors(root, path):
    """The anchors of a page's headings, as GitHub names them."""
    headings = (line.lstrip("#") for _, line in prose(root, path) if re.match(r"#+ ", line))
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def objection(root, page, link):
    target, _, anchor = link.partition("#")
    goal = pathlib.PurePath(page) if not target else page.parent / target
    if not pathlib.Path(root, goal).exists():
        return f"{link}: there is no such file"
    if anchor and goal.suffix == ".md" and anchor not in anchors(root, goal):
        return f"{link}: there is no such heading"
    return None


def check(root):
    for page in source_tree.files(root, ".md"):
        for number, line in prose(root, page):
            for link in LINK.findall(CODE.sub("", line)):
                if ABSOLUTE.match(link):
                    continue
                if why := objection(root, page, link):
                    yield f"{page}:{number}: {why}"


if __name__ == "__main__":
    source_tree.run(check)
