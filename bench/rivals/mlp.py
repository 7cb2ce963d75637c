"""The twins of bench/workloads/mlp.h in plain PyTorch, with the same numbers to start from."""

import torch
from torch import nn
from training import classifier_step, scattered, started, step_of


def mlp(*sizes):
    layers = [started(nn.Linear(inputs, outputs)) for inputs, outputs in zip(sizes, sizes[1:])]
    return nn.Sequential(*[part for layer in layers for part in (layer, nn.ReLU())][:-1])


def sgd(model):
    return torch.optim.SGD(model.parameters(), lr=1e-2, fused=True)


def make_point_step(compiled):
    model = mlp(2, 16, 16, 1)

    def loss_of(x, y):
        return nn.functional.mse_loss(model(x), y)

    return step_of(loss_of, sgd(model), scattered((1, 2), 1), torch.ones(1, 1), compiled)


def make_digits_step(compiled):
    model = mlp(784, 128, 10)
    return classifier_step(model, sgd(model), scattered((64, 784), 1), compiled)
