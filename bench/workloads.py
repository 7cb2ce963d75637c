"""Training steps of bench/workloads/ against their twins in bench/rivals/."""

import pathlib
import sys

import contest

HERE = pathlib.Path(__file__).parent
BUILD = HERE.parent / "build" / "release"
# PyTorch's memory comes from malloc, which by default gives it back to the system at every step.
KEEP_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(2**33), "MALLOC_MMAP_THRESHOLD_": str(2**33)}


def ours(name):
    program = str(BUILD / "bench_workloads")
    return [contest.Contestant(f"rushlight {how}", [program, name, how]) for how in ("eager", "replay")]


def rivals(twins, quick):
    for twin in twins:
        for how in ("eager",) if quick else ("eager", "compile"):
            for words, environment in (("", {}), (", memory kept", KEEP_MEMORY)):
                command = [sys.executable, str(HERE / "rivals" / "serve.py"), twin, how]
                yield contest.Contestant(f"torch {twin} {how}{words}", command, environment)


def training_step(name, targets, twins=()):
    """A section: one row for each level of `targets`. `twins`: the rival's scripts, where there is more than one."""

    def rows(quick):
        own, others = ours(name), list(rivals(twins or [name], quick))
        contest.run(own + others, 5 if quick else 21)
        for contestant in own + others:
            print(f"  {contestant.name:<44} {contestant.median:9.3f} ms", file=sys.stderr)
        mine, rival = contest.best(own), contest.best(others)
        ratio, low = contest.ratio(mine, rival)
        for level, target in targets.items():
            yield {
                "workload": f"{name} ({mine.name.split()[1]})",
                "rival": rival.name,
                "level": level,
                "ours_ms": mine.median,
                "rival_ms": rival.median,
                "ratio": ratio,
                "ratio_low": low,
                "target": target,
                "met": None if quick else low >= target,
            }

    return rows


SECTIONS = {
    "tinyvit": training_step("tinyvit", {"required": 2.0, "aim": 2.2}),
    "cnn": training_step("cnn", {"required": 2.0, "aim": 2.4}, twins=["cnn", "cnn_channels_last"]),
}
