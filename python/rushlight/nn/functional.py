"""The ops of neural networks as functions, with torch.nn.functional's names, arguments and defaults.

Nothing is computed here: each function calls an op of the list. What PyTorch calls as the op is called is the op itself.
Losses stand in _losses.py, what is for images in _images.py.
"""

import warnings

from rushlight import _C
from rushlight._C import alpha_dropout as _alpha_dropout
from rushlight._C import bilinear as bilinear
from rushlight._C import celu_ as celu_
from rushlight._C import conv1d as conv1d
from rushlight._C import conv2d as conv2d
from rushlight._C import conv3d as conv3d
from rushlight._C import conv_transpose1d as conv_transpose1d
from rushlight._C import conv_transpose2d as conv_transpose2d
from rushlight._C import conv_transpose3d as conv_transpose3d
from rushlight._C import cosine_similarity as cosine_similarity
from rushlight._C import elu_ as elu_
from rushlight._C import gelu as gelu
from rushlight._C import glu as glu
from rushlight._C import group_norm as group_norm
from rushlight._C import hardshrink as hardshrink
from rushlight._C import hardtanh_ as hardtanh_
from rushlight._C import leaky_relu_ as leaky_relu_
from rushlight._C import linear as linear
from rushlight._C import logsigmoid as logsigmoid
from rushlight._C import one_hot as one_hot
from rushlight._C import pad as pad
from rushlight._C import pairwise_distance as pairwise_distance
from rushlight._C import prelu as prelu
from rushlight._C import relu_ as relu_
from rushlight._C import rms_norm as rms_norm
from rushlight._C import scaled_dot_product_attention as scaled_dot_product_attention
from rushlight._C import selu_ as selu_
from rushlight._C import sigmoid as sigmoid
from rushlight._C import softplus as softplus
from rushlight._C import softshrink as softshrink
from rushlight._C import softsign as softsign
from rushlight._C import tanh as tanh
from rushlight._C import tanhshrink as tanhshrink
from rushlight.nn._images import *  # noqa: F403
from rushlight.nn._losses import *  # noqa: F403

# -- activations


def relu(input, inplace=False):
    """input where positive, else 0."""
    return input.relu_() if inplace else _C.relu(input)


def relu6(input, inplace=False):
    """input between 0 and 6."""
    return input.relu6_() if inplace else _C.relu6(input)


def leaky_relu(input, negative_slope=0.01, inplace=False):
    """input where positive, else negative_slope * input."""
    return input.leaky_relu_(negative_slope) if inplace else _C.leaky_relu(input, negative_slope)


def elu(input, alpha=1.0, inplace=False):
    """input where positive, else alpha * (exp(input) - 1)."""
    return input.elu_(alpha) if inplace else _C.elu(input, alpha)


def celu(input, alpha=1.0, inplace=False):
    """input where positive, else alpha * (exp(input / alpha) - 1)."""
    return input.celu_(alpha) if inplace else _C.celu(input, alpha)


def selu(input, inplace=False):
    """elu scaled so that mean 0 and variance 1 persist."""
    return input.selu_() if inplace else _C.selu(input)


def silu(input, inplace=False):
    """input * sigmoid(input)."""
    return input.silu_() if inplace else _C.silu(input)


def mish(input, inplace=False):
    """input * tanh(softplus(input))."""
    return input.mish_() if inplace else _C.mish(input)


def hardswish(input, inplace=False):
    """input * hardsigmoid(input)."""
    return input.hardswish_() if inplace else _C.hardswish(input)


def hardsigmoid(input, inplace=False):
    """input / 6 + 1 / 2 between 0 and 1."""
    return input.hardsigmoid_() if inplace else _C.hardsigmoid(input)


def hardtanh(input, min_val=-1.0, max_val=1.0, inplace=False):
    """input between min_val and max_val."""
    return input.hardtanh_(min_val, max_val) if inplace else _C.hardtanh(input, min_val, max_val)


