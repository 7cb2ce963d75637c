"""Losses, with torch.nn.functional's names, arguments and defaults, those from before `reduction` included."""

import warnings

from rushlight import _C


def _reduction(reduction, size_average, reduce):
    """What size_average and reduce said before there was reduction."""
    if size_average is None and reduce is None:
        return reduction
    reduction = "none" if reduce is False else "sum" if size_average is False else "mean"
    warnings.warn(f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.", stacklevel=3)
    return reduction


def _warn_of_sizes(input, target):
    if input.shape != target.shape:
        warnings.warn(f"Using a target size ({tuple(target.shape)}) that is different to the input size ({tuple(input.shape)}). This will likely "
                      "lead to incorrect results due to broadcasting. Please ensure they have the same size.", stacklevel=3)


def cross_entropy(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean", label_smoothing=0.0):
    """How surprised the logits are by the class indices, or by the probabilities of the classes."""
    reduction = _reduction(reduction, size_average, reduce)
    return _C.cross_entropy(input, target, weight, ignore_index=ignore_index, reduction=reduction, label_smoothing=label_smoothing)


def nll_loss(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"):
    """How surprised the log-probabilities are by the class indices."""
    return _C.nll_loss(input, target, weight, ignore_index=ignore_index, reduction=_reduction(reduction, size_average, reduce))


def mse_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """The squared difference."""
    _warn_of_sizes(input, target)
    return _C.mse_loss(input, target, reduction=_reduction(reduction, size_average, reduce), weight=weight)


def l1_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """The absolute difference."""
    _warn_of_sizes(input, target)
    return _C.l1_loss(input, target, reduction=_reduction(reduction, size_average, reduce), weight=weight)


def smooth_l1_loss(input, target, size_average=None, reduce=None, reduction="mean", beta=1.0):
    """Half the squared difference over beta, and from beta on the absolute one."""
    _warn_of_sizes(input, target)
    return _C.smooth_l1_loss(input, target, reduction=_reduction(reduction, size_average, reduce), beta=beta)


def huber_loss(input, target, reduction="mean", delta=1.0, weight=None):
    """Half the squared difference, and from delta on delta times the absolute one."""
    _warn_of_sizes(input, target)
    if weight is None:
        return _C.huber_loss(input, target, reduction, delta)
    losses = _C.huber_loss(input, target, "none", delta) * weight
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"Invalid reduction mode: {reduction}. Expected one of 'none', 'mean', 'sum'.")
    return losses if reduction == "none" else getattr(losses, reduction)()


def binary_cross_entropy(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    """How surprised the probabilities are by the targets."""
    return _C.binary_cross_entropy(input, target, weight, reduction=_reduction(reduction, size_average, reduce))


def binary_cross_entropy_with_logits(input, target, weight=None, size_average=None, reduce=None, reduction="mean", pos_weight=None):
    """binary_cross_entropy of sigmoid(input)."""
    reduction = _reduction(reduction, size_average, reduce)
    return _C.binary_cross_entropy_with_logits(input, target, weight, reduction=reduction, pos_weight=pos_weight)


def kl_div(input, target, size_average=None, reduce=None, reduction="mean", log_target=False):
    """The divergence of the log-probabilities from the target."""
    return _C.kl_div(input, target, reduction=_reduction(reduction, size_average, reduce), log_target=log_target)


def soft_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """log(1 + exp(-input * target)) for targets 1 and -1."""
    return _C.soft_margin_loss(input, target, reduction=_reduction(reduction, size_average, reduce))


def hinge_embedding_loss(input, target, margin=1.0, size_average=None, reduce=None, reduction="mean"):
    """input where target is 1, and what it lacks of the margin where target is -1."""
    return _C.hinge_embedding_loss(input, target, margin, reduction=_reduction(reduction, size_average, reduce))


def margin_ranking_loss(input1, input2, target, margin=0, size_average=None, reduce=None, reduction="mean"):
    """How far input1 is from being above input2 (target 1), or below it (-1), by the margin."""
    return _C.margin_ranking_loss(input1, input2, target, margin, reduction=_reduction(reduction, size_average, reduce))


def cosine_embedding_loss(input1, input2, target, margin=0, size_average=None, reduce=None, reduction="mean"):
    """1 - cosine where target is 1, and the cosine above the margin where target is -1."""
    return _C.cosine_embedding_loss(input1, input2, target, margin, reduction=_reduction(reduction, size_average, reduce))


def triplet_margin_loss(anchor, positive, negative, margin=1.0, p=2, eps=1e-06, swap=False, size_average=None, reduce=None, reduction="mean"):
    """How much farther the positive is from the anchor than the negative, with the margin."""
    reduction = _reduction(reduction, size_average, reduce)
    return _C.triplet_margin_loss(anchor, positive, negative, margin, p, eps, swap, reduction=reduction)
