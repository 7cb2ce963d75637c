"""Weights go to the frozen PyTorch twin and come back: the same logits, the same digits read."""

import importlib.util
import json
import os
import pathlib
import subprocess

import numpy as np
import pytest

import rushlight as rl

torch = pytest.importorskip("torch")

BUILD = pathlib.Path(rl.__file__).parents[2]
COMMAND, LOGITS = BUILD / "bin" / "rushlight", BUILD / "model_logits"
TWIN = pathlib.Path(__file__).parents[2] / "examples" / "pytorch" / "tinyvit_mnist_pytorch.py"
DATA = pathlib.Path(os.environ.get("RUSHLIGHT_DATA", "nowhere"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (COMMAND.exists() and LOGITS.exists()), reason=f"there is no {COMMAND} or no {LOGITS}"),
    pytest.mark.skipif(not (DATA / "mnist").exists(), reason="there is no MNIST here (rushlight data get mnist)"),
]


@pytest.fixture(scope="module")
def twin():
    spec = importlib.util.spec_from_file_location("twin", TWIN)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def digits(twin):
    return twin.mnist("test", 10_000)


def run(*words, folder):
    done = subprocess.run([*map(str, words)], cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def rushlight_logits(model, images, folder, *architecture):
    np.save(folder / "images.npy", images.numpy())
    run(LOGITS, model, "images.npy", "logits.npy", *architecture, folder=folder)
    return torch.from_numpy(np.load(folder / "logits.npy"))


def read_by_command(*words, folder):
    """How many of the 10,000 digits `rushlight eval` counts as right."""
    found = json.loads(run(COMMAND, "eval", *words, "--data", "mnist", folder=folder).splitlines()[-1])
    assert found["examples"] == 10_000
    return round(found["test_accuracy"] * 10_000)


@torch.no_grad()
def expect_same_network(model, digits, weights, *architecture, folder):
    """The twin with these weights and Rushlight with that file: logits to the rounding of float32, digits read as often."""
    images, labels = digits
    model.eval()
    theirs = model(images)
    mine = rushlight_logits(weights, images[:1000], folder, *architecture)
    assert mine.dtype == torch.float32 and mine.shape == (1000, 10)
    noise = 2e-6 * theirs.abs().max()
    assert (mine - theirs[:1000]).abs().max() <= noise

    right = (theirs.argmax(1) == labels).sum().item()
    best, second = theirs.topk(2).values.T
    undecided = (best - second <= 2 * noise).sum().item()
    assert right > 2000 and undecided < 3  # it has learnt something, and says what
    arch = ("--arch", *architecture) if architecture else ()
    assert abs(read_by_command(weights, *arch, folder=folder) - right) <= undecided


def test_what_rushlight_trained_is_the_same_network_in_pytorch(twin, digits, tmp_path):
    run(COMMAND, "train", "tinyvit", "--epochs", 1, folder=tmp_path)
    trained = "runs/tinyvit-1/model.safetensors"
    run(COMMAND, "convert", trained, "weights.pt", folder=tmp_path)
    model = twin.TinyViT()
    model.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True), strict=True)
    expect_same_network(model, digits, trained, folder=tmp_path)


def test_what_pytorch_trained_is_the_same_network_here_and_comes_back(twin, digits, tmp_path):
    torch.manual_seed(1)
    model = twin.TinyViT()
    order = torch.randperm(twin.TRAIN)
    twin.train_epoch(model, twin.make_optimizer(model, "adamw"), *twin.mnist("train", twin.TRAIN), order)
    torch.save(model.state_dict(), tmp_path / "twin.pt")
    expect_same_network(model, digits, "twin.pt", "tinyvit", folder=tmp_path)

    run(COMMAND, "convert", "twin.pt", "there.safetensors", folder=tmp_path)
    run(COMMAND, "convert", "there.safetensors", "back.pt", folder=tmp_path)
    back = torch.load(tmp_path / "back.pt", weights_only=True)
    assert back.keys() == model.state_dict().keys()
    assert all(torch.equal(back[name], tensor) for name, tensor in model.state_dict().items())
