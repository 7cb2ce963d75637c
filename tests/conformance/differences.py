"""Where Rushlight differs from PyTorch on purpose: docs/differences.md says the same to people, in the row named `row`."""

import dataclasses
from typing import Callable

from call import INTEGRAL, Array


@dataclasses.dataclass(frozen=True)
class Difference:
    ops: tuple
    applies: Callable  # of the call
    row: str  # how the row of docs/differences.md begins


def _has_bool(call):
    return any(a.dtype == "bool" for a in call.arrays()) or any(type(v) is bool for v in call.arguments.values())


def _no_integers(call):
    input = call.arguments["input"]
    return not input.is_floating and not input.value.numel()


def _negative_integer_power(call):
    base, exponent = call.arguments["input"], call.arguments["exponent"]
    whole = not isinstance(base, Array) or not base.is_floating
    powers = exponent.value if isinstance(exponent, Array) else None
    return whole and powers is not None and not exponent.is_floating and bool((powers.double() < 0).any())


TERMS = ("bce", "bce_with_logits", "kl_term", "kl_term_of_log")
REFUSED = (
    Difference(
        ("nextafter",),
        lambda call: any(a.dtype in ("float16", "bfloat16") for a in call.arrays()),
        "`nextafter` of `float16`",
    ),
    Difference(("clamp_min", "clamp_max", "clamp_tensor"), _has_bool, "`clamp_min`, `clamp_max`, `clamp` of bools"),
    Difference(("pow", "square"), _has_bool, "`pow`, `square` of bools"),
    Difference(("median", "nanmedian"), _no_integers, "`median`, `nanmedian` of no integers"),
    Difference(("pow",), _negative_integer_power, "`pow` of integers with a negative exponent"),
)
REFUSED += (Difference(("matrix_transpose",), lambda call: not call.arguments["input"].value.dim(), "`matrix_transpose` of a number"),)
ACCEPTED = (
    Difference(("isin",), _has_bool, "`isin` of bools"),
    Difference(("linalg_vecdot",), lambda call: not call.arguments["x"].is_floating, "`isin` of bools, `linalg.vecdot` of integers"),
    Difference(
        ("sub", "sub_scaled", "rsub", "squared_difference", "absolute_difference") + TERMS,
        _has_bool,
        "`sub`, `rsub`, losses' terms of bools",
    ),
    Difference(("hardtanh",), lambda call: True, "`hardtanh` with `min_val` above"),
    Difference(("addcdiv",), lambda call: True, "`addcdiv` with integer"),
    Difference(("repeat_interleave",), lambda call: True, "`repeat_interleave` of a number"),
    Difference(("bilinear",), lambda call: True, "`bilinear` without elements"),
    Difference(("lerp", "heaviside", "isclose", "huber", "smooth_l1"), lambda call: True, "`lerp`, `heaviside`, `isclose`, losses' terms"),
)


def explains(table, op_id, call):
    """The row of docs/differences.md by which this call may be refused (or accepted) where PyTorch does not, or None."""
    return next((d.row for d in table if op_id in d.ops and d.applies(call)), None)


# Words of PyTorch's errors that only say that nobody wrote the kernel yet.
UNWRITTEN = (
    "not implemented for",
    "Promotion for uint16",
    "not supported for",
    "expected scalar type",
    "Got unsupported",
    "deprecated",
)


def is_unwritten(error):
    return isinstance(error, NotImplementedError) or any(words in str(error) for words in UNWRITTEN)
