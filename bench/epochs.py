"""Epochs of training, loading included (bench_epochs), beside the same in PyTorch (rivals/epochs.py)."""

import dataclasses
import os

import contest
import programs
from workloads import Step


@dataclasses.dataclass
class Epoch:
    """A section: its name in bench_epochs, and the ratio that is asked for."""

    name: str
    target: float

    def __call__(self, quick):
        if not os.environ.get("RUSHLIGHT_DATA"):
            raise RuntimeError("RUSHLIGHT_DATA names no folder with the data sets (rushlight data get mnist)")
        own = [programs.ours("epochs", "epoch", self.name)]
        others = []
        for how in ("eager",) if quick else ("eager", "compile"):
            others += programs.rivals("epochs.py", f"torch {how}", self.name, how)
        sides, _ = Step.measured(own + others, quick, rounds=3 if quick else 9)
        mine, rivals = [sides[process] for process in own], [sides[process] for process in others]
        yield from contest.rows(f"{self.name}: an epoch, loading included", mine, rivals, {"required": self.target}, quick)


SECTIONS = {f"epoch_{epoch.name}": epoch for epoch in [Epoch("mlp", 3), Epoch("tinyvit", 2), Epoch("cnn", 2)]}
