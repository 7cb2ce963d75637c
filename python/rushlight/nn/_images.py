"""Pooling, windows and sizes of images, with torch.nn.functional's names, arguments and defaults."""

from rushlight import _C


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


def adaptive_avg_pool1d(input, output_size):
    """The mean of each of output_size parts of sequences; None keeps a size."""
    return _C.adaptive_avg_pool1d(input, output_size)


def avg_pool1d(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    """The mean of each window over sequences."""
    return _C.avg_pool1d(input, kernel_size, stride, padding, ceil_mode, count_include_pad)


def max_unpool1d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """The elements put back to where max_pool1d found them, zeros elsewhere."""
    return _C.max_unpool1d(input, indices, kernel_size, stride, padding, output_size)


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


def adaptive_avg_pool2d(input, output_size):
    """The mean of each of output_size parts of images; None keeps a size."""
    return _C.adaptive_avg_pool2d(input, output_size)


def avg_pool2d(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
    """The mean of each window over images."""
    return _C.avg_pool2d(input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def max_unpool2d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """The elements put back to where max_pool2d found them, zeros elsewhere."""
    return _C.max_unpool2d(input, indices, kernel_size, stride, padding, output_size)


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


def adaptive_avg_pool3d(input, output_size):
    """The mean of each of output_size parts of volumes; None keeps a size."""
    return _C.adaptive_avg_pool3d(input, output_size)


def avg_pool3d(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
    """The mean of each window over volumes."""
    return _C.avg_pool3d(input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def max_unpool3d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """The elements put back to where max_pool3d found them, zeros elsewhere."""
    return _C.max_unpool3d(input, indices, kernel_size, stride, padding, output_size)


def lp_pool1d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    """The norm of order norm_type of each window over sequences."""
    return _C.lp_pool1d(input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    """The norm of order norm_type of each window over images."""
    return _C.lp_pool2d(input, norm_type, kernel_size, stride, ceil_mode)


# -- windows as columns, sizes


def unfold(input, kernel_size, dilation=1, padding=0, stride=1):
    """Every window of an image as a column."""
    return _C.im2col(input, kernel_size, dilation, padding, stride)


def fold(input, output_size, kernel_size, dilation=1, padding=0, stride=1):
    """Columns added up into the image whose windows they are."""
    return _C.fold(input, output_size, kernel_size, dilation, padding, stride)


def interpolate(input, size=None, scale_factor=None, mode="nearest", align_corners=None, recompute_scale_factor=None, antialias=False):
    """Sequences, images or volumes in another size."""
    return _C.interpolate(input, size, scale_factor, mode, align_corners, recompute_scale_factor, antialias)


def upsample(input, size=None, scale_factor=None, mode="nearest", align_corners=None):
    """interpolate, by its old name."""
    return _C.interpolate(input, size, scale_factor, mode, align_corners)


def pixel_shuffle(input, upscale_factor):
    """Groups of channels as the pixels of a larger image."""
    return _C.pixel_shuffle(input, upscale_factor)


def pixel_unshuffle(input, downscale_factor):
    """Blocks of pixels as channels of a smaller image."""
    return _C.pixel_unshuffle(input, downscale_factor)


def channel_shuffle(input, groups):
    """The channels of all groups in turn."""
    return _C.channel_shuffle(input, groups)
