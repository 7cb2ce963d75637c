"""TinyViT on MNIST in plain PyTorch: the frozen twin of rushlight/models/tiny_vit.h.

Batch size 64; SGD with learning rate 0.1 (--sgd), or AdamW with learning rate 0.003 (the default); 2,000 images to train on
and 1,000 to test on, the first of each set. Nothing here may change: golden files and tests were made by it.

    python examples/pytorch/tinyvit_mnist_pytorch.py --epochs 2
"""
import argparse
import gzip
import os
import pathlib
import struct

import torch
from torch import nn

BATCH = 64
LEARNING_RATE = {"sgd": 0.1, "adamw": 0.003}
TRAIN, TEST = 2000, 1000
PATCH, DIM, DEPTH, HEADS, MLP, CLASSES = 4, 64, 1, 4, 128, 10


def read_idx(path):
    """The array of an IDX file of bytes."""
    with gzip.open(path) as file:
        data = file.read()
    rank = data[3]
    shape = struct.unpack(f">{rank}I", data[4 : 4 + 4 * rank])
    return torch.frombuffer(bytearray(data[4 + 4 * rank :]), dtype=torch.uint8).reshape(shape)


def mnist(split, count):
    """(count, 1, 28, 28) pixels with mean 0 and variance 1, and their labels."""
    folder = pathlib.Path(os.environ.get("RUSHLIGHT_DATA", "data")) / "mnist"
    name = {"train": "train", "test": "t10k"}[split]
    images = read_idx(folder / f"{name}-images-idx3-ubyte.gz")[:count]
    labels = read_idx(folder / f"{name}-labels-idx1-ubyte.gz")[:count]
    return (images[:, None].float() / 255 - 0.1307) / 0.3081, labels.long()


class PatchEmbed(nn.Module):
    def __init__(self):
        super().__init__()
        self.proj = nn.Linear(PATCH * PATCH, DIM)

    def forward(self, images):
        patches = [
            images[:, :, top : top + PATCH, left : left + PATCH].flatten(1)
            for top in range(0, images.shape[2], PATCH)
            for left in range(0, images.shape[3], PATCH)
        ]
        return self.proj(torch.stack(patches, 1))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1 = nn.LayerNorm(DIM)
        self.attn = nn.MultiheadAttention(DIM, HEADS, batch_first=True)
        self.norm2 = nn.LayerNorm(DIM)
        self.mlp = nn.Sequential(nn.Linear(DIM, MLP), nn.GELU(), nn.Linear(MLP, DIM))

    def forward(self, x):
        y = self.norm1(x)
        x = x + self.attn(y, y, y, need_weights=False)[0]
        return x + self.mlp(self.norm2(x))


class TinyViT(nn.Module):
    def __init__(self):
        super().__init__()
        self.pos_embed = nn.Parameter(torch.randn(1, (28 // PATCH) ** 2, DIM) * 0.02)
        self.patch_embed = PatchEmbed()
        self.blocks = nn.ModuleList([Block() for _ in range(DEPTH)])
        self.norm = nn.LayerNorm(DIM)
        self.head = nn.Linear(DIM, CLASSES)

    def forward(self, images):
        x = self.patch_embed(images) + self.pos_embed
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x).mean(1))


def make_optimizer(model, kind):
    if kind == "sgd":
        return torch.optim.SGD(model.parameters(), lr=LEARNING_RATE["sgd"])
    return torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE["adamw"])


def train_epoch(model, optimizer, images, labels, order):
    """One pass in the order given; the mean loss."""
    model.train()
    total = 0.0
    for batch in order.split(BATCH):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(images[batch]), labels[batch])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(batch)
    return total / len(order)


@torch.no_grad()
def accuracy(model, images, labels):
    model.eval()
    return (model(images).argmax(1) == labels).float().mean().item()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--sgd", action="store_true", help="plain SGD instead of AdamW")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--train", type=int, default=TRAIN)
    parser.add_argument("--test", type=int, default=TEST)
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    images, labels = mnist("train", options.train)
    test_images, test_labels = mnist("test", options.test)
    model = TinyViT()
    optimizer = make_optimizer(model, "sgd" if options.sgd else "adamw")
    for epoch in range(options.epochs):
        loss = train_epoch(model, optimizer, images, labels, torch.randperm(len(images)))
        print(f"epoch {epoch + 1}  loss {loss:.4f}  test accuracy {accuracy(model, test_images, test_labels):.4f}", flush=True)


if __name__ == "__main__":
    main()
