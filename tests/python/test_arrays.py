"""NumPy, DLPack and lists: memory is shared where it can be."""

import numpy as np
import pytest

import rushlight as rl


@pytest.mark.parametrize("dtype", ["bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float16", "float32", "float64"])
def test_numpy_and_back_share_memory(dtype):
    array = np.array([[0, 1, 0], [1, 0, 1]]).astype(dtype)
    tensor = rl.from_numpy(array)
    assert str(tensor.dtype) == f"rushlight.{dtype}" and tensor.shape == (2, 3)
    tensor[0, 0] = 1
    assert array[0, 0] == 1
    back = tensor.numpy()
    assert back.dtype == array.dtype and np.shares_memory(back, array)


@pytest.mark.parametrize("view", [lambda a: a.T, lambda a: a[::2], lambda a: a[::-1], lambda a: a[:, ::-2], lambda a: a[1:, 2:], lambda a: a[0, 0],
                                  lambda a: a[:0], lambda a: np.broadcast_to(a[0], (3, 5)).copy()])
def test_layouts_survive_the_way(view):
    array = view(np.arange(20.0).reshape(4, 5))
    tensor = rl.from_numpy(np.asarray(array)) if array.ndim else rl.tensor(array)
    np.testing.assert_array_equal(tensor.numpy(), array)
    assert tensor.tolist() == array.tolist()


def test_memory_outlives_either_side():
    tensor = rl.from_numpy(np.arange(1000.0))
    assert tensor.sum().item() == 499500.0
    array = rl.tensor([1.0, 2.0, 3.0] * 100).numpy()
    rl.empty(300)
    assert array.sum() == 600.0


