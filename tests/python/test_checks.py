"""Each check of tools/ finds what it is there to find, and lets the rest be."""
import pathlib
import subprocess
import sys

import pytest

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"
sys.path.insert(0, str(TOOLS))

import check_file_sizes  # noqa: E402
import check_generated  # noqa: E402
import check_includes  # noqa: E402
import check_links  # noqa: E402
import check_op_names  # noqa: E402
import check_stages  # noqa: E402
import check_weak_symbols  # noqa: E402


@pytest.fixture
def tree(tmp_path):
    """A function that writes files below a folder, which it returns."""

    def write(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


INCLUDES = [
    ("core/tensor.cpp", "base/error.h", None),
    ("core/tensor.cpp", "core/tensor.h", None),
    ("ops/loss.cpp", "generated/functions.h", None),
    ("backend/cpu/bind.cpp", "generated/op_args.h", None),
    ("backend/cpu/gemm.cpp", "backend/kernel_args.h", None),
    ("backend/reference/map.cpp", "generated/map_ops.h", None),
    ("math/exp.h", "base/type_list.h", None),
    ("core/tensor.h", "generated/tensor_methods.inc", None),
    ("core/tensor.cpp", "engine/apply.h", "not below"),
    ("nn/linear.cpp", "optim/sgd.h", "not below"),
    ("math/exp.h", "base/error.h", "sees only"),
    ("backend/backend.cpp", "scalar/value.h", "sees only"),
    ("backend/cpu/gemm.cpp", "backend/reference/gemm.h", "one backend"),
    ("backend/backend.cpp", "backend/cpu/gemm.h", "one backend"),
    ("engine/apply.cpp", "generated/functions.h", "not below"),
    ("core/tensor.cpp", "attic/tensor.h", "no room"),
]


@pytest.mark.parametrize("source, target, complaint", INCLUDES)
def test_include_directions(tree, source, target, complaint):
    root = tree({f"rushlight/{source}": f'#include "rushlight/{target}"\n'})
    problems = list(check_includes.check(root))
    assert len(problems) == (complaint is not None)
    if complaint:
        assert f"rushlight/{source}:1:" in problems[0] and complaint in problems[0]


def test_include_of_a_slow_header(tree):
    root = tree({"rushlight/base/a.h": "#include <ranges>\n", "rushlight/base/a.cpp": "#include <ranges>\n"})
    assert [p.split(":")[0] for p in check_includes.check(root)] == ["rushlight/base/a.h"]


def test_include_that_is_not_from_the_root(tree):
    assert list(check_includes.check(tree({"rushlight/base/a.h": '#include "error.h"\n'})))


def test_umbrella_in_floor_order(tree):
    lines = ['#include "rushlight/base/error.h"\n', '#include "rushlight/core/tensor.h"\n']
    assert not list(check_includes.check(tree({"rushlight/rushlight.h": "".join(lines)})))
    assert list(check_includes.check(tree({"rushlight/rushlight.h": "".join(reversed(lines))})))


def test_file_sizes(tree):
    fine = {"rushlight/a.h": "\n" * 600, "build/b.h": "\n" * 601, "notes.txt": "\n" * 601}
    assert not list(check_file_sizes.check(tree(fine)))
    root = tree({"rushlight/a.h": "\n" * 601, "data.bin": "0" * 400_001, "rushlight/base/utils.h": ""})
    assert len(list(check_file_sizes.check(root))) == 3


OPS = "".join(f'MAP({name}, "input", "doc")\n' for name in ["add", "mul", "exp", "log"])
OPS += 'MAP(sub_scaled, "sub|subtract(input, other)", "doc")\nOP(long_one,\n   "input", "doc")\n'


@pytest.mark.parametrize(
    "name, text, complaints",
    [
        ("rushlight/jit/a.cpp", '"add", "mul", "exp", "log", "sub"', 1),
        ("rushlight/jit/a.cpp", "OpId::add OpId::mul OpId::exp OpId::log OpId::sub_scaled", 1),
        ("tools/a.py", "'add' \n 'mul' \n 'exp' \n 'log' \n OpId::sub_scaled", 1),
        ("docs/a.md", '"add", "mul", "exp", "subtract", "long_one"', 1),
        ("rushlight/jit/a.cpp", '"add", "mul", "exp", "log", "add"', 0),
        ("rushlight/jit/a.cpp", '"add", "mul", "exp", "log", "paint"', 0),
        ("rushlight/jit/a.cpp", '"add" "mul" "exp" "log"' + "\n" * 20 + '"sub"', 0),
        ("rushlight/jit/a.cpp", '"add" "mul" "exp" "log"' + "\n" * 19 + '"sub"', 1),
        ("tests/ops/a.cpp", '"add", "mul", "exp", "log", "sub"', 0),
    ],
)
def test_op_lists(tree, name, text, complaints):
    assert len(list(check_op_names.check(tree({check_op_names.OP_LIST: OPS, name: text})))) == complaints


def test_op_lists_that_may_be(tree, monkeypatch):
    monkeypatch.setattr(check_op_names, "EXCEPTIONS", {"a.cpp": "why", "b.cpp": "why", "gone.cpp": "why"})
    root = tree({check_op_names.OP_LIST: OPS, "a.cpp": "'add' 'mul' 'exp' 'log' 'sub'", "b.cpp": "'add'"})
    (problem,) = check_op_names.check(root)
    assert problem.startswith("b.cpp") and "needs no exception" in problem


def test_every_exception_has_a_reason():
    assert all(len(reason) > 20 for reason in check_op_names.EXCEPTIONS.values())


def test_op_lists_without_ops(tree):
    assert list(check_op_names.check(tree({check_op_names.OP_LIST: "// nothing\n"})))


@pytest.fixture
def built(tree):
    """A tree whose generator writes one file, and has written it."""
    program = f"#!/bin/sh\necho '// Functions. {check_generated.MARK}' > $1/functions.h\n"
    root = tree({
        "build/release/build.ninja": "build rushlight_api: phony\n",
        "build/release/generate_api": program,
        "build/release/generated/rushlight/generated/functions.h": f"// Functions. {check_generated.MARK}\n",
    })
    (root / "build/release/generate_api").chmod(0o755)
    return root


def test_generated_files(built):
    assert list(check_generated.check(built)) == []


def test_generated_files_that_were_edited(built):
    folder = built / "build/release/generated/rushlight/generated"
    (folder / "functions.h").write_text("// mine\n")
    (folder / "gone.h").write_text("// of old\n")
    problems = list(check_generated.check(built))
    assert ["functions.h" in problems[0], "gone.h" in problems[1]] == [True, True] and len(problems) == 2


def test_generated_files_that_are_tracked(tree):
    root = tree({"rushlight/functions.h": f"// Functions. {check_generated.MARK}\n", "rushlight/other.h": "\n"})
    (problem,) = check_generated.check(root)
    assert problem.startswith("rushlight/functions.h:1:")


def test_links(tree):
    root = tree({
        "README.md": "# A `taste` of it\n[page](docs/a.md) [here](#a-taste-of-it) [web](https://example.org/x)\n",
        "docs/a.md": "[up](../README.md#a-taste-of-it) `[no](link.md)`\n```\n[no](link.md)\n```\n",
    })
    assert not list(check_links.check(root))
    problems = list(check_links.check(tree({"docs/b.md": "[gone](c.md)\n[no heading](../README.md#else)\n"})))
    assert [p.split(": ")[0] for p in problems] == ["docs/b.md:1", "docs/b.md:2"]


def test_stages(tree):
    root = tree({
        "tests/a_test.cpp": 'TEST_CASE("stage_00_start: of it all") {}\n',
        "tests/test_b.py": "def test_b():\n    pass\n",
        "AGENTS.md": "## Stages\n\n- [x] 0 the start: `stage_00_start`,\n  `test_b`\n- [x] 1 a `word`\n- [ ] 2 more\n"
        + "- [x] 3 gone: `test_c`\n" + "".join(f"- [ ] {n} later\n" for n in range(4, 21)),
    })
    assert list(check_stages.check(root)) == [
        "AGENTS.md: stage 1 is ticked, but names no test",
        "AGENTS.md: stage 3: there is no test 'test_c'",
    ]


def compile_kernel(build_dir, text):
    folder = build_dir / "CMakeFiles" / "rushlight_cpu_v3.dir"
    folder.mkdir(parents=True)
    (folder / "kernel.cpp").write_text(text)
    subprocess.run(["g++", "-c", "kernel.cpp", "-o", "kernel.o"], cwd=folder, check=True)


CALLED = "inline int twice(int x) { return 2 * x; }"


def test_weak_symbols_in_their_namespace(tmp_path):
    inside = f"namespace rushlight::cpu::v3 {{ {CALLED} int kernel() {{ return twice(1); }} }}"
    compile_kernel(tmp_path, inside)
    assert not list(check_weak_symbols.check(tmp_path))


def test_weak_symbols_outside(tmp_path):
    compile_kernel(tmp_path, f"{CALLED} namespace rushlight::cpu::v3 {{ int kernel() {{ return twice(1); }} }}")
    (problem,) = check_weak_symbols.check(tmp_path)
    assert "twice(int)" in problem


def test_weak_symbols_without_objects(tmp_path):
    assert list(check_weak_symbols.check(tmp_path))


@pytest.mark.parametrize("tool", ["includes", "file_sizes", "op_names", "links"])
def test_exit_status(tree, tool):
    """The commands that ./dev check runs fail where their check complains."""
    good = {check_op_names.OP_LIST: OPS}
    bad = {
        "rushlight/core/a.h": '#include "rushlight/ops/a.h"\n',
        "utils.py": "",
        "a.txt": "'add' 'mul' 'exp' 'log' 'sub'",
        "a.md": "[gone](b.md)",
    }
    command = [sys.executable, TOOLS / f"check_{tool}.py", tree(good)]
    assert subprocess.run(command, capture_output=True).returncode == 0
    tree(bad)
    assert subprocess.run(command, capture_output=True).returncode == 1
