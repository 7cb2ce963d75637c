"""Sizes that no machine has are refused with an error, before anything is computed with them."""
import pytest

import rushlight

LARGEST, SMALLEST = 2**63 - 1, -(2**63)
ERRORS = (RuntimeError, ValueError, IndexError, MemoryError)


@pytest.mark.parametrize("shape", [(2**62, 4, 0), (0, 2**62, 4), (2**40, LARGEST, 0, 2)])
def test_strides_that_overflow_in_an_empty_tensor(shape):
    with pytest.raises(RuntimeError, match="64 bits"):
        rushlight.zeros(shape)


def test_an_empty_tensor_of_large_sizes():
    assert rushlight.zeros(2**40, 0, 2**40).stride() == (2**40, 2**40, 1)


def test_views_of_an_empty_tensor_whose_strides_overflow():
    x = rushlight.zeros(0).as_strided((2**62, 0), (7, 1))
    assert x.unsqueeze(0).shape == (1, 2**62, 0)
    assert x.as_strided((4, 0), (2**62, 1)).unfold(0, 1, 3).shape == (2, 0, 1)


@pytest.mark.parametrize("frame", [(LARGEST, 0), (0, LARGEST), (LARGEST, LARGEST), (SMALLEST, SMALLEST), (SMALLEST, LARGEST)])
@pytest.mark.parametrize("mode", ["constant", "replicate", "circular", "reflect"])
def test_frames_that_overflow(frame, mode):
    with pytest.raises(RuntimeError, match="pad"):
        rushlight.pad(rushlight.ones(2, 4), frame, mode)


@pytest.mark.parametrize("mode", ["constant", "replicate"])
def test_frames_larger_than_memory(mode):
    with pytest.raises(ERRORS):
        rushlight.pad(rushlight.ones(2, 4), (2**55, 0), mode)


def test_a_frame_beside_no_elements():
    assert rushlight.pad(rushlight.ones(2**30, 0, 4), (1, 1)).shape == (2**30, 0, 6)


HOSTILE = {
    "chunk": lambda: rushlight.chunk(rushlight.ones(0, 2), 2**62),
    "tensor_split": lambda: rushlight.tensor_split(rushlight.ones(2), 2**62),
    "split": lambda: rushlight.split(rushlight.ones(1).expand(2**62), 1),
    "unbind": lambda: rushlight.unbind(rushlight.ones(1).expand(2**62)),
    "randperm": lambda: rushlight.randperm(LARGEST),
    "rand": lambda: rushlight.rand(2**62, 1, dtype=rushlight.float64),
    "diag_embed": lambda: rushlight.diag_embed(rushlight.ones(2), SMALLEST),
    "stride": lambda: rushlight.conv1d(rushlight.ones(1, 1, 4), rushlight.ones(1, 1, 2), stride=2**62),
    "padding": lambda: rushlight.conv1d(rushlight.ones(1, 1, 4), rushlight.ones(1, 1, 2), padding=2**62),
    "dilation": lambda: rushlight.conv1d(rushlight.ones(1, 1, 4), rushlight.ones(1, 1, 2), dilation=2**62),
    "groups": lambda: rushlight.conv1d(rushlight.ones(1, 1, 4), rushlight.ones(0, 8, 2), groups=2**62),
    "transposed": lambda: rushlight.conv_transpose1d(rushlight.ones(1, 1, 4), rushlight.ones(1, 1, 2), stride=2**62),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_numbers_that_overflow(name):
    with pytest.raises(ERRORS):
        HOSTILE[name]()


@pytest.mark.parametrize("join", [rushlight.stack, rushlight.broadcast_tensors, rushlight.hstack, rushlight.meshgrid])
def test_a_list_that_holds_none(join):
    for tensors in ([None], [None, rushlight.ones(2)], [rushlight.ones(2), None]):
        with pytest.raises((TypeError, RuntimeError)):
            join(tensors)


@pytest.mark.parametrize("dtype", [rushlight.float32, rushlight.float16, rushlight.int32, rushlight.int64, rushlight.bool])
def test_reductions_of_no_elements_in_very_many_rows_take_no_time(dtype):
    x = rushlight.empty(0, dtype=dtype).reshape(1, 1, 0).expand(2**40, 1, 0)
    shapes = {getattr(x, name)(1).shape for name in ("sum", "prod", "any", "all", "amax", "amin")}
    assert shapes == {(2**40, 0)} and x.max(1).values.shape == (2**40, 0)


@pytest.mark.parametrize("name", ["cumsum", "cumprod", "cummax", "cummin", "logcumsumexp", "sort", "argsort"])
@pytest.mark.parametrize("backend", rushlight.backends())
def test_scans_and_sorts_of_no_elements_in_very_many_rows_take_no_time(name, backend):
    with rushlight.backends.use_backend(backend):
        x = rushlight.empty(0).reshape(1, 1, 0).expand(2**40, 1, 0).transpose(1, 2)
        result = getattr(x, name)(1)
        assert all(r.shape == (2**40, 0, 1) for r in (result if isinstance(result, tuple) else [result]))
        assert x.topk(0, dim=1).values.shape == (2**40, 0, 1)


@pytest.mark.parametrize("shape", [(2**21 + 9,), (3, 2**20 + 5), (2**20 + 5, 3)])
@pytest.mark.parametrize("backend", rushlight.backends())
def test_the_largest_of_more_elements_than_are_compared_at_once(shape, backend):
    rushlight.set_backend(backend)
    try:
        x = rushlight.zeros(shape)
        last = x.numel() - 2
        x.view(-1)[last] = 5
        assert x.argmax().item() == last and x.amax().item() == 5 and x.argmin().item() == 0
        x.view(-1)[last - 1] = float("nan")
        assert x.argmax().item() == last - 1 == x.argmin().item()
    finally:
        rushlight.set_backend("cpu")


def test_views_of_no_elements_whose_strides_cannot_be_multiplied():
    x = rushlight.empty(0).as_strided((40, 0, 40), (2**61, 1, 2**61))
    assert x[20:].shape == (20, 0, 40) and x[::30].shape == (2, 0, 40) and x[30].shape == (0, 40)
    assert x.diagonal(20, 0, 2).shape == (0, 20)
