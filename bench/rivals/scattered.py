"""The numbers without a pattern that bench/workloads/training.h makes."""

import torch


def scattered(shape, state):
    values, count = [], 1
    for size in shape:
        count *= size
    for _ in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        values.append((state >> 8) / 16777216.0)
    return torch.tensor(values).reshape(shape)
