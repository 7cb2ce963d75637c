"""Indexing, reading and writing with gradients, judged by PyTorch."""

import numpy as np
import pytest

import rushlight as rl

torch = pytest.importorskip("torch")

KEYS = [
    "0", "-1", "1:", ":-1", "::2", "5:2", "...", "()", "None", "0, 1", "0, ..., 1", "..., 0", ":, 1", ":, None, 1:3", "None, ..., None",
    "1, 2, 3", "T([0, 2])", "T([[0, 1], [2, 0]])", ":, T([1, 1, 0])", "T([0, 1]), T([2, 0])", "T([0, 1]), :, T([2, 0])", "0, :, T([3, 0])",
    "T([[0], [1]]), T([0, 2])", "T([-1, -2])", "T(1)", "T(1), T([0, 2])", "[0, 2]", "[True, False, True]", "..., [0, 1]", "True", "False",
    "T([True, False, True])", ":, T([True, False, True, False])", "T([True, False, True]), 1:3", "M", "M2", "T([True, False, True]), T([0, 3])",
    "T([]).long()", "None, T([0])", "np.int64(1)", "np.array([0, 2])", "slice(None, 2)", "2:0:1", "T(True)", "[]",
]


def key_for(library, text):
    def make(data):
        return library.tensor(data)

    names = {"T": make, "np": np, "M": library.tensor(np.arange(60).reshape(3, 4, 5) % 3 == 0), "M2": library.tensor(np.arange(12).reshape(3, 4) % 2 == 0)}
    return eval(f"np.s_[{text}]", names)


@pytest.mark.parametrize("text", KEYS)
def test_reading_and_its_gradient(text):
    data = np.arange(60.0).reshape(3, 4, 5)
    results = []
    for library in (rl, torch):
        x = library.tensor(data, requires_grad=True)
        picked = x[key_for(library, text)]
        (picked * picked).sum().backward()
        results.append((picked.detach().numpy(), x.grad.numpy()))
    for ours, theirs in zip(*results):
        assert ours.shape == theirs.shape
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("text", KEYS)
def test_writing_numbers_and_tensors_and_their_gradients(text):
    data = np.arange(60.0).reshape(3, 4, 5)
    results = []
    for library in (rl, torch):
        x = library.tensor(data)
        x[key_for(library, text)] = -1
        y = library.tensor(data, requires_grad=True)
        target = y * 2
        shape = tuple(target[key_for(library, text)].shape)
        if text in ("T([0, 1]), T([2, 0])", "[True, False, True]", "M", "1:", "T([[0], [1]]), T([0, 2])", "0", "T(1)"):
            values = library.tensor(np.arange(float(np.prod(shape))).reshape((1,) + shape), requires_grad=True)
            target[key_for(library, text)] = values
            (target * target).sum().backward()
            results.append([x.numpy(), target.detach().numpy(), y.grad.numpy(), values.grad.numpy()])
        else:
            results.append([x.numpy()])
    for ours, theirs in zip(*results):
        np.testing.assert_array_equal(ours, theirs)


def test_negative_steps_walk_backwards():
    data = np.arange(12.0).reshape(3, 4)
    x = rl.tensor(data)
    for key in (np.s_[::-1], np.s_[:, ::-2], np.s_[2:0:-1, 1:], np.s_[-1:-3:-1]):
        np.testing.assert_array_equal(x[key].numpy(), data[key])


def test_views_share_and_picks_copy():
    x = rl.tensor([[1.0, 2.0], [3.0, 4.0]])
    x[0][1] = 9.0
    x[:, 0].mul_(2)
    assert x.tolist() == [[2.0, 9.0], [6.0, 4.0]]
    picked = x[[0]]
    picked += 1
    assert x.tolist() == [[2.0, 9.0], [6.0, 4.0]]


def test_augmented_assignment_writes_once():
    x = rl.tensor([1.0, 2.0, 3.0])
    x[1:] += 10
    x[rl.tensor([0, 0])] += 1
    assert x.tolist() == [2.0, 12.0, 13.0]


