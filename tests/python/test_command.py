"""The program `rushlight`, as a person uses it."""

import fcntl
import json
import os
import pathlib
import pty
import random
import re
import signal
import struct
import subprocess
import termios
import time
import zlib

import pytest

import rushlight as rl

PROGRAM = pathlib.Path(rl.__file__).parents[2] / "bin" / "rushlight"
pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason=f"{PROGRAM} is not built (cmake -DRUSHLIGHT_COMMAND=ON)")
DATA = pathlib.Path(os.environ.get("RUSHLIGHT_DATA", "nowhere"))
with_mnist = pytest.mark.skipif(not (DATA / "mnist").exists(), reason="there is no MNIST here (rushlight data get mnist)")


def rushlight(*words, folder=None, code=0, timeout=300):
    """What the program says: (stdout, stderr)."""
    done = subprocess.run([PROGRAM, *map(str, words)], cwd=folder, capture_output=True, text=True, timeout=timeout)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout, done.stderr


def last_json(text):
    return json.loads(text.splitlines()[-1])


def epochs_of(run):
    """The lines of a run's log, but those of its test."""
    lines = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    return [line for line in lines if "epoch" in line]


def test_help_teaches():
    out, _ = rushlight("--help")
    assert "rushlight train mlp" in out and "predict" in out
    out, _ = rushlight("train")
    assert all(name in out for name in ("mlp", "tinyvit", "cnn"))
    assert last_json(rushlight("info", "--json")[0])["flops_per_second"] > 0
    out, _ = rushlight("info")
    assert "threads" in out and "mnist" in out


@pytest.mark.parametrize(
    "words, code, said",
    [
        (["trian"], 2, 'Did you mean "train"?'),
        (["train", "tinyvti"], 2, 'Did you mean "tinyvit"?'),
        (["train", "mlp", "--epoch"], 2, "--epoch"),
        (["eval", "nowhere.safetensors"], 2, "nowhere.safetensors"),
        (["show", "nowhere.pt"], 2, "nowhere.pt"),
        (["train", "--resume", "nowhere"], 2, "config.json"),
        (["train", "mlp", "--accumulate", "0"], 2, "--accumulate must be a number from 1"),
        (["diff", "nowhere.safetensors", "."], 2, "a run"),
        (["show", "."], 2, "metrics.jsonl"),
        (["data", "get", "minst"], 2, "mnist"),
        (["train", "mlp", "--data", "minst"], 2, 'Did you mean "mnist"?'),
        (["train", "xor", "--data", "mnist"], 2, "takes no --data"),
        (["profile", "tinyvti"], 2, 'Did you mean "tinyvit"?'),
        (["profile", "xor", "--batches", "99"], 2, "--batches must be 1 to 22"),
        (["profile", "xor", "--batch", "100"], 2, "a smaller --batch"),
        (["bench", "mpl"], 2, 'Did you mean "mlp"?'),
        (["bench", "foo"], 2, 'no recipe "foo"; `rushlight train` lists them'),
        (["data", "get", "mnits"], 2, 'Did you mean "mnist"?'),
        (["info", "--backend", "cpux"], 2, 'Did you mean "cpu"?'),
        (["train", "xor", "--epohcs", "3"], 2, 'Did you mean "--epochs"?'),
        (["data", "gte"], 2, 'Did you mean "get"?'),
        (["train", "xor", "--threads", "0"], 2, "from 1"),
        (["train", "xor", "--clip-norm", "-1"], 2, "--clip-norm must be greater than 0"),
        (["train", "xor", "--lr", "nan"], 2, "--lr must be greater than 0"),
        (["train", "xor", "--epochs", "99999999999999999999"], 2, "--epochs"),
        (["train", "xor", "--runs", "/dev/null/runs"], 2, "/dev/null/runs"),
        (["train", "mlp", "--size", "8"], 2, "--size is for folders of pictures"),
        (["show", "--batch", "0", "nowhere.pt"], 2, "--batch"),
        (["train", "--epochs", "3"], 2, "needs a recipe (xor, moons, "),
        (["train", "--dry-run"], 2, "needs a recipe (xor, "),
        (["train", "--resume", ""], 2, "needs a recipe (xor, "),
        (["train", "xor", "--seed", "99999999999999999999"], 2, "--seed: 99999999999999999999 is beyond"),
        (["train", "xor", "--seed", "-99999999999999999999"], 2, "--seed: -99999999999999999999 is beyond"),
        (["train", "xor", "--epochs", "010"], 2, '--epochs: "010" is no whole number'),
        (["info", "--threads", "1.5"], 2, '--threads: "1.5" is no whole number'),
        (["predict"], 2, "model is required"),
        (["predict", "runs/mlp-1"], 2, "image is required"),
        (["predict", "--model", "runs/mlp-1"], 2, "image is required"),
        (["predict", "one.png", "two.png", "--model", "runs/mlp-1"], 2, "takes one image"),
        ([], 2, "--help"),
    ],
)
def test_wrong_words_are_answered(words, code, said):
    out, err = rushlight(*words, code=code)
    assert said in out + err


