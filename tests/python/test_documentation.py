"""What a person at the prompt reads: help, signatures, stub, the table of ops."""

import inspect
import pathlib
import pydoc
import subprocess
import sys

import pytest

import rushlight as rl


def test_every_op_has_signature_and_doc():
    for row in rl.ops():
        function = getattr(rl, row["name"])
        assert inspect.isroutine(function) or inspect.isfunction(function), row["name"]
        assert row["name"] in function.__doc__ or inspect.isfunction(function), row["name"]
        assert inspect.signature(function).parameters
        method = getattr(rl.Tensor, row["name"], None)
        if row["method"] and type(method).__name__ == "op_method":
            assert next(iter(inspect.signature(method).parameters)) == "self", row["name"]


def test_signatures_read_as_python():
    assert str(inspect.signature(rl.leaky_relu)) == "(input: Tensor | float, negative_slope: float = 0.01, *, out: Tensor | None = None) -> Tensor"
    assert inspect.signature(rl.softmax).bind(1, dim=2).arguments == {"input": 1, "dim": 2}
    assert list(inspect.signature(rl.Tensor.sum).parameters)[:3] == ["self", "dim", "keepdim"]


def test_help():
    text = pydoc.render_doc(rl.softmax, renderer=pydoc.plaintext)
    assert "softmax(input: Tensor | float, dim: int" in text and "scaled to sum to 1" in text and "builtins" not in text
    text = pydoc.render_doc(rl.Tensor.view, renderer=pydoc.plaintext)
    assert "view(self, *size" in text and "view(self, dtype: dtype)" in text
    assert "trace(matrix)" in rl.trace.__doc__


def test_ops_in_classes_behave_as_builtins_do():
    class Layer:
        activation = rl.relu
        in_place = rl.Tensor.relu_

    assert Layer().activation(rl.tensor([-1.0, 1.0])).tolist() == [0.0, 1.0]


def test_the_table_of_ops():
    rows = {row["id"]: row for row in rl.ops()}
    assert rows["add"]["family"] == "arithmetic" and rows["sum"]["family"] == "reductions" and rows["lstm"]["family"] == "recurrent nets"
    assert all(set(row) >= {"name", "family", "kind", "signature", "dtypes", "doc"} and row["family"] and row["doc"] for row in rows.values())
    assert rl.float32 in rows["exp"]["dtypes"] and rl.int64 in rows["exp"]["dtypes"]
    assert rl.float32 not in rows["bitwise_and"]["dtypes"] and rl.bool not in rows["matmul"]["dtypes"]
    assert len(rows["transpose"]["dtypes"]) == 13


# These are called by names that have other forms too: add, sub and round.
OTHER_FORMS = ("add_scaled", "sub_scaled", "round_decimals")
MAPS = [row for row in rl.ops() if row["kind"] == "map" and row["id"] not in OTHER_FORMS]


@pytest.mark.parametrize("row", MAPS, ids=lambda row: row["id"])
def test_the_dtypes_in_the_table_are_those_that_work(row):
    """Called with every dtype: the table says which calls are refused."""
    names = [piece.split(":")[0].split("=")[0].strip() for piece in row["signature"].split("(")[-1].rstrip(")").split(",")]
    pieces = dict(zip(names, row["signature"].split("(")[-1].rstrip(")").split(",")))
    for name in (n for n in vars(rl) if isinstance(getattr(rl, n), rl.dtype)):
        dtype = getattr(rl, name)
        given = {}
        for argument, piece in pieces.items():
            if argument == "*" or "=" in piece:
                continue
            mask = argument == "condition"
            given[argument] = 1.0 if ": float" in piece else rl.ones(2, dtype=rl.bool if mask else dtype)
        try:
            getattr(rl, row["name"])(**given)
            works = True
        except (TypeError, RuntimeError):
            works = False
        assert works == (dtype in row["dtypes"]), dtype


def test_the_stub_is_python_and_knows_the_methods():
    path = pathlib.Path(rl._C.__file__).with_name("_C.pyi")
    if not path.exists() and "asan" in path.parts:
        pytest.skip("no stub is made of a sanitized package")
    stub = path.read_text()
    compile(stub, "_C.pyi", "exec")
    for line in ("class Tensor", "def softmax(input: Tensor", "def relu_(self", "def ops(", "def fill_diagonal_(self", "def view(self, dtype: _dtype)", "-> builtins.bool", "def register_post_accumulate_grad_hook"):
        assert line in stub, line


def test_import_leaves_the_rest_for_later():
    """What is not asked for is not imported; and NumPy is not needed."""
    code = "import sys, rushlight; print(*sorted(m for m in sys.modules if m.startswith(('rushlight', 'numpy', 'inspect', 'contextlib'))))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not [m for m in loaded if m.startswith(("numpy", "rushlight.nn", "rushlight.array_api", "rushlight.linalg", "inspect", "contextlib"))]
    assert rl.nn.functional.relu and rl.linalg.inv and rl.random.fork_rng and rl.array_api.add and rl.version.cuda is None
    assert "array_api" in dir(rl)
    with pytest.raises(AttributeError, match="rushlight.*no attribute 'nothing'"):
        rl.nothing
