"""The CNN's training step in plain PyTorch: the twin of bench/workloads/cnn.h, with the same numbers to start from."""

import torch
from scattered import scattered
from torch import nn
from torch.nn import functional as F

BATCH, CHANNELS = 128, [3, 32, 32, 64, 64, 128, 128]


def weight_of(layer):
    shape = layer.weight.shape
    with torch.no_grad():
        layer.weight.copy_((scattered(tuple(shape), shape[0] * 31 + shape[1]) - 0.5) * 0.2)
    return layer


class Cnn(nn.Module):
    def __init__(self):
        super().__init__()
        layers = []
        for i, (inputs, outputs) in enumerate(zip(CHANNELS, CHANNELS[1:])):
            conv = weight_of(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False))
            layers += [conv, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)] + [nn.MaxPool2d(2)] * (i % 2)
        self.layers = nn.Sequential(*layers)
        self.head = weight_of(nn.Linear(128 * 4 * 4, 10))
        nn.init.zeros_(self.head.bias)

    def forward(self, x):
        return self.head(self.layers(x).flatten(1))


def make_step(compiled, channels_last=False):
    """A function that trains one step and returns the loss."""
    order = torch.channels_last if channels_last else torch.contiguous_format
    model = Cnn().to(memory_format=order)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-2, momentum=0.9, fused=True)
    images, labels = scattered((BATCH, 3, 32, 32), 1).to(memory_format=order), torch.arange(BATCH) % 10

    def loss_of(x, y):
        return F.cross_entropy(model(x), y)

    forward = torch.compile(loss_of) if compiled else loss_of

    def step():
        loss = forward(images, labels)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss.item()

    return step
