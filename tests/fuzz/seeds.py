"""Files to begin with, one folder for each target: `seeds.py FOLDER`."""

import io
import pathlib
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
    }


if __name__ == "__main__":
    for target, files in seeds().items():
        folder = pathlib.Path(sys.argv[1], target)
        folder.mkdir(parents=True, exist_ok=True)
        for number, data in enumerate(files):
            (folder / f"seed_{number}").write_bytes(data)
