"""Trainings that are killed at any moment, or between two steps of writing a file, go on to the same bits."""

import json
import os
import pathlib
import random
import shutil
import signal
import statistics
import subprocess
import time

import pytest
from test_command import folder_of_pictures

import rushlight as rl

PROGRAM = pathlib.Path(rl.__file__).parents[2] / "bin" / "rushlight"
pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason=f"{PROGRAM} is not built (cmake -DRUSHLIGHT_COMMAND=ON)")
GAPS = ["opened", "written", "synced", "renamed", "finished"]  # rushlight/base/files.cpp
CRASHED = 42


class Run:
    """The folder of one training, and what is done to it."""

    def __init__(self, runs, epochs, recipe=("moons",), steps=20):
        """`steps`: that each epoch has."""
        self.runs, self.folder, self.epochs = runs, runs / f"{recipe[0]}-1", epochs
        self.recipe, self.steps = recipe, steps

    def words(self):
        """Goes on, or begins again where there is no run yet."""
        if (self.folder / "config.json").exists():
            return ["--resume", self.folder]
        shutil.rmtree(self.runs, ignore_errors=True)
        return [*self.recipe, "--epochs", str(self.epochs), "--runs", self.runs]

    def train(self, kill_after=None, crash_at=""):
        """The exit status; -9 where it was killed."""
        command = [PROGRAM, "train", *self.words(), "--ledger"]
        saved, logged = self.saved_step(), len(self.logged_steps())
        program = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "RUSHLIGHT_CRASH_AT": crash_at}
        )
        if kill_after is not None:
            time.sleep(kill_after)
            program.kill()
        said, _ = program.communicate(timeout=120)
        assert program.returncode in (0, -signal.SIGKILL, CRASHED), said.decode()
        assert all(step > saved for step in self.logged_steps()[logged:]), "it did what it had done before"
        for file in self.runs.rglob("*.safetensors"):
            assert_whole(file)
        return program.returncode

    def saved_step(self):
        return max([int(file.stem.removeprefix("step-")) for file in self.folder.glob("checkpoints/step-*")], default=0)

    def logged_steps(self):
        log = self.folder / "metrics.jsonl"
        lines = log.read_text().splitlines(keepends=True) if log.exists() else []
        whole = [json.loads(line) for line in lines if line.endswith("\n")]
        return [line["step"] for line in whole if "step" in line]  # the test has none

    def files(self):
        """The names of all, and the bytes of those of tensors."""
        return {
            str(file.relative_to(self.folder)): file.read_bytes() if file.suffix == ".safetensors" else b""
            for file in self.folder.rglob("*")
        }


def assert_whole(file):
    """That a safetensors file has all the bytes that its header tells of."""
    text = file.read_bytes()
    start = 8 + int.from_bytes(text[:8], "little")
    tensors = [entry for name, entry in json.loads(text[8:start]).items() if name != "__metadata__"]
    assert tensors and start + max(entry["data_offsets"][1] for entry in tensors) == len(text), file


def assert_same(run, reference):
    """That nothing tells a run from one that nobody disturbed: weights, checkpoints, each step, no file too many."""
    files, expected = run.files(), reference.files()
    older = [name for name in files if name.startswith("checkpoints/step-") and name not in expected]
    assert len(older) <= 1, older  # it was killed before it removed that, and there was nothing left to save
    assert {name: text for name, text in files.items() if name not in older} == expected
    done = subprocess.run([PROGRAM, "diff", reference.folder, run.folder], capture_output=True, text=True)
    assert done.returncode == 0 and f"each of the {run.epochs * run.steps} steps" in done.stdout, done.stdout + done.stderr
    steps = run.logged_steps()
    assert steps == sorted(steps) and sorted(set(steps)) == reference.logged_steps()


def undisturbed(folder, epochs):
    """A run, and the seconds that it took."""
    began = time.monotonic()
    run = Run(folder, epochs)
    assert run.train() == 0
    return run, time.monotonic() - began


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """trained(epochs): a run that nobody disturbed, and the seconds that it takes."""
    known = {}

    def get(epochs):
        if epochs not in known:
            timed = [undisturbed(tmp_path_factory.mktemp("reference"), epochs) for _ in range(3)]
            known[epochs] = timed[0][0], statistics.median(seconds for _, seconds in timed)
        return known[epochs]

    return get


@pytest.mark.slow
@pytest.mark.parametrize("kills, epochs", [(6, 20), pytest.param(200, 60, marks=pytest.mark.full)])
def test_a_training_that_is_killed_goes_on_to_the_same_bits(kills, epochs, trained, tmp_path, capsys):
    reference, seconds = trained(epochs)
    chance = random.Random(kills)
    hits = writes = 0
    for count in range(1, kills + 1):
        run = Run(tmp_path / "killed", epochs)
        moments = []
        while not moments or chance.random() < 0.5:
            moments.append(chance.uniform(0, seconds))
            hits += run.train(kill_after=moments[-1]) == -signal.SIGKILL
            writes += any(run.runs.rglob(".rushlight-*.tmp"))
        assert run.train() == 0, moments
        assert_same(run, reference)
        shutil.rmtree(run.runs)
        if count % 20 == 0:
            _, seconds = undisturbed(tmp_path / f"again-{count}", epochs)  # a machine is not equally fast all day
            with capsys.disabled():
                print(f"\n{count} of {kills} runs, killed {hits} times, {writes} of them in a write: the same bits", flush=True)
    assert hits >= kills * 0.8, "most came too late"


@pytest.mark.slow
@pytest.mark.parametrize("gap", GAPS)
def test_a_crash_while_a_file_is_written_loses_nothing(gap, trained, tmp_path):
    epochs = 20
    reference, _ = trained(epochs)
    config, first_checkpoint, last_checkpoint = 1, 2, 1 + epochs
    model = last_checkpoint + 2  # behind the picture
    for save in (config, first_checkpoint, epochs // 2, last_checkpoint, model):
        run = Run(tmp_path / f"save-{save}", epochs)
        assert run.train(crash_at=f"{gap}:{save}") == CRASHED, save
        assert run.train() == 0, save
        assert_same(run, reference)


@pytest.mark.slow
@pytest.mark.parametrize("kills", [2, pytest.param(40, marks=pytest.mark.full)])
def test_a_killed_training_with_augmentation_and_a_schedule(kills, tmp_path):
    folder_of_pictures(tmp_path / "pictures")
    recipe = ("cnn", "--data", tmp_path / "pictures", "--size", "16", "--batch", "8")
    began = time.monotonic()
    reference = Run(tmp_path / "reference", 8, recipe, steps=4)
    assert reference.train() == 0
    seconds = time.monotonic() - began
    chance = random.Random(1)
    hits = 0
    for _ in range(kills):
        run = Run(tmp_path / "killed", 8, recipe, steps=4)
        hits += run.train(kill_after=chance.uniform(0, seconds)) == -signal.SIGKILL
        assert run.train() == 0
        assert_same(run, reference)
        shutil.rmtree(run.runs)
    assert hits
