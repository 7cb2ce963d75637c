"""What a Tensor is in Python, judged by PyTorch where it has an opinion."""

import copy
import pickle
import threading
import weakref

import numpy as np
import pytest

import rushlight as rl

torch = pytest.importorskip("torch")


def both(data, **options):
    return rl.tensor(data, **options), torch.tensor(data, **options)


# -- making -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [3, 2.5, True, [], [1, 2], [1, 2.5], [True, False], [[1, 2], [3, 4]], [[], []], (1, (2)), range(3),
                                  [np.float32(1), 2], [[1.0], [float("inf")]]])
def test_tensor_takes_shape_and_dtype_from_nested_lists(data):
    ours, theirs = rl.tensor(data), torch.tensor(data)
    assert str(ours.dtype) == str(theirs.dtype).replace("torch", "rushlight")
    assert tuple(ours.shape) == tuple(theirs.shape)
    assert ours.tolist() == theirs.tolist()


@pytest.mark.parametrize("data, error", [([[1, 2], [3]], ValueError), ([1, [2]], (TypeError, ValueError)), (["a"], TypeError), (None, TypeError),
                                         ([2**70], (OverflowError, RuntimeError))])
def test_tensor_refuses_what_is_no_array(data, error):
    with pytest.raises(error):
        rl.tensor(data)


def test_tensor_copies_and_as_tensor_shares():
    array = np.arange(4.0)
    copied, shared = rl.tensor(array), rl.as_tensor(array)
    array[0] = 9
    assert copied[0] == 0 and shared[0] == 9
    tensor = rl.tensor([1.0])
    assert rl.as_tensor(tensor) is tensor and rl.tensor(tensor) is not tensor


def test_old_constructors():
    assert rl.Tensor(2, 3).shape == (2, 3) and rl.Tensor([1, 2]).dtype == rl.float32 and rl.Tensor().shape == (0,)


# -- facts ------------------------------------------------------------------------------------------------------------


def test_shape_is_a_tuple_with_numel():
    x = rl.tensor([[1, 2, 3], [4, 5, 6]])
    assert x.shape == (2, 3) and isinstance(x.shape, tuple) and isinstance(x.shape, rl.Size)
    assert repr(x.shape) == "rushlight.Size([2, 3])" and x.shape.numel() == 6
    assert isinstance(x.shape[:1], rl.Size) and x.shape[-1] == 3 and isinstance(x.shape + (1,), rl.Size)
    assert x.size() == x.shape and x.size(-1) == 3 and x.stride() == (3, 1) and x.stride(0) == 3
    assert x.numel() == 6 and x.dim() == x.ndim == 2 and len(x) == 2 and x.element_size() == 8 and x.nbytes == 48
    assert pickle.loads(pickle.dumps(x.shape)) == x.shape


def test_dtypes_are_single_objects():
    assert rl.tensor([1.0]).dtype is rl.float32 is rl.float and repr(rl.bfloat16) == "rushlight.bfloat16"
    assert pickle.loads(pickle.dumps(rl.int64)) is rl.int64 and copy.deepcopy(rl.int64) is rl.int64
    assert rl.float16.is_floating_point and not rl.uint8.is_signed and rl.int32.itemsize == 4


def test_device():
    x = rl.tensor([1.0], device="cpu")
    assert x.device == rl.device("cpu") == "cpu" and x.device.type == "cpu" and str(x.device) == "cpu"
    assert x.to("cpu") is x and x.cpu() is x
    with pytest.raises(RuntimeError, match="cuda"):
        rl.tensor([1.0], device="cuda")


def test_conversions_return_the_tensor_itself_where_nothing_changes():
    x = rl.tensor([1.5, -2.5])
    assert x.float() is x and x.to(rl.float32) is x and x.long().tolist() == [1, -2]
    assert x.to(rl.float64).dtype is rl.float64 and x.to(dtype=rl.float16).dtype is rl.float16
    assert x.to(rl.tensor([1])).dtype is rl.int64 and x.to(x, copy=True) is not x
    assert x.double().type_as(x).dtype is rl.float32 and x.bool().tolist() == [True, True]
    with pytest.raises(TypeError, match="unexpected keyword"):
        x.to(rl.float32, colour="red")


# -- identity ---------------------------------------------------------------------------------------------------------


