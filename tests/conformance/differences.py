"""Where Rushlight differs from PyTorch on purpose: docs/differences.md says the same to people."""

import dataclasses
from typing import Callable

from call import INTEGRAL, Array


@dataclasses.dataclass(frozen=True)
class Difference:
    ops: tuple
    applies: Callable  # of the call
    why: str


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
        "the neighbour of a half is not its float32 neighbour rounded",
    ),
    Difference(("clamp_min", "clamp_max", "clamp_tensor"), _has_bool, "bounds for bools: say & or |"),
    Difference(("pow", "square"), _has_bool, "a power of bools: cast them"),
    Difference(("median", "nanmedian"), _no_integers, "the median of no integers is no integer"),
    Difference(("pow",), _negative_integer_power, "an integer to a negative power is no integer: an error, not 0"),
)
REFUSED += (Difference(("matrix_transpose",), lambda call: not call.arguments["input"].value.dim(), "a number is no matrix"),)
ACCEPTED = (
    Difference(("isin",), _has_bool, "bools are compared as anything else"),
    Difference(("linalg_vecdot",), lambda call: not call.arguments["x"].is_floating, "the Array API's vecdot takes integers"),
    Difference(
        ("sub", "sub_scaled", "rsub", "neg", "squared_difference", "absolute_difference") + TERMS,
        _has_bool,
        "arithmetic on bool that has a meaning",
    ),
    Difference(("hardtanh",), lambda call: True, "min_val above max_val: the result is max_val, as clamp's is"),
    Difference(("addcdiv",), lambda call: True, "the quotient of integers is no integer: it meets the floating input"),
    Difference(("repeat_interleave",), lambda call: True, "a number is repeated as a vector of one is"),
    Difference(("bilinear",), lambda call: True, "without elements: PyTorch's own reshape is in doubt of its -1"),
    Difference(("lerp", "heaviside", "isclose", "huber", "smooth_l1"), lambda call: True, "dtypes promote"),
)


def explains(table, op_id, call):
    """Why this call may be refused (or accepted) where PyTorch does not, or None."""
    return next((d.why for d in table if op_id in d.ops and d.applies(call)), None)


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
