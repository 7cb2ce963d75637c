"""Places where a source can be broken: every operator, comparison, constant and index of C++ that clang-format laid out."""

import collections
import dataclasses
import random
import re

TOKEN = re.compile(
    r"""
    (?P<space>\s+|//[^\n]*|/\*.*?\*/)
  | (?P<text>(?:u8|[uUL])?R"(?P<fence>[^(]*)\(.*?\)(?P=fence)"|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])+')
  | (?P<number>(?:0[xX][\da-fA-F']+|\d[\d']*\.?[\d']*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)\w*)
  | (?P<word>[A-Za-z_]\w*)
  | (?P<symbol><=>|<<=|>>=|->\*|\.\.\.|::|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||\+=|-=|\*=|/=|%=|&=|\|=|\^=|.)
    """,
    re.VERBOSE | re.DOTALL,
)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.MULTILINE | re.DOTALL)

# What a binary operator may become.
BINARY = {
    "+": ("-",), "-": ("+",), "*": ("/", "+"), "/": ("*",), "%": ("/", "*"),
    "<": ("<=", ">", ">="), "<=": ("<", ">", ">="), ">": (">=", "<", "<="), ">=": (">", "<", "<="),
    "==": ("!=",), "!=": ("==",), "&&": ("||",), "||": ("&&",), "&": ("|",), "|": ("&",), "^": ("&", "|"),
    "<<": (">>",), ">>": ("<<",),
    "+=": ("-=", "="), "-=": ("+=", "="), "*=": ("/=", "="), "/=": ("*=", "="), "%=": ("/=",),
    "&=": ("|=", "="), "|=": ("&=", "="), "^=": ("|=",), "<<=": (">>=",), ">>=": ("<<=",),
    "?": ("|| true ?", "&& false ?"),
}  # fmt: skip
STEPS = {"++": ("--",), "--": ("++",)}
PREFIX = {"-": ("",), "!": ("",), "~": ("",)}
TRUTHS = {"true": ("false",), "false": ("true",)}


@dataclasses.dataclass(frozen=True)
class Token:
    kind: str  # text, number, word or symbol
    text: str
    start: int
    spaced: bool  # there is space before it

    @property
    def end(self):
        return self.start + len(self.text)


@dataclasses.dataclass(frozen=True)
class Place:
    """What stands from `start` to `end`, and what it may become."""

    start: int
    end: int
    choices: tuple


def tokens_of(source):
    """Without comments and preprocessor lines, whose macros are not laid out and stand for many places at once."""
    source = DIRECTIVE.sub(lambda line: re.sub(r"[^\n]", " ", line[0]), source)
    found, spaced = [], True
    for match in TOKEN.finditer(source):
        if match.lastgroup == "space" or match["space"] is not None:
            spaced = True
            continue
        kind = next(name for name in ("text", "number", "word", "symbol") if match[name] is not None)
        found.append(Token(kind, match[0], match.start(), spaced))
        spaced = False
    return found


def _spaced_after(tokens, i):
    return i + 1 < len(tokens) and tokens[i + 1].spaced


def _in_angles(tokens):
    """Indices of tokens between the brackets of templates: types and sizes, no arithmetic."""
    inside, open_at = set(), []
    for i, token in enumerate(tokens):
        if token.kind != "symbol":
            continue
        before = tokens[i - 1] if i else None
        opens = token.text == "<" and before and (before.text == "template" or (not token.spaced and before.kind == "word"))
        if opens and before.text != "operator":
            open_at.append((i, 0))
        elif open_at and token.text in "([{":
            open_at[-1] = (open_at[-1][0], open_at[-1][1] + 1)
        elif open_at and token.text in ")]}":
            open_at[-1] = (open_at[-1][0], open_at[-1][1] - 1)
        elif open_at and token.text in (">", ">>") and not (token.spaced and _spaced_after(tokens, i)):
            for _ in token.text:
                if open_at and open_at[-1][1] == 0:
                    inside.update(range(open_at.pop()[0], i + 1))
    return inside


def _closing(tokens, i):
    """The index of the bracket that closes the one at i."""
    depth = 0
    for j in range(i, len(tokens)):
        depth += (tokens[j].text in "([{") - (tokens[j].text in ")]}") if tokens[j].kind == "symbol" else 0
        if depth == 0:
            return j
    return None


def _is_value(token):
    """Whether an operator after this token has a left operand."""
    if token.kind == "word":
        return token.text not in ("return", "case", "else", "co_return", "throw")
    return token.kind in ("number", "text") or token.text in (")", "]", "}", "++", "--")


