"""Files of tensors, judged by the libraries whose formats they are: io_convert reads one and writes another."""

import collections
import io
import json
import os
import pathlib
import pickle
import subprocess
import zipfile

import numpy as np
import pytest

import rushlight as rl

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors")
import safetensors.numpy  # noqa: E402
import safetensors.torch  # noqa: E402

PROGRAM = pathlib.Path(rl.__file__).parents[2] / "io_convert"
pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason=f"{PROGRAM} is not built (cmake -DRUSHLIGHT_TESTS=ON)")

DTYPES = [torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.float16, torch.bfloat16,
          torch.float32, torch.float64]
LATE_DTYPES = [torch.uint16, torch.uint32, torch.uint64]


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True)


def convert(source, target):
    done = run(source, target)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def bits(dtype, *shape):
    """A tensor of any dtype whose bits are random, NaNs and infinities included."""
    generator = torch.Generator().manual_seed(7)
    if dtype == torch.bool:
        return torch.randint(0, 2, shape, generator=generator).to(torch.bool)
    size = dtype.itemsize
    raw = torch.randint(0, 256, (*shape[:-1], shape[-1] * size), dtype=torch.uint8, generator=generator)
    return raw.view(dtype)


def samples(dtypes):
    tensors = {}
    for dtype in dtypes:
        name = str(dtype).removeprefix("torch.")
        tensors[f"{name}.matrix"] = bits(dtype, 5, 3)
        tensors[f"{name}.scalar"] = bits(dtype, 1).reshape(())
        tensors[f"{name}.empty"] = torch.empty(0, 4, dtype=dtype)
    return tensors


def same_bits(a, b):
    def raw(tensor):
        tensor = tensor.contiguous()
        return bytes(tensor.view(torch.uint8).numpy()) if tensor.dim() else bytes(tensor.reshape(1).view(torch.uint8).numpy())

    return a.dtype == b.dtype and a.shape == b.shape and raw(a) == raw(b)


def all_same(got, wanted):
    return list(got) == list(wanted) and all(same_bits(got[name], wanted[name]) for name in wanted)


def reread_safetensors(path):
    """In alphabetical order, as the library gives them."""
    return safetensors.torch.load_file(path)


def test_safetensors_of_the_library_pass_through_unchanged(tmp_path):
    tensors = dict(sorted(samples(DTYPES + LATE_DTYPES).items()))
    safetensors.torch.save_file(tensors, tmp_path / "a.safetensors", metadata={"format": "pt"})
    convert(tmp_path / "a.safetensors", tmp_path / "b.safetensors")
    got = reread_safetensors(tmp_path / "b.safetensors")
    assert all_same(dict(sorted(got.items())), tensors)
    with safetensors.safe_open(tmp_path / "b.safetensors", "pt") as file:
        assert set(file.keys()) == set(tensors)


def test_safetensors_that_numpy_wrote(tmp_path):
    arrays = {"x": np.arange(6, dtype=np.float32).reshape(2, 3), "é": np.array(3, np.int64)}
    safetensors.numpy.save_file(arrays, tmp_path / "a.safetensors")
    convert(tmp_path / "a.safetensors", tmp_path / "b.npz")
    with np.load(tmp_path / "b.npz") as got:
        assert all(np.array_equal(got[name], arrays[name]) and got[name].dtype == arrays[name].dtype for name in arrays)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_state_dict_passes_through_unchanged(tmp_path, protocol):
    tensors = collections.OrderedDict(samples(DTYPES + LATE_DTYPES))
    torch.save(tensors, tmp_path / "a.pt", pickle_protocol=protocol)
    assert convert(tmp_path / "a.pt", tmp_path / "b.pt") == list(tensors)
    got = torch.load(tmp_path / "b.pt", weights_only=True)
    assert type(got) is collections.OrderedDict
    assert all_same(got, tensors)
    convert(tmp_path / "a.pt", tmp_path / "b.safetensors")
    assert all_same(dict(sorted(reread_safetensors(tmp_path / "b.safetensors").items())), dict(sorted(tensors.items())))


