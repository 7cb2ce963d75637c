"""The C++ examples run and reach what they promise."""

import os
import pathlib
import re
import subprocess

import pytest

import rushlight as rl

PROGRAMS = pathlib.Path(rl.__file__).parents[2]
WORDS = {
    "basic_tensors": ("written through its transpose", "-1"),
    "basic_autograd": ("1.414213562", "[ 3.0000,  0.7500, 12.0000]"),
    "xor": ("learned in", "4 of 4"),
    "custom_op": ("found tensor([ 3., -2.,  5.])",),
}


DIGITS = pathlib.Path(os.environ.get("RUSHLIGHT_DATA", "nowhere")) / "mnist"
with_mnist = pytest.mark.skipif(not DIGITS.exists(), reason="there is no MNIST here (rushlight data get mnist)")


def run(name, *words, code=0):
    program = PROGRAMS / f"example_{name}"
    if not program.exists():
        pytest.skip(f"{program} is not built (cmake -DRUSHLIGHT_EXAMPLES=ON)")
    done = subprocess.run([program, *words], capture_output=True, text=True, timeout=300)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", WORDS)
def test_runs(name):
    out = run(name)
    for words in WORDS[name]:
        assert words in out


@pytest.mark.slow
@with_mnist
def test_the_readme_s_training():
    last = run("train_mnist").splitlines()[-1]
    assert float(re.search(r"epoch 5: (\d+\.\d+) %", last)[1]) >= 97.5


@with_mnist
def test_a_program_that_only_predicts(tmp_path):
    command = PROGRAMS / "bin" / "rushlight"
    if not command.exists():
        pytest.skip(f"{command} is not built (cmake -DRUSHLIGHT_COMMAND=ON)")
    subprocess.run([command, "train", "mlp", "--epochs", "1"], cwd=tmp_path, check=True, capture_output=True, timeout=300)
    images = DIGITS / "t10k-images-idx3-ubyte.gz"
    assert run("predict", tmp_path / "runs/mlp-1/model.safetensors", images, "5").split() == ["7", "2", "1", "0", "4"]
    assert "no file" in run("predict", "nowhere.safetensors", images, code=2)
    assert "usage" in run("predict", code=2)