def _number_choices(text):
    """Other numbers: one more, one less, zero; of a fraction also twice and its opposite."""
    body = text.replace("'", "")
    if re.fullmatch(r"(0[xX][\da-fA-F]+|\d+)[uUlLzZ]*", body):
        digits = re.match(r"0[xX][\da-fA-F]+|\d+", body)[0]
        value, suffix = int(digits, 0 if digits[:2].lower() == "0x" else 10), body[len(digits) :]
        others = {value + 1, max(value - 1, 0), 0} - {value}
        return tuple(f"{other}{suffix}" for other in sorted(others))
    match = re.fullmatch(r"([\d.]+(?:[eE][+-]?\d+)?)([fFlL]?)", body)
    if not match:
        return ()
    value, suffix = float(match[1]), match[2]
    return tuple(f"{other!r}{suffix}" for other in dict.fromkeys((value + 1, value * 2, -value, 0.0)) if other != value)


def _symbol_place(tokens, i):
    token, before = tokens[i], tokens[i - 1] if i else None
    if before and before.text == "operator":
        return None
    after_spaced, has_left = _spaced_after(tokens, i), before is not None and _is_value(before)
    if token.text in BINARY and token.spaced and after_spaced and has_left:
        return Place(token.start, token.end, BINARY[token.text])
    if token.text in STEPS and not (token.spaced and after_spaced):
        return Place(token.start, token.end, STEPS[token.text])
    if token.text in PREFIX and not after_spaced and not has_left:
        return Place(token.start, token.end, PREFIX[token.text])
    return None


def _index_place(tokens, i):
    """x[i] becomes x[i + 1]; an index that is a number is a constant already."""
    before = tokens[i - 1] if i else None
    subscript = tokens[i].text == "[" and before and not tokens[i].spaced and (before.kind == "word" or before.text in ")]")
    if not subscript or before.text in ("operator", "delete", "new") or i + 1 >= len(tokens) or tokens[i + 1].text == "[":
        return None
    close = _closing(tokens, i)
    inside = tokens[i + 1 : close] if close else []
    if not inside or (len(inside) == 1 and inside[0].kind == "number"):
        return None
    declares = i > 1 and tokens[i - 2].kind == "word" and tokens[i - 2].text not in ("return", "else", "case")
    if declares or (i > 1 and tokens[i - 2].text in (">", "*", "&") and not tokens[i - 2].spaced):
        return None  # an array with its size
    return Place(tokens[close].start, tokens[close].start, (" + 1",))


def places_of(source):
    """Every place of a source, in order."""
    tokens = tokens_of(source)
    angled = _in_angles(tokens)
    found = []
    for i, token in enumerate(tokens):
        if i in angled:
            continue
        if token.kind == "number":
            choices = _number_choices(token.text)
            place = Place(token.start, token.end, choices) if choices else None
        elif token.kind == "word":
            place = Place(token.start, token.end, TRUTHS[token.text]) if token.text in TRUTHS else None
        elif token.kind == "symbol":
            place = _index_place(tokens, i) if token.text == "[" else _symbol_place(tokens, i)
        else:
            place = None
        if place:
            found.append(place)
    return found


@dataclasses.dataclass(frozen=True)
class Mutant:
    path: str
    source: str = dataclasses.field(repr=False)
    place: Place
    choice: str

    @property
    def was(self):
        return self.source[self.place.start : self.place.end]

    @property
    def line(self):
        return self.source.count("\n", 0, self.place.start) + 1

    @property
    def column(self):
        return self.place.start - (self.source.rfind("\n", 0, self.place.start) + 1)

    @property
    def text(self):
        """The line as it is."""
        return self.source.splitlines()[self.line - 1]

    @property
    def broken_line(self):
        return self.text[: self.column] + self.choice + self.text[self.column + len(self.was) :]

    @property
    def broken_source(self):
        return self.source[: self.place.start] + self.choice + self.source[self.place.end :]

    def __str__(self):
        return f"{self.path}:{self.line}:{self.column + 1}: `{self.was or ']'}` -> `{self.choice}`: {self.broken_line.strip()}"


def all_places(root, folders):
    """[(path, source, Place)] of every C++ file directly in the folders."""
    found = []
    for folder in folders:
        for path in sorted((root / folder).iterdir()):
            if path.suffix in (".h", ".cpp"):
                source = path.read_text()
                found += [(path.relative_to(root).as_posix(), source, place) for place in places_of(source)]
    return found


def draw(places, seed):
    """A mutant of each place, in an order that is the seed's. Where a place comes depends on its own line alone: a change
    elsewhere leaves the draw as it was."""
    seen, drawn = collections.Counter(), []
    for path, source, place in places:
        mutant = Mutant(path, source, place, place.choices[0])
        name = f"{path}: {mutant.text.strip()} {len(mutant.text.lstrip()) - len(mutant.text) + mutant.column}"
        seen[name] += 1  # of equal lines in a file
        chance = random.Random(f"mutants {seed}: {name} {seen[name]}")
        drawn.append((chance.random(), dataclasses.replace(mutant, choice=chance.choice(place.choices))))
    drawn.sort(key=lambda ranked: ranked[0])
    yield from (mutant for _, mutant in drawn)