def test_a_tensor_comes_back_as_the_same_object():
    x = rl.tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    assert x.grad is x.grad
    assert x.requires_grad_() is x
    y = x.detach()
    assert y.add_(1) is y


def test_the_object_is_made_anew_after_its_death():
    x = rl.tensor([1.0], requires_grad=True)
    (x * 2).sum().backward()
    reference = weakref.ref(x.grad)
    assert reference() is None
    assert x.grad.tolist() == [2.0]


def test_attributes_and_subclasses():
    class Named(rl.Tensor):
        pass

    x = rl.tensor([1.0])
    x.note = "kept"
    assert x.note == "kept"
    named = rl.Tensor._make_subclass(Named, x, True)
    assert isinstance(named, Named) and named.requires_grad and type(named + 1) is rl.Tensor
    holder = [named]
    del named
    assert type((holder[0] * 1).sum()) is rl.Tensor and type(holder[0].requires_grad_()) is Named


def test_an_instance_without_a_tensor_is_an_error_and_no_crash():
    class Empty(rl.Tensor):
        pass

    empty = Empty()
    for use in (lambda: empty + 1, lambda: rl.exp(empty), lambda: empty.shape, lambda: repr(empty), lambda: empty[0], lambda: len(empty),
                lambda: bool(empty), lambda: -empty):
        with pytest.raises((ValueError, TypeError)):
            use()


# -- operators --------------------------------------------------------------------------------------------------------


BINARY = ["+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!="]


@pytest.mark.parametrize("operator", BINARY)
@pytest.mark.parametrize("left, right", [("x", "y"), ("x", "2"), ("3", "x"), ("x", "1.5"), ("0.5", "y")])
def test_binary_operators(operator, left, right):
    values = {}
    for library in (rl, torch):
        names = {"x": library.tensor([1, 2, 3]), "y": library.tensor([[0.5], [2.0]])}
        values[library] = eval(f"{left} {operator} {right}", names)
    assert values[rl].tolist() == values[torch].tolist()
    assert str(values[rl].dtype)[10:] == str(values[torch].dtype)[6:]


def test_in_place_operators_keep_the_object():
    x = rl.tensor([1.0, 2.0])
    before = x
    x += 1
    x *= rl.tensor([2.0, 3.0])
    x -= 0.5
    x /= 2
    assert x is before and x.tolist() == [1.75, 4.25]


def test_operators_with_strangers():
    x = rl.tensor([1.0])
    assert (x == None) is False and (x != "a") is True  # noqa: E711
    with pytest.raises(TypeError):
        x + "a"
    with pytest.raises(TypeError):
        x < None
    assert (np.float64(2) * x).tolist() == [2.0] and isinstance(np.float64(2) * x, rl.Tensor)
    assert hash(x) == hash(x)


def test_matrix_product_and_bits():
    a, b = rl.tensor([[1.0, 2.0], [3.0, 4.0]]), rl.tensor([[0.0, 1.0], [1.0, 0.0]])
    assert (a @ b).tolist() == [[2.0, 1.0], [4.0, 3.0]]
    assert (rl.tensor([True, True]) & rl.tensor([True, False])).tolist() == [True, False]


# -- numbers ----------------------------------------------------------------------------------------------------------


def test_one_element_as_a_number():
    assert rl.tensor([[3]]).item() == 3 and isinstance(rl.tensor(3).item(), int)
    assert isinstance(rl.tensor(3.0).item(), float) and rl.tensor(True).item() is True
    assert int(rl.tensor(2.7)) == 2 and float(rl.tensor(2)) == 2.0 and [10, 11, 12][rl.tensor(1)] == 11
    assert rl.tensor(2**64 - 1, dtype=rl.uint64).item() == 2**64 - 1
    assert f"{rl.tensor(3.14159):.2f}" == "3.14"
    with pytest.raises(RuntimeError):
        rl.tensor([1, 2]).item()
    with pytest.raises(TypeError):
        [1][rl.tensor(0.0)]


def test_truth():
    assert rl.tensor([1]) and not rl.tensor(0.0)
    with pytest.raises(RuntimeError, match="ambiguous"):
        bool(rl.tensor([1, 2]))
    with pytest.raises(RuntimeError, match="ambiguous"):
        bool(rl.tensor([]))


