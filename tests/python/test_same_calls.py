"""Calls as people write them, made on both libraries: same_calls.txt holds an expression a line, with T for the module."""

import pathlib
import warnings

import numpy as np
import pytest

import rushlight as rl

torch = pytest.importorskip("torch")

EXPRESSIONS = pathlib.Path(__file__).with_name("same_calls.txt").read_text().splitlines()


def plain(value):
    """What both libraries' results have in common."""
    if isinstance(value, (torch.Tensor, rl.Tensor)):
        return [str(value.dtype).rpartition(".")[2], list(value.shape), value.requires_grad, value.detach().tolist()]
    if isinstance(value, (torch.dtype, rl.dtype)):
        return str(value).rpartition(".")[2]
    if isinstance(value, (torch.device, rl.device)):
        return str(value)
    if isinstance(value, np.ndarray):
        return [str(value.dtype), value.tolist()]
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (torch.Generator, rl.Generator)):
        return value.initial_seed()
    return value


def close(a, b):
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(close, a, b))
    if isinstance(a, float) and isinstance(b, float):
        return a == pytest.approx(b, rel=1e-6, abs=1e-7, nan_ok=True)
    return type(a) is type(b) and a == b


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_both_libraries_say_the_same(expression):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = plain(eval(expression, {"T": torch, "np": np}))
        actual = plain(eval(expression, {"T": rl, "np": np}))
    assert close(actual, expected), f"{actual}\nPyTorch: {expected}"


