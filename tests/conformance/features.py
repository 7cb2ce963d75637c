"""What samples of every op must show: each of its dtypes, each layout, empty tensors and tensors of no dimensions."""

from call import EVERY_DTYPE, LAYOUTS, Array, DType
from draw import Draw
from evaluate import ERRORS, run
from judge import expect

SHAPES = ("empty", "0-d")
FEATURES = EVERY_DTYPE + LAYOUTS + SHAPES

# Where samples can't show a feature, and why. An entry that turns out to be shown is an error too.
EXCEPTIONS = {}


def _except(names, why, *op_ids):
    for op_id in op_ids:
        for name in names:
            EXCEPTIONS[op_id, name] = why


_except(LAYOUTS, "its tensors are numbers", "scalar_tensor", "sequence", "arange", "arange_from")
_except([name for name in LAYOUTS if name != "misaligned"], "its tensors are numbers", "full")
_except(("bool",), "a power of bools is refused on purpose", "square")
_except(LAYOUTS[1:], "says where in memory to look: its input is contiguous", "as_strided")
_except(("transposed",), "takes vectors only", "meshgrid", "cartesian_prod", "dot", "vdot", "outer")
KEYED = ("uniform_with_key", "normal_with_key", "integers_with_key", "permutation_with_key")
_except(("transposed", *SHAPES), "its only tensor is a key: two numbers", *KEYED)
_except(SHAPES, "its result is a key: two numbers", "random_key")
_except(("empty",), "there is nothing to choose from", "max", "min")
_except(("empty",), "makes a tensor of no dimensions", "scalar_tensor")
_except(
    ("0-d",),
    "PyTorch and Rushlight both want at least one dimension",
    *("select", "slice", "as_strided", "diagonal", "narrow", "unflatten", "unbind", "split", "split_sizes", "chunk"),
    *("tensor_split", "tensor_split_indices", "cat", "concat", "concatenate", "fliplr", "flipud", "rot90"),
    *("tril", "triu", "diag", "diag_embed", "slice_scatter", "diagonal_scatter", "linear_recurrence", "gumbel_softmax"),
    *("matmul", "linear", "mm", "bmm", "mv", "dot", "vdot", "outer", "bilinear", "linalg_trace", "cross"),
    *("linalg_cross", "linalg_multi_dot", "layer_norm", "rms_norm", "glu", "cartesian_prod"),
    *("linear_packed", "pack_linear", "pack_linear_int8"),
)
_except(
    ("0-d",),
    "makes a vector or a matrix of numbers",
    *("sequence", "arange", "arange_from", "linspace", "logspace", "eye", "tril_indices", "triu_indices", "randperm"),
)
_except(
    ("0-d",),
    "takes matrices, or batches of them",
    *("matrix_power", "inverse", "linalg_det", "linalg_slogdet", "logdet", "linalg_solve", "linalg_solve_triangular"),
    *("linalg_cholesky", "cholesky", "cholesky_solve", "linalg_qr", "qr", "attention", "self_attention", "scaled_dot_product_attention"),
    *("cosine_embedding_loss", "triplet_margin_loss", "pairwise_distance", "cdist"),
)
_except(
    ("0-d",),
    "takes items, channels, images or sequences",
    *("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell", "lstm", "gru", "rnn_tanh", "rnn_relu"),
    *("dropout1d", "dropout2d", "dropout3d", "group_norm", "batch_norm", "channel_norm", "instance_norm"),
    *("convolution", "convolution_weight_gradient", "conv1d", "conv2d", "conv3d", "conv1d_named", "conv2d_named"),
    *("conv3d_named", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"),
)

_except(
    ("0-d",),
    "takes images, rows or several dimensions",
    *("diff", "argsort_rows", "linalg_vecdot", "renorm", "multinomial_with_key", "multinomial", "max_pool",),
    *("adaptive_max_pool", "avg_pool", "max_pool1d", "avg_pool_gradient", "max_pool_gradient", "max_pool1d_with_indices", "max_pool2d",),
    *("max_pool3d", "max_pool2d_with_indices", "max_pool3d_with_indices", "avg_pool1d", "avg_pool2d",),
    *("avg_pool3d", "adaptive_max_pool1d", "adaptive_max_pool1d_with_indices", "adaptive_max_pool2d",),
    *("adaptive_max_pool2d_with_indices", "adaptive_max_pool3d_with_indices", "adaptive_avg_pool1d",),
    *("adaptive_max_pool3d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "im2col", "col2im", "resample",),
    *("resample_gradient", "pixel_shuffle", "interpolate", "channel_shuffle", "max_unpool1d", "max_unpool2d",),
    *("max_unpool3d", "lp_pool1d", "lp_pool2d", "pixel_unshuffle", "matrix_transpose",),
)
_except(("transposed", "0-d"), "takes vectors only", "bincount")
_except((*(name for name in LAYOUTS if name != "misaligned"), "empty"), "takes one element", "is_nonzero")
_except(("expanded",), "it writes to its tensors", "clip_grad_norm", "clip_grads_with_norm", "clip_grad_value")


# Taken, but judged in other dtypes only, and why.
UNJUDGED = {
    "matrix_power": "the first power of truth values is a copy",
}


for _op in ("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell", "lstm", "gru", "rnn_tanh", "rnn_relu"):
    UNJUDGED[_op] = "whole numbers are floating ones from the first gate on"


def refuses_the_rest(op, family):
    """No op takes a dtype in which its samples never draw."""
    for dtype in EVERY_DTYPE if family.dtypes and op.id not in UNJUDGED else ():
        for seed in range(0 if dtype in family.dtypes else 3):
            try:
                call = family.draw(Draw(f"other dtypes {seed}", dtype, smooth=True))
            except Exception:  # this sample can't even say it
                continue
            if any(array.dtype == dtype and array.differentiable for array in call.arrays()):
                expect(not _runs(op, family, call), f"takes {call!r}, which its samples never draw")


def _runs(op, family, call):
    try:
        run(op, family, call)
    except ERRORS:
        return False
    return True


def _is_laid_out(array):
    """Whether the layout makes a difference to the elements' places."""
    shape = [size for size in array.value.shape if size != 1]
    least = {"misaligned": 0, "transposed": 2}.get(array.layout, 1)
    return len(shape) >= least and 0 not in shape


def shown_by(call, results):
    """The features of one call."""
    shown, arrays = set(), call.arrays()
    for array in arrays:
        shown.add(array.dtype)
        if _is_laid_out(array):
            shown.add(array.layout)
    call.map(lambda leaf: shown.add(leaf.name) if isinstance(leaf, DType) else None)
    for value in [array.value for array in arrays] or results:
        shown |= {"empty"} if value.numel() == 0 else {"0-d"} if value.dim() == 0 else set()
    return shown


def is_impossible(op, name):
    return (op.id, name) in EXCEPTIONS


def wanted_of(op, family):
    """The features that samples of an op owe."""
    layouts = LAYOUTS if any(argument.is_tensor for argument in op.arguments) else ()
    features = tuple(family.dtypes) + layouts + SHAPES
    return [name for name in features if (op.id, name) not in EXCEPTIONS]
