"""What the rivals share: the numbers that bench/workloads/training.h makes, and a training step."""

import math

import torch


def scattered(shape, state):
    """Numbers in [0, 1) without a pattern."""
    count, factor, summand = math.prod(shape), 1664525, 1013904223
    states = torch.tensor([state * factor + summand]) & 0xFFFFFFFF
    while len(states) < count:  # `factor` and `summand` lead as many steps on as there are states
        states = torch.cat([states, states * factor + summand & 0xFFFFFFFF])[:count]
        factor, summand = factor * factor & 0xFFFFFFFF, factor * summand + summand & 0xFFFFFFFF
    return ((states[:count] >> 8).float() / 16777216).reshape(shape)


def weight(*shape):
    return (scattered(shape, shape[0] * 31 + shape[1]) - 0.5) * 0.2


def started(layer):
    """The layer with those numbers, and no bias yet."""
    with torch.no_grad():
        layer.weight.copy_(weight(*layer.weight.shape))
        if layer.bias is not None:
            layer.bias.zero_()
    return layer


def step_of(loss_of, optimizer, inputs, targets, compiled):
    """A function that trains one step on loss_of(inputs, targets) and returns the loss."""
    forward = torch.compile(loss_of) if compiled else loss_of

    def step():
        loss = forward(inputs, targets)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss.item()

    return step


def classifier_step(model, optimizer, inputs, compiled):
    """The same for ten classes, which repeat."""

    def loss_of(x, y):
        return torch.nn.functional.cross_entropy(model(x), y)

    return step_of(loss_of, optimizer, inputs, torch.arange(len(inputs)) % 10, compiled)
