"""Probability distributions: Categorical, which policies and language models draw from."""

from rushlight import _C
from rushlight._C import Tensor


class Categorical:
    """One of the numbers 0, 1, ...: with probabilities in proportion to probs, or with softmax(logits), along the last dimension."""

    def __init__(self, probs=None, logits=None, validate_args=None):
        if (probs is None) == (logits is None):
            raise ValueError("Either `probs` or `logits` must be specified, but not both.")
        given = probs if logits is None else logits
        if given.dim() < 1:
            raise ValueError(f"`{'probs' if logits is None else 'logits'}` parameter must be at least one-dimensional.")
        if logits is None:
            if validate_args is not False and not bool(((probs >= 0).all(-1) & (probs.sum(-1) > 0)).all()):
                raise ValueError(f"probs must not be negative, and not all zero, but got {probs}")
            self.probs = probs / probs.sum(-1, keepdim=True)
            self.logits = self.probs.clamp(_EPS[self.probs.dtype], 1 - _EPS[self.probs.dtype]).log()
        else:
            self.logits = logits - logits.logsumexp(-1, keepdim=True)
            self.probs = _C.softmax(self.logits, -1)

    @property
    def batch_shape(self):
        return self.probs.shape[:-1]

    @property
    def event_shape(self):
        return _C.Size()

    @property
    def mode(self):
        """The likeliest number."""
        return self.probs.argmax(-1)

    def sample(self, sample_shape=()):
        """Numbers drawn, in the shape sample_shape + batch_shape."""
        size = _C.Size((*sample_shape, *self.batch_shape))
        rows = self.probs.detach().reshape(-1, self.probs.shape[-1])
        count = _C.Size(sample_shape).numel()
        return _C.multinomial(rows, count, True).T.reshape(size)

    def log_prob(self, value):
        """The logarithm of the probability of each value."""
        value = value if isinstance(value, Tensor) else _C.tensor(value)
        value, logits = _C.broadcast_tensors(value.long().unsqueeze(-1), self.logits)
        return logits.gather(-1, value[..., :1]).squeeze(-1)

    def entropy(self):
        """How uncertain the number is, in nats."""
        lowest = _C.clamp(self.logits, min=_LOWEST[self.logits.dtype])  # 0 * -inf is 0 here
        return -(lowest * self.probs).sum(-1)

    def __repr__(self):
        return f"Categorical(probs: rushlight.Size({list(self.probs.shape)}))"


_EPS = {_C.float32: 2.0**-23, _C.float64: 2.0**-52}
_LOWEST = {_C.float32: -(2.0 - 2.0**-23) * 2.0**127, _C.float64: -(2.0 - 2.0**-52) * 2.0**1023}
