"""Single ops (bench/kernels.cpp) against other libraries (bench/rivals/kernels.py). Beside the shapes that are named here
every kind of op runs three drawn from a seed, so that nothing is tuned to the names."""

import dataclasses
import itertools
import math
import random
import statistics
import typing

import contest
import programs

DRAWN = 0.9  # what the worst of the drawn shapes must reach


@dataclasses.dataclass
class Kind:
    """Cases of one op: the numbers of each with the ratio that it must reach."""

    case: str
    named: list
    draw: typing.Callable = None  # (random.Random) -> numbers
    libraries: tuple = ("torch",)
    mean: tuple = ()  # (target of the geometric mean, numbers that take part)

    def cases(self, quick):
        yield from ((numbers, target, "") for numbers, target in self.named)
        chance = random.Random(self.case)
        if self.draw and not quick:
            yield from ((self.draw(chance), DRAWN, " (drawn)") for _ in range(3))


def section(*kinds):
    def rows(quick):
        libraries = dict.fromkeys(library for kind in kinds for library in kind.libraries)
        own = programs.ours("kernels", "")
        others = {library: start(library) for library in libraries}
        limits = programs.limits()
        try:
            for kind in kinds:
                yield from rows_of(kind, own, [p for library in kind.libraries for p in others[library]], limits, quick)
        finally:
            for process in [own, limits, *sum(others.values(), [])]:
                process.stop()

    return rows


def start(library):
    if library == "libtorch":
        return [programs.libtorch()]
    memories = programs.MEMORIES if library.startswith("torch") else {"": {}}
    return programs.rivals("kernels.py", library, library, memories=memories)


def rows_of(kind, own, others, limits_process, quick):
    ratios = {}
    for numbers, target, how in kind.cases(quick):
        words = " ".join(["case", kind.case, *map(str, numbers)])
        flops, moved = map(float, own.ask(words).split()[1:])
        for process in others:
            process.ask(words)
        sides, limits = [contest.Contestant(p) for p in [own, *others]], contest.Limits(limits_process)
        contest.run(sides, 3 if quick else 15, limits)
        name = f"{kind.case.replace('_', ' ')} {' x '.join(map(str, numbers))}{how}"
        limit = limits.milliseconds(flops, moved)
        for row in contest.rows(name, sides[:1], sides[1:], {"required": target}, quick, limit):
            ratios[numbers] = row["ratio"]
            yield row
    if kind.mean:
        target, chosen = kind.mean
        mean = statistics.geometric_mean(ratios[numbers] for numbers in chosen)
        met = None if quick else mean >= target
        yield {"workload": f"{kind.case}: geometric mean", "measured": mean, "unit": "x", "target": target, "met": met, "more": True}


def shares_of_peak(quick):
    """How near a large product comes to what fused multiply-adds allow, on one thread and on two."""
    for threads, words, target in (("1", "one thread", 90), ("2", "two threads", 88)):
        on = "--threads", threads
        own, limits = programs.ours("kernels", "", *on), contest.Limits(programs.limits(*on))
        try:
            costs = map(float, own.ask("case gemm 1024").split()[1:])
            side = contest.Contestant(own)
            contest.run([side], 3 if quick else 15, limits)
            yield contest.share_row(f"gemm 1024: share of the limit, {words}", limits.milliseconds(*costs), side, target, quick)
        finally:
            for process in [own, limits.process]:
                process.stop()


# -- which

