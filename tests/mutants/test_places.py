"""The breaker of code finds what it is there to find, and leaves types, words and comments alone."""

import pathlib

import pytest

import equivalent
import places

ROOT = pathlib.Path(__file__).resolve().parents[2]


def mutants(source):
    """Every way to break a source, as the changed text."""
    return {
        places.Mutant("a.cpp", source, place, choice).broken_source
        for place in places.places_of(source)
        for choice in place.choices
    }


@pytest.mark.parametrize(
    "source, broken",
    [
        ("x = a + b;", {"x = a - b;"}),
        ("x = a * -b;", {"x = a / -b;", "x = a + -b;", "x = a * b;"}),
        ("if (a < b)", {"if (a <= b)", "if (a > b)", "if (a >= b)"}),
        ("x = !a && b;", {"x = a && b;", "x = !a || b;"}),
        ("x[i] = y;", {"x[i + 1] = y;"}),
        ("return 3;", {"return 0;", "return 2;", "return 4;"}),
        ("return 0.5;", {"return 1.5;", "return 1.0;", "return -0.5;", "return 0.0;"}),
        ("return 0x10u;", {"return 0u;", "return 15u;", "return 17u;"}),
        ("++i;", {"--i;"}),
        ("total += x;", {"total -= x;", "total = x;"}),
        ("x = p ? a : b;", {"x = p || true ? a : b;", "x = p && false ? a : b;"}),
        ("def.is_view = true;", {"def.is_view = false;"}),
        ("x = get<0>(t) > y;", {"x = get<0>(t) >= y;", "x = get<0>(t) < y;", "x = get<0>(t) <= y;"}),
    ],
)
def test_what_is_broken(source, broken):
    assert mutants(source) == broken


@pytest.mark.parametrize(
    "source",
    [
        "// a + b < 3",
        "/* a + b\n * 3 */",
        '#include "a/b-1.h"\n',
        "#define TWICE(x) \\\n  (2 * x)\n",
        'fail("needs 3 + 4 < 8", \'5\');',
        'auto text = R"(1 + 2)";',
        "std::vector<std::array<int, 3>> x;",
        "template <class T, int N = 2>\nconst T& f(T&& x, T* y);",
        "S operator+(S a, S b);",
        "double table[] = {x};",
        "const char* names[kCount] = {x};",
        "p->x; a::b; f(x...);",
        "[&](auto x) { return x; };",
    ],
)
def test_what_is_let_be(source):
    assert mutants(source) == set()


@pytest.mark.slow
def test_a_draw_is_a_function_of_its_seed():
    every = places.all_places(ROOT, ("rushlight/math", "rushlight/ops"))
    first = [str(m) for m, _ in zip(places.draw(every, 1), range(20))]
    assert first == [str(m) for m, _ in zip(places.draw(every, 1), range(20))]
    assert first != [str(m) for m, _ in zip(places.draw(every, 2), range(20))]
    assert len(every) > 4000 and len({path for path, _, _ in every}) > 50


def test_a_change_of_one_line_leaves_the_draw_of_the_others():
    source = "int f(int a, int b) {\n  return a + b * 2;\n}\nint g(int a) {\n  return a - 3;\n}\n"
    changed = "int e() { return 7; }\n" + source.replace("a - 3", "a - 4")

    def drawn(text):
        every = [("f.cpp", text, place) for place in places.places_of(text)]
        return [(m.text, m.column, m.choice) for m in places.draw(every, 1) if "b * 2" in m.text]

    assert drawn(source) == drawn(changed) != []


def test_the_equivalent_ones_are_in_the_sources():
    known = equivalent.Known(ROOT)
    assert all(len(entry.proof) > 30 and bool(entry.line) != bool(entry.pattern) for entry in known.entries)


def test_an_entry_covers_its_place_alone():
    source = "a.domain = {1}, b = 1;"
    entry = equivalent.Entry("a.*", "proof", pattern=r"\.domain = \{[^}]*\}")
    covered = [entry.covers(places.Mutant("a.cpp", source, place, "0")) for place in places.places_of(source)]
    assert covered == [True, False]
    by_line = equivalent.Entry("a.cpp", "proof", line=source, was="1", now=("2",))
    assert by_line.covers(places.Mutant("a.cpp", source, places.places_of(source)[0], "2"))
    assert not by_line.covers(places.Mutant("a.cpp", source, places.places_of(source)[0], "0"))


def test_an_entry_that_is_out_of_date(tmp_path):
    (tmp_path / "rushlight").mkdir()
    (tmp_path / "rushlight/a.h").write_text("int x = 1;  // info.domain\n")
    assert equivalent.Entry("rushlight/a.h", "proof", line="int x = 2;").objection(tmp_path)
    assert equivalent.Entry("rushlight/a.h", "proof", pattern="y").objection(tmp_path)
    assert equivalent.Entry("rushlight/a.h", "proof", pattern="x", unread=("domain",)).objection(tmp_path)
    assert not equivalent.Entry("rushlight/a.h", "proof", pattern="x").objection(tmp_path)
