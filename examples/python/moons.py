"""Two moons: a small network that is trained with nothing but tensors and backward().

    ./dev python examples/python/moons.py

Change the import to `import torch`, and PyTorch runs the same file.
"""

import argparse
import math

import rushlight as torch


def moons(count, noise, generator):
    """Points on two half circles that reach into each other, and on which of the two they lie."""
    half = count // 2
    angle = torch.rand(half, generator=generator) * math.pi
    upper = torch.stack([angle.cos(), angle.sin()], dim=1)
    lower = torch.stack([1 - angle.cos(), 0.5 - angle.sin()], dim=1)
    points = torch.cat([upper, lower]) + noise * torch.randn(2 * half, 2, generator=generator)
    return points, torch.cat([torch.zeros(half), torch.ones(half)])


class Net:
    """2 -> 16 -> 16 -> 1. A layer is a matrix and a bias; there is no more to it."""

    def __init__(self, generator):
        sizes = [2, 16, 16, 1]
        self.layers = []
        for fan_in, fan_out in zip(sizes, sizes[1:]):
            weight = torch.randn(fan_in, fan_out, generator=generator) / math.sqrt(fan_in)
            self.layers.append((weight.requires_grad_(), torch.zeros(fan_out, requires_grad=True)))

    def parameters(self):
        return [p for layer in self.layers for p in layer]

    def __call__(self, x):
        for weight, bias in self.layers[:-1]:
            x = (x @ weight + bias).relu()
        weight, bias = self.layers[-1]
        return (x @ weight + bias).squeeze(1)


def train(steps=200, seed=1):
    generator = torch.Generator().manual_seed(seed)
    x, y = moons(200, 0.1, generator)
    sign = 2 * y - 1  # the hinge loss wants -1 and 1
    net = Net(generator)
    history = []
    for step in range(steps):
        score = net(x)
        data_loss = (1 - sign * score).relu().mean()
        weight_decay = 1e-4 * sum((p * p).sum() for p in net.parameters())
        loss = data_loss + weight_decay
        for p in net.parameters():
            p.grad = None
        loss.backward()
        learning_rate = 1.0 - 0.9 * step / steps
        with torch.no_grad():
            for p in net.parameters():
                p -= learning_rate * p.grad
        accuracy = ((score > 0) == (y > 0.5)).float().mean().item()
        history.append((loss.item(), accuracy))
        if step % 20 == 0 or step == steps - 1:
            print(f"step {step:4d}   loss {loss.item():.4f}   accuracy {100 * accuracy:5.1f} %")
    picture(net)
    return history


@torch.no_grad()
def picture(net, columns=64, rows=20):
    """Where the network says which, as text."""
    ys, xs = torch.meshgrid(torch.linspace(1.6, -1.1, rows), torch.linspace(-1.6, 2.6, columns), indexing="ij")
    score = net(torch.stack([xs, ys], dim=-1).view(-1, 2)).view(rows, columns)
    for row in (score > 0).tolist():
        print("".join("#" if above else "." for above in row))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=200)
    train(parser.parse_args().steps)
