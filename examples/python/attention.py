"""Attention written out, and how two layers of it look back: in a row of letters that repeats itself, which comes next?

    ./dev python examples/python/attention.py

Every row has other letters and another period, so that neither letter nor place tells the answer. Two layers find it: the
first tells each place what stood before it, the second looks for the place that follows the present letter's last one (an
"induction head"). Change the import to `import torch`, and PyTorch runs the same file.
"""

import argparse
import math

import rushlight as torch
import rushlight.nn.functional as F

LETTERS, LENGTH, WIDTH = 8, 16, 32


def rows(count, generator):
    """Rows that repeat their first 3 to 8 letters; the targets are the next letters, from the first repetition on."""
    period = torch.randint(3, LETTERS + 1, (count, 1), generator=generator)
    pattern = torch.rand(count, LETTERS, generator=generator).argsort(dim=1)  # each letter once, in random order
    place = torch.arange(LENGTH + 1)
    row = pattern.gather(1, place % period)
    unknown = place[:-1] < period
    return row[:, :-1], row[:, 1:].masked_fill(unknown, -100)  # -100: what cross_entropy ignores


class Head:
    def __init__(self, generator):
        def matrix():
            return (torch.randn(WIDTH, WIDTH, generator=generator) / math.sqrt(WIDTH)).requires_grad_()

        self.query, self.key, self.value, self.out = matrix(), matrix(), matrix(), matrix()
        self.mask = torch.tril(torch.ones(LENGTH, LENGTH)) == 0  # True: the future

    def __call__(self, x):
        q, k, v = x @ self.query, x @ self.key, x @ self.value
        scores = q @ k.transpose(-2, -1) / math.sqrt(WIDTH)  # (batch, place, place looked at)
        scores = scores.masked_fill(self.mask, float("-inf"))
        self.weights = F.softmax(scores, dim=-1)
        return (self.weights @ v) @ self.out

    def parameters(self):
        return [self.query, self.key, self.value, self.out]


class Model:
    def __init__(self, generator):
        self.letter = (torch.randn(LETTERS, WIDTH, generator=generator) * 0.5).requires_grad_()
        self.place = (torch.randn(LENGTH, WIDTH, generator=generator) * 0.5).requires_grad_()
        self.heads = [Head(generator), Head(generator)]
        self.unembed = (torch.randn(WIDTH, LETTERS, generator=generator) / math.sqrt(WIDTH)).requires_grad_()

    def parameters(self):
        return [self.letter, self.place, self.unembed] + [p for head in self.heads for p in head.parameters()]

    def __call__(self, letters):
        x = self.letter[letters] + self.place[torch.arange(letters.size(1))]
        for head in self.heads:
            x = x + head(F.layer_norm(x, (WIDTH,)))
        return F.layer_norm(x, (WIDTH,)) @ self.unembed


def adam(parameters, state, step, learning_rate=3e-3, beta1=0.9, beta2=0.99, eps=1e-8):
    """Adam by hand: the mean of the gradients over the root of the mean of their squares."""
    with torch.no_grad():
        for p, (mean, square) in zip(parameters, state):
            mean.mul_(beta1).add_(p.grad, alpha=1 - beta1)
            square.mul_(beta2).addcmul_(p.grad, p.grad, value=1 - beta2)
            corrected = (square / (1 - beta2**step)).sqrt_().add_(eps)
            p.addcdiv_(mean / (1 - beta1**step), corrected, value=-learning_rate)
            p.grad = None


def train(steps=400, batch=64, seed=1):
    generator = torch.Generator().manual_seed(seed)
    model = Model(generator)
    parameters = model.parameters()
    state = [(torch.zeros_like(p), torch.zeros_like(p)) for p in parameters]
    losses = []
    for step in range(1, steps + 1):
        x, y = rows(batch, generator)
        logits = model(x)
        loss = F.cross_entropy(logits.view(-1, LETTERS), y.reshape(-1))
        loss.backward()
        adam(parameters, state, step)
        losses.append(loss.item())
        if step % 100 == 0 or step == 1:
            asked = y >= 0
            right = (logits.argmax(dim=-1)[asked] == y[asked]).float().mean().item()
            print(f"step {step:4d}   loss {loss.item():.4f}   right {100 * right:5.1f} %")
    show(model, x[:1])
    return losses


@torch.no_grad()
def show(model, x):
    """Where each place of the second head looks: a row for each place."""
    model(x)
    letters = "".join(chr(ord("a") + i) for i in x[0].tolist())
    print("\n    " + " ".join(letters))
    for letter, weights in zip(letters, model.heads[1].weights[0]):
        print("  " + letter + " " + " ".join(" .:+#@"[min(int(w * 6), 5)] for w in weights.tolist()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=400)
    train(parser.parse_args().steps)
