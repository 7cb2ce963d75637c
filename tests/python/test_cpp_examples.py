"""The C++ examples run and reach what they promise. (train_mnist trains for a minute; stages_test.cpp covers what it does.)"""

import pathlib
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


@pytest.mark.parametrize("name", WORDS)
def test_runs(name):
    program = PROGRAMS / f"example_{name}"
    if not program.exists():
        pytest.skip(f"{program} is not built (cmake -DRUSHLIGHT_EXAMPLES=ON)")
    done = subprocess.run([program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    for words in WORDS[name]:
        assert words in done.stdout
