"""rushlight.nn.functional against torch.nn.functional: the same call on both, values and gradients."""

import inspect
import warnings

import numpy as np
import pytest

import rushlight as rl
import rushlight.nn.functional as F

torch = pytest.importorskip("torch")
TF = torch.nn.functional


def numbers(*shape, seed=0, low=-2.0, high=2.0):
    return np.random.default_rng(seed).uniform(low, high, shape)


def to(library, value, grad=True):
    if isinstance(value, np.ndarray):
        tensor = library.from_numpy(value.copy())
        return tensor.requires_grad_() if grad and value.dtype == np.float64 else tensor
    return value


def compare(name, *args, learned=99, tolerance=1e-9, **options):
    """Calls both and compares results, and the gradients of float arguments, of the first `learned` ones."""
    results, gradients = [], []
    for library, functions in ((rl, F), (torch, TF)):
        inputs = [to(library, a, i < learned) for i, a in enumerate(args)]
        keywords = {key: to(library, a, learned == 99) for key, a in options.items()}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = getattr(functions, name)(*inputs, **keywords)
        results.append(result.detach().numpy())
        leaves = [t for t in (*inputs, *keywords.values()) if isinstance(t, library.Tensor) and t.requires_grad]
        if result.requires_grad:
            weight = library.arange(result.numel(), dtype=library.float64).reshape(result.shape)
            (result * weight).sum().backward()
        gradients.append([None if leaf.grad is None else leaf.grad.numpy() for leaf in leaves])
    np.testing.assert_allclose(results[0], results[1], rtol=tolerance, atol=1e-12)
    for ours, theirs in zip(*gradients):
        # None and zero mean the same to an optimizer
        theirs = np.zeros_like(ours) if theirs is None and ours is not None else theirs
        ours = np.zeros_like(theirs) if ours is None and theirs is not None else ours
        if theirs is not None:
            np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=1e-12)


ACTIVATIONS = {
    "relu": {}, "relu6": {}, "leaky_relu": {"negative_slope": 0.2}, "elu": {"alpha": 0.7}, "celu": {"alpha": 0.7}, "selu": {}, "gelu": {},
    "silu": {}, "mish": {}, "hardswish": {}, "hardsigmoid": {}, "hardtanh": {"min_val": -0.5, "max_val": 1.5}, "softplus": {"beta": 2},
    "softsign": {}, "tanhshrink": {}, "softshrink": {"lambd": 0.3}, "hardshrink": {"lambd": 0.3}, "logsigmoid": {}, "sigmoid": {}, "tanh": {},
}
IN_PLACE = [name for name in ACTIVATIONS if "inplace" in inspect.signature(getattr(F, name)).parameters]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name):
    tolerance = 1e-7 if name in ("celu", "hardsigmoid") else 1e-9  # PyTorch's constants are float32 there
    compare(name, numbers(3, 4), tolerance=tolerance)
    compare(name, numbers(3, 4), tolerance=tolerance, **ACTIVATIONS[name])


@pytest.mark.parametrize("name", IN_PLACE)
def test_activations_in_place(name):
    x = rl.from_numpy(numbers(3, 4))
    expected = getattr(F, name)(x)
    address = x.data_ptr()
    result = getattr(F, name)(x, inplace=True)
    assert result is x and x.data_ptr() == address and x.tolist() == expected.tolist()


def test_threshold_and_relatives():
    compare("threshold", numbers(5), 0.5, -3.0)
    compare("prelu", numbers(2, 3), np.array([0.1, 0.2, 0.3]))
    compare("glu", numbers(2, 6))
    compare("gelu", numbers(5), approximate="tanh")


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "softmin"])
def test_softmax_and_its_implicit_dim(name):
    for shape in ((3,), (2, 3), (2, 3, 4), (2, 3, 2, 2)):
        compare(name, numbers(*shape))  # dim=None
        compare(name, numbers(*shape), dim=-1)
    with pytest.warns(UserWarning, match="Implicit dimension"):
        getattr(F, name)(rl.ones(2, 2))
    assert getattr(F, name)(rl.ones(2), 0, dtype=rl.float64).dtype is rl.float64


