"""The program `rushlight`, as a person uses it."""

import json
import os
import pathlib
import struct
import subprocess
import zlib

import pytest

import rushlight as rl

PROGRAM = pathlib.Path(rl.__file__).parents[2] / "bin" / "rushlight"
pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason=f"{PROGRAM} is not built (cmake -DRUSHLIGHT_COMMAND=ON)")
DATA = pathlib.Path(os.environ.get("RUSHLIGHT_DATA", "nowhere"))
with_mnist = pytest.mark.skipif(not (DATA / "mnist").exists(), reason="there is no MNIST here (rushlight data get mnist)")


def rushlight(*words, folder=None, code=0):
    """What the program says: (stdout, stderr)."""
    done = subprocess.run([PROGRAM, *map(str, words)], cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout, done.stderr


def last_json(text):
    return json.loads(text.splitlines()[-1])


def test_help_teaches():
    out, _ = rushlight("--help")
    assert "rushlight train mlp" in out and "predict" in out
    out, _ = rushlight("train")
    assert all(name in out for name in ("mlp", "tinyvit", "cnn"))
    out, _ = rushlight("info")
    assert "threads" in out and "mnist" in out


@pytest.mark.parametrize(
    "words, code, said",
    [
        (["trian"], 1, 'Did you mean "train"?'),
        (["train", "tinyvti"], 1, 'Did you mean "tinyvit"?'),
        (["train", "mlp", "--epoch"], 2, "--epoch"),
        (["eval", "nowhere.safetensors"], 1, "nowhere.safetensors"),
        (["show", "nowhere.pt"], 1, "nowhere.pt"),
        (["data", "get", "minst"], 1, "mnist"),
        ([], 2, "--help"),
    ],
)
def test_wrong_words_are_answered(words, code, said):
    out, err = rushlight(*words, code=code)
    assert said in out + err


def write_png(path, pixels, width):
    rows = b"".join(b"\0" + pixels[i : i + width] for i in range(0, len(pixels), width))
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", width, len(pixels) // width, 8, 0, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    body = b"".join(struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)


@with_mnist
def test_from_training_to_a_prediction(tmp_path):
    import gzip

    out, _ = rushlight("train", "mlp", "--epochs", 1, folder=tmp_path)
    trained = last_json(out)
    assert trained["test_accuracy"] > 0.95 and trained["seconds"] > 0
    out, err = rushlight("eval", trained["model"], folder=tmp_path)
    assert last_json(out)["test_accuracy"] == trained["test_accuracy"]
    assert "recall" in err
    log = (tmp_path / "runs/mlp-1/metrics.jsonl").read_text()
    assert json.loads(log)["epoch"] == 1

    pixels = gzip.open(DATA / "mnist/t10k-images-idx3-ubyte.gz").read()[16 : 16 + 784]
    write_png(tmp_path / "digit.png", pixels, 28)
    out, err = rushlight("predict", trained["model"], "digit.png", folder=tmp_path)
    assert out.strip() == "7" and "█" in err

    out, _ = rushlight("show", trained["model"], folder=tmp_path)
    assert "101770 parameters" in out and "ReLU" in out
    rushlight("convert", trained["model"], "weights.pt", folder=tmp_path)
    out, err = rushlight("eval", "weights.pt", folder=tmp_path, code=1)
    assert "--arch" in err
    out, _ = rushlight("eval", "weights.pt", "--arch", "mlp", folder=tmp_path)
    assert last_json(out)["test_accuracy"] == trained["test_accuracy"]
    rushlight("train", "mlp", "--dry-run", folder=tmp_path)
    assert sorted(p.name for p in (tmp_path / "runs").iterdir()) == ["mlp-1"]


@with_mnist
def test_a_run_goes_on_where_it_was(tmp_path):
    whole, _ = rushlight("train", "tinyvit", "--epochs", 2, "--runs", "whole", folder=tmp_path)
    rushlight("train", "tinyvit", "--epochs", 1, "--runs", "parts", folder=tmp_path)
    parts, _ = rushlight("train", "--resume", "parts/tinyvit-1", "--epochs", 2, folder=tmp_path)
    models = [(tmp_path / folder / "tinyvit-1/model.safetensors").read_bytes() for folder in ("whole", "parts")]
    assert models[0] == models[1]
    assert last_json(whole)["test_loss"] == last_json(parts)["test_loss"]
    out, err = rushlight("train", "--resume", "nothing-1", folder=tmp_path, code=1)
    assert "no folder of a run" in err


@pytest.mark.skipif(not (DATA / "models").exists(), reason="there are no published weights here")
@with_mnist
@pytest.mark.parametrize("file, right", [("burn_mnist_cnn.safetensors", 0.9917), ("burn_mnist_cnn.pt", 0.9915)])
def test_weights_of_others(file, right):
    out, _ = rushlight("eval", DATA / "models" / file, "--arch", "burn_mnist_cnn")
    assert last_json(out)["test_accuracy"] == right
