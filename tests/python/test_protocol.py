"""A Tensor among Python's and NumPy's own things, and PyTorch's older names."""

import copy
import pickle

import numpy as np
import pytest

import rushlight as rl


def test_numpy_functions_give_tensors_back():
    x = rl.tensor([0.0, 1.0])
    assert isinstance(np.sin(x), rl.Tensor) and np.allclose(np.sin(x).numpy(), np.sin([0.0, 1.0]))
    assert isinstance(np.maximum(x, 0.5), rl.Tensor)
    assert np.asarray(x).dtype == np.float32 and np.array(x, dtype=np.float64).dtype == np.float64
    with pytest.raises(RuntimeError, match="detach"):
        np.sin(rl.ones(2, requires_grad=True))


def test_conversions_to_python():
    assert complex(rl.tensor(2.0)) == 2 + 0j and int(rl.tensor(2.7)) == 2 and f"{rl.tensor(1.25):.1f}" == "1.2"
    assert "abc"[rl.tensor(1)] == "b" and list(reversed(rl.arange(3)))[0] == 2 and 2 in rl.arange(3) and 7 not in rl.arange(3)
    assert hash(rl.ones(1)) != hash(rl.ones(1)) and {(x := rl.ones(1)): 1}[x] == 1


def test_arrays_that_must_not_be_written_are_copied():
    array = np.arange(3.0)
    array.flags.writeable = False
    for shared in (rl.from_numpy(array), rl.as_tensor(array), rl.frombuffer(array.tobytes(), dtype=rl.float64)):
        shared += 1
        assert shared.tolist() == [1.0, 2.0, 3.0] and array.tolist() == [0.0, 1.0, 2.0]


def test_old_tensor_types():
    x = rl.FloatTensor([1, 2])
    assert isinstance(x, rl.FloatTensor) and not isinstance(x, rl.LongTensor) and x.type() == "rushlight.FloatTensor"
    assert x.type(rl.LongTensor).dtype is rl.int64 and x.type("torch.HalfTensor").dtype is rl.float16 and x.type(rl.int8).dtype is rl.int8
    assert rl.DoubleTensor(2, 3).shape == (2, 3) and isinstance(x, rl.autograd.Variable) and x.new([3]).dtype is rl.float32
    with pytest.raises(ValueError, match="invalid type"):
        x.type("FloatTensor")


def test_variables_share_and_take_gradients():
    x = rl.ones(2)
    v = rl.autograd.Variable(x, requires_grad=True)
    assert v.requires_grad and not x.requires_grad
    x[0] = 5
    assert v.tolist() == [5.0, 1.0]


def test_trace_is_the_matrix_sum_and_the_tracer():
    assert rl.trace(rl.arange(9).view(3, 3)) == 12 and rl.arange(9).view(3, 3).trace() == 12
    traced = rl.trace(lambda x: x + 1)
    assert [traced(rl.ones(2)).tolist() for _ in range(5)] == [[2.0, 2.0]] * 5
    with pytest.raises(RuntimeError, match="2 dimension"):
        rl.trace(rl.ones(2))


def test_resize_keeps_what_fits():
    x = rl.arange(6)
    assert x.resize_(2, 2) is x and x.tolist() == [[0, 1], [2, 3]]
    assert x.resize_((8,)).tolist()[:6] == [0, 1, 2, 3, 4, 5] and x.numel() == 8
    assert x.resize_as_(rl.ones(3)).shape == (3,)


def test_bits_as_another_dtype_share_memory():
    x = rl.tensor([1.0, 2.0])
    bits = x.view(rl.int32)
    bits[0] = 0
    assert x.tolist() == [0.0, 2.0] and x.view(rl.uint8).shape == (8,)
    assert rl.arange(6, dtype=rl.int16)[2:].view(rl.int32).shape == (2,)
    with pytest.raises(RuntimeError, match="multiple of 4 bytes"):
        rl.arange(6, dtype=rl.int16)[1:].view(rl.int32)
    with pytest.raises(RuntimeError, match="contiguous"):
        rl.ones(2, 2).t().view(rl.float64)


def test_apply_runs_python_on_each_element():
    x = rl.tensor([[1.0, 2.0]])
    assert x.apply_(lambda value: value * 10) is x and x.tolist() == [[10.0, 20.0]]


class Bare:
    def __init__(self):
        pass


class BareGenerator(Bare, rl.Generator):
    pass


class BareSlot(Bare, rl.Slot):
    pass


class BareDevice(Bare, rl.device):
    pass


class BareTensor(rl.Tensor):
    pass


def sgd(**options):
    rl.sgd_step([rl.ones(2)], [rl.ones(2)], [rl.zeros(2)], rl.zeros(1), **options)


@pytest.mark.filterwarnings("ignore:nanobind")
@pytest.mark.parametrize("use", [
    lambda: rl.rand(2, generator=BareGenerator()), lambda: rl.rand(2, generator=rl.Generator.__new__(rl.Generator)),
    lambda: BareGenerator().manual_seed(1), lambda: BareGenerator().get_state(), lambda: sgd(lr=BareSlot()), lambda: float(BareSlot()),
    lambda: rl.zeros(2, device=BareDevice()), lambda: rl.device("cpu") == BareDevice(), lambda: repr(BareDevice()),
    lambda: rl.zeros(2, dtype=rl.dtype.__new__(rl.dtype)), lambda: rl.ones(2).to(rl.dtype.__new__(rl.dtype)), lambda: BareTensor().shape,
    lambda: BareTensor() + 1, lambda: rl.relu(BareTensor()), lambda: rl.ones(2)[BareTensor()], lambda: rl.add(rl.ones(2), 1, out=BareTensor()),
    lambda: type(rl.relu)(), lambda: object.__new__(type(rl.relu)), lambda: object.__new__(type(rl.Tensor.relu)),
])
def test_instances_that_nobody_initialized_are_refused(use):
    with pytest.raises(TypeError):
        use()


