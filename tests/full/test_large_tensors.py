"""More elements than 31 bits can count: views that repeat one element, and memory that is really there."""

import pytest

import rushlight as rl

pytestmark = pytest.mark.full
COUNT = 2**31 + 7
BYTES = 2 * COUNT  # two tensors of one byte each


def free_memory():
    with open("/proc/meminfo") as file:
        rows = dict(line.split(":") for line in file)
    return int(rows["MemAvailable"].split()[0]) * 1024


@pytest.fixture(params=["cpu", "reference"])
def backend(request):
    rl.set_backend(request.param)
    yield request.param
    rl.set_backend("cpu")


@pytest.fixture
def ones():
    return rl.tensor([1], dtype=rl.int8).expand(COUNT)


def test_an_expanded_view_has_its_size(ones):
    assert ones.numel() == COUNT and ones.shape == (COUNT,) and ones.stride() == (0,)
    assert ones[COUNT - 1].item() == 1 and ones[-1].item() == 1
    assert ones[2**31 :].tolist() == [1] * 7
    with pytest.raises(IndexError):
        ones[COUNT]


def test_views_of_an_expanded_view(ones):
    assert ones[:: 2**30].shape == (3,)
    assert ones.view(1, COUNT).t().shape == (COUNT, 1)
    assert ones.unsqueeze(0).expand(3, COUNT).numel() == 3 * COUNT
    assert ones.narrow(0, 2**31 + 1, 6).sum().item() == 6


def test_a_size_that_no_memory_has_is_an_error(ones):
    with pytest.raises((MemoryError, RuntimeError)):
        ones.expand(2**31, COUNT).contiguous()


def test_a_sum_over_an_expanded_view(ones, backend):
    assert ones.sum().item() == COUNT


def test_a_gradient_through_an_expanded_view(backend):
    narrow = rl.tensor([0.5], dtype=rl.float16, requires_grad=True)  # its gradient is in memory, all of it
    (last,) = rl.autograd.grad(narrow.expand(COUNT)[-3:].sum(), [narrow])
    assert last.tolist() == [3]
    x = rl.tensor([0.5], dtype=rl.float64, requires_grad=True)
    (gradient,) = rl.autograd.grad(x.expand(COUNT).sum(), [x])
    assert gradient.tolist() == [COUNT]


@pytest.mark.skipif(free_memory() < 2 * BYTES, reason=f"less than {2 * BYTES >> 30} GiB are free")
def test_memory_of_more_than_2_to_the_31_elements(backend):
    x = rl.zeros(COUNT, dtype=rl.int8)
    x[2**31 + 3] = 5
    x[3] = 4
    assert x.argmax().item() == 2**31 + 3
    y = x + 1
    assert y.dtype == rl.int8 and y.numel() == COUNT
    assert y[2**31 :].tolist() == [1, 1, 1, 6, 1, 1, 1] and y[:5].tolist() == [1, 1, 1, 5, 1]
    assert y.sum().item() == COUNT + 9
    del x
    y.add_(1)
    assert y[-1].item() == 2 and y.index_select(0, rl.tensor([2**31 + 3, 0])).tolist() == [7, 2]