def test_a_file_of_torch_save_can_be_mapped(tmp_path):
    torch.save({"w": torch.arange(1000.0)}, tmp_path / "a.pt")
    convert(tmp_path / "a.pt", tmp_path / "b.pt")
    got = torch.load(tmp_path / "b.pt", weights_only=True, mmap=True)
    assert torch.equal(got["w"], torch.arange(1000.0))


@pytest.mark.slow
def test_a_module_with_its_optimizer(tmp_path):
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2))
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.randn(8, 3)).sum().backward()
    optimizer.step()
    checkpoint = {"epoch": 3, "model": model.state_dict(), "optimizer": optimizer.state_dict(), "note": "text", "loss": 0.5}
    torch.save(checkpoint, tmp_path / "a.pt")
    names = convert(tmp_path / "a.pt", tmp_path / "b.pt")
    got = torch.load(tmp_path / "b.pt", weights_only=True)
    for name, tensor in model.state_dict().items():
        assert same_bits(got[f"model.{name}"], tensor)
    assert "optimizer.state.0.exp_avg" in names
    assert same_bits(got["optimizer.state.0.exp_avg"], optimizer.state_dict()["state"][0]["exp_avg"])


def test_views_of_one_memory(tmp_path):
    base = torch.arange(24.0).reshape(4, 6)
    views = {"base": base, "turned": base.t(), "part": base[1:3, ::2], "row": base[2], "wide": base[:1].expand(3, 6),
             "parameter": torch.nn.Parameter(base[0]), "last": base[3, 5]}
    torch.save(views, tmp_path / "a.pt")
    convert(tmp_path / "a.pt", tmp_path / "b.pt")
    got = torch.load(tmp_path / "b.pt", weights_only=True)
    assert all(torch.equal(got[name], views[name]) for name in views)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_whole_modules_are_refused_by_name(tmp_path):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "a.pt")
    done = run(tmp_path / "a.pt", tmp_path / "b.pt")
    assert done.returncode == 1
    assert "torch.nn.modules.linear.Linear" in done.stderr and "state_dict" in done.stderr
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), tmp_path / "c.pt")
    assert "TorchScript" in run(tmp_path / "c.pt", tmp_path / "b.pt").stderr
    torch.save({"w": torch.ones(2)}, tmp_path / "d.pt", _use_new_zipfile_serialization=False)
    assert "before 1.6" in run(tmp_path / "d.pt", tmp_path / "b.pt").stderr
    torch.save({"w": torch.ones(2, dtype=torch.complex64)}, tmp_path / "e.pt")
    assert "ComplexFloatStorage" in run(tmp_path / "e.pt", tmp_path / "b.pt").stderr


class Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle_that_runs_a_command_runs_none(tmp_path, protocol):
    torch.save({"w": torch.ones(2), "x": Evil(tmp_path / "touched")}, tmp_path / "a.pt", pickle_protocol=protocol)
    done = run(tmp_path / "a.pt", tmp_path / "b.pt")
    assert done.returncode == 1 and "wants to call posix.system" in done.stderr
    assert not (tmp_path / "touched").exists()
    pickle.loads(pickle.dumps(Evil(tmp_path / "touched")))
    assert (tmp_path / "touched").exists()  # it would have


