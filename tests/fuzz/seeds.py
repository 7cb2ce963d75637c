"""Files to begin with, one folder for each target: `seeds.py FOLDER`."""

import gzip
import io
import json
import pathlib
import re
import struct
import sys
import zipfile

import numpy as np
import safetensors.numpy
import torch


def npy(array, version=None):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=version)
    return file.getvalue()


def npz(save, **arrays):
    file = io.BytesIO()
    save(file, **arrays)
    return file.getvalue()


def saved(value, **options):
    file = io.BytesIO()
    torch.save(value, file, **options)
    return file.getvalue()


def pickle_in(archive):
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        return file.read(next(name for name in file.namelist() if name.endswith("data.pkl")))


def idx(code, shape, elements):
    return struct.pack(f">HBB{len(shape)}I", 0, code, len(shape), *shape) + elements


def images():
    """The small PNG and JPEG files of the tests."""
    for source in sorted(pathlib.Path("tests/data").glob("*.inc")):
        for array in re.findall(r"\{([^}]*)\}", source.read_text()):
            yield bytes(int(byte, 16) for byte in re.findall(r"0x\w\w", array))


def model_metadata():
    """What a model says of itself: one of images, one of points."""
    points = {"format": "rushlight model 1", "architecture": "mlp:2-16-2:tanh", "labels": "-\n+\n"}
    images = {"image": "3 8", "mean": "0.5 -0.25 1e-3", "deviation": "0.25 0.5 1", "architecture": '{"model": "cnn"}'}
    return [json.dumps(metadata).encode() for metadata in (points, points | images)]


def seeds():
    small = np.arange(6, dtype=np.float32).reshape(2, 3)
    weights = {"w": torch.arange(6.0).reshape(2, 3).t(), "n": 3}
    late = {"w": torch.arange(6).to(torch.uint32)}
    states = [saved(weights), saved(weights, pickle_protocol=4), saved(late), saved(torch.nn.Linear(2, 3).state_dict())]
    texts = [b'{"w": [[1, 2.5e-3], [-3, 0]], "b": [], "s": 1}', b'[true, false, null, "\\u20ac\\ud83d\\udd25"]']
    return {
        "json": texts,
        "json_weights": texts,
        "safetensors": [safetensors.numpy.save({"a": small, "b": small.astype(np.uint8)}, {"format": "np"})],
        "npy": [npy(small), npy(np.asfortranarray(small)), npy(small.astype(">f2"), (2, 0)), npy(np.array(True))],
        "npz": [npz(np.savez, a=small, b=small[0]), npz(np.savez_compressed, a=small)],
        "torch": states,
        "pickle": [pickle_in(state) for state in states],
        "idx": [idx(8, [2, 3], b"abcdef"), gzip.compress(idx(0x0D, [2], bytes(8)))],
        "cifar": [bytes([label]) + bytes(range(256)) * 12 for label in (0, 9, 10)],
        "csv": [b"\x05a,label\n1,2\n-3e2,1\n", b'\x0b"a";"b ""c"""\n1;2\n', b"\x06cat,1\ndog,2\n"],
        "image": list(images()),
        "model_metadata": model_metadata(),
        "run_log": [b'{"epoch": 1, "loss": 0.5}\n{"epoch": 2, "loss": null, "note": "\\u20ac"}\n{"ep'],
    }


if __name__ == "__main__":
    for target, files in seeds().items():
        folder = pathlib.Path(sys.argv[1], target)
        folder.mkdir(parents=True, exist_ok=True)
        for number, data in enumerate(files):
            (folder / f"seed_{number}").write_bytes(data)