def test_iteration_and_containment():
    assert [row.tolist() for row in rl.tensor([[1, 2], [3, 4]])] == [[1, 2], [3, 4]]
    a, b = rl.tensor([1, 2])
    assert (a.item(), b.item()) == (1, 2)
    assert 2 in rl.tensor([1, 2]) and 5 not in rl.tensor([1, 2])
    for use in (iter, len):
        with pytest.raises(TypeError, match="0-d"):
            use(rl.tensor(1))


# -- copying ----------------------------------------------------------------------------------------------------------


def test_deepcopy_and_pickle_keep_what_matters():
    class Weight(rl.Tensor):
        pass

    x = rl.Tensor._make_subclass(Weight, rl.tensor([1.0, 2.0]), True)
    x.name = "w"
    x.grad = rl.tensor([3.0, 4.0])
    twin = copy.deepcopy(x)
    assert type(twin) is Weight and twin.name == "w" and twin.requires_grad and twin.grad.tolist() == [3.0, 4.0]
    assert twin.grad is not x.grad
    with rl.no_grad():
        twin += 1
    assert x.tolist() == [1.0, 2.0]
    shared = [x.detach()]
    pair = copy.deepcopy([shared[0], shared[0]])
    assert pair[0] is pair[1]
    with pytest.raises(RuntimeError, match="leaves"):
        copy.deepcopy(x * 2)
    for dtype in (rl.bfloat16, rl.bool, rl.float64, rl.uint16):
        y = rl.tensor([[0, 1], [1, 0]]).to(dtype)[:, 1]
        again = pickle.loads(pickle.dumps(y))
        assert again.dtype is dtype and again.tolist() == y.tolist()


def test_ops_are_copied_by_name():
    assert copy.deepcopy(rl.relu) is rl.relu and pickle.loads(pickle.dumps(rl.softmax)) is rl.softmax
    assert pickle.loads(pickle.dumps(rl.Tensor.relu)) is rl.Tensor.relu


# -- calling ops ------------------------------------------------------------------------------------------------------


def test_names_defaults_and_spread_ints():
    x, t = both([[1.0, 5.0, 3.0], [4.0, 2.0, 6.0]])
    for call in (lambda l, v: l.sum(v), lambda l, v: v.sum(1), lambda l, v: v.sum((0, 1)), lambda l, v: v.sum(dim=0, keepdim=True),
                 lambda l, v: v.sum(axis=0, keepdims=True), lambda l, v: l.sum(v, dtype=l.float64), lambda l, v: v.view(3, 2),
                 lambda l, v: v.view((3, 2)), lambda l, v: v.view([-1]), lambda l, v: v.permute(1, 0), lambda l, v: l.permute(v, (1, 0)),
                 lambda l, v: v.reshape(3, -1), lambda l, v: v.transpose(0, 1), lambda l, v: v.T, lambda l, v: v.mT,
                 lambda l, v: l.softmax(v, 1), lambda l, v: v.softmax(dim=-1), lambda l, v: v.unsqueeze(0).expand(2, -1, 3),
                 lambda l, v: l.add(v, 2, alpha=3), lambda l, v: v.add(v, alpha=0.5), lambda l, v: l.where(v > 2, v, 0),
                 lambda l, v: v.where(v > 2, 0.0), lambda l, v: l.full((2,), 7), lambda l, v: l.full((2,), 7.0, dtype=l.float64)):
        ours, theirs = call(rl, x), call(torch, t)
        assert tuple(ours.shape) == tuple(theirs.shape)
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-6)
        assert str(ours.dtype)[10:] == str(theirs.dtype)[6:]


def test_several_results_are_a_named_tuple():
    values, indices = result = rl.tensor([[1.0, 5.0], [4.0, 2.0]]).max(1)
    assert result.values is values and result.indices is indices and isinstance(result, rl.return_types.max)
    assert values.tolist() == [5.0, 4.0] and indices.tolist() == [1, 0]


def test_out_and_in_place():
    x, out = rl.tensor([1.0, 4.0]), rl.empty(2)
    assert rl.sqrt(x, out=out) is out and out.tolist() == [1.0, 2.0]
    assert x.sqrt_() is x and x.tolist() == [1.0, 2.0]
    assert rl.full((2,), 1.0, requires_grad=True, device="cpu").requires_grad


