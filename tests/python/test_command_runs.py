"""Runs of the program `rushlight`: how they go on, are foretold and tested."""

import json
import os
import re
import shutil
import subprocess

from test_command import PROGRAM, last_json, pytestmark, rushlight, with_mnist  # noqa: F401 (pytestmark: without the program all is skipped)


def test_a_run_does_not_go_back(tmp_path):
    rushlight("train", "xor", "--epochs", 30, folder=tmp_path)
    run = tmp_path / "runs/xor-1"
    before = {name: (run / name).read_bytes() for name in ("config.json", "model.safetensors", "metrics.jsonl")}
    (tmp_path / "fewer.json").write_text('{"epochs": 10}')
    for fewer in (["--epochs", 10], ["--config", "fewer.json"]):
        _, err = rushlight("train", "--resume", "runs/xor-1", *fewer, folder=tmp_path, code=2)
        assert "runs/xor-1 is past epoch 10: it has done 30 epochs" in err and "--epochs 31" in err
    shutil.rmtree(run / "checkpoints")
    for words in ([], ["--epochs", 40]):
        _, err = rushlight("train", "--resume", "runs/xor-1", *words, folder=tmp_path, code=2)
        assert "no checkpoint to go on from" in err
    assert before == {name: (run / name).read_bytes() for name in before}


@with_mnist
def test_a_run_with_a_schedule_does_not_go_back(tmp_path):
    rushlight("train", "mlp", "--batch", 1000, "--epochs", 2, folder=tmp_path)
    _, err = rushlight("train", "--resume", "runs/mlp-1", "--epochs", 1, folder=tmp_path, code=2)
    assert "is past epoch 1: it has done 2 epochs, 120 steps" in err


def test_a_run_goes_on_with_the_machine_it_began_with(tmp_path):
    train = ("train", "xor", "--epochs")
    rushlight(*train, 4, "--backend", "reference", "--ledger", "--threads", 1, "--runs", "whole", folder=tmp_path)
    (tmp_path / "mine.json").write_text('{"recipe": "xor", "backend": "reference", "ledger": true, "threads": 2}')
    rushlight("train", "--config", "mine.json", "--epochs", 2, "--threads", 1, folder=tmp_path)
    _, err = rushlight("train", "--resume", "runs/xor-1", "--backend", "cpu", folder=tmp_path, code=2)
    assert "its backend is reference, not cpu" in err
    rushlight("train", "--resume", "runs/xor-1", "--epochs", 4, "--threads", 2, "--detect-anomaly", folder=tmp_path)
    kept = json.loads((tmp_path / "runs/xor-1/config.json").read_text())
    assert (kept["backend"], kept["ledger"], kept["threads"], kept["detect_anomaly"]) == ("reference", True, 2, True)
    same, _ = rushlight("diff", "whole/xor-1", "runs/xor-1", folder=tmp_path)
    assert same == "the same after each of the 100 steps that both have\n"
    assert (tmp_path / "whole/xor-1/model.safetensors").read_bytes() == (tmp_path / "runs/xor-1/model.safetensors").read_bytes()

    old = {name: value for name, value in kept.items() if name in ("recipe", "epochs", "batch", "lr", "seed")}
    rushlight(*train, 2, "--runs", "old", folder=tmp_path)
    (tmp_path / "old/xor-1/config.json").write_text(json.dumps(old | {"epochs": 2}))
    rushlight("train", "--resume", "old/xor-1", "--backend", "cpu", "--epochs", 3, folder=tmp_path)


@with_mnist
def test_eval_tests_on_the_part_that_its_training_did(tmp_path):
    trained = last_json(rushlight("train", "tinyvit", "--epochs", 1, folder=tmp_path)[0])
    assert trained["examples"] == 1000
    whole, err = rushlight("eval", "runs/tinyvit-1", folder=tmp_path)
    assert last_json(whole)["examples"] == 10_000
    assert "tested on all 10000 examples of mnist; its training ended with a test on the first 1000, as --part does\n" in err
    rushlight("convert", trained["model"], "copy.safetensors", folder=tmp_path)
    for model in ("runs/tinyvit-1", "copy.safetensors"):
        part, err = rushlight("eval", model, "--part", folder=tmp_path)
        assert last_json(part)["examples"] == 1000 and last_json(part)["test_accuracy"] == trained["test_accuracy"]
        assert "tested on the first 1000 examples of mnist\n" in err
    rushlight("train", "moons", "--epochs", 1, folder=tmp_path)
    assert "tested on all 400 examples of moons\n" in rushlight("eval", "runs/moons-1", "--part", folder=tmp_path)[1]


@with_mnist
def test_a_dry_run_foretells_more_memory_than_there_may_be(tmp_path):
    limited = os.environ | {"RUSHLIGHT_MEMORY_LIMIT": "300M"}
    words = [PROGRAM, "train", "cnn", "--data", "mnist", "--batch", "2000", "--dry-run"]
    done = subprocess.run(words, cwd=tmp_path, env=limited, capture_output=True, text=True, timeout=300)
    foretold = re.search(r"at most ([\d.]+) GiB in memory at once", done.stderr)
    assert float(foretold[1]) > 0.5 and done.returncode == 2 and "the limit is 300.0 MiB" in done.stderr


def test_a_dry_run_has_readable_units(tmp_path):
    _, err = rushlight("train", "xor", "--dry-run", folder=tmp_path)
    assert re.search(r"a step is \d+ k?FLOP;", err) and re.search(r"takes [\d.]+ [mµ]s; .* about [\d.]+ m?s\n", err)