@pytest.mark.parametrize("key, error, words", [
    ("5", IndexError, "out of bounds for dimension 0 with size 3"),
    ("0, 0, 0, 0", IndexError, "too many indices"),
    ("::0", ValueError, "step"),
    ("'a'", IndexError, "valid indices"),
    ("1.5", IndexError, "valid indices"),
    ("T([0.5])", IndexError, "tensors used as indices"),
    ("T([7])", IndexError, "out of bounds"),
    ("T([True, False])", IndexError, "mask"),
    ("T([0, 1]), T([0, 1, 2])", IndexError, "broadcast"),
    ("'a':", TypeError, "slice indices"),
])
def test_wrong_indices_say_what_is_wrong(key, error, words):
    with pytest.raises(error, match=words):
        rl.zeros(3, 4, 5)[key_for(rl, key)]


def test_wrong_writes():
    x = rl.zeros(2, 3)
    with pytest.raises(RuntimeError):
        x[0] = rl.ones(2)
    with pytest.raises(TypeError, match="deleted"):
        del x[0]
    leaf = rl.zeros(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="leaf"):
        leaf[0] = 1


def _random_key(random, shape):
    """Items for some of the dimensions: numbers, slices, index tensors (of shapes that broadcast), masks, None, an ellipsis."""
    common = [int(n) for n in random.integers(1, 4, size=random.integers(1, 3))]
    items, dim, count = [], 0, random.integers(1, len(shape) + 1)
    while dim < count:
        size = shape[dim]
        kind = random.choice(["number", "slice", "slice", "tensor", "tensor", "mask", "new"])
        if kind == "number":
            items.append(str(random.integers(-size, size)))
        elif kind == "slice":
            bound = lambda: random.choice(["", str(random.integers(-size - 1, size + 2))])
            items.append(f"{bound()}:{bound()}:{random.choice(['', '1', '2', '3'])}")
        elif kind == "tensor":
            wanted = [n if random.random() < 0.7 else 1 for n in common][random.integers(0, len(common)) :]
            items.append(f"T({random.integers(-size, size, size=wanted).tolist()})")
        elif kind == "mask":
            flags = np.zeros(size, dtype=bool)
            flags[random.choice(size, size=min(size, common[-1]), replace=False)] = True
            items.append(f"T({flags.tolist()})")
        else:
            items.append("None")
            dim -= 1
        dim += 1
    if random.random() < 0.3:
        items.append("...")
    return ", ".join(items) + ","


@pytest.mark.parametrize("seed", range(60))
def test_any_key_reads_and_writes_as_in_pytorch(seed):
    random = np.random.default_rng(seed)
    refused = 0
    for _ in range(10):
        shape = [int(n) for n in random.integers(1, 6, size=random.integers(1, 5))]
        text, data = _random_key(random, shape), random.normal(size=shape)
        try:
            torch.tensor(data)[key_for(torch, text)]
        except (IndexError, RuntimeError):
            refused += 1
            with pytest.raises((IndexError, RuntimeError, ValueError)):
                rl.tensor(data)[key_for(rl, text)]
            continue
        results = []
        for library in (rl, torch):
            x = library.tensor(data, requires_grad=True)
            picked = x[key_for(library, text)]
            (picked * picked).sum().backward()
            written = library.tensor(data, requires_grad=True)
            target, value = written * 3, library.tensor(2.5, dtype=library.float64, requires_grad=True)
            target[key_for(library, text)] = value * 2
            (target * target).sum().backward()
            results.append([picked.detach(), x.grad, target.detach(), written.grad, value.grad])
        for ours, theirs in zip(*results):
            assert tuple(ours.shape) == tuple(theirs.shape), text
            np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-13, err_msg=text)
    assert refused < 8


def test_values_may_be_seen_through_the_place_they_go_to():
    a = rl.arange(4.0)
    a[1:] = a[:-1]
    assert a.tolist() == [0.0, 0.0, 1.0, 2.0]
