"""What the recipes of the command must reach; the long ones under `./dev test --full`."""

import os
import pathlib

import pytest
from test_command import last_json, pytestmark, rushlight  # noqa: F401 (pytestmark: without the program all is skipped)

DATA = pathlib.Path(os.environ.get("RUSHLIGHT_DATA", "nowhere"))


def needs(name):
    return pytest.mark.skipif(not (DATA / name).exists(), reason=f"there is no {name} here (rushlight data get {name})")


def accuracy_of(tmp_path, *words, timeout=300):
    out, _ = rushlight(*words, folder=tmp_path, timeout=timeout)
    return last_json(out)["test_accuracy"]


@pytest.mark.slow
@needs("mnist")
def test_one_hidden_layer(tmp_path):
    assert accuracy_of(tmp_path, "train", "mlp") >= 0.975


@pytest.mark.slow
@needs("mnist")
def test_two_thousand_digits(tmp_path):
    assert accuracy_of(tmp_path, "train", "tinyvit") >= 0.7


@pytest.mark.full
@needs("mnist")
def test_ten_thousand_digits(tmp_path):
    assert accuracy_of(tmp_path, "train", "tinyvit-10k") >= 0.85


@pytest.mark.full
@needs("mnist")
def test_all_digits(tmp_path):
    assert accuracy_of(tmp_path, "train", "tinyvit", "--full", timeout=1800) >= 0.97


@pytest.mark.full
@needs("mnist")
def test_all_digits_on_plain_loops(tmp_path):
    words = ("--backend", "reference", "train", "tinyvit", "--full", "--epochs", 1)
    assert accuracy_of(tmp_path, *words, timeout=3600) >= 0.8


@pytest.mark.full
@needs("cifar10")
def test_photos_of_cifar10(tmp_path):
    assert accuracy_of(tmp_path, "train", "cnn", timeout=3600) > 0.75


@pytest.mark.full
@needs("cifar10")
def test_photos_of_cifar10_with_patience(tmp_path):
    assert accuracy_of(tmp_path, "train", "cnn-long", timeout=14400) >= 0.9