# (rows, inputs, outputs) of every linear layer of the workloads
LAYERS = {
    "digits": [(64, 784, 128), (64, 128, 10)],
    "tinyvit": [(12544, 16, 64), (12544, 64, 192), (12544, 64, 64), (12544, 64, 128), (12544, 128, 64), (256, 64, 10)],
    "gpt_small": [(768, 128, 384), (768, 128, 128), (768, 128, 512), (768, 512, 128), (768, 128, 65)],
    "gpt_large": [(2048, 384, 1152), (2048, 384, 384), (2048, 384, 1536), (2048, 1536, 384), (2048, 384, 65)],
}
# (channels, side, channels out, kernel, stride) of ResNet-18 and -50; a batch is 16 images
RESNET = [
    (3, 224, 64, 7, 2),
    (64, 56, 64, 3, 1),
    (64, 56, 128, 3, 2),
    (64, 56, 128, 1, 2),
    (128, 28, 128, 3, 1),
    (128, 28, 256, 3, 2),
    (256, 14, 256, 3, 1),
    (256, 14, 512, 3, 2),
    (512, 7, 512, 3, 1),
    (64, 56, 64, 1, 1),
    (64, 56, 256, 1, 1),
    (256, 56, 64, 1, 1),
    (256, 56, 128, 1, 1),
    (128, 28, 512, 1, 1),
    (512, 28, 128, 1, 1),
    (256, 14, 1024, 1, 1),
    (1024, 14, 256, 1, 1),
    (512, 7, 2048, 1, 1),
    (2048, 7, 512, 1, 1),
]
SMALL = {16: 1.8, 32: 1.8, 64: 1.8, 128: 1.2, 256: 0.97, 512: 0.97, 1024: 0.97, 2048: 0.97}


def drawn(*ranges):
    """Numbers from these ranges, as likely small as large."""
    return lambda chance: tuple(round(math.exp(chance.uniform(math.log(low), math.log(high)))) for low, high in ranges)


def linear(direction):
    shapes = dict.fromkeys(shape for layers in LAYERS.values() for shape in layers)
    return Kind(f"linear_{direction}", [(shape, 0.97) for shape in shapes], drawn((16, 8000), (16, 1500), (16, 1500)))


def convolution(direction):
    named = [((16, *shape), 1.5 if shape[3:] == (3, 1) else 0.97) for shape in RESNET]
    draw = lambda chance: (*drawn((1, 16), (8, 256), (7, 56), (8, 256))(chance), chance.choice((1, 3, 5)), chance.choice((1, 2)))
    return Kind(f"convolution{direction}", named, draw)


GEMM = Kind(
    "gemm",
    [((n,), target) for n, target in SMALL.items()],
    drawn((100, 1500)),
    libraries=("torch", "libtorch", "openblas", "onednn"),
    mean=(1.03, [(256,), (512,), (1024,), (2048,)]),
)

SECTIONS = {
    "gemm": lambda quick: itertools.chain(section(GEMM)(quick), shares_of_peak(quick)),
    "linear": section(linear("forward"), linear("input_gradient"), linear("weight_gradient")),
    "convolution": section(convolution(""), convolution("_input_gradient"), convolution("_weight_gradient")),
    "attention": section(
        Kind(
            "attention",
            [((4, 8, 256, 64), 1.5), ((1, 8, 1024, 64), 1.8), ((1, 2, 4096, 64), 1.4)],
            drawn((1, 4), (1, 8), (64, 1000), (16, 128)),
        )
    ),
    "rows": section(
        Kind("softmax", [((4096, 256), 1.5), ((1024, 4096), 1.5)], drawn((100, 4000), (10, 1000))),
        Kind("layer_norm", [((4096, 256), 1.5), ((4096, 1024), 1.5)], drawn((100, 4000), (10, 1000))),
        Kind("gelu", [((4096, 256), 1.5), ((4096, 1024), 1.5)], drawn((100, 4000), (10, 1000))),
        Kind("cross_entropy", [((4096, 256), 1.5), ((256, 10000), 1.5)], drawn((100, 4000), (10, 1000))),
        Kind("embedding", [((2048, 65, 384), 1.2), ((1024, 50257, 64), 1.2)], drawn((100, 4000), (100, 5000), (16, 500))),
    ),
    "adamw": section(
        Kind("adamw", [((10_000_000,), 1.0)], drawn((1_000_000, 20_000_000)), libraries=("torch_fused",)),
        Kind("adamw", [((10_000_000,), 2.8)], libraries=("torch",)),
        Kind("clipped_adamw", [((10_000_000,), 1.0)], libraries=("torch_fused",)),
    ),
    "sort": section(
        Kind("sort", [((10_000_000,), 6)], drawn((100_000, 5_000_000))),
        Kind("topk", [((10_000_000, 100), 15)], drawn((100_000, 5_000_000), (1, 1000))),
    ),
    "add": section(
        Kind("add", [((1,), 15), ((1000,), 8)], drawn((10, 100_000))),
        Kind("add", [((1,), 5), ((1000,), 5)], libraries=("libtorch",)),
    ),
}
