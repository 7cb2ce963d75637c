"""The CNN's training step in plain PyTorch: the twin of bench/workloads/cnn.h, with the same numbers to start from."""

import torch
from torch import nn
from training import classifier_step, scattered, started

BATCH, CHANNELS = 128, [3, 32, 32, 64, 64, 128, 128]


class Cnn(nn.Module):
    def __init__(self):
        super().__init__()
        layers = []
        for i, (inputs, outputs) in enumerate(zip(CHANNELS, CHANNELS[1:])):
            conv = started(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False))
            layers += [conv, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)] + [nn.MaxPool2d(2)] * (i % 2)
        self.layers = nn.Sequential(*layers)
        self.head = started(nn.Linear(128 * 4 * 4, 10))

    def forward(self, x):
        return self.head(self.layers(x).flatten(1))


def make_step(compiled, channels_last=False):
    order = torch.channels_last if channels_last else torch.contiguous_format
    model = Cnn().to(memory_format=order)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-2, momentum=0.9, fused=True)
    images = scattered((BATCH, 3, 32, 32), 1).to(memory_format=order)
    return classifier_step(model, optimizer, images, compiled)
