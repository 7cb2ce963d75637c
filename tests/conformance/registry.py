"""What the families say about their ops: how to draw a sample, who judges it, which calls are errors, which laws hold."""

import collections
import dataclasses
from typing import Callable, Optional

from call import EVERY_DTYPE


@dataclasses.dataclass(frozen=True)
class Bad:
    """A wrong call, and what the error must say. `method`: how it is called, if not as a function."""

    cause: str
    call: object
    words: tuple
    form: str = "function"  # or in_place, or out (with call.arguments["out"])
    raises: Optional[type] = None  # None: any of the exceptions that Rushlight's errors become


@dataclasses.dataclass
class Family:
    """Everything known about one op beyond the op list."""

    draw: Optional[Callable] = None  # draw(Draw) -> Call
    judge: Optional[Callable] = None  # PyTorch's function, called with the call's arguments by name
    dtypes: tuple = EVERY_DTYPE  # of its tensors; none if they are always the same
    sees_result: bool = False  # the judge is told the result too (several: a list): where an op has a choice
    before: Optional[Callable] = None  # called before each evaluation: to seed a generator
    exact: bool = False  # the result depends on the dtype itself: only PyTorch's in the same dtype can judge it
    multilinear: bool = False  # a sum of products: errors are as large as those of the same sum of absolute values
    relative: bool = False  # a MAP whose small results are exact wherever its operands are
    units: float = 64  # allowed error, in units of the last place of the largest magnitude
    meanings: int = 0  # how many more draws than usual it takes to see what its arguments may mean
    symmetric: bool = False  # its matrices are: finite differences must keep them so
    bent: Optional[Callable] = None  # (call) -> whether a rounding may cross a kink, where any slope is right
    bad: Optional[Callable] = None  # () -> iterable of Bad
    laws: list = dataclasses.field(default_factory=list)


FAMILIES = collections.defaultdict(Family)


def samples_of(*ids, **facts):
    """Decorates draw(Draw) -> Call, for one op or for several that are called alike."""

    def register(draw):
        for op_id in ids:
            family = FAMILIES[op_id]
            family.draw = draw
            for name, value in facts.items():
                setattr(family, name, value)
        return draw

    return register


def errors_of(op_id):
    """Decorates a generator of Bad calls."""

    def register(bad):
        FAMILIES[op_id].bad = bad
        return bad

    return register


def law_of(op_id):
    """Decorates a function() that asserts what must hold of an op and no single call shows."""

    def register(law):
        FAMILIES[op_id].laws.append(law)
        return law

    return register