def test_results_that_nobody_gets_are_an_error(tmp_path):
    for words in (["info", "--json"], ["train"], ["train", "xor", "--epochs", "1"]):
        with open("/dev/full", "w") as full:
            done = subprocess.run([PROGRAM, *words], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 2 and "could be written to stdout" in done.stderr, words


def test_json_may_be_asked_for_where_it_comes_anyway(tmp_path):
    trained = last_json(rushlight("train", "xor", "--json", folder=tmp_path)[0])
    assert last_json(rushlight("eval", "runs/xor-1", "--json", folder=tmp_path)[0])["test_accuracy"] == trained["test_accuracy"]


def write_png(path, pixels, width, colours=1):
    row = width * colours
    rows = b"".join(b"\0" + pixels[i : i + row] for i in range(0, len(pixels), row))
    header = struct.pack(">IIBBBBB", width, len(pixels) // row, 8, 2 if colours == 3 else 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    body = b"".join(struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)


@with_mnist
def test_from_training_to_a_prediction(tmp_path):
    import gzip

    out, _ = rushlight("train", "mlp", "--epochs", 1, folder=tmp_path)
    trained = last_json(out)
    assert trained["test_accuracy"] > 0.95 and trained["seconds"] > 0
    out, err = rushlight("eval", trained["model"], "--svg", "confusion.svg", folder=tmp_path)
    assert last_json(out)["test_accuracy"] == trained["test_accuracy"]
    assert (tmp_path / "confusion.svg").read_text().startswith("<svg")
    assert "recall" in err
    log = (tmp_path / "runs/mlp-1/metrics.jsonl").read_text()
    epoch, test = map(json.loads, log.splitlines())
    assert epoch["epoch"] == 1 and test["test_accuracy"] == trained["test_accuracy"]
    assert sum(map(sum, test["confusion"])) == 10_000 and sum(test["confusion"][i][i] for i in range(10)) == round(10_000 * test["test_accuracy"])

    pixels = gzip.open(DATA / "mnist/t10k-images-idx3-ubyte.gz").read()[16 : 16 + 784]
    write_png(tmp_path / "digit.png", pixels, 28)
    out, err = rushlight("predict", trained["model"], "digit.png", folder=tmp_path)
    assert out.strip() == "7" and "█" in err
    for named in (["--model", trained["model"], "digit.png"], ["digit.png", "--model", trained["model"]]):
        assert rushlight("predict", *named, folder=tmp_path)[0] == out
    assert last_json(rushlight("show", trained["model"], "--json", folder=tmp_path)[0].splitlines()[0])["output"] == [1, 10]
    answer = last_json(rushlight("predict", "runs/mlp-1", "digit.png", "--json", folder=tmp_path)[0])
    assert answer["label"] == "7" and sum(answer["probabilities"].values()) == pytest.approx(1)

    out, _ = rushlight("show", trained["model"], folder=tmp_path)
    assert "101770 parameters" in out and "ReLU" in out
    out, _ = rushlight("show", trained["model"], "--json", "--batch", 32, folder=tmp_path)
    layers = {line["layer"]: line for line in map(json.loads, out.splitlines()[:-1])}
    assert layers[""]["parameters"] == last_json(out)["parameters"] == 101770
    assert [line["flops"] for line in layers.values() if line["kind"] == "Linear"] == [2 * 784 * 128, 2 * 128 * 10]
    assert last_json(out)["parameter_bytes"] == 4 * 101770 and last_json(out)["batch"] == 32
    epochs, _ = rushlight("show", "runs/mlp-1", "--json", folder=tmp_path)
    assert json.loads(epochs.splitlines()[0]) == epoch and last_json(epochs)["test_accuracy"] == trained["test_accuracy"]
    out, _ = rushlight("show", "runs/mlp-1", "--confusion", "again.svg", folder=tmp_path)
    assert (tmp_path / "again.svg").read_text() == (tmp_path / "confusion.svg").read_text()
    assert "101770 parameters" in out and f"{100 * trained['test_accuracy']:.2f} %" in out
    for run in ("runs/mlp-1", "copy.safetensors"):  # what a file says of itself is copied with it
        rushlight("convert", trained["model"], "copy.safetensors", folder=tmp_path)
        assert last_json(rushlight("eval", run, folder=tmp_path)[0])["test_accuracy"] == trained["test_accuracy"]
    rushlight("convert", trained["model"], "weights.pt", folder=tmp_path)
    tensors, _ = rushlight("show", "weights.pt", "--json", folder=tmp_path)
    assert sum(json.loads(line)["numbers"] for line in tensors.splitlines()) == 101770
    out, err = rushlight("eval", "weights.pt", folder=tmp_path, code=2)
    assert "--arch" in err
    out, _ = rushlight("eval", "weights.pt", "--arch", "mlp", folder=tmp_path)
    assert last_json(out)["test_accuracy"] == trained["test_accuracy"]
    rushlight("train", "mlp", "--dry-run", folder=tmp_path)
    assert sorted(p.name for p in (tmp_path / "runs").iterdir()) == ["mlp-1"]


def test_a_run_goes_on_where_it_was(tmp_path):
    whole, _ = rushlight("train", "moons", "--epochs", 6, "--runs", "whole", folder=tmp_path)
    rushlight("train", "moons", "--epochs", 4, "--runs", "parts", folder=tmp_path)
    parts, _ = rushlight("train", "--resume", "parts/moons-1", "--epochs", 6, folder=tmp_path)
    models = [(tmp_path / folder / "moons-1/model.safetensors").read_bytes() for folder in ("whole", "parts")]
    assert models[0] == models[1]
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty/config.json").write_text("{}")
    assert "no recipe" in rushlight("train", "--resume", "empty", folder=tmp_path, code=2)[1]
    taken = os.open(tmp_path / "parts/moons-1", os.O_RDONLY)
    fcntl.flock(taken, fcntl.LOCK_EX)
    assert "another process" in rushlight("train", "--resume", "parts/moons-1", folder=tmp_path, code=2)[1]
    os.close(taken)
    assert last_json(whole)["test_loss"] == last_json(parts)["test_loss"]
    out, err = rushlight("train", "--resume", "nothing-1", folder=tmp_path, code=2)
    assert "no folder of a run" in err


@pytest.mark.slow
@with_mnist
def test_a_run_goes_on_past_the_end_of_its_schedule(tmp_path):
    rushlight("train", "tinyvit", "--epochs", 1, folder=tmp_path)
    out, _ = rushlight("train", "--resume", "runs/tinyvit-1", "--epochs", 3, folder=tmp_path)
    assert last_json(out)["epochs"] == 3 and last_json(out)["test_accuracy"] > 0.3
    log = epochs_of(tmp_path / "runs/tinyvit-1")
    assert [line["epoch"] for line in log] == [1, 2, 3] and log[0]["lr"] < 1e-4 < log[1]["lr"]


@pytest.mark.slow
@pytest.mark.parametrize("recipe, least, steps", [("xor", 1, 999), ("moons", 0.99, 1200), ("spirals", 0.99, 3000)])
def test_points_of_the_plane_are_told_apart(recipe, least, steps, tmp_path):
    for seed in range(20 if recipe == "xor" else 3):
        out, err = rushlight("train", recipe, "--seed", seed, folder=tmp_path)
        assert last_json(out)["test_accuracy"] >= least, (seed, out)
    assert "o" in err and "x" in err and "." in err  # the picture
    run = tmp_path / f"runs/{recipe}-1"
    assert (run / "decisions.svg").read_text().startswith("<svg")
    assert epochs_of(run)[-1]["step"] <= steps
    out, _ = rushlight("show", run, "--csv", tmp_path / "run.csv", "--svg", tmp_path / "run.svg")
    assert f'"recipe": "{recipe}"' in out and "loss" in out and "accuracy" in out
    table = [line.split(",") for line in (tmp_path / "run.csv").read_text().splitlines()]
    assert table[0] == ["epoch", "step", "loss", "accuracy", "lr"] and table[-1][3] == "1"
    svg = (tmp_path / "run.svg").read_text()
    assert all(f">{name}</tspan>" in svg for name in ("loss", "accuracy", "lr")) and ">step<" not in svg
    with open(run / "metrics.jsonl", "a") as log:
        log.write('{"epoch": 3, "step": 7, "loss": 0.25}\n')  # as if it had gone on from the second epoch
    rushlight("show", run, "--csv", tmp_path / "run.csv")
    assert [line.split(",")[:3] for line in (tmp_path / "run.csv").read_text().splitlines()[3:]] == [["3", "7", "0.25"]]
    out, _ = rushlight("eval", run / "model.safetensors", "--data", recipe)
    assert last_json(out)["test_accuracy"] >= least


@pytest.mark.slow
@with_mnist
def test_two_runs_part_where_their_ledgers_say(tmp_path):
    train = ("train", "tinyvit", "--epochs", 1, "--ledger", "--runs")
    for runs, also in (("a", []), ("b", ["--threads", 1]), ("c", ["--lr", 0.001]), ("d", ["--seed", 1])):
        rushlight(*train, runs, *also, folder=tmp_path)
    same, _ = rushlight("diff", "a/tinyvit-1", "b/tinyvit-1", folder=tmp_path)
    assert same == "the same after each of the 63 steps that both have\n"
    rates, _ = rushlight("diff", "a/tinyvit-1", "c/tinyvit-1", folder=tmp_path, code=1)
    assert rates.startswith("they part at step 1, in\n  ")
    seeds, _ = rushlight("diff", "a/tinyvit-1", "d/tinyvit-1", folder=tmp_path, code=1)
    assert seeds.startswith("they differ before the first step, in\n  ")

    models = [f"{runs}/tinyvit-1/model.safetensors" for runs in "abc"]
    same, _ = rushlight("diff", *models[:2], folder=tmp_path)
    assert same.startswith("the same ")
    apart, _ = rushlight("diff", *models[1:], folder=tmp_path, code=1)
    assert "differ by at most" in apart
    parted = json.loads(rushlight("diff", "a/tinyvit-1", "c/tinyvit-1", "--json", folder=tmp_path, code=1)[0])
    assert parted["same"] is False and parted["parted_at"] == 1 and len(parted["tensors"]) > 1
    assert json.loads(rushlight("diff", "a/tinyvit-1", "b/tinyvit-1", "--json", folder=tmp_path)[0]) == {"same": True, "steps": 63, "parted_at": None, "tensors": []}


@pytest.mark.slow
@with_mnist
def test_settings_are_kept_with_a_run_and_read_from_files(tmp_path):
    (tmp_path / "mine.json").write_text('{"recipe": "tinyvit", "batch": 100, "epochs": 3, "clip_norm": 1}')
    rushlight("train", "--config", "mine.json", "--epochs", 1, folder=tmp_path)
    kept = json.loads((tmp_path / "runs/tinyvit-1/config.json").read_text())
    assert kept == {"recipe": "tinyvit", "epochs": 1, "batch": 100, "accumulate": 1, "seed": 0, "lr": 0.005, "clip_norm": 1, "full": False, "backend": "cpu"}
    rushlight("train", "--resume", "runs/tinyvit-1", "--epochs", 2, folder=tmp_path)
    log = (tmp_path / "runs/tinyvit-1/metrics.jsonl").read_text().splitlines()
    assert [json.loads(line).get("step") for line in log] == [20, None, 40, None]  # each followed by a test
    (tmp_path / "mine.json").write_text('{"recipe": "tinyvit", "bach": 100}')
    (tmp_path / "broken.json").write_text('{"recipe": ')
    assert "broken.json: [json] byte 11" in rushlight("train", "--config", "broken.json", folder=tmp_path, code=2)[1]
    assert 'Did you mean "batch"?' in rushlight("train", "--config", "mine.json", folder=tmp_path, code=2)[1]
    assert "its recipe is tinyvit, not mlp" in rushlight("train", "mlp", "--resume", "runs/tinyvit-1", folder=tmp_path, code=2)[1]
    (tmp_path / "full").mkdir()
    (tmp_path / "full/config.json").write_text('{"recipe": "tinyvit", "full": true}')
    for words in (["--resume", "full"], ["--config", "full/config.json"], ["tinyvit", "--full"]):
        assert "epochs of 1875 batches" in rushlight("train", *words, "--dry-run", folder=tmp_path)[1]


@pytest.mark.parametrize("word, value", [("--lr", 0.5), ("--seed", 3), ("--batch", 64), ("--clip-norm", 1), ("--data", "mnist")])
def test_a_run_goes_on_as_it_began(word, value, tmp_path):
    rushlight("train", "moons", "--epochs", 1, folder=tmp_path)
    before = (tmp_path / "runs/moons-1/config.json").read_text()
    _, err = rushlight("train", "--resume", "runs/moons-1", word, value, folder=tmp_path, code=2)
    assert "goes on as it began" in err and str(value) in err
    assert (tmp_path / "runs/moons-1/config.json").read_text() == before


def test_runs_that_begin_together_get_folders_of_their_own(tmp_path):
    words = [PROGRAM, "train", "xor", "--epochs", "1"]
    programs = [subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) for _ in range(8)]
    models = [last_json(program.communicate(timeout=60)[0])["model"] for program in programs]
    assert sorted(models) == [f"runs/xor-{i}/model.safetensors" for i in range(1, 9)]


@pytest.mark.slow
def test_a_model_is_tested_on_what_it_was_trained_on(tmp_path):
    out, _ = rushlight("train", "moons", folder=tmp_path)
    assert last_json(rushlight("eval", "runs/moons-1", folder=tmp_path)[0])["data"] == "moons"
    assert "takes batches of" in rushlight("eval", "runs/moons-1", "--arch", "mlp:2-16-16-2:tanh", "--data", "mnist", folder=tmp_path, code=2)[1]
    assert "sees no pictures" in rushlight("predict", "runs/moons-1", "nothing.png", folder=tmp_path, code=2)[1]
    folder_of_pictures(tmp_path / "pictures")
    rushlight("train", "cnn", "--data", "pictures", "--size", 16, "--epochs", 1, folder=tmp_path)
    (tmp_path / "elsewhere").mkdir()
    assert "no folder here" in rushlight("eval", "../runs/cnn-1", folder=tmp_path / "elsewhere", code=2)[1]
    if (DATA / "fashion_mnist").exists():
        trained = last_json(rushlight("train", "mlp", "--data", "fashion_mnist", "--epochs", 1, folder=tmp_path)[0])
        found = last_json(rushlight("eval", "runs/mlp-1", folder=tmp_path)[0])
        assert found["data"] == "fashion_mnist" and found["test_accuracy"] == trained["test_accuracy"]
        assert "not what the model tells apart" in rushlight("eval", "runs/mlp-1", "--data", "mnist", folder=tmp_path, code=2)[1]


@pytest.mark.slow
@with_mnist
def test_ctrl_c_saves_and_says_how_to_go_on(tmp_path):
    whole, _ = rushlight("train", "tinyvit", "--epochs", 2, "--runs", "whole", folder=tmp_path)
    words = [PROGRAM, "train", "tinyvit", "--epochs", "2", "--runs", "parts"]
    program = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    log = tmp_path / "parts/tinyvit-1/metrics.jsonl"
    while program.poll() is None and not (log.exists() and log.read_text()):  # the first epoch
        time.sleep(0.01)
    program.send_signal(signal.SIGINT)
    out, err = program.communicate(timeout=60)
    assert "--resume parts/tinyvit-1" in err and program.returncode == 130
    assert last_json(out)["stopped"] == "parts/tinyvit-1" and "test_accuracy" not in last_json(out)
    rushlight("train", "--resume", "parts/tinyvit-1", folder=tmp_path)
    for file in ("model.safetensors", "metrics.jsonl"):
        assert (tmp_path / "whole/tinyvit-1" / file).read_bytes() == (tmp_path / "parts/tinyvit-1" / file).read_bytes()


def waits_for_ctrl_c(pid):
    """Whether SIGINT, the second signal, has a handler: the training has begun."""
    caught = re.search(r"SigCgt:\s*(\w+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]
    return int(caught, 16) >> 1 & 1


@with_mnist
def test_a_second_ctrl_c_quits_in_the_middle_of_a_step(tmp_path):
    words = ["--backend", "reference", "train", "tinyvit", "--batch", "2000"]  # whose only step takes seconds
    program = subprocess.Popen([PROGRAM, *words], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    while program.poll() is None and not waits_for_ctrl_c(program.pid):
        time.sleep(0.01)
    program.send_signal(signal.SIGINT)
    time.sleep(0.1)
    assert program.poll() is None  # the step goes on
    program.send_signal(signal.SIGINT)
    program.communicate(timeout=60)
    assert program.returncode == 130


@pytest.mark.parametrize(
    "recipe, data",
    [("xor", ""), ("moons", ""), ("spirals", ""), ("mlp", "mnist")]
    + [pytest.param(recipe, "mnist", marks=pytest.mark.slow) for recipe in ("tinyvit", "tinyvit-10k")]
    + [pytest.param(recipe, "cifar10", marks=pytest.mark.full) for recipe in ("cnn", "cnn-long")],
)
def test_a_dry_run_foretells_what_a_run_needs(recipe, data, tmp_path):
    if not (DATA / data).exists():
        pytest.skip(f"there is no {data} here (rushlight data get {data})")
    out, err = rushlight("train", recipe, "--dry-run", folder=tmp_path)
    foretold = last_json(out)
    assert "parameters" in err and foretold["step_flops"] > 0 and foretold["step_seconds"] > 0
    out, _ = rushlight("train", recipe, "--epochs", 1, folder=tmp_path)
    assert foretold["peak_bytes"] == pytest.approx(last_json(out)["peak_bytes"], rel=0.1)


@pytest.mark.slow
@with_mnist
def test_plain_loops_learn_too(tmp_path):
    found = []
    for backend in ("reference", "cpu"):
        out, _ = rushlight("--backend", backend, "train", "tinyvit", "--epochs", 1, "--runs", backend, folder=tmp_path)
        loss = epochs_of(tmp_path / backend / "tinyvit-1")[0]["loss"]
        found.append((loss, last_json(out)["test_accuracy"]))
    assert found[0][0] < 2.25  # log(10), and no more, is what guessing costs
    assert found[0] == pytest.approx(found[1], abs=0.02)


@pytest.mark.slow
@with_mnist
def test_a_profile_and_its_trace(tmp_path):
    out, err = rushlight("profile", "tinyvit", "--batches", 3, "--trace", "t.json", folder=tmp_path)
    assert "attention.backward" in out and "between kernels" in out and "GFLOP/s" in err
    events = json.loads((tmp_path / "t.json").read_text())["traceEvents"]
    assert {"forward", "backward", "optimizer", "data", "batch 2", "linear"} <= {event["name"] for event in events}
    assert all(event["dur"] >= 0 and event["ts"] >= 0 for event in events if event["ph"] == "X")
    out, _ = rushlight("profile", "tinyvit", "--batches", 3, "--json", folder=tmp_path)
    ops = {row["op"]: row for row in last_json(out)["ops"]}
    assert "tanh" in rushlight("profile", "moons")[0]  # which has fewer batches than are measured elsewhere
    assert ops["self_attention"]["calls"] == 3 and ops["linear"]["flops"] > 0


def test_bench_times_models():
    out, err = rushlight("bench", "moons", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["what"] for row in rows] == ["train", "predict a batch", "predict one"]
    assert all(row["examples_per_second"] > 0 for row in rows) and "GB/s" in err
    assert "examples/s" in rushlight("bench", "moons")[0]


def folder_of_pictures(folder, each=20, names=("dark", "bright")):
    """Dark ones and bright ones, of several sizes."""
    for label, shade in zip(names, (40, 200)):
        (folder / label).mkdir(parents=True)
        for i in range(each):
            width, height = 8 + i, 12 + i
            pixels = bytes((shade + 7 * (x * i % 5)) % 256 for x in range(width * height))
            write_png(folder / label / f"{i}.png", pixels, width)


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["tinyvit", "cnn"])
def test_predict_sees_what_the_test_saw(recipe, tmp_path):
    """Photos of many colours and sizes: whatever becomes of them, it must be the same."""
    random.seed(2)
    for part, each in (("train", 40), ("test", 12)):
        for label, red in (("blue", 90), ("red", 150)):
            (tmp_path / part / label).mkdir(parents=True)
            for i in range(each):
                width, height = random.randint(20, 90), random.randint(20, 90)
                pixels = bytes(min(255, max(0, int(random.gauss(level, 60)))) for _ in range(width * height) for level in (red, 120, 240 - red))
                write_png(tmp_path / part / label / f"{i}.png", pixels, width, colours=3)
    out, _ = rushlight("train", recipe, "--data", tmp_path, "--batch", 20, "--epochs", 3, "--runs", "runs", folder=tmp_path)
    right = 0
    for label in ("blue", "red"):
        for photo in (tmp_path / "test" / label).iterdir():
            right += rushlight("predict", f"runs/{recipe}-1", photo, folder=tmp_path)[0].strip() == label
    assert right / 24 == pytest.approx(last_json(out)["test_accuracy"])


def test_pictures_that_nothing_can_be_learnt_from(tmp_path):
    folder_of_pictures(tmp_path / "my\tpictures")
    assert "printable" in rushlight("train", "cnn", "--data", "my\tpictures", folder=tmp_path, code=2)[1]
    folder_of_pictures(tmp_path / "one", names=("bright",))
    assert "one class" in rushlight("train", "cnn", "--data", "one", folder=tmp_path, code=2)[1]
    folder_of_pictures(tmp_path / "few", each=1)
    assert "too few" in rushlight("train", "cnn", "--data", "few", folder=tmp_path, code=2)[1]


def test_names_of_classes_in_any_script_stand_in_columns(tmp_path):
    folder_of_pictures(tmp_path / "pictures", names=("größer", "日本語"))
    rushlight("train", "cnn", "--data", "pictures", "--size", 16, "--batch", 8, "--epochs", 1, folder=tmp_path)
    _, err = rushlight("predict", "runs/cnn-1", next((tmp_path / "pictures/größer").iterdir()), folder=tmp_path)
    bars = [line for line in err.splitlines() if "%" in line]
    assert [bar.split()[0] for bar in bars] == ["größer", "日本語"]
    assert bars[0].startswith(4 * " " + "größer ") and bars[1].startswith(4 * " " + "日本語 ")  # each is six columns wide
    _, err = rushlight("eval", "runs/cnn-1", "--data", "pictures", folder=tmp_path)
    assert "label | grö  日  recall" in err and "\n日本語 |" in err


@pytest.mark.parametrize("divided", [False, True])
def test_own_pictures_are_learnt(divided, tmp_path):
    photos = tmp_path / "photos"
    for part in ("train", "test") if divided else ("",):
        folder_of_pictures(photos / part)
    train = ("train", "cnn", "--data", photos, "--size", 16, "--batch", 8, "--epochs", 4, "--lr", 0.02)
    out, _ = rushlight(*train, folder=tmp_path)
    trained = last_json(out)
    assert trained["test_accuracy"] == 1
    out, err = rushlight("eval", trained["model"], "--data", photos, folder=tmp_path)
    assert last_json(out)["examples"] == (40 if divided else 8) and last_json(out)["test_accuracy"] == 1
    assert "bright" in err
    folder_of_pictures(tmp_path / "others", names=("bright", "grey"))
    out, err = rushlight("eval", trained["model"], "--data", tmp_path / "others", folder=tmp_path, code=2)
    assert "(bright, grey) are not what the model tells apart (bright, dark)" in err
    out, _ = rushlight("predict", trained["model"], next((photos / ("test" if divided else "") / "dark").iterdir()), folder=tmp_path)
    assert out == "dark\n"
    out, _ = rushlight("show", trained["model"], folder=tmp_path)
    assert "(1, 2)" in out and "Conv2d" in out and "FLOP" in out
    assert json.loads((tmp_path / "runs/cnn-1/config.json").read_text())["data"] == str(photos)


def idx_files_of_pictures(folder, classes=3, **counts):
    """Of 8 x 8 pixels, the brighter the later the class."""

    def idx(path, sizes, body):
        path.write_bytes(bytes([0, 0, 8, len(sizes)]) + b"".join(struct.pack(">I", size) for size in sizes) + bytes(body))

    folder.mkdir(exist_ok=True)
    for part, count in ({"train": 200, "t10k": 40} | counts).items():
        labels = [i % classes for i in range(count)]
        pixels = [60 * label + (x * i) % 50 for i, label in enumerate(labels) for x in range(64)]
        idx(folder / f"{part}-images-idx3-ubyte", (count, 8, 8), pixels)
        idx(folder / f"{part}-labels-idx1-ubyte", (count,), labels)


def test_own_idx_files_that_nothing_can_be_learnt_from(tmp_path):
    for what, said in (({"classes": 1}, "images of one class, 0"), ({"train": 0}, "no images to learn from"), ({"t10k": 0}, "no images to be tested on")):
        idx_files_of_pictures(tmp_path / "own", **what)
        assert said in rushlight("train", "mlp", "--data", "own", folder=tmp_path, code=2)[1]


def test_own_idx_files_are_learnt(tmp_path):
    idx_files_of_pictures(tmp_path)
    for recipe in ("tinyvit", "mlp"):
        out, _ = rushlight("train", recipe, "--data", tmp_path, "--epochs", 30, folder=tmp_path)
        assert last_json(out)["test_accuracy"] > 0.9, recipe
        model = last_json(out)["model"]
        assert last_json(rushlight("eval", model, "--data", tmp_path, folder=tmp_path)[0])["examples"] == 40


def test_foreign_weights_of_a_described_network(tmp_path):
    rushlight("train", "moons", "--epochs", 1, folder=tmp_path)
    rushlight("convert", "runs/moons-1/model.safetensors", "weights.pt", folder=tmp_path)
    (tmp_path / "net.json").write_text('{"model": "mlp", "sizes": [2, 16, 16, 2], "activation": "tanh"}\n')
    found = [last_json(rushlight("eval", file, *arch, "--data", "moons", folder=tmp_path)[0])["test_accuracy"]
             for file, arch in (("runs/moons-1/model.safetensors", ()), ("weights.pt", ("--arch", "net.json")))]  # fmt: skip
    assert found[0] == found[1]


def test_a_log_gets_few_lines_of_progress_and_the_last_state(tmp_path):
    began = time.monotonic()
    _, err = rushlight("train", "moons", folder=tmp_path)
    lines = [line for line in err.splitlines() if line.startswith("epoch ")]
    assert 1 <= len(lines) <= 1 + (time.monotonic() - began) / 10
    assert lines[-1].startswith("epoch 60/60: 20/20 (100%), ") and ", accuracy 100.00 %, lr 0.01" in lines[-1]
    assert err.index(lines[-1]) < err.index("model.safetensors") and "▁" not in err and "\x1b" not in err


def seen_in_a_terminal(words, columns, folder, **environment):
    """What the program writes to a terminal."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {**os.environ, "TERM": "xterm", "NO_COLOR": "", **environment}
    program = subprocess.Popen([PROGRAM, *words], cwd=folder, stdout=subprocess.DEVNULL, stderr=its, env=environment)
    os.close(its)
    seen = b""
    try:
        while some := os.read(ours, 4096):
            seen += some
    except OSError:  # it has closed its end
        pass
    os.close(ours)
    assert program.wait(60) == 0, seen.decode()
    return seen.decode()


def test_a_terminal_shows_the_loss_as_a_curve(tmp_path):
    train = ["train", "moons", "--epochs", "30"]
    curve = re.compile("█[▁▂▃▄▅▆▇█]{9}")
    bars = re.compile("epoch 30/30[^\r]*")

    colourful = seen_in_a_terminal(train, 80, tmp_path)
    assert re.search("\x1b\\[36m█[▁▂▃▄▅▆▇█]{9}\x1b\\[0m  loss", colourful)
    plain = seen_in_a_terminal(train, 80, tmp_path, NO_COLOR="1")
    assert curve.search(plain) and not re.search("\x1b\\[[0-9;]*m", plain)
    last = bars.findall(plain)[-1]
    assert len(last) <= 80 and "accuracy 1" in last and "/s  in" in last and "━━━━━" in last and curve.search(last)

    narrow = seen_in_a_terminal(train, 60, tmp_path, NO_COLOR="1")
    last = bars.findall(narrow)[-1]
    assert not re.search("[▂▃]", last) and "loss 0.0" in last and "━━━━━" in last and len(last) <= 60
    assert "\x1b" not in seen_in_a_terminal(train, 80, tmp_path, TERM="dumb")


@pytest.mark.skipif(not (DATA / "models").exists(), reason="there are no published weights here")
@pytest.mark.slow
@with_mnist
@pytest.mark.parametrize("file, right", [("burn_mnist_cnn.safetensors", 0.9917), ("burn_mnist_cnn.pt", 0.9915)])
def test_weights_of_others(file, right):
    out, _ = rushlight("eval", DATA / "models" / file, "--arch", "burn_mnist_cnn")
    assert last_json(out)["test_accuracy"] == right
