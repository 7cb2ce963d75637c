"""What the program `rushlight` does with files of tensors."""

import json
import re

import numpy as np
import pytest
from test_command import DATA, folder_of_pictures, last_json, pytestmark, rushlight  # noqa: F401 (pytestmark: without the program all is skipped)


def test_files_of_tensors_are_compared_number_by_number(tmp_path):
    def diff(left, right, *words, code=0):
        np.savez(tmp_path / "left.npz", w=left), np.savez(tmp_path / "right.npz", w=right)
        return rushlight("diff", "left.npz", "right.npz", *words, folder=tmp_path, code=code)[0]

    with_nan = np.array([1, np.nan, np.inf], np.float32)
    assert diff(with_nan, with_nan) == "the same 1 tensors\n"
    assert json.loads(diff(with_nan, with_nan, "--json")) == {"same": True, "different": 0}
    for left, right, said in (
        (with_nan, np.array([1.5, 2, np.inf], np.float32), "differ by at most 0.5, in 2 of 3 numbers; NaN on one side only: 1"),
        (np.array([2**53, 7]), np.array([2**53 + 1, 7]), "differ by at most 1, in 1 of 2 numbers"),
        (np.array([2**64 - 1], np.uint64), np.array([0], np.uint64), "differ by at most 18446744073709551615, in 1 of 1 numbers"),
        (np.array([-(2**63)]), np.array([2**63 - 1]), "differ by at most 18446744073709551615, in 1 of 1 numbers"),
        (np.array([True, False]), np.array([True, True]), "differ by at most 1, in 1 of 2 numbers"),
        (np.array([1, 2], np.float16), np.array([1, 2], np.float32), "float16(2,) and float32(2,)"),
    ):
        assert re.sub(" +", " ", diff(left, right, code=1)) == f"w {said}\n"
        lines = diff(left, right, "--json", code=1).splitlines()
        assert list(map(json.loads, lines)) == [{"name": "w", "difference": said}, {"same": False, "different": 1}]


@pytest.mark.skipif(not (DATA / "models").exists(), reason="there are no published weights here")
def test_a_step_that_cannot_be_foretold():
    show = ("show", DATA / "models/burn_mnist_cnn.pt", "--arch", "burn_mnist_cnn", "--batch")
    for words in ([], ["--json"]):
        out, err = rushlight(*show, 1, *words, code=2)
        assert out == "" and "no step can be trained with --batch 1: [batch_norm]" in err
    assert "on batches of 2:" in rushlight(*show, 2)[0]


def test_a_run_s_step_is_foretold_for_any_batch(tmp_path):
    rushlight("train", "moons", "--epochs", 1, folder=tmp_path)
    assert "on batches of 20:" in rushlight("show", "runs/moons-1", folder=tmp_path)[0]
    assert "on batches of 7:" in rushlight("show", "runs/moons-1", "--batch", 7, folder=tmp_path)[0]
    assert "--batch must be" in rushlight("show", "runs/moons-1", "--batch", 0, folder=tmp_path, code=2)[1]


@pytest.mark.slow
def test_a_network_with_batch_norm_goes_through_json(tmp_path):
    folder_of_pictures(tmp_path / "photos")
    rushlight("train", "cnn", "--data", "photos", "--size", 16, "--batch", 8, "--epochs", 1, folder=tmp_path)
    (tmp_path / "net.json").write_text('{"model": "cnn", "classes": 2, "image": 16}')
    rushlight("convert", "runs/cnn-1/model.safetensors", "weights.json", folder=tmp_path)
    rushlight("convert", "weights.json", "weights.safetensors", folder=tmp_path)
    evals = [last_json(rushlight("eval", file, "--arch", "net.json", "--data", "photos", folder=tmp_path)[0])
             for file in ("runs/cnn-1", "weights.json", "weights.safetensors")]  # fmt: skip
    assert evals[0]["test_loss"] == evals[1]["test_loss"] == evals[2]["test_loss"]
