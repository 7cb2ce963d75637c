"""The op list as the built package reports it: the only source of op names, arguments and defaults for these tests."""

import ast
import dataclasses
import functools

import rushlight

NOT_GIVEN = object()


@dataclasses.dataclass(frozen=True)
class Argument:
    name: str
    kind: str  # tensor, tensors, float, int, bool, ints, int?s, floats, dtype, str, slot, generator
    optional: bool
    in_place: bool
    default: object  # NOT_GIVEN where the call must say it

    @property
    def is_tensor(self):
        return self.kind in ("tensor", "tensors")


@dataclasses.dataclass(frozen=True)
class Op:
    id: str  # unique: max_dim
    name: str  # what people call: max
    kind: str  # map, view, op, composite, function
    arguments: tuple
    outputs: int  # how many results have names; 0: one unnamed
    has_in_place: bool
    has_method: bool

    @property
    def function(self):
        return getattr(rushlight, self.name)

    @property
    def only_in_place(self):
        return any(a.in_place and a.kind == "tensors" for a in self.arguments)

    @property
    def has_out(self):
        return self.kind in ("map", "op", "composite") and self.outputs == 0 and not self.only_in_place


def _default(text):
    return ast.literal_eval(text) if text else NOT_GIVEN


def _argument(text, is_map):
    head, _, default = (piece.strip() for piece in text.partition("="))
    name, _, kind = (piece.strip() for piece in head.partition(":"))
    in_place = name.endswith("!")
    name = name.rstrip("!")
    return Argument(
        name=name,
        kind=kind.rstrip("?") or "tensor",
        optional=kind.endswith("?"),
        in_place=in_place or (is_map and name == "input"),
        default=_default(default),
    )


def parse_op(row):
    """One row of rushlight.ops(): its signature reads as the op list writes it."""
    signature, _, results = (piece.strip() for piece in row["signature"].partition("->"))
    if "(" in signature:
        signature = signature[signature.index("(") + 1 : signature.rindex(")")]
    pieces = [piece.strip() for piece in signature.split(",")]
    arguments = tuple(_argument(piece, row["kind"] == "map") for piece in pieces if piece not in ("", "*"))
    outputs = len(results.split(",")) if results else 0
    return Op(row["id"], row["name"], row["kind"], arguments, outputs, row["in_place"], row["method"])


@functools.cache
def ops():
    """Every op of the list by its id, in the list's order."""
    return {row["id"]: parse_op(row) for row in rushlight.ops()}
