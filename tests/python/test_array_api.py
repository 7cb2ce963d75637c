"""rushlight.array_api against NumPy 2, which is an Array API namespace itself: function by function, on real and bool dtypes."""

import inspect

import numpy as np
import pytest

import rushlight as rl
import rushlight.array_api as xp

INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
FLOATS = ("float32", "float64")
NUMBERS = INTEGERS + FLOATS

# The standard's functions (2024.12) and what of them is not here, with the reason.
STANDARD = """
arange asarray empty empty_like eye from_dlpack full full_like linspace meshgrid ones ones_like tril triu zeros zeros_like
astype broadcast_arrays broadcast_to can_cast finfo iinfo isdtype result_type
abs acos acosh add asin asinh atan atan2 atanh bitwise_and bitwise_left_shift bitwise_invert bitwise_or bitwise_right_shift bitwise_xor
ceil clip conj copysign cos cosh divide equal exp expm1 floor floor_divide greater greater_equal hypot imag isfinite isinf isnan less
less_equal log log1p log2 log10 logaddexp logical_and logical_not logical_or logical_xor maximum minimum multiply negative nextafter
not_equal positive pow real reciprocal remainder round sign signbit sin sinh square sqrt subtract tan tanh trunc
take take_along_axis matmul matrix_transpose tensordot vecdot
concat expand_dims flip moveaxis permute_dims repeat reshape roll squeeze stack tile unstack
argmax argmin count_nonzero nonzero searchsorted where unique_all unique_counts unique_inverse unique_values argsort sort
cumulative_prod cumulative_sum max mean min prod std sum var all any diff __array_namespace_info__
""".split()
LINALG = """cholesky cross det diagonal eigh eigvalsh inv matmul matrix_norm matrix_power matrix_rank matrix_transpose outer pinv qr slogdet
solve svd svdvals tensordot trace vecdot vector_norm""".split()
NOT_HERE = {
    "imag": "there are no complex numbers",
    "eigh": "there is no op for eigenvalues",
    "eigvalsh": "there is no op for eigenvalues",
    "matrix_rank": "there is no op for singular values",
    "pinv": "there is no op for singular values",
    "svd": "there is no op for singular values",
    "svdvals": "there is no op for singular values",
}


def find(name):
    space, _, short = name.rpartition(".")
    return getattr(xp.linalg if space else xp, short, None)


NAMES = [*STANDARD, *(f"linalg.{name}" for name in LINALG)]


@pytest.mark.parametrize("name", [name for name in NAMES if name.rpartition(".")[2] not in NOT_HERE])
def test_every_function_of_the_standard_is_here(name):
    assert callable(find(name)) and find(name).__doc__


def test_what_is_not_here_is_known():
    assert {name.rpartition(".")[2] for name in NAMES if find(name) is None} == set(NOT_HERE)


def numbers(dtype, shape=(2, 3), seed=0):
    """Small numbers of a dtype, zero and negative ones among them where it has them."""
    random = np.random.default_rng(seed)
    if dtype == "bool":
        return random.integers(0, 2, shape).astype(bool)
    if dtype in FLOATS:
        return random.uniform(-3, 3, shape).astype(dtype)
    return random.integers(0 if dtype.startswith("u") else -5, 6, shape).astype(dtype)


def ours(value):
    if isinstance(value, np.ndarray):
        return rl.from_numpy(value.copy())
    if isinstance(value, (list, tuple)):
        return type(value)(map(ours, value))
    return value


def agree(actual, expected):
    """Same structure, dtypes, shapes and, up to rounding, values."""
    if isinstance(expected, (list, tuple)):
        assert len(actual) == len(expected)
        for a, e in zip(actual, expected):
            agree(a, e)
        return
    expected = np.asarray(expected)
    assert isinstance(actual, rl.Tensor)
    assert str(actual.dtype).removeprefix("rushlight.") == str(expected.dtype)
    assert tuple(actual.shape) == expected.shape
    tolerance = {"float32": 2e-6, "float64": 1e-14}.get(str(expected.dtype), 0)
    np.testing.assert_allclose(actual.numpy(), expected, rtol=tolerance, atol=tolerance)


