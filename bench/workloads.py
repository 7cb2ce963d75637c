"""Steps of training and of decoding, of bench/workloads/, against their twins in bench/rivals/."""

import subprocess
import sys

import contest
import programs


def costs_of(name):
    """(floating-point operations, bytes) of a step."""
    command = [str(programs.BUILD / "bench_workloads"), name, "eager", "--costs"]
    last = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
    return tuple(map(float, last.split()))


def steps_of(name, *options):
    return [programs.ours("workloads", " ".join([how, *options]).replace("--", ""), name, how, *options) for how in ("eager", "replay")]


def training_step(name, targets, twins=(), direct=None, what="training step", ways=("eager", "compile")):
    """A section: one row for each level of `targets`. `twins`: the rival's names, where there is more than one. `direct`: the
    target without Winograd's shortcut. `ways`: in which the rival runs."""

    def rows(quick):
        own, without = steps_of(name), steps_of(name, "--direct") if direct else []
        others = []
        for twin in twins or [name]:
            for how in ("eager",) if quick else ways:
                others += programs.rivals("serve.py", f"torch {twin} {how}", twin, how)
        processes = [programs.ready(process) for process in own + without + others] + [programs.limits()]
        sides = {process: contest.Contestant(process) for process in processes[:-1]}
        limits = contest.Limits(processes[-1])
        try:
            contest.run(list(sides.values()), 5 if quick else 21, limits)
        finally:
            for process in processes:
                process.stop()
        for side in sides.values():
            print(f"  {side.name:<44} {side.median:9.4f} ms", file=sys.stderr)
        of = lambda chosen: [sides[process] for process in chosen]
        limit = limits.milliseconds(*costs_of(name))
        yield from contest.rows(f"{name}: {what}", of(own), of(others), targets, quick, limit)
        if direct:
            yield from contest.rows(f"{name}: without Winograd", of(without), of(others), {"required": direct}, quick, limit)

    return rows


def decoding_step(name, targets):
    return training_step(name, targets, twins=["gpt2_decode"], what="a token", ways=("eager",))


SECTIONS = {
    "point": training_step("point", {"required": 30}),
    "digits": training_step("digits", {"required": 3}),
    "tinyvit": training_step("tinyvit", {"required": 2.0, "aim": 2.2}),
    "cnn": training_step("cnn", {"required": 2.0, "aim": 2.4}, twins=["cnn", "cnn_channels_last"], direct=1.3),
    "gpt_small": training_step("gpt_small", {"required": 1.55, "aim": 1.75}),
    "gpt_large": training_step("gpt_large", {"required": 1.25, "aim": 1.35}),
    "gpt2_float32": decoding_step("gpt2_float32", {"required": 1.9}),
    "gpt2_bf16": decoding_step("gpt2_bf16", {"required": 3.8}),
    "gpt2_int8": decoding_step("gpt2_int8", {"required": 6.5}),
}
