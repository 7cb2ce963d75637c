"""The twin of bench/workloads/nanogpt.h in plain PyTorch, with the same numbers to start from."""

import torch
from torch import nn
from torch.nn import functional as F
from training import started, step_of, weight

VOCABULARY = 65


def linear(inputs, outputs):
    return started(nn.Linear(inputs, outputs, bias=False))


class Block(nn.Module):
    def __init__(self, heads, width):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width, bias=False), nn.LayerNorm(width, bias=False)
        self.qkv, self.out = linear(width, 3 * width), linear(width, width)
        self.widen, self.narrow = linear(width, 4 * width), linear(4 * width, width)

    def attention(self, x):
        batch, time, width = x.shape
        q, k, v = self.qkv(x).view(batch, time, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4).unbind()
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(y.transpose(1, 2).reshape(batch, time, width))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.narrow(F.gelu(self.widen(self.norm2(x))))


class NanoGpt(nn.Module):
    def __init__(self, layers, heads, width, time):
        super().__init__()
        self.tokens, self.positions = nn.Parameter(weight(VOCABULARY, width)), nn.Parameter(weight(time, width))
        self.blocks = nn.ModuleList(Block(heads, width) for _ in range(layers))
        self.norm = nn.LayerNorm(width, bias=False)

    def forward(self, text):
        x = F.embedding(text, self.tokens) + self.positions
        for block in self.blocks:
            x = block(x)
        return F.linear(self.norm(x), self.tokens)


def make_step(compiled, layers, heads, width, time, batch):
    model = NanoGpt(layers, heads, width, time)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01, fused=True)
    inputs = (torch.arange(batch * time) * 7 % VOCABULARY).view(batch, time)

    def loss_of(x, y):
        return F.cross_entropy(model(x).view(-1, VOCABULARY), y.reshape(-1))

    return step_of(loss_of, optimizer, inputs, (inputs + 7) % VOCABULARY, compiled)
