"""The twin of bench/workloads/gpt2_decode.h in plain PyTorch: float32, the cache allocated beforehand."""

import torch
from torch.nn import functional as F
from training import weight

LAYERS, HEADS, WIDTH, VOCABULARY, CONTEXT, POSITION = 12, 12, 768, 50257, 1024, 128


def vector(size):
    return weight(1, size).view(-1)


class Block:
    def __init__(self):
        self.norm1, self.norm2 = ((vector(WIDTH) + 1, vector(WIDTH)) for _ in range(2))
        shapes = (3 * WIDTH, WIDTH), (WIDTH, WIDTH), (4 * WIDTH, WIDTH), (WIDTH, 4 * WIDTH)
        self.qkv, self.out, self.widen, self.narrow = ((weight(*shape), vector(shape[0])) for shape in shapes)
        self.cache = weight(2 * HEADS, CONTEXT * WIDTH // HEADS).view(2, HEADS, CONTEXT, WIDTH // HEADS)

    def attention(self, x):
        parts = F.linear(x, *self.qkv).view(3, HEADS, 1, WIDTH // HEADS)
        self.cache[:, :, POSITION : POSITION + 1] = parts[1:]
        keys, values = self.cache[:, :, : POSITION + 1]
        # With a batch dimension, without which PyTorch takes a slower way.
        y = F.scaled_dot_product_attention(parts[:1], keys[None], values[None])
        return F.linear(y.view(1, WIDTH), *self.out)

    def forward(self, x):
        x = x + self.attention(F.layer_norm(x, (WIDTH,), *self.norm1))
        h = F.linear(F.layer_norm(x, (WIDTH,), *self.norm2), *self.widen)
        return x + F.linear(F.gelu(h, approximate="tanh"), *self.narrow)


def make_step(compiled):
    tokens, positions = weight(VOCABULARY, WIDTH), weight(CONTEXT, WIDTH)
    blocks = [Block() for _ in range(LAYERS)]
    norm = vector(WIDTH) + 1, vector(WIDTH)
    token = torch.tensor([7919])

    def logits(token):
        x = F.embedding(token, tokens) + positions[POSITION : POSITION + 1]
        for block in blocks:
            x = block.forward(x)
        return F.linear(F.layer_norm(x, (WIDTH,), *norm), tokens)

    decode = torch.compile(logits) if compiled else logits

    @torch.inference_mode()
    def step():
        return decode(token).amax().item()

    return step
