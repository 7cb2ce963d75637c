"""What docs/adding-an-op.md promises of its ops in Python: `works.py STUB`. The numbers are worked out by hand."""

import pathlib
import sys

import rushlight

# The function, its method and its in-place form.
x = rushlight.tensor([2.0, -0.5])
expected = [2 / 5, -0.5 / 1.25]
near = lambda tensor, numbers: all(abs(a - b) < 1e-6 for a, b in zip(tensor.tolist(), numbers, strict=True))
assert near(rushlight.quirk(x), expected)
assert near(x.quirk(), expected)
assert near(rushlight.scaled_quirk(x, scale=6.0), [2 / 10, -0.5 / 6.25])
assert x.clone().quirk_().tolist() == rushlight.quirk(x).tolist()
assert rushlight.quirk(x.to(rushlight.float16)).dtype == rushlight.float16
print("function, method, in place, halves")

# The table of ops.
rows = {row["id"]: row for row in rushlight.ops()}
assert rows["quirk"]["kind"] == "map" and rows["quirk"]["in_place"] and rows["quirk"]["method"]
assert "scale" in rows["scaled_quirk"]["signature"] and rows["quirk"]["doc"] == "input / (1 + input^2)"
print("a row of rushlight.ops():", rows["scaled_quirk"]["signature"])

# The stub.
stub = pathlib.Path(sys.argv[1]).read_text().splitlines()
lines = [line.strip() for line in stub if "quirk" in line and line.strip().startswith("def ")]
for beginning in ("def quirk(", "def quirk_(", "def scaled_quirk("):
    assert sum(line.startswith(beginning) for line in lines) >= 1, beginning
print("lines of the stub:", *lines, sep="\n  ")

# A trace, its printed graph, and the replay.
traced = rushlight.trace(lambda t: rushlight.quirk(t) * 2)
for value in (1.0, 2.0, 3.0, 4.0, 5.0):
    assert traced(rushlight.tensor([value])).tolist() == (rushlight.quirk(rushlight.tensor([value])) * 2).tolist()
assert "quirk" in traced.graph() and traced.replay_count >= 1
print(traced.graph())
