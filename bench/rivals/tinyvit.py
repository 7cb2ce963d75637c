"""TinyViT's training step in plain PyTorch: the twin of bench/workloads/tinyvit.h, with the same numbers to start from."""

import torch
from torch import nn
from torch.nn import functional as F
from training import classifier_step, scattered, started, weight

BATCH, PATCH, TOKENS, DIM, HEADS, MLP, CLASSES = 256, 4, 49, 64, 4, 128, 10


def linear(inputs, outputs):
    return started(nn.Linear(inputs, outputs))


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


def make_step(compiled):
    model = TinyVit()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01, fused=True)
    return classifier_step(model, optimizer, scattered((BATCH, 28, 28), 1), compiled)