def same(name, *args, numpy_name=None, **options):
    def find(space, path):
        for part in path.split("."):
            space = getattr(space, part)
        return space

    with np.errstate(all="ignore"):
        expected = find(np, numpy_name or name)(*args, **options)
    agree(find(xp, name)(*ours(args), **ours_options(options)), expected)


def ours_options(options):
    return {key: getattr(xp, str(np.dtype(value))) if key == "dtype" else ours(value) for key, value in options.items()}


# -- elementwise ------------------------------------------------------------------------------------------------------

ANY_NUMBER = "abs ceil conj floor isfinite isinf isnan negative positive real round sign square trunc".split()
FLOAT_ONLY = """acos acosh asin asinh atan atanh cos cosh exp expm1 log log1p log2 log10 reciprocal signbit sin sinh sqrt tan tanh""".split()


@pytest.mark.parametrize("name", ANY_NUMBER)
@pytest.mark.parametrize("dtype", NUMBERS)
def test_functions_of_one_number(name, dtype):
    same(name, numbers(dtype))


@pytest.mark.parametrize("name", ANY_NUMBER + FLOAT_ONLY)
@pytest.mark.parametrize("dtype", FLOATS)
def test_functions_of_one_float_at_special_values(name, dtype):
    values = np.array([0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.5, -2.5, 3.5, np.inf, -np.inf, np.nan], dtype)
    same(name, values)


@pytest.mark.parametrize("name", FLOAT_ONLY)
def test_functions_of_floats_refuse_others(name):
    for dtype in ("int32", "bool"):
        with pytest.raises(TypeError, match=name):
            getattr(xp, name)(ours(numbers(dtype)))


ARITHMETIC = "add subtract multiply maximum minimum equal not_equal greater greater_equal less less_equal".split()
OF_FLOATS = "atan2 copysign divide hypot logaddexp nextafter".split()
OF_BITS = "bitwise_and bitwise_or bitwise_xor".split()


@pytest.mark.parametrize("name", ARITHMETIC)
@pytest.mark.parametrize("dtype", NUMBERS)
def test_functions_of_two_numbers(name, dtype):
    same(name, numbers(dtype), numbers(dtype, (3,), seed=1))


@pytest.mark.parametrize("name", ["floor_divide", "remainder"])
@pytest.mark.parametrize("dtype", NUMBERS)
def test_division_with_a_remainder(name, dtype):
    divisor = numbers(dtype, (3,), seed=1)
    divisor[divisor == 0] = 1
    same(name, numbers(dtype), divisor)


@pytest.mark.parametrize("dtype", NUMBERS)
def test_pow(dtype):
    same("pow", numbers(dtype), np.abs(numbers(dtype, (3,), seed=1)))