def test_a_generator_s_copies_go_their_own_way():
    g = rl.Generator().manual_seed(7)
    rl.rand(3, generator=g)
    for copied in (copy.copy(g), copy.deepcopy(g), pickle.loads(pickle.dumps(g)), g.clone_state()):
        assert copied is not g and copied != g and copied.initial_seed() == 7
        assert rl.rand(5, generator=copied).tolist() == rl.rand(5, generator=g.clone_state()).tolist()
    assert rl.rand(1, generator=copy.deepcopy(rl.default_generator)).tolist() == rl.rand(1).tolist()


def test_generators():
    g = rl.Generator().manual_seed(7)
    state = g.get_state()
    first = rl.rand(3, generator=g).tolist()
    g.set_state(state)
    assert rl.rand(3, generator=g).tolist() == first and g.initial_seed() == 7 and g.device == rl.device("cpu")
    assert g.seed() == g.initial_seed() != 7
    for wrong in (rl.ones(16), rl.zeros(3, dtype=rl.uint8)):
        with pytest.raises(TypeError, match="get_state"):
            g.set_state(wrong)
    rl.manual_seed(5)
    with rl.random.fork_rng():
        inside = rl.rand(2).tolist()
    assert rl.rand(2).tolist() == inside
    assert rl.manual_seed(2**64 - 1).initial_seed() == 2**64 - 1
    with pytest.raises(OverflowError):
        rl.manual_seed(2**64)


def test_settings():
    before = rl.get_num_threads()
    try:
        rl.set_num_threads(2)
        assert rl.get_num_threads() == 2
        with pytest.raises((ValueError, RuntimeError)):
            rl.set_num_threads(0)
    finally:
        rl.set_num_threads(before)
    rl.set_float32_matmul_precision("high")
    assert rl.get_float32_matmul_precision() == "high" and rl.get_num_interop_threads() == 1
    rl.use_deterministic_algorithms(True)
    assert rl.are_deterministic_algorithms_enabled() and rl.get_default_device() == rl.device("cpu")
    for wrong in (lambda: rl.set_default_device("cuda"), lambda: rl.set_num_interop_threads(2), rl.cuda.current_device):
        with pytest.raises(RuntimeError):
            wrong()
    assert rl.backends.backends() == rl.backends() and "reference" in rl.backends()
    assert not rl.backends.cudnn.is_available() and not rl.accelerator.is_available() and rl.accelerator.current_accelerator() is None
    rl.cuda.manual_seed_all(1)


def test_assert_close():
    close = rl.testing.assert_close
    close(rl.ones(2), rl.ones(2) + 1e-7)
    close({"a": [rl.ones(2), 1.0]}, {"a": [rl.ones(2), 1.0 + 1e-9]})
    close(rl.tensor(float("nan")), rl.tensor(float("nan")), equal_nan=True)
    for a, b, words in (
        (rl.tensor([1.0, 2.0]), rl.tensor([1.0, 3.0]), "(?s)1 / 2 .50.0%.*1.0 at index .1,"),
        (rl.ones(2), rl.ones(3), "shape"),
        (rl.ones(2), rl.ones(2, dtype=rl.float64), "dtype"),
        (rl.tensor([1, 2]), rl.tensor([1, 3]), "not close"),
        ([1.0], [1.0, 2.0], "length"),
        ({"a": 1}, {"b": 1}, "keys"),
        ([rl.ones(1), rl.zeros(1)], [rl.ones(1), rl.ones(1)], r"item \[1\]"),
        (rl.tensor(float("nan")), rl.tensor(float("nan")), "nan"),
    ):
        with pytest.raises(AssertionError, match=words):
            close(a, b)
    with pytest.raises(AssertionError, match="^mine$"):
        close(rl.zeros(1), rl.ones(1), msg="mine")
    with pytest.raises(ValueError, match="both"):
        close(rl.ones(1), rl.ones(1), rtol=0.1)


def test_ops_can_be_copied_and_pickled():
    for function in (rl.relu, rl.relu_, rl.Tensor.relu, rl.softmax):
        assert copy.deepcopy(function) is function and pickle.loads(pickle.dumps(function)) is function


def test_modes_decorate_generators_and_functions():
    @rl.no_grad()
    def numbers(x):
        yield x * 2
        yield x * 3

    x = rl.ones(1, requires_grad=True)
    assert [y.requires_grad for y in numbers(x)] == [False, False]

    @rl.inference_mode()
    def double(x):
        return x * 2

    assert double(x).is_inference() and (x * 2).requires_grad


@pytest.mark.parametrize("name", ["rushlight", "torch"])
def test_deep_copies_share_what_the_originals_share(name):
    library = pytest.importorskip(name, reason="PyTorch is the judge")
    base = library.arange(6.0)
    first, last, turned, wide = copy.deepcopy([base[:3], base[3:], base.view(2, 3).t(), library.ones(1).expand(1000)])
    last.fill_(7)
    assert turned.tolist() == [[0, 7], [1, 7], [2, 7]] and first.tolist() == [0, 1, 2]
    assert base.tolist() == [0, 1, 2, 3, 4, 5] and wide.stride() == (0,) and turned.stride() == (1, 3)
    assert copy.deepcopy(library.zeros(0, 3)).shape == (0, 3)
