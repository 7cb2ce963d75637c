"""Pooling, windows and sizes of images, with torch.nn.functional's names, arguments and defaults."""

from rushlight import _C
from rushlight._C import adaptive_avg_pool1d as adaptive_avg_pool1d
from rushlight._C import adaptive_avg_pool2d as adaptive_avg_pool2d
from rushlight._C import adaptive_avg_pool3d as adaptive_avg_pool3d
from rushlight._C import avg_pool1d as avg_pool1d
from rushlight._C import avg_pool2d as avg_pool2d
from rushlight._C import avg_pool3d as avg_pool3d
from rushlight._C import channel_shuffle as channel_shuffle
from rushlight._C import fold as fold
from rushlight._C import interpolate as interpolate
from rushlight._C import lp_pool1d as lp_pool1d
from rushlight._C import lp_pool2d as lp_pool2d
from rushlight._C import max_unpool1d as max_unpool1d
from rushlight._C import max_unpool2d as max_unpool2d
from rushlight._C import max_unpool3d as max_unpool3d
from rushlight._C import pixel_shuffle as pixel_shuffle
from rushlight._C import pixel_unshuffle as pixel_unshuffle


def max_pool1d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """The largest in each window over sequences; return_indices: and where in its channel each is."""
    op = _C.max_pool1d_with_indices if return_indices else _C.max_pool1d
    return op(input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool1d_with_indices(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """max_pool1d, and where in its channel each is."""
    return _C.max_pool1d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)


def adaptive_max_pool1d(input, output_size, return_indices=False):
    """The largest in each of output_size parts of sequences; return_indices: and where in its channel each is."""
    return (_C.adaptive_max_pool1d_with_indices if return_indices else _C.adaptive_max_pool1d)(input, output_size)


def adaptive_max_pool1d_with_indices(input, output_size, return_indices=False):
    """adaptive_max_pool1d, and where in its channel each is."""
    return _C.adaptive_max_pool1d_with_indices(input, output_size)


def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """The largest in each window over images; return_indices: and where in its channel each is."""
    op = _C.max_pool2d_with_indices if return_indices else _C.max_pool2d
    return op(input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool2d_with_indices(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """max_pool2d, and where in its channel each is."""
    return _C.max_pool2d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)


def adaptive_max_pool2d(input, output_size, return_indices=False):
    """The largest in each of output_size parts of images; return_indices: and where in its channel each is."""
    return (_C.adaptive_max_pool2d_with_indices if return_indices else _C.adaptive_max_pool2d)(input, output_size)


def adaptive_max_pool2d_with_indices(input, output_size, return_indices=False):
    """adaptive_max_pool2d, and where in its channel each is."""
    return _C.adaptive_max_pool2d_with_indices(input, output_size)


def max_pool3d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """The largest in each window over volumes; return_indices: and where in its channel each is."""
    op = _C.max_pool3d_with_indices if return_indices else _C.max_pool3d
    return op(input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool3d_with_indices(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """max_pool3d, and where in its channel each is."""
    return _C.max_pool3d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)


def adaptive_max_pool3d(input, output_size, return_indices=False):
    """The largest in each of output_size parts of volumes; return_indices: and where in its channel each is."""
    return (_C.adaptive_max_pool3d_with_indices if return_indices else _C.adaptive_max_pool3d)(input, output_size)


def adaptive_max_pool3d_with_indices(input, output_size, return_indices=False):
    """adaptive_max_pool3d, and where in its channel each is."""
    return _C.adaptive_max_pool3d_with_indices(input, output_size)


# -- windows as columns, sizes


def unfold(input, kernel_size, dilation=1, padding=0, stride=1):
    """Every window of an image as a column."""
    return _C.im2col(input, kernel_size, dilation, padding, stride)


def upsample(input, size=None, scale_factor=None, mode="nearest", align_corners=None):
    """interpolate, by its old name."""
    return _C.interpolate(input, size, scale_factor, mode, align_corners)