@pytest.mark.parametrize("name", OF_FLOATS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_functions_of_two_floats(name, dtype):
    same(name, numbers(dtype), numbers(dtype, (3,), seed=1))


@pytest.mark.parametrize("name", OF_BITS)
@pytest.mark.parametrize("dtype", ("bool", *INTEGERS))
def test_functions_of_bits(name, dtype):
    same(name, numbers(dtype), numbers(dtype, seed=1))
    same("bitwise_invert", numbers(dtype))


@pytest.mark.parametrize("dtype", INTEGERS)
def test_shifts(dtype):
    for name in ("bitwise_left_shift", "bitwise_right_shift"):
        same(name, numbers(dtype), np.array([0, 1, 3], dtype))


def test_logic():
    for name in ("logical_and", "logical_or", "logical_xor"):
        same(name, numbers("bool"), numbers("bool", seed=1))
    same("logical_not", numbers("bool"))
    with pytest.raises(TypeError, match="logical_and"):
        xp.logical_and(xp.asarray([1]), xp.asarray([1]))


@pytest.mark.parametrize("dtype", NUMBERS)
def test_clip(dtype):
    x = numbers(dtype)
    for bounds in ({"min": 1, "max": 2}, {"min": 1}, {"max": 2}, {}, {"min": np.array([0, 1, 2], dtype), "max": np.array(3, dtype)}):
        same("clip", x, **bounds)


# -- promotion --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("a", ("bool", *NUMBERS))
@pytest.mark.parametrize("b", ("bool", *NUMBERS))
def test_promotion_is_the_standards(a, b):
    def kind(dtype):
        return "bool" if dtype == "bool" else "float" if dtype in FLOATS else "integer"

    mixes = kind(a) == kind(b) and not (("uint64" in (a, b)) and (a.startswith("int") or b.startswith("int")))
    ours_a, ours_b = getattr(xp, a), getattr(xp, b)
    if mixes:
        expected = np.result_type(np.dtype(a), np.dtype(b))
        assert xp.result_type(ours_a, ours_b) is getattr(xp, str(expected))
        assert xp.can_cast(ours_a, ours_b) == (expected == np.dtype(b))
        if kind(a) != "bool":
            same("add", numbers(a), numbers(b))
            same("multiply", numbers(a), numbers(b, ()))  # 0-dimensional arrays are not weaker
    else:
        with pytest.raises(TypeError, match="promote"):
            xp.result_type(ours_a, ours_b)
        with pytest.raises(TypeError, match="promote"):
            xp.equal(ours(numbers(a)), ours(numbers(b)))
        assert not xp.can_cast(ours_a, ours_b)


def test_numbers_beside_arrays_take_their_dtype_or_are_refused():
    assert xp.add(xp.asarray([1], dtype=xp.uint8), 2).dtype is xp.uint8
    assert xp.multiply(2, xp.asarray([1.0], dtype=xp.float64)).dtype is xp.float64
    assert xp.where(xp.asarray([True, False]), 1.0, xp.asarray([2.0, 3.0])).tolist() == [1.0, 3.0]
    assert xp.result_type(xp.float32, 1, 2.5) is xp.float32
    for array, number in ((xp.asarray([1]), 2.5), (xp.asarray([1]), True), (xp.asarray([True]), 1), (xp.asarray([True]), 1.0)):
        with pytest.raises(TypeError, match="does not mix"):
            xp.equal(array, number)
    with pytest.raises(TypeError, match="at least one array"):
        xp.add(1, 2)
    with pytest.raises(ValueError, match="at least one"):
        xp.result_type(1, 2.0)


def test_dtypes():
    for dtype in ("bool", *NUMBERS):
        for kind in ("bool", "signed integer", "unsigned integer", "integral", "real floating", "complex floating", "numeric", ("bool", "integral")):
            assert xp.isdtype(getattr(xp, dtype), kind) == np.isdtype(np.dtype(dtype), kind), (dtype, kind)
    with pytest.raises(ValueError, match="kind"):
        xp.isdtype(xp.int8, "integer")
    for dtype in FLOATS:
        a, b = xp.finfo(getattr(xp, dtype)), np.finfo(dtype)
        assert (a.bits, a.eps, a.max, a.min, a.smallest_normal) == (b.bits, b.eps, b.max, b.min, b.smallest_normal)
        assert a.dtype is getattr(xp, dtype)
    for dtype in INTEGERS:
        a, b = xp.iinfo(ours(numbers(dtype))), np.iinfo(dtype)
        assert (a.bits, a.max, a.min) == (b.bits, b.max, b.min) and a.dtype is getattr(xp, dtype)
    x = xp.asarray([1, 2])
    assert xp.astype(x, xp.float64).dtype is xp.float64 and xp.astype(x, xp.int64) is not x and xp.astype(x, xp.int64, copy=False) is x


# -- creation ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ("bool", *NUMBERS))
def test_filled_arrays(dtype):
    for name in ("zeros", "ones"):
        same(name, (2, 3), dtype=dtype)
        same(name, 4, dtype=dtype)
        same(name + "_like", numbers("float32"), dtype=dtype)
    same("full", (2, 2), 1, dtype=dtype)
    same("full_like", numbers(dtype), 1)
    assert xp.empty((2, 0), dtype=getattr(xp, dtype)).shape == (2, 0)
    assert xp.empty_like(ours(numbers(dtype))).dtype is getattr(xp, dtype)
    same("eye", 3, dtype=dtype)
    for k in (-5, -1, 0, 1, 2, 9):
        same("eye", 3, 4, k=k, dtype=dtype)


def test_default_dtypes():
    assert xp.zeros(1).dtype is xp.float32 and xp.full(1, 1).dtype is xp.int64 and xp.full(1, 1.5).dtype is xp.float32
    assert xp.full(1, True).dtype is xp.bool and xp.arange(3).dtype is xp.int64 and xp.arange(3.0).dtype is xp.float32
    assert xp.asarray([1, 2]).dtype is xp.int64 and xp.asarray(1.5).dtype is xp.float32 and xp.linspace(0, 1, 2).dtype is xp.float32


def test_ranges():
    for arguments in ((5,), (1, 5), (1, 10, 3), (5, 0, -2), (3, 1)):
        for dtype in ("int32", "int64", "float64"):
            same("arange", *arguments, dtype=dtype)
    for dtype in FLOATS:
        for endpoint in (True, False):
            same("linspace", -1.0, 2.0, 7, dtype=dtype, endpoint=endpoint)
            same("linspace", 1, 1, 1, dtype=dtype, endpoint=endpoint)
    for indexing in ("xy", "ij"):
        agree(xp.meshgrid(xp.arange(2), xp.arange(3), indexing=indexing), np.meshgrid(np.arange(2), np.arange(3), indexing=indexing))
    assert xp.meshgrid() == []
    for name in ("tril", "triu"):
        for k in (-1, 0, 2):
            same(name, numbers("int32", (2, 3, 4)), k=k)


def test_asarray_copies_as_told():
    source = np.arange(3.0)
    shared, copied = xp.asarray(source), xp.asarray(source, copy=True)
    source[0] = 9
    assert shared[0] == 9 and copied[0] == 0
    assert xp.asarray(shared) is shared and xp.asarray(shared, copy=False) is shared
    for object in ([1, 2], 3.5):
        with pytest.raises(ValueError, match="share"):
            xp.asarray(object, copy=False)
    with pytest.raises(ValueError, match="share"):
        xp.asarray(source, dtype=xp.float32, copy=False)
    assert xp.asarray(bytearray(b"ab")).tolist() == [97, 98]
    again = xp.from_dlpack(source)
    again[1] = 7
    assert source[1] == 7


# -- shapes -----------------------------------------------------------------------------------------------------------


def test_shapes():
    x = numbers("int32", (2, 3, 4))
    for axis in (0, 1, -1, None):
        same("flip", x, axis=axis)
        same("roll", x, 2, axis=axis)
        same("repeat", x, 2, axis=axis)
        same("concat", (x, x), axis=axis)
    same("repeat", x, np.array([0, 2, 1]), axis=1)
    same("flip", x, axis=(0, 2))
    same("roll", x, (1, -1), axis=(0, 2))
    for axis in (0, 1, 3, -1):
        same("expand_dims", x, axis=axis)
        same("stack", [x, x], axis=axis)
    same("permute_dims", x, (2, 0, 1))
    same("moveaxis", x, 0, 2)
    same("moveaxis", x, (0, 1), (1, 2))
    same("reshape", x, (4, -1))
    same("reshape", x, (24,), copy=True)
    same("broadcast_to", x[:1], (2, 3, 4))
    same("broadcast_arrays", x, x[0], x[0, 0, 0:1])
    same("squeeze", x[:, :1, :1], (1, 2))
    same("squeeze", x[:1], 0)
    same("matrix_transpose", x)
    for repetitions in ((2,), (1, 2), (2, 1, 1, 2)):
        same("tile", x, repetitions)
    same("unstack", x, axis=1)
    same("concat", (x, x.astype("int64")), axis=0)
    with pytest.raises(ValueError, match="squeeze"):
        xp.squeeze(ours(x), 1)
    with pytest.raises(RuntimeError, match="view"):
        xp.reshape(ours(x).mT, (24,), copy=False)


def test_taking():
    x = numbers("float32", (3, 4))
    same("take", x, np.array([2, 0, 0, -1]), axis=0)
    same("take", x[0], np.array([3, -4]))
    same("take_along_axis", x, np.array([[0, 1], [3, -1], [2, 2]]))
    same("take_along_axis", x, np.array([[2, 1, 0, -3]]), axis=0)
    with pytest.raises(ValueError, match="axis"):
        xp.take(ours(x), xp.asarray([0]))


# -- reductions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", NUMBERS)
@pytest.mark.parametrize("axis", (None, 0, -1, (0, 2), ()))
def test_reductions(dtype, axis):
    x = numbers(dtype, (2, 3, 2))
    for keepdims in (False, True):
        for name in ("sum", "prod", "max", "min", "all", "any", "count_nonzero"):
            if dtype == "float32" and name in ("sum", "prod"):
                same(name, x, axis=axis, keepdims=keepdims, dtype="float32")
            else:
                same(name, x, axis=axis, keepdims=keepdims)
        if dtype in FLOATS and axis != ():
            same("mean", x, axis=axis, keepdims=keepdims)
            for name in ("std", "var"):
                same(name, x, axis=axis, keepdims=keepdims)
                same(name, x, axis=axis, keepdims=keepdims, correction=1.0)
    same("sum", x, axis=axis, dtype="float64")


@pytest.mark.parametrize("dtype", NUMBERS)
def test_positions_and_order(dtype):
    x = numbers(dtype, (3, 4))
    for name in ("argmax", "argmin"):
        same(name, x)
        for axis in (0, -1, None):
            same(name, x, axis=axis, keepdims=True)
    for axis in (0, -1):
        same("sort", x, axis=axis)
        same("argsort", x, axis=axis, stable=True)
        agree(xp.sort(ours(x), axis=axis, descending=True), np.flip(np.sort(x, axis=axis), axis=axis))


@pytest.mark.parametrize("dtype", NUMBERS)
def test_running_sums_and_differences(dtype):
    x = numbers(dtype, (2, 3))
    for name in ("cumulative_sum", "cumulative_prod"):
        same(name, x, axis=1)
        same(name, x, axis=0, include_initial=True)
        same(name, x[0])
        with pytest.raises(ValueError, match="axis"):
            getattr(xp, name)(ours(x))
    same("diff", x)
    same("diff", x, axis=0)
    same("diff", x, n=2)
    same("diff", x, prepend=x[:, :1], append=x)


def test_reductions_check_their_axes():
    x = xp.ones((2, 3))
    with pytest.raises(IndexError, match="axis 2"):
        xp.sum(x, axis=2)
    with pytest.raises(ValueError, match="twice"):
        xp.max(x, axis=(0, -2))
    with pytest.raises(TypeError, match="mean"):
        xp.mean(xp.arange(3))


def test_where():
    same("where", numbers("bool"), numbers("int16"), numbers("int32"))
    with pytest.raises(TypeError, match="where"):
        xp.where(xp.asarray([1]), xp.asarray([1]), xp.asarray([2]))


# -- linear algebra ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", NUMBERS)
def test_products(dtype):
    a, b = numbers(dtype, (2, 3)), numbers(dtype, (3, 4), seed=1)
    for prefix in ("", "linalg."):
        same(prefix + "matmul", a, b)
        same(prefix + "tensordot", a, b, axes=1)
        same(prefix + "tensordot", a, a, axes=((0, 1), (0, 1)))
        same(prefix + "vecdot", a, a[0])
    same("linalg.outer", a[0], b[:, 0])
    same("linalg.cross", a, a[:1] + 1)
    same("linalg.trace", numbers(dtype, (2, 3, 4)), offset=1, **({"dtype": dtype} if dtype == "float32" else {}))
    same("linalg.diagonal", numbers(dtype, (2, 3, 4)), offset=-1)


@pytest.mark.parametrize("dtype", ("float64",))
def test_matrices(dtype):
    a = numbers(dtype, (2, 3, 3)) + 4 * np.eye(3)
    positive = a @ a.swapaxes(-1, -2)
    for name in ("det", "inv", "slogdet"):
        close("linalg." + name, a)
    close("linalg.cholesky", positive)
    close("linalg.cholesky", positive, upper=True)
    close("linalg.solve", a, numbers(dtype, (2, 3, 2)))
    close("linalg.solve", a[0], numbers(dtype, (3,)))
    for n in (-2, 0, 3):
        close("linalg.matrix_power", a, n)
    q, r = xp.linalg.qr(ours(a))
    np.testing.assert_allclose((q @ r).numpy(), a, atol=1e-12)
    for order in ("fro", 1, -1, float("inf"), -float("inf")):
        for keepdims in (False, True):
            close("linalg.matrix_norm", a, ord=order, keepdims=keepdims)
    for order in (2, 1, 0, 3.5, float("inf"), -float("inf"), -1):
        for axis in (None, 0, (0, 2)):
            close("linalg.vector_norm", a, ord=order, axis=axis)
    with pytest.raises(NotImplementedError, match="singular"):
        xp.linalg.matrix_norm(ours(a), ord=2)


def close(name, *args, **options):
    function = getattr(xp.linalg, name.rpartition(".")[2])
    expected = getattr(np.linalg, name.rpartition(".")[2])(*args, **options)
    actual = function(*ours(args), **ours_options(options))
    pairs = zip(actual, expected) if isinstance(expected, tuple) else [(actual, expected)]
    for a, e in pairs:
        assert tuple(a.shape) == np.shape(e)
        np.testing.assert_allclose(a.numpy(), e, rtol=1e-10, atol=1e-12)


# -- the namespace ----------------------------------------------------------------------------------------------------


def test_a_tensor_knows_its_namespace():
    x = rl.ones(2)
    assert x.__array_namespace__() is xp and x.__array_namespace__(api_version="2024.12") is xp
    with pytest.raises(ValueError, match="2024.12"):
        x.__array_namespace__(api_version="2021.12")
    assert xp.__array_api_version__ == "2024.12" and xp.newaxis is None and xp.pi == np.pi and xp.isnan(xp.asarray(xp.nan))


def test_the_namespace_tells_about_itself():
    info = xp.__array_namespace_info__()
    assert info.default_device() in info.devices() and info.default_dtypes()["integral"] is xp.int64
    assert set(info.dtypes()) == {"bool", *NUMBERS} and set(info.dtypes(kind="unsigned integer")) == {n for n in INTEGERS if n[0] == "u"}
    assert info.capabilities()["boolean indexing"]


def test_arguments_are_positional_where_the_standard_says():
    for name in ("add", "sum", "sqrt", "reshape", "take"):
        first = next(iter(inspect.signature(getattr(xp, name)).parameters.values()))
        assert first.kind is first.POSITIONAL_ONLY, name


# -- searching and sets -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ("bool", *NUMBERS))
def test_nonzero_and_sets(dtype):
    x = numbers(dtype, (3, 5))
    same("nonzero", x)
    same("nonzero", np.zeros((2, 0), dtype))
    for name in ("unique_all", "unique_counts", "unique_inverse"):
        same(name, x)
        same(name, x[:0])
    agree(xp.unique_values(ours(x)), np.unique(x))  # NumPy's unique_values is in no order
    with pytest.raises(ValueError, match="nonzero"):
        xp.nonzero(xp.asarray(1))


def test_results_of_sets_have_names_and_nan_is_unlike_itself():
    result = xp.unique_all(xp.asarray([2.0, float("nan"), 1.0, float("nan"), 2.0]))
    assert result.values.shape == (4,) and result.counts.tolist() == [1, 2, 1, 1]
    assert result.indices.tolist()[:2] == [2, 0] and result.inverse_indices.shape == (5,)
    assert xp.unique_counts(xp.asarray([3, 3])).counts.tolist() == [2]


@pytest.mark.parametrize("dtype", NUMBERS)
def test_searchsorted(dtype):
    row, wanted = np.sort(numbers(dtype, (6,))), numbers(dtype, (2, 3), seed=1)
    for side in ("left", "right"):
        same("searchsorted", row, wanted, side=side)
        shuffled = np.array([3, 0, 5, 1, 4, 2])
        mixed = np.empty_like(row)
        mixed[shuffled] = row
        same("searchsorted", mixed, wanted, side=side, sorter=shuffled)
