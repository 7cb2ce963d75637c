"""Which arguments of an op have gradients, as the op itself says and as PyTorch says: whatever the samples think."""

import dataclasses

import bridge
from call import Array
from draw import Draw
from evaluate import run
from judge import expect

SEEDS = 6
CONSTANT = ("contiguous",)  # the layouts of what an op may write to


def _only(call, place):
    """The call with one floating argument that may take a gradient: the place-th."""
    places = iter(range(10**6))

    def choose(leaf):
        if not isinstance(leaf, Array) or not leaf.is_floating:
            return leaf
        return dataclasses.replace(leaf, differentiable=next(places) == place)

    return call.map(choose)


def _mine(op, family, call):
    outputs, _ = run(op, family, call, requires_grad=True)
    return any(t.requires_grad for t in outputs), outputs


def _theirs(family, call, results):
    arguments = dict(bridge.torch_call(call, requires_grad=True)[0].arguments)
    if family.sees_result:
        arguments["result"] = results[0] if len(results) == 1 else results
    return any(t.requires_grad for t in bridge.outputs_of(family.judge(**arguments)))


def _agrees(op, family, call):
    """Whether the one chosen argument has a gradient. PyTorch must say the same, where it says anything."""
    mine, outputs = _mine(op, family, call)
    if family.judge:
        try:
            theirs = _theirs(family, call, [bridge.to_torch(t) for t in outputs])
        except RuntimeError as error:
            if "not differentiable with respect to" in str(error):
                return mine
            raise
        expect(mine == theirs, f"of {call!r} the chosen argument has", "a" if mine else "no", "gradient")
    return mine


def is_differentiable(op, family):
    """Whether any floating argument of the usual calls has a gradient. Statistics that are written are not asked for it."""
    dtype = next((dtype for dtype in ("float64", "float32") if dtype in family.dtypes), None)
    if dtype is None or op.only_in_place:
        return False
    found = False
    for seed in range(SEEDS):
        call = family.draw(Draw(f"differentiable {seed}", dtype, smooth=True))
        for place, array in enumerate(array for array in call.arrays() if array.is_floating):
            if array.layouts != CONSTANT:
                found |= _agrees(op, family, _only(call, place))
    return found