PAIRS = ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"]


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_losses_of_pairs(name, reduction):
    compare(name, numbers(3, 4), numbers(3, 4, seed=1), reduction=reduction)
    compare("soft_margin_loss", numbers(6), np.sign(numbers(6, seed=1)), learned=1, reduction=reduction)
    compare("hinge_embedding_loss", numbers(6), np.sign(numbers(6, seed=1)), 0.5, learned=1, reduction=reduction)
    compare("kl_div", numbers(3, 4), numbers(3, 4, seed=1, low=0.1), learned=1, reduction=reduction)
    compare("binary_cross_entropy", numbers(5, low=0.1, high=0.9), numbers(5, seed=1, low=0, high=1), learned=1, reduction=reduction)
    compare("binary_cross_entropy_with_logits", numbers(5), numbers(5, seed=1, low=0, high=1), learned=1, reduction=reduction,
            pos_weight=numbers(5, seed=2, low=0.5))


def test_options_of_losses():
    compare("smooth_l1_loss", numbers(5), numbers(5, seed=1), beta=0.3)
    compare("huber_loss", numbers(5), numbers(5, seed=1), delta=0.3)
    weight = numbers(5, seed=2, low=0.5)
    for reduction in ("mean", "sum", "none"):
        compare("huber_loss", numbers(5), numbers(5, seed=1), reduction, 0.3, weight)
    compare("kl_div", numbers(3, 4), numbers(3, 4, seed=1), reduction="batchmean", log_target=True)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_losses_of_classes(reduction):
    target = np.array([0, 2, 1, 2])
    weight = np.array([1.0, 0.5, 2.0])
    for name in ("cross_entropy", "nll_loss"):
        compare(name, numbers(4, 3), target, reduction=reduction)
        compare(name, numbers(4, 3), target, weight, learned=1, ignore_index=1, reduction=reduction)
        compare(name, numbers(4, 3, 2), np.stack([target, target], 1), reduction=reduction)
    compare("cross_entropy", numbers(4, 3), target, label_smoothing=0.1, reduction=reduction)


def test_losses_of_ignored_classes_have_no_gradient():
    target = np.array([-100, -100])
    for name in ("cross_entropy", "nll_loss"):
        compare(name, numbers(2, 3), target)
        compare(name, numbers(2, 3), target, np.array([1.0, 0.5, 2.0]), learned=1)
    compare("cross_entropy", numbers(2, 3), target, label_smoothing=0.1)


def test_losses_warn_of_sizes_that_broadcast():
    for name in PAIRS:
        with pytest.warns(UserWarning, match="target size"):
            getattr(F, name)(rl.ones(3, 1), rl.ones(3))


def test_losses_of_three():
    a, b, c = numbers(3, 4), numbers(3, 4, seed=1), numbers(3, 4, seed=2)
    signs = np.array([1.0, -1.0, 1.0])
    compare("triplet_margin_loss", a, b, c, 0.5, swap=True)
    compare("margin_ranking_loss", a[0], b[0], np.array([1.0, -1.0, 1.0, -1.0]), 0.3, learned=2)
    compare("cosine_embedding_loss", a, b, signs, 0.2, learned=2, reduction="sum")


def test_what_losses_were_told_before_reduction():
    x, y = rl.ones(2), rl.zeros(2)
    for words, expected in (((False, None), 2.0), ((None, True), 1.0), ((True, False), [1.0, 1.0])):
        with pytest.warns(UserWarning, match="deprecated"):
            assert F.mse_loss(x, y, *words).tolist() == expected


def test_layers():
    x = numbers(2, 4, 5)
    compare("linear", numbers(3, 4), numbers(2, 4, seed=1), numbers(2, seed=2))
    compare("layer_norm", x, (5,), numbers(5, seed=1), numbers(5, seed=2))
    compare("rms_norm", x, (5,), numbers(5, seed=1))
    compare("group_norm", x, 2, numbers(4, seed=1), numbers(4, seed=2))
    compare("instance_norm", x)
    compare("normalize", x, dim=-1)
    compare("cosine_similarity", x, numbers(2, 4, 5, seed=1), -1)
    compare("pairwise_distance", x, numbers(2, 4, 5, seed=1))
    compare("conv1d", x, numbers(6, 2, 3, seed=1), numbers(6, seed=2), stride=2, padding=1, groups=2)
    compare("conv2d", numbers(1, 2, 5, 5), numbers(3, 2, 3, 3, seed=1), padding="same")
    compare("pad", x, (1, 1), mode="reflect")
    compare("scaled_dot_product_attention", x, x, x, is_causal=True)
    compare("embedding", np.array([[0, 2, 1]]), numbers(3, 4), padding_idx=2)
    compare("bilinear", numbers(3, 2), numbers(3, 4, seed=1), numbers(5, 2, 4, seed=2))


