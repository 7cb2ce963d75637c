"""TinyViT's training step in plain PyTorch: the twin of bench/workloads/tinyvit.h, with the same numbers to start from."""

import torch
from torch import nn
from torch.nn import functional as F

BATCH, PATCH, TOKENS, DIM, HEADS, MLP, CLASSES = 256, 4, 49, 64, 4, 128, 10


def weight(rows, columns):
    """The small numbers that bench/workloads/tinyvit.h makes."""
    state, values = rows * 31 + columns, []
    for _ in range(rows * columns):
        state = (state * 1664525 + 1013904223) % 2**32
        values.append(((state >> 8) / 16777216.0 - 0.5) * 0.2)
    return torch.tensor(values).reshape(rows, columns)


def linear(inputs, outputs):
    layer = nn.Linear(inputs, outputs)
    with torch.no_grad():
        layer.weight.copy_(weight(outputs, inputs))
        layer.bias.zero_()
    return layer


class TinyVit(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch = linear(PATCH * PATCH, DIM)
        self.positions = nn.Parameter(weight(TOKENS, DIM))
        self.norm1, self.norm2, self.norm = nn.LayerNorm(DIM), nn.LayerNorm(DIM), nn.LayerNorm(DIM)
        self.qkv, self.out = linear(DIM, 3 * DIM), linear(DIM, DIM)
        self.fc1, self.fc2 = linear(DIM, MLP), linear(MLP, DIM)
        self.head = linear(DIM, CLASSES)

    def attention(self, x):
        batch = x.shape[0]
        q, k, v = self.qkv(x).view(batch, TOKENS, 3, HEADS, DIM // HEADS).permute(2, 0, 3, 1, 4).unbind()
        y = F.scaled_dot_product_attention(q, k, v)
        return self.out(y.transpose(1, 2).reshape(batch, TOKENS, DIM))

    def forward(self, images):
        side = 28 // PATCH
        patches = images.view(-1, side, PATCH, side, PATCH).permute(0, 1, 3, 2, 4).reshape(-1, TOKENS, PATCH * PATCH)
        x = self.patch(patches) + self.positions
        x = x + self.attention(self.norm1(x))
        x = x + self.fc2(F.gelu(self.fc1(self.norm2(x))))
        return self.head(self.norm(x).mean(1))


def pixels(batch):
    state, values = 1, []
    for _ in range(batch * 28 * 28):
        state = (state * 1664525 + 1013904223) % 2**32
        values.append((state >> 8) / 16777216.0)
    return torch.tensor(values).reshape(batch, 28, 28)


def make_step(compiled):
    """A function that trains one step and returns the loss."""
    model = TinyVit()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01, fused=True)
    images, labels = pixels(BATCH), torch.arange(BATCH) % 10

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