def numpy_arrays():
    kinds = ["?", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8"]
    random = np.random.default_rng(1)
    arrays = {}
    for kind in kinds:
        array = random.integers(0, 2 if kind == "?" else 100, (2, 3, 4)).astype(kind)
        arrays |= {f"{kind}.c": array, f"{kind}.f": np.asfortranarray(array), f"{kind}.scalar": array[0, 1, 2],
                   f"{kind}.empty": array[:, :0], f"{kind}.big": array.astype(np.dtype(kind).newbyteorder(">"))}
    return arrays


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_pass_through_unchanged(tmp_path, save):
    arrays = numpy_arrays()
    save(tmp_path / "a.npz", **arrays)
    assert convert(tmp_path / "a.npz", tmp_path / "b.npz") == list(arrays)
    with np.load(tmp_path / "b.npz") as got:
        assert got.files == list(arrays)
        for name, array in arrays.items():
            assert got[name].dtype == array.dtype.newbyteorder("=") and np.array_equal(got[name], array), name
    assert zipfile.ZipFile(tmp_path / "b.npz").testzip() is None


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_versions_of_npy(tmp_path, version):
    array = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    with open(tmp_path / "a.npy", "wb") as file:
        np.lib.format.write_array(file, array, version=version)
    assert convert(tmp_path / "a.npy", tmp_path / "b.npy") == ["a"]
    assert np.array_equal(np.load(tmp_path / "b.npy"), array)


def test_objects_of_numpy_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{}, None], dtype=object))
    assert "Python objects" in run(tmp_path / "a.npy", tmp_path / "b.npy").stderr


def test_floats_in_json(tmp_path):
    random = np.random.default_rng(2)
    values = random.integers(0, 2**32, 3000, dtype=np.uint32).view(np.float32)
    values = values[np.isfinite(values)][:2500].reshape(50, 50)
    weights = {"w": values.tolist(), "scalar": 0.1, "empty": [[], []], 'q"\n\u20ac': [1, 2]}
    (tmp_path / "a.json").write_text(json.dumps(weights))
    convert(tmp_path / "a.json", tmp_path / "b.json")
    got = json.loads((tmp_path / "b.json").read_text())
    assert list(got) == list(weights)
    assert np.array_equal(np.array(got["w"], np.float32).view(np.uint32), values.view(np.uint32))
    assert np.float32(got["scalar"]) == np.float32(0.1) and got["empty"] == [[], []]
    convert(tmp_path / "a.json", tmp_path / "c.safetensors")
    assert np.array_equal(reread_safetensors(tmp_path / "c.safetensors")["w"].numpy().view(np.uint32), values.view(np.uint32))


@pytest.mark.slow
def test_more_arrays_than_16_bits_count(tmp_path):
    names = [f"n{i}" for i in range(66_000)]
    (tmp_path / "a.json").write_text(json.dumps(dict.fromkeys(names, 1)))
    convert(tmp_path / "a.json", tmp_path / "b.npz")
    with zipfile.ZipFile(tmp_path / "b.npz") as file:
        assert file.namelist() == [f"{name}.npy" for name in names]
    assert convert(tmp_path / "b.npz", tmp_path / "c.json") == names


def test_archives_with_numbers_in_64_bits(tmp_path):
    (tmp_path / "a").write_bytes(b"content " * 1000)
    assert run("--zip64", tmp_path / "a", tmp_path / "b.zip").returncode == 0
    with zipfile.ZipFile(tmp_path / "b.zip") as file:
        assert file.testzip() is None
        assert {name: file.read(name) for name in file.namelist()} == {"first": b"content " * 1000, "second": b"content " * 1000}
        assert all(info.extra for info in file.infolist())


def test_what_python_zips_is_read(tmp_path):
    """A stream that cannot be wound back: sizes follow the data, and only the table of contents knows them."""

    class Stream(io.RawIOBase):
        def __init__(self):
            self.bytes = bytearray()

        def writable(self):
            return True

        def write(self, data):
            self.bytes += data
            return len(data)

    stream, array = Stream(), np.arange(1000)
    inside = io.BytesIO()
    np.save(inside, array)
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        with file.open("x.npy", "w", force_zip64=True) as entry:
            entry.write(inside.getvalue())
    (tmp_path / "a.npz").write_bytes(stream.bytes)
    convert(tmp_path / "a.npz", tmp_path / "b.npz")
    with np.load(tmp_path / "b.npz") as got:
        assert np.array_equal(got["x"], array)
