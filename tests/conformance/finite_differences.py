"""First and second derivatives against differences of values, along random directions, in float64."""

import torch

import bridge
from call import Array
from checks import cotangents_for
from evaluate import gradients, run
from judge import expect
import rushlight

STEP = 1e-5
TOLERANCE = 2e-5
KINK = 1e-3


def _dot(tensors, others):
    return sum(float((a.double() * b.double()).sum()) for a, b in zip(tensors, others))


def _directions(values, seed):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(v.shape, generator=generator, dtype=torch.float64) for v in values]


def _slope(function, values, directions):
    """The derivative of function(values) along directions, or None at a kink, or where there are jumps all around."""
    step = lambda h: function([v + h * d for v, d in zip(values, directions)])
    ahead, here, behind = step(STEP), step(0.0), step(-STEP)
    slope = (ahead - behind) / (2 * STEP)
    bend = abs(ahead + behind - 2 * here) / STEP
    closer = (step(STEP / 4) - step(-STEP / 4)) / (STEP / 2)
    is_smooth = max(bend, abs(slope - closer)) <= KINK * (1 + abs(slope))
    return slope if is_smooth and slope == slope else None


def _expect_slope(numeric, analytic, what):
    expect(
        abs(numeric - analytic) <= TOLERANCE * (1 + abs(numeric)),
        what,
        "is",
        analytic,
        "along a direction, but differences say",
        numeric,
    )


class Subject:
    """A call as a function of its differentiable floating arguments."""

    def __init__(self, op, family, call):
        self.op, self.family, self.call = op, family, call
        self.arrays = call.arrays()
        self.active = [i for i, a in enumerate(self.arrays) if a.is_floating and a.differentiable]
        self.values = [self.arrays[i].value for i in self.active]

    def directions(self, values, seed):
        """Of the arguments, and of whatever stands behind them in values."""
        found = _directions(values, seed)
        if self.family.symmetric:
            found = [d + d.mT if i < len(self.values) else d for i, d in enumerate(found)]
        return found

    def run(self, values, requires_grad=False):
        """The differentiable results, and the leaves."""
        replaced = [a.value for a in self.arrays]
        for place, value in zip(self.active, values):
            replaced[place] = value
        outputs, leaves = run(self.op, self.family, self.call.with_arrays(replaced), requires_grad=requires_grad)
        return [t for t in outputs if t.is_floating_point()], leaves


def _recorded(subject):
    """The results that carry a gradient, and a mask of which ones those are."""
    outputs, leaves = subject.run(subject.values, requires_grad=True)
    return outputs, leaves, [t.requires_grad for t in outputs]


def first(op, family, call, seed=3):
    """The gradient is the slope of the values. False: nothing to check, or a kink on the way."""
    subject = Subject(op, family, call)
    if not subject.values:
        return False
    outputs, leaves, recorded = _recorded(subject)
    outputs = [t for t, yes in zip(outputs, recorded) if yes]
    if not outputs:
        return False
    weights = cotangents_for([bridge.to_torch(t) for t in outputs])

    def weighed(values):
        results = [t for t, yes in zip(subject.run(values)[0], recorded) if yes]
        return _dot([bridge.to_torch(t) for t in results], weights)

    directions = subject.directions(subject.values, seed)
    slope = _slope(weighed, subject.values, directions)
    if slope is None:
        return False
    found = gradients(outputs, leaves, [bridge.to_rushlight(Array(w)) for w in weights])
    analytic = _dot(
        [bridge.to_torch(g) for g in found if g is not None], [d for d, g in zip(directions, found) if g is not None]
    )
    _expect_slope(slope, analytic, "the gradient")
    return True


def second(op, family, call, seed=4):
    """The gradient of the gradient is the slope of the gradient, in the arguments and in the incoming gradient."""
    subject = Subject(op, family, call)
    if not subject.values:
        return False
    outputs, _, recorded = _recorded(subject)
    if not any(recorded):
        return False
    incoming = cotangents_for([bridge.to_torch(t) for t, yes in zip(outputs, recorded) if yes])
    count = len(subject.values)
    weights = _directions(subject.values, seed + 1)

    def gradient_of(values, create_graph=False):
        results, leaves = subject.run(values[:count], requires_grad=True)
        given = [bridge.to_rushlight(Array(v), requires_grad=create_graph) for v in values[count:]]
        found = gradients([t for t, yes in zip(results, recorded) if yes], leaves, given, create_graph)
        return found, leaves + given

    def weighed(values):
        found, _ = gradient_of(values)
        return _dot(
            [bridge.to_torch(g) for g in found if g is not None], [w for w, g in zip(weights, found) if g is not None]
        )

    values = subject.values + incoming
    directions = subject.directions(values, seed)
    slope = _slope(weighed, values, directions)
    if slope is None:
        return False
    found, leaves = gradient_of(values, create_graph=True)
    terms = [
        rushlight.sum(rushlight.mul(g, bridge.to_rushlight(Array(w))))
        for g, w in zip(found, weights)
        if g is not None and g.requires_grad
    ]
    again = (
        gradients(terms, leaves, [bridge.to_rushlight(Array(torch.ones((), dtype=torch.float64))) for _ in terms])
        if terms
        else []
    )
    analytic = _dot(
        [bridge.to_torch(g) for g in again if g is not None], [d for d, g in zip(directions, again) if g is not None]
    )
    _expect_slope(slope, analytic, "the gradient of the gradient")
    return True
