"""Draw: a seeded source of shapes, tensors and options for samples."""

import itertools
import math
import random

import torch

from call import EVERY_DTYPE, FLOATING, INTEGRAL, Array, DType, Seeded, torch_dtype

SIZES = (0, 1, 2, 3, 4, 5, 7)
SIZE_WEIGHTS = (1, 4, 8, 10, 6, 4, 2)
LONG_SIZES = (17, 33, 64, 129, 513, 1030)  # past the widths of vectors, tiles and chunks
LARGEST = 240  # elements, but for long ones


class Draw:
    """The same seed, dtype, smoothness and wish give the same draws.

    `smooth`: for finite differences. Nothing at kinks, nothing special, one dtype.
    `wish`: "empty" or "0-d": shapes are so, also where the sample asked for something larger.
    """

    def __init__(self, seed, dtype="float32", smooth=False, wish=None):
        self.random = random.Random(f"{seed}")
        self.dtype = dtype
        self.smooth = smooth
        self.wish = wish

    # -- plain choices
    def choice(self, *options):
        return self.random.choice(options)

    def chance(self, probability):
        return self.random.random() < probability

    def boolean(self):
        return self.chance(0.5)

    def uniform(self, low, high):
        return round(self.random.uniform(low, high), 3)

    def integer(self, low, high):
        return self.random.randint(low, high)

    def count(self, low, high):
        """How many of something: an integer that a wish for nothing makes low."""
        return low if self.wish == "empty" and self.boolean() else self.integer(low, high)

    def maybe(self, value, probability=0.5):
        return value if self.chance(probability) else None

    def subset(self, items, least=0):
        return self.random.sample(items, self.integer(min(least, len(items)), len(items)))

    def shuffled(self, items):
        return self.random.sample(items, len(items))

    def seeded(self):
        return Seeded(self.integer(0, 2**40))

    def floating_dtype(self):
        return DType(self.choice(*FLOATING))

    def any_dtype(self):
        return DType(self.choice(*EVERY_DTYPE))

    # -- shapes
    def size(self, least=0):
        """How long a dimension is."""
        if self.wish == "empty" and self.chance(0.4):
            return 0
        sizes = [(size, weight) for size, weight in zip(SIZES, SIZE_WEIGHTS) if size >= least]
        return self.random.choices([s for s, _ in sizes], [w for _, w in sizes])[0]

    def shape(self, least_rank=0, most_rank=4, least=0):
        least = max(least, int(self.smooth))
        if self.wish == "0-d":
            return []
        rank = self.integer(least_rank, most_rank)
        if self.wish == "empty":
            return [self.choice(0, 1, 2, 3) for _ in range(max(rank, 1))]
        if self.smooth:
            return [min(self.size(least), 4) for _ in range(max(least_rank, min(rank, 3)))]
        if most_rank >= 4 and self.chance(0.03):
            rank = self.integer(5, 7)
        if rank and self.chance(0.06):
            return [2] * (rank > 1) + [self.choice(*LONG_SIZES)] + [1] * max(0, rank - 2)
        shape = [self.size(least) for _ in range(rank)]
        while math.prod(shape) > LARGEST:
            largest = shape.index(max(shape))
            shape[largest] //= 2
        return shape

    def broadcast_to(self, shape):
        """A shape that broadcasts to `shape`, often shape itself."""
        if self.boolean():
            return list(shape)
        shorter = shape[self.integer(0, len(shape)) :]
        return [1 if self.chance(0.3) else size for size in shorter]

    def dim(self, rank):
        """A dimension, negative as often as not; of a 0-d tensor -1 or 0."""
        rank = max(rank, 1)
        return self.integer(-rank, rank - 1)

    def dims(self, rank, least=0):
        """Distinct dimensions, in any order, some negative."""
        return [d - rank if self.boolean() else d for d in self.subset(range(rank), least)]

    # -- tensors
    def tensor(self, shape=None, dtype=None, low=-3.0, high=3.0, **options):
        """Numbers in [low, high]; for integer types whole ones, for bool both values."""
        shape = self.shape() if shape is None else shape
        name = dtype or self.dtype
        generator = torch.Generator().manual_seed(self.integer(0, 2**40))
        numbers = torch.rand(shape, generator=generator, dtype=torch.float64) * (high - low) + low
        if name == "bool":
            value = torch.rand(shape, generator=generator) < 0.5
        elif name in INTEGRAL:
            lowest = 0 if name.startswith("u") else -math.inf
            value = numbers.round().clamp(min=max(lowest, math.ceil(low))).to(torch_dtype(name))
        else:
            value = numbers.to(torch_dtype(name))
        return Array(value, **options)

    def integers(self, shape, low, high, dtype="int64", **options):
        """Indices, classes: whole numbers in [low, high), never differentiable, never widened."""
        generator = torch.Generator().manual_seed(self.integer(0, 2**40))
        high = max(high, low + 1)
        value = torch.randint(low, high, tuple(shape), generator=generator)
        return Array(value.to(torch_dtype(dtype)), differentiable=False, **options)

    def distinct_positions(self, sizes, count):
        """`count` different index tuples into `sizes`, as one index tensor per size."""
        places = list(itertools.product(*(range(size) for size in sizes)))
        chosen = self.random.sample(places, count)
        columns = zip(*chosen) if chosen else [[] for _ in sizes]
        return [
            Array(torch.tensor(list(column), dtype=torch.int64), differentiable=False, layouts=("contiguous",))
            for column in columns
        ]