def threshold(input, threshold, value, inplace=False):
    """input where above the threshold, else value."""
    return input.threshold_(threshold, value) if inplace else _C.threshold(input, threshold, value)


def _chosen(dim, name, rank):
    if dim is not None:
        return dim
    warnings.warn(f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.", stacklevel=3)
    return 0 if rank in (0, 1, 3) else 1


def softmax(input, dim=None, _stacklevel=3, dtype=None):
    """exp(input) along dim, scaled to sum to 1."""
    dim = _chosen(dim, softmax.__name__, input.dim())
    return _C.softmax(input, dim) if dtype is None else _C.softmax(input, dim, dtype)


def log_softmax(input, dim=None, _stacklevel=3, dtype=None):
    """The logarithm of softmax, without overflow."""
    dim = _chosen(dim, log_softmax.__name__, input.dim())
    return _C.log_softmax(input, dim) if dtype is None else _C.log_softmax(input, dim, dtype)


def softmin(input, dim=None, _stacklevel=3, dtype=None):
    """softmax of -input."""
    return _C.softmin(input, _chosen(dim, softmin.__name__, input.dim()), dtype)


def gumbel_softmax(logits, tau=1, hard=False, eps=1e-10, dim=-1):
    """softmax of logits with noise: draws from the distribution, differentiable."""
    return _C.gumbel_softmax(logits, tau, hard, dim)


# -- dropout


def _dropped(op, input, p, training, inplace):
    result = op(input, p, training)
    return input.copy_(result) if inplace and result is not input else result


def dropout(input, p=0.5, training=True, inplace=False):
    """Zeroes each element with probability p and scales the rest by 1 / (1 - p), while training."""
    return _dropped(_C.dropout, input, p, training, True) if inplace else _C.dropout(input, p, training)


def alpha_dropout(input, p=0.5, training=False, inplace=False):
    """dropout that keeps mean 0 and variance 1 behind selu."""
    return _dropped(_alpha_dropout, input, p, training, inplace)


def dropout1d(input, p=0.5, training=True, inplace=False):
    """dropout of whole channels of sequences."""
    return _dropped(_C.dropout1d, input, p, training, inplace)


def dropout2d(input, p=0.5, training=True, inplace=False):
    """dropout of whole channels of images."""
    return _dropped(_C.dropout2d, input, p, training, inplace)


def dropout3d(input, p=0.5, training=True, inplace=False):
    """dropout of whole channels of volumes."""
    return _dropped(_C.dropout3d, input, p, training, inplace)


# -- layers


def embedding(input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False):
    """The row of weight for each index; the padding row is not learned. max_norm: rows that are used are shortened first."""
    if scale_grad_by_freq or sparse:
        raise NotImplementedError("embedding: scale_grad_by_freq and sparse are not there yet; leave them False")
    if max_norm is not None:
        _shorten_rows(weight, input, max_norm, norm_type)
    return _C.embedding(input, weight, padding_idx)


def _shorten_rows(weight, indices, max_norm, norm_type):
    rows = indices.reshape(-1)
    table = weight.detach()
    norms = _C.vector_norm(table[rows], norm_type, 1, True)
    table[rows] = table[rows] * _C.where(norms > max_norm, max_norm / (norms + 1e-7), 1.0)


def normalize(input, p=2.0, dim=1, eps=1e-12, out=None):
    """Vectors along dim divided by their p-norm."""
    return _C.normalize(input, p, dim, eps, out=out)


def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-05):
    """Each item scaled to mean 0 and variance 1 over its last dimensions."""
    return _C.layer_norm(input, normalized_shape, weight, bias, eps)


def batch_norm(input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-05):
    """Each channel scaled to mean 0 and variance 1, by the batch's statistics or by the running ones."""
    return _C.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)


def instance_norm(input, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1, eps=1e-05):
    """Each channel of each item scaled to mean 0 and variance 1."""
    return _C.instance_norm(input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps)
