"""Mutants that change nothing: equivalent.toml names them, each with its proof."""

import dataclasses
import fnmatch
import pathlib
import re
import tomllib


@dataclasses.dataclass(frozen=True)
class Entry:
    """`file` may have wildcards. Either `line`, as it stands there, or `pattern`, in whose match the place must lie.

    `was` and `now`: only what stands there and what it becomes, one or several; left out, any. `unread`: members that nothing in rushlight/
    but math/ itself reads, which is the proof.
    """

    file: str
    proof: str
    line: str = ""
    pattern: str = ""
    was: str = ""
    now: tuple = ()
    unread: tuple = ()

    def covers(self, mutant):
        if not fnmatch.fnmatch(mutant.path, self.file) or (self.was and self.was != mutant.was):
            return False
        if self.now and mutant.choice not in self.now:
            return False
        if self.line:
            return mutant.text.strip() == self.line
        return any(m.start() <= mutant.column < m.end() for m in re.finditer(self.pattern, mutant.text))

    def objection(self, root):
        """Why this entry no longer speaks of the sources, or None."""
        texts = [p.read_text() for p in sorted(root.glob(self.file))]
        lines = [line for text in texts for line in text.splitlines()]
        if self.line and not any(line.strip() == self.line for line in lines):
            return f"{self.file} has no line `{self.line}`"
        if self.pattern and not any(re.search(self.pattern, line) for line in lines):
            return f"{self.file} has nothing like `{self.pattern}`"
        for path in sorted((root / "rushlight").rglob("*.[hc]*")) if self.unread else ():
            read = re.search(rf"(?:\.|->)({'|'.join(self.unread)})\b", path.read_text())
            if path.parent.name != "math" and read:
                return f"{path.relative_to(root)} reads {read[1]}"
        return None


class Known:
    def __init__(self, root):
        table = tomllib.loads((pathlib.Path(__file__).parent / "equivalent.toml").read_text())
        self.entries = [Entry(**{name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}) for row in table.get("equivalent", ())]
        objections = [text for entry in self.entries if (text := entry.objection(root))]
        if objections:
            raise SystemExit("equivalent.toml: " + "; ".join(objections))

    def proof_of(self, mutant):
        return next((entry.proof for entry in self.entries if entry.covers(mutant)), None)
