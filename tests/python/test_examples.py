"""The examples run on both libraries, unchanged but for the import, and with the same random numbers learn alike."""

import pathlib
import re
import types

import pytest

import rushlight as rl

torch = pytest.importorskip("torch")

EXAMPLES = pathlib.Path(__file__).parents[2] / "examples" / "python"


class Lender:
    """PyTorch's module, but for random numbers, which are Rushlight's."""

    Generator = rl.Generator

    def __getattr__(self, name):
        return getattr(torch, name)


def lent(name):
    def function(self, *args, generator, **options):
        args = [rl.from_numpy(a.numpy()) if isinstance(a, torch.Tensor) else a for a in args]
        return torch.from_numpy(getattr(rl, name)(*args, generator=generator, **options).numpy())

    return function


for name in ("rand", "randn", "randint", "randperm", "multinomial"):
    setattr(Lender, name, lent(name))


def load(name, library, functional):
    source = (EXAMPLES / f"{name}.py").read_text()
    imports = ("import rushlight as torch\n", "import rushlight.nn.functional as F\n")
    assert imports[0] in source
    for line in imports:
        source = source.replace(line, "")
    module = types.ModuleType(name)
    module.__dict__.update(torch=library, F=functional)
    exec(compile(source, f"{name}.py", "exec"), module.__dict__)
    return module


def both(name):
    return load(name, rl, rl.nn.functional), load(name, Lender(), torch.nn.functional)


def test_moons(capsys):
    ours, theirs = (module.train(steps=15) for module in both("moons"))
    assert [loss for loss, _ in ours] == pytest.approx([loss for loss, _ in theirs], rel=1e-3)
    assert ours[-1][0] < ours[0][0] / 2
    pictures = capsys.readouterr().out.splitlines()
    assert sum("#" in line for line in pictures) > 20


def test_attention(capsys):
    ours, theirs = (module.train(steps=8, batch=16) for module in both("attention"))
    assert ours == pytest.approx(theirs, rel=1e-3)


@pytest.mark.full
def test_attention_learns_to_look_back(capsys):
    assert load("attention", rl, rl.nn.functional).train()[-1] < 0.05


def test_names(capsys, tmp_path, monkeypatch):
    names = [a + b + c for a in ("li", "mar", "so", "ka") for b in ("na", "ri", "le") for c in ("", "a", "n", "tta")]
    (tmp_path / "names").mkdir()
    (tmp_path / "names" / "names.txt").write_text("\n".join(names))
    monkeypatch.setenv("RUSHLIGHT_DATA", str(tmp_path))
    (ours, held_out), (theirs, _) = (module.train(steps=40) for module in both("names"))
    assert ours == pytest.approx(theirs, rel=1e-3)
    assert held_out < ours[0]
    invented = capsys.readouterr().out.split("held-out loss")[1].split()[1:]
    assert len(invented) == 10 or all(len(name) for name in invented)
    monkeypatch.setenv("RUSHLIGHT_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(SystemExit, match="one name a line"):
        load("names", rl, rl.nn.functional).load_names()


def test_the_readme_s_python(capsys):
    blocks = re.findall(r"```python\n(.*?)```", (EXAMPLES.parents[1] / "README.md").read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        exec(block, {})
        ours = capsys.readouterr().out
        exec(block.replace("import rushlight as torch", "import torch"), {})
        assert ours == capsys.readouterr().out != ""
