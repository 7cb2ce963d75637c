"""Names: a network learns how names are spelled, and invents some. Every layer is written out as tensors.

    RUSHLIGHT_DATA=../shared/data ./dev python examples/python/names.py

The model of Bengio et al. (2003): the last letters, each as a learned vector, side by side, through one hidden layer with
batch normalisation. Change the import to `import torch`, and PyTorch runs the same file.
"""

import argparse
import os
import pathlib

import rushlight as torch
import rushlight.nn.functional as F

CONTEXT = 3  # letters that the network sees


def load_names():
    path = pathlib.Path(os.environ.get("RUSHLIGHT_DATA", "data")) / "names" / "names.txt"
    if not path.exists():
        raise SystemExit(f"{path} is not there: one name a line is all it takes")
    return path.read_text().split()


class Alphabet:
    """Letters as numbers; 0 is the end of a name, and what stands before its beginning."""

    def __init__(self, words):
        self.letters = "." + "".join(sorted(set("".join(words))))
        self.number = {letter: i for i, letter in enumerate(self.letters)}

    def examples(self, words):
        """For every place in every word: the letters before it, and the letter there."""
        contexts, targets = [], []
        for word in words:
            context = [0] * CONTEXT
            for letter in word + ".":
                contexts.append(context)
                targets.append(self.number[letter])
                context = context[1:] + [targets[-1]]
        return torch.tensor(contexts), torch.tensor(targets)


class Model:
    def __init__(self, letters, generator, width=10, hidden=200):
        def randn(*size):
            return torch.randn(size, generator=generator)

        self.embedding = randn(letters, width)
        self.w1 = randn(CONTEXT * width, hidden) * (5 / 3) / (CONTEXT * width) ** 0.5
        self.gain, self.shift = torch.ones(1, hidden), torch.zeros(1, hidden)
        self.w2, self.b2 = randn(hidden, letters) * 0.01, torch.zeros(letters)  # small: at first all letters are equally likely
        self.mean, self.std = torch.zeros(1, hidden), torch.ones(1, hidden)  # running statistics, not learned
        for p in self.parameters():
            p.requires_grad = True

    def parameters(self):
        return [self.embedding, self.w1, self.gain, self.shift, self.w2, self.b2]

    def __call__(self, contexts, training=False):
        joined = self.embedding[contexts].view(contexts.shape[0], -1)
        before = joined @ self.w1
        mean, std = self.mean, self.std
        if training:
            mean, std = before.mean(0, keepdim=True), before.std(0, keepdim=True)
            with torch.no_grad():
                self.mean = 0.999 * self.mean + 0.001 * mean
                self.std = 0.999 * self.std + 0.001 * std
        hidden = torch.tanh(self.gain * (before - mean) / std + self.shift)
        return hidden @ self.w2 + self.b2


def train(steps=10_000, batch=32, seed=2147483647):
    words = load_names()
    alphabet = Alphabet(words)
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(words), generator=generator).tolist()
    words = [words[i] for i in order]
    cut = int(0.9 * len(words))
    x, y = alphabet.examples(words[:cut])
    x_held_out, y_held_out = alphabet.examples(words[cut:])
    model = Model(len(alphabet.letters), generator)
    print(f"{len(words)} names, {len(y)} places to learn from, {sum(p.nelement() for p in model.parameters())} parameters")
    losses = []
    for step in range(steps):
        picked = torch.randint(0, x.shape[0], (batch,), generator=generator)
        loss = F.cross_entropy(model(x[picked], training=True), y[picked])
        for p in model.parameters():
            p.grad = None
        loss.backward()
        learning_rate = 0.1 if step < 0.6 * steps else 0.01
        for p in model.parameters():
            p.data += -learning_rate * p.grad
        losses.append(loss.item())
        if step % 1000 == 0:
            print(f"step {step:6d}   loss {loss.item():.4f}")
    with torch.no_grad():
        held_out = F.cross_entropy(model(x_held_out), y_held_out).item()
    print(f"held-out loss {held_out:.4f}")
    for _ in range(10):
        print(" ", invent(model, alphabet, generator))
    return losses, held_out


@torch.no_grad()
def invent(model, alphabet, generator):
    """Draws letter after letter until the end of the name."""
    context, name = [0] * CONTEXT, ""
    while True:
        probabilities = F.softmax(model(torch.tensor([context])), dim=1)
        letter = torch.multinomial(probabilities, num_samples=1, generator=generator).item()
        if letter == 0:
            return name
        name += alphabet.letters[letter]
        context = context[1:] + [letter]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=10_000)
    train(parser.parse_args().steps)