@pytest.mark.parametrize("call, words", [
    (lambda x: rl.sum(x, colour=1), "unexpected keyword argument 'colour'"),
    (lambda x: rl.softmax(x), "missing required argument 'dim'"),
    (lambda x: rl.softmax(x, 0, dim=0), "multiple values for argument 'dim'"),
    (lambda x: x.relu(3), "takes 0 positional arguments but 1 were given"),
    (lambda x: rl.softmax(x, "a"), "'dim' must be int, not str"),
    (lambda x: rl.exp("a"), "'input' must be Tensor or number, not str"),
    (lambda x: rl.clamp(x, min="a"), "'min' must be Tensor or number, not str"),
    (lambda x: rl.full((2,), "a"), "'fill_value' must be Tensor or number, not str"),
    (lambda x: rl.mm(x, "a"), "'mat2' must be Tensor, not str"),
    (lambda x: rl.bitwise_and(x, x), r"Cast the input with to\(int64\) first"),
    (lambda x: x.view(2, "a"), "'size' must be"),
    (lambda x: rl.add(x, "a"), "no form of it takes these arguments"),
    (lambda x: rl.sum(x, 0, 1), "'keepdim' must be bool, not int"),
    (lambda x: rl.exp(None), "'input' must be Tensor or number, not NoneType"),
    (lambda x: rl.exp(), "missing required argument 'input'"),
])
def test_wrong_calls_say_what_is_wrong(call, words):
    with pytest.raises(TypeError, match=words):
        call(rl.tensor([1.0, 2.0]))


def test_one_number_is_asked_of_more():
    for use in (float, int, complex, "{:f}".format):
        with pytest.raises((ValueError, TypeError)):
            use(rl.tensor([3, 4]))
    with pytest.raises(ValueError, match=r"only one element tensors .*int64 \(2,\)"):
        float(rl.tensor([3, 4]))
    with pytest.raises(RuntimeError, match="one_hot.*negative.*-1"):
        rl.nn.functional.one_hot(rl.tensor([0, -1]))


def test_plain_numbers_yield_in_products():
    mask, half = rl.tensor([True, False]), rl.tensor([-1.0, 2.0]).half()
    assert rl.kron(mask, 1.5).dtype == rl.float32 and rl.kron(half, 1.5).dtype == rl.float16
    assert rl.prelu(half, 0.5).dtype == rl.float16 and rl.prelu(rl.tensor([-1, 2]), 0.5).dtype == rl.float32


def test_errors_of_the_engine_are_pythons():
    x = rl.tensor([[1.0, 2.0]])
    for use, error in ((lambda: x @ x, RuntimeError), (lambda: x.sum(5), IndexError), (lambda: x.view(7), RuntimeError),
                       (lambda: rl.set_backend("abacus"), ValueError), (lambda: x[0, 0, 0], IndexError)):
        with pytest.raises(error):
            use()


def test_a_slot_is_a_number_that_ops_read():
    slot = rl.Slot(0.5)
    slot.value = 0.25
    assert float(slot) == 0.25 and repr(slot) == "Slot(0.25)"


def test_generators():
    a, b = rl.Generator().manual_seed(7), rl.Generator().manual_seed(7)
    x = rl.full((64,), 1.0)
    assert rl.dropout(x, 0.5, generator=a).tolist() == rl.dropout(x, 0.5, generator=b).tolist()
    state = a.get_state()
    first = rl.dropout(x, 0.5, generator=a).tolist()
    a.set_state(state)
    assert rl.dropout(x, 0.5, generator=a).tolist() == first
    rl.manual_seed(3)
    second = rl.dropout(x).tolist()
    rl.manual_seed(3)
    assert rl.dropout(x).tolist() == second


def test_threads_share_tensors():
    x = rl.full((400, 400), 1.0)
    results = []

    def work():
        for _ in range(20):
            results.append((x * 2).sum().item())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(results) == {320000.0}


def test_every_op_is_a_function_and_named_in_the_stub_text():
    for row in rl.ops():
        function = getattr(rl._C, row["name"])
        assert callable(function) and row["doc"] in function.__doc__
        if row["in_place"]:
            assert callable(getattr(rl.Tensor, row["name"] + "_"))