def test_batch_norm_moves_the_running_statistics():
    after = []
    for library, functions in ((rl, F), (torch, TF)):
        mean, var = library.zeros(3, dtype=library.float64), library.ones(3, dtype=library.float64)
        x = to(library, numbers(4, 3))
        functions.batch_norm(x, mean, var, training=True, momentum=0.3)
        after.append([mean.tolist(), var.tolist(), functions.batch_norm(x, mean, var).tolist()])
    np.testing.assert_allclose(np.concatenate([np.ravel(v) for v in after[0]]), np.concatenate([np.ravel(v) for v in after[1]]))


def test_embedding_shortens_rows_that_are_used():
    rows = []
    for library, functions in ((rl, F), (torch, TF)):
        weight = to(library, numbers(4, 3), grad=False)
        functions.embedding(library.tensor([0, 2, 2]), weight, max_norm=1.0)
        rows.append(weight.tolist())
    np.testing.assert_allclose(*rows, rtol=1e-6)
    with pytest.raises(NotImplementedError, match="sparse"):
        F.embedding(rl.tensor([0]), rl.ones(2, 2), sparse=True)


def test_dropout():
    x = rl.ones(1000)
    assert F.dropout(x, training=False) is x
    rl.manual_seed(1)
    dropped = F.dropout(x, 0.25)
    kept = dropped != 0
    assert abs(kept.float().mean().item() - 0.75) < 0.05 and rl.allclose(dropped[kept], rl.tensor(1 / 0.75))
    rl.manual_seed(1)
    y = rl.ones(1000)
    assert F.dropout(y, 0.25, inplace=True) is y and y.tolist() == dropped.tolist()
    assert F.dropout2d(rl.ones(2, 3, 4, 4), 0.5).flatten(2).std(-1).max() == 0
    assert F.alpha_dropout(x) is x and F.alpha_dropout(x, training=True).shape == x.shape
    draws = F.gumbel_softmax(rl.zeros(5, 3), hard=True)
    assert draws.sum(-1).tolist() == [1.0] * 5


def test_dropout_in_place_keeps_the_history():
    w = rl.ones(100, requires_grad=True)
    rl.manual_seed(1)
    x = w * 3
    F.dropout(x, 0.5, inplace=True)
    x.sum().backward()
    assert w.grad.tolist() == x.tolist()


def parameters(function):
    """Without `out`, which every op of the list takes."""
    return [(p.name, p.default) for p in inspect.signature(function).parameters.values() if p.name != "out"]


def is_spelled_out(name):
    """PyTorch dispatches some functions through (*args, **kwargs), and others are builtins without a signature."""
    return inspect.isfunction(getattr(TF, name, None)) and "args" not in inspect.signature(getattr(TF, name)).parameters


def is_one_form(name):
    """A function in Python, or an op that is called in one way."""
    try:
        return name[0] != "_" and bool(inspect.signature(getattr(F, name)))
    except (TypeError, ValueError):
        return False


WITH_SIGNATURE = [name for name in dir(F) if is_one_form(name) and is_spelled_out(name)]


@pytest.mark.parametrize("name", WITH_SIGNATURE)
def test_signatures_are_pytorchs(name):
    assert parameters(getattr(F, name)) == parameters(getattr(TF, name))


# -- images -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_pooling(rank):
    x = numbers(2, 3, *(8,) * rank)
    compare(f"max_pool{rank}d", x, 2)
    compare(f"max_pool{rank}d", x, 3, stride=2, padding=1, ceil_mode=True)
    compare(f"avg_pool{rank}d", x, 3, 2, 1, count_include_pad=False)
    compare(f"adaptive_avg_pool{rank}d", x, 3)
    compare(f"adaptive_max_pool{rank}d", x, 3)
    for name, arguments in ((f"max_pool{rank}d", (2,)), (f"adaptive_max_pool{rank}d", (3,))):
        for asked in ({"return_indices": True}, {}):
            function = name if asked else name + "_with_indices"
            ours = getattr(F, name)(rl.from_numpy(x), *arguments, return_indices=True)
            theirs = getattr(TF, function)(torch.from_numpy(x), *arguments, **asked)
            assert [r.tolist() for r in ours] == [r.tolist() for r in theirs]


def test_sizes_and_windows():
    x = numbers(1, 4, 6, 6)
    for options in ({"scale_factor": 2}, {"size": (3, 9), "mode": "bilinear", "align_corners": True}, {"size": 4, "mode": "area"}):
        compare("interpolate", x, **options)
    compare("unfold", x, 3, padding=1, stride=2)
    compare("fold", numbers(1, 12, 9), (4, 4), 2)
    compare("pixel_shuffle", x, 2)
    compare("pixel_unshuffle", x, 2)