WRONG = """
T.ones(2).view(3)
T.ones(2, 3).t_().view(T.float64)
T.ones(2).view("float64")
T.ones(2, 3) @ T.ones(2, 3)
T.device("tpu9")
T.device("cuda:x")
T.ones(2).to("nowhere")
T.finfo(T.int32)
T.iinfo(T.float32)
T.frombuffer(bytearray(3), dtype=T.int16)
T.frombuffer(bytearray(4), dtype=T.int16, offset=9)
T.frombuffer(bytearray(4), dtype=T.int16, count=3)
T.trace(T.ones(3))
T.ones(2, requires_grad=True).squeeze_()
T.ones(2, requires_grad=True).resize_(3)
T.ones(3).fill_diagonal_(1)
T.linalg.matrix_norm(T.ones(3))
T.linalg.norm(T.ones(2, 2, 2), 1)
T.tensordot(T.ones(2), T.ones(2), dims="all")
T.einsum("ij", T.ones(2), 3)
T.einsum(T.ones(2, 3), [0, 61])
T.linalg.inv(T.zeros(2, 2))
T.linalg.cholesky(-T.ones(2, 2))
T.ones(2).type("FloatTensor")
T.zeros(2, 3).sum_to_size(2, 2)
T.broadcast_shapes((2,), (3,))
T.nn.functional.dropout(T.ones(2), 1.5)
T.nn.functional.mse_loss(T.ones(2), T.ones(2), reduction="most")
T.asarray([1, 2], copy=False)
len(T.tensor(1))
list(T.tensor(1))
[1, 2][T.tensor(1.5)]
bool(T.ones(2))
float(T.ones(2))
T.Generator().set_state(T.ones(2))
T.as_tensor(object())
T.autograd.grad(T.ones(1), T.ones(1))
T.ones(1).register_hook(print)
T.ones(1).register_post_accumulate_grad_hook(print)
T.ones(1).cuda()
T.ones(1).cuda(0)
T.ones(2).to(T.float64, copy=1)
T.manual_seed("a")
T.ones(2).resize_(-1)
T.ones(2).resize_(2**40, 2**40)
T.ones(()).view(T.int64)
T.ones(4)[::2].view(T.uint8)
T.tensor(300, dtype=T.uint8)
T.tensor([300], dtype=T.uint8)
T.tensor(-300, dtype=T.int8)
T.tensor(300.0, dtype=T.uint8)
T.tensor(1e10, dtype=T.int32)
T.tensor(float("nan"), dtype=T.int32)
T.tensor(float("inf"), dtype=T.uint8)
T.tensor(2**31, dtype=T.int32)
T.tensor([T.tensor(300)], dtype=T.uint8)
T.full((2,), 300, dtype=T.uint8)
T.full((2,), 1e6, dtype=T.float16)
T.full((2,), 1e300, dtype=T.float32)
T.full((2,), float("inf"), dtype=T.int32)
T.full((2,), float("nan"), dtype=T.int32)
T.full_like(T.ones(2, dtype=T.uint8), 300)
T.ones(2, dtype=T.uint8).new_full((2,), 300)
T.scalar_tensor(300, dtype=T.uint8)
T.ones(2, dtype=T.uint8).fill_(300)
T.ones(2, dtype=T.uint8).fill_(-300)
T.ones(2, dtype=T.int8).fill_(300.5)
T.ones(2, dtype=T.float16).fill_(1e6)
T.ones(2, dtype=T.uint8).__setitem__(0, 300)
T.ones(2, dtype=T.uint8).__setitem__(slice(None), 300)
T.ones(2, dtype=T.uint8).__setitem__(T.tensor([0]), 300)
T.ones(2, dtype=T.uint8).__setitem__(T.tensor([True, False]), 300)
T.ones(2, dtype=T.uint8).masked_fill(T.tensor([True, False]), 300)
T.ones(2, dtype=T.uint8).masked_fill_(T.tensor([True, False]), 300)
T.ones(2, dtype=T.uint8).index_fill(0, T.tensor([0]), 300)
T.ones(2, dtype=T.uint8).scatter(0, T.tensor([0]), 300)
T.where(T.tensor([True, False]), T.ones(2, dtype=T.uint8), 300)
T.clamp(T.ones(2, dtype=T.uint8), -1, 300)
T.clamp(T.ones(2, dtype=T.uint8), max=300)
T.clamp_max(T.ones(2, dtype=T.uint8), 300)
T.pow(T.ones(2, dtype=T.uint8), 257)
T.randint(0, 300, (3,), dtype=T.uint8)
T.randint(-1, 25, (3,), dtype=T.uint8)
T.randint(0, 3, (3,), dtype=T.bool)
T.randint(0, 70000, (3,), dtype=T.float16)
T.randperm(257, dtype=T.uint8)
T.randperm(2050, dtype=T.float16)
T.linspace(0, 300, 3, dtype=T.uint8)
T.add(T.ones(2, dtype=T.int32), T.ones(2, dtype=T.int32), alpha=1.5)
T.sub(T.ones(2, dtype=T.int32), T.ones(2, dtype=T.int32), alpha=1.5)
T.rsub(T.ones(2, dtype=T.int32), T.ones(2, dtype=T.int32), alpha=1.5)
T.ones(2, dtype=T.int32).add_(T.ones(2, dtype=T.int32), alpha=0.5)
T.add(T.ones(2, dtype=T.uint8), T.ones(2, dtype=T.uint8), alpha=300)
T.nn.functional.softshrink(T.ones(2), -1)
T.arange(12).view(3, 4)[T.tensor([0, 1]), T.tensor([0, 1, 2])]
T.ones(2, requires_grad=True).sum().backward(inputs=[])
T.autograd.backward(T.ones(2, requires_grad=True).sum(), inputs=[])
T.autograd.grad(T.ones(2, requires_grad=True).sum(), [])
T.ones(2).__setattr__("grad", 3)
T.ones(2).__setattr__("grad", [T.ones(2)])
T.ones(2).__setattr__("data", [1])
T.ones(2).__setattr__("data", None)
T.ones(2).__setattr__("requires_grad", 3)
T.ones(3, dtype=T.int32).cumsum_(0, dtype=T.float32)
T.ones(3).cauchy_(sigma=-1)
T.ones(3, dtype=T.int32).cauchy_()
T.ones(3).geometric_(0)
T.ones(3).geometric_(1)
T.ones(3).log_normal_(std=0)
T.ones(3, dtype=T.int32).log_normal_()
T.empty_strided((2, 3), (1,))
T.empty_strided((2, 3), (-1, 2))
T.ones(3).set_(T.arange(6))
T.ones(3).set_(5)
T.repeat_interleave(T.arange(2), 2, output_size=5)
T.repeat_interleave(T.arange(2), T.tensor([1, 2]), output_size=4)
T.ones(2).to(memory_format=T.channels_last)
T.ones(2).to(memory_format=5)
T.ones(2).cpu(memory_format=T.channels_last)
T.empty(1, 2, memory_format=T.channels_last)
T.zeros(1, 2, 3, 4, memory_format=T.channels_last)
T.rand(1, 2, 3, 4, memory_format=T.channels_last)
T.ones(2).new_empty((1, 2, 3, 4), memory_format=T.channels_last)
T.autograd.functional.jacobian(lambda x: x.tolist(), T.ones(2))
T.lstm(T.ones(2,1,3), (T.zeros(1,1,4),), [T.ones(16,3), T.ones(16,4)], False, 1, 0.0, False, False, False)
T.cdist(T.ones(2,3), T.ones(2,3), compute_mode="fast")
T.cdist(T.ones(2,3), T.ones(2,3), "a")
T.isin(element="a", test_elements=T.arange(4))
T.tensor_split(T.arange(6), T.tensor([1.5]))
T.tensor_split(T.arange(6), T.tensor([[1]]))
T.atleast_1d(T.ones(2), 3)
T.polygamma(-1, T.ones(2))
T.polygamma(1.5, T.ones(2))
T.special.polygamma(-2, T.ones(2))
T.nn.functional.pad(T.arange(4.).view(1,2,2), (-1,2), mode="reflect")
T.nn.functional.one_hot(T.tensor([0, -1]))
T.nn.functional.scaled_dot_product_attention(T.ones(2,4,3,8), T.ones(2,2,3,8), T.ones(2,2,3,8))
T.nn.functional.scaled_dot_product_attention(T.ones(2,4,3,8), T.ones(3,4,3,8), T.ones(3,4,3,8))
T.nn.functional.scaled_dot_product_attention(T.ones(4,3,8), T.ones(3,8), T.ones(3,8), enable_gqa=True)
T.einsum("i,i->", T.tensor([3, 4]), T.tensor([1., 2.]))
T.einsum("i,i->", T.tensor([True, False]), T.tensor([True, True]))
T.add(T.ones(2), 1, out=T.empty(0, dtype=T.int64))
T.add(T.ones(2), 1, out=T.empty(0, requires_grad=True))
T.full((1,), 2**63, dtype=T.int64)
T.from_dlpack([c := T.ones(2).__dlpack__(), T.from_dlpack(c)][0])
float(T.ones(0))
complex(T.ones(2))
""".strip().splitlines()


@pytest.mark.parametrize("expression", WRONG)
def test_both_libraries_refuse(expression):
    for library in (torch, rl):
        with pytest.raises(Exception) as caught:
            eval(expression, {"T": library})
        # builtins of Python, or PyTorch's own subclasses of them
        assert isinstance(caught.value, (TypeError, ValueError, RuntimeError, IndexError, AssertionError)), caught.value
        assert str(caught.value)


def test_a_wrong_call_lists_the_forms():
    with pytest.raises(TypeError, match=r"(?s)split\(\): no form.*int split_size.*split_size_or_sections"):
        rl.split(rl.ones(3), "2")
    with pytest.raises(TypeError, match="split"):
        rl.split(rl.ones(3), split_size_or_sections="2")
    with pytest.raises(TypeError, match=r"(?s)tensordot\(\): no form.*\(Tensor a, Tensor b, int dims = 2\): argument 'dims'.*Sequence"):
        rl.tensordot(rl.ones(2), rl.ones(2), "all")
    with pytest.raises(TypeError, match=r"softmax\(\): no form.*\n.*unexpected keyword argument 'colour'"):
        rl.softmax(rl.ones(2), colour=1)
