"""One call, evaluated: by Rushlight in some form, and by the judge."""

import dataclasses

import rushlight
import torch

import bridge
from call import INTEGRAL, UNSIGNED, Array, DType, widened

# What rushlight::Error becomes in Python; anything else that escapes from a call is a bug.
ERRORS = (ValueError, TypeError, IndexError, RuntimeError, NotImplementedError, MemoryError)


def call_rushlight(op, arguments, form="function"):
    """The op applied to Rushlight's arguments, by name. `method` and `in_place` take `input` as the receiver."""
    if form == "function":
        return op.function(**arguments)
    rest = {name: value for name, value in arguments.items() if name != "input"}
    return getattr(arguments["input"], op.name + ("_" if form == "in_place" else ""))(**rest)


def run(op, family, call, form="function", requires_grad=False):
    """Rushlight's results, as its tensors, and the leaves that may take gradients."""
    ready, leaves = bridge.rushlight_call(call, requires_grad)
    if family.before:
        family.before()
    result = call_rushlight(op, ready.arguments, form)
    if op.only_in_place:
        result = [t for a in op.arguments if a.in_place for t in bridge.outputs_of(ready.arguments[a.name])]
    return bridge.outputs_of(result), leaves


def ask(family, call, results=None, requires_grad=False):
    """The judge's answer in PyTorch's tensors, and its leaves."""
    ready, leaves = bridge.torch_call(call, requires_grad)
    arguments = dict(ready.arguments)
    arguments.update({"generator": call.arguments["generator"]} if call.arguments.get("generator") else {})
    if family.sees_result:
        arguments["result"] = results[0] if len(results) == 1 else results
    return bridge.outputs_of(family.judge(**arguments), torch.tensor), leaves


@dataclasses.dataclass
class Answer:
    """What the judge says of one call."""

    native: list | None  # in the call's own dtypes; None where PyTorch refuses
    wide: list | None  # in float64
    refusal: Exception | None  # why there is no native answer
    call: object  # the call that was asked about: with whole numbers as int64 where PyTorch refuses them
    dtypes: list | None = None  # of the results, where there is no native answer


def _try(question, *arguments):
    try:
        return question(*arguments)[0], None
    except Exception as error:  # PyTorch has its own many ways to say no
        return None, error


def _signed(call, dtype):
    """Whole numbers as int64: PyTorch computes few things in unsigned types, and results wrap the same. Operands are
    first cast to the dtype of the result, where that is a whole one, as they are to meet each other."""

    larger = {a.value.dtype for a in call.arrays() if a.value.dim() and a.differentiable}
    if dtype == torch.bool and len(larger) == 1:  # numbers of no dimensions yield to those that are compared with them
        (dtype,) = larger

    def convert(leaf):
        if isinstance(leaf, Array) and leaf.differentiable and not leaf.is_floating:
            value = leaf.value if dtype.is_floating_point or dtype == torch.bool else leaf.value.to(dtype)
            return dataclasses.replace(leaf, value=value.to(torch.int64))
        return DType("int64") if isinstance(leaf, DType) and leaf.name in INTEGRAL else leaf

    return call.map(convert)


def _dtypes_of_small(family, call):
    """The dtypes of the results of a call in one wide unsigned dtype: those that PyTorch gives for uint8."""
    found = {leaf.dtype for leaf in call.arrays() if leaf.differentiable}
    if len(found) != 1 or not found <= {"uint16", "uint32", "uint64"}:
        return None
    (wide,) = found

    def narrow(leaf):
        is_wide = isinstance(leaf, Array) and leaf.dtype == wide
        return dataclasses.replace(leaf, value=leaf.value.to(torch.uint8)) if is_wide else leaf

    small, _ = _try(ask, family, call.map(narrow))
    return small and [getattr(torch, wide) if t.dtype == torch.uint8 else t.dtype for t in small]


def answer(family, call, results):
    """`results`: Rushlight's, as PyTorch tensors, for judges that must see them."""
    native, refusal = _try(ask, family, call, results)
    wide_results = [r.double() if r.is_floating_point() else r for r in results]
    if native is None:
        dtypes = _dtypes_of_small(family, call)
        call = _signed(call, results[0].dtype)
        whole, _ = _try(ask, family, call, results)
        if whole is not None and not any(t.is_floating_point() for t in whole):
            return Answer(None, whole, refusal, call, dtypes)
    wide, _ = _try(ask, family, widened(call), wide_results)
    return Answer(native, wide, refusal, call)


def gradients(outputs, leaves, cotangents, create_graph=False):
    """Rushlight's gradients; zeros (as None) where nothing depends on a leaf."""
    return rushlight.autograd.grad(outputs, leaves, cotangents, create_graph=create_graph, allow_unused=True)