@pytest.mark.parametrize("operator", ["==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "//", "%", "**", "@"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_operators_take_arrays_on_either_side(operator, dtype):
    x, array = rl.tensor([1.0, 2.0, 3.0]), np.array([3, 2, 1]).astype(dtype)
    for left, right in (("x", "array"), ("array", "x")):
        result = eval(f"{left} {operator} {right}")
        expected = np.asarray(eval(f"{left} {operator} {right}", {"x": x.numpy(), "array": array}))
        assert isinstance(result, rl.Tensor) and result.tolist() == expected.tolist()
        assert str(result.dtype) == f"rushlight.{expected.dtype}"


@pytest.mark.parametrize("operator", ["&", "|", "^", "<<", ">>"])
def test_bitwise_operators_take_arrays_on_either_side(operator):
    x, array = rl.tensor([5, 6]), np.array([2, 3])
    for left, right in (("x", "array"), ("array", "x")):
        result = eval(f"{left} {operator} {right}")
        assert isinstance(result, rl.Tensor) and result.tolist() == eval(f"{left} {operator} {right}", {"x": x.numpy(), "array": array}).tolist()


def test_arrays_that_do_not_fit_an_operator():
    with pytest.raises(ValueError, match="broadcast"):
        rl.ones(3) == np.ones(4)
    with pytest.raises(RuntimeError, match="detach"):
        np.ones(2) == rl.ones(2, requires_grad=True)


@pytest.mark.parametrize("array, error, words", [
    (np.arange(3).astype(">i8"), ValueError, "byte order"),
    (np.arange(3.0).astype(">f4"), ValueError, "newbyteorder"),
    (np.array(["2020-01-01"], dtype="M8[D]"), TypeError, r"array of datetime64\[D\] has no tensor"),
    (np.ones(2, dtype=np.longdouble), TypeError, "longdouble|float128"),
    (np.array([1, None]), TypeError, "array of object"),
    (np.array([1j]), TypeError, "array of complex128"),
    (np.zeros(3, dtype=[("a", "i1"), ("b", "f4")])["b"], ValueError, "strides of the array are no multiples of its element size, 4 bytes"),
])
def test_arrays_that_no_tensor_can_show(array, error, words):
    with pytest.raises(error, match=words):
        rl.from_numpy(array)
    with pytest.raises(error, match=words):
        rl.as_tensor(array)


def test_memory_of_what_requires_grad_is_not_shared():
    torch = pytest.importorskip("torch")
    for tensor in (rl.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)):
        with pytest.raises(BufferError, match="detach"):
            rl.from_dlpack(tensor)
        assert rl.from_dlpack(tensor.detach()).tolist() == [1.0, 1.0]
    with pytest.raises(BufferError, match="detach"):
        rl.ones(2, requires_grad=True).__dlpack__()


def test_a_capsule_gives_its_memory_once():
    tensor = rl.arange(3.0)
    capsule = rl.utils.dlpack.to_dlpack(tensor)
    shared = rl.utils.dlpack.from_dlpack(capsule)
    shared[0] = 7
    assert tensor.tolist() == [7.0, 1.0, 2.0]
    with pytest.raises(RuntimeError, match="once"):
        rl.from_dlpack(capsule)
    del tensor, capsule
    assert shared.tolist() == [7.0, 1.0, 2.0]


def test_array_protocol():
    x = rl.tensor([[1.0, 2.0]])
    assert np.asarray(x).shape == (1, 2) and np.array(x, dtype="int32").dtype == np.int32
    assert np.sum(np.asarray(x)) == 3.0
    assert not np.shares_memory(np.array(x, copy=True), x.numpy())


def test_what_cannot_be_shared_says_why():
    with pytest.raises(RuntimeError, match="detach"):
        rl.tensor([1.0], requires_grad=True).numpy()
    assert rl.tensor([1.0], requires_grad=True).numpy(force=True).tolist() == [1.0]
    with pytest.raises(TypeError, match="bfloat16"):
        rl.tensor([1.0]).to(rl.bfloat16).numpy()
    with pytest.raises(TypeError):
        rl.from_numpy([1, 2])
    with pytest.raises(TypeError):
        rl.from_numpy(np.array(["a"]))
    with pytest.raises(TypeError):
        rl.from_numpy(np.array([1j]))


@pytest.mark.parametrize("make", [rl.as_tensor, rl.asarray, rl.tensor, rl.array_api.asarray])
@pytest.mark.parametrize("number", [np.float32(3), np.float64(1.5), np.int16(-7), np.bool_(True)])
def test_numpy_s_numbers_become_tensors(make, number):
    tensor = make(number)
    assert tensor.shape == () and tensor.item() == number.item() and str(tensor.dtype) == f"rushlight.{number.dtype}"
    tensor.fill_(0)


def test_numpy_s_numbers_are_compared_and_are_no_arrays():
    rl.testing.assert_close(np.float32(1), np.float32(1))
    with pytest.raises(AssertionError):
        rl.testing.assert_close(np.float32(1), np.float32(2))
    with pytest.raises(TypeError, match="expected np.ndarray, not float32"):
        rl.from_numpy(np.float32(3))


def test_what_is_no_tensor_has_no_methods():
    with pytest.raises(TypeError):
        rl.Tensor.resize_("cpu", 3)
    with pytest.raises(TypeError, match="std"):
        rl.std([rl.ones(2)], True)


def test_dlpack_both_ways():
    torch = pytest.importorskip("torch")
    theirs = torch.arange(6.0).reshape(2, 3)
    ours = rl.from_dlpack(theirs)
    ours[0, 0] = 9.0
    assert theirs[0, 0] == 9.0
    again = torch.from_dlpack(ours)
    again[1, 1] = -1.0
    assert ours[1, 1].item() == -1.0
    strided = rl.from_dlpack(theirs.t())
    assert strided.shape == (3, 2) and strided.stride() == (1, 3)
    assert np.from_dlpack(rl.tensor([1, 2])).tolist() == [1, 2]
    assert torch.from_dlpack(rl.tensor([1.0, 2.0]).to(rl.bfloat16)).dtype == torch.bfloat16


def test_dlpack_copies_where_it_is_asked_to():
    tensor = rl.tensor([1.0, 2.0])
    for shared, made in ((True, np.from_dlpack(tensor)), (False, np.from_dlpack(tensor, copy=True))):
        assert np.shares_memory(made, tensor.numpy()) is shared
    assert np.from_dlpack(tensor, device="cpu", copy=False).tolist() == [1.0, 2.0]
    array = np.arange(3.0)
    for options, shared in (({}, True), ({"copy": False}, True), ({"copy": None, "device": "cpu"}, True), ({"copy": True}, False)):
        assert np.shares_memory(rl.from_dlpack(array, **options).numpy(), array) is shared
    array.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        rl.from_dlpack(array, copy=False)


def test_dlpack_refuses_other_devices_and_streams():
    tensor = rl.ones(2)
    assert tensor.__dlpack__(max_version=(1, 0), dl_device=(1, 0), copy=False)
    with pytest.raises(ValueError, match="stream"):
        tensor.__dlpack__(stream=1)
    with pytest.raises(BufferError, match="dl_device"):
        tensor.__dlpack__(dl_device=(2, 0))
    with pytest.raises(RuntimeError, match="cuda"):
        rl.from_dlpack(np.arange(3), device="cuda")
    with pytest.raises(TypeError):
        tensor.__dlpack__(colour=1)


def test_the_array_protocol_knows_its_arguments():
    tensor = rl.ones(2)
    assert np.array(tensor, copy=False).tolist() == [1.0, 1.0]
    with pytest.raises(ValueError, match="copy"):
        tensor.__array__(np.float64, copy=False)
    assert tensor.__array__(rl.Tensor).dtype == object
    with pytest.raises(RuntimeError, match="ambiguous"):
        tensor.__array__(copy=tensor)


def test_lists_of_every_depth():
    for data in (5, [1, 2], [[1], [2]], [[[1.5]]], []):
        assert rl.tensor(data).tolist() == data
    assert rl.tensor([[1, 2], [3, 4]]).T.tolist() == [[1, 3], [2, 4]]
