"""cnn.py with its images in PyTorch's other order."""

import functools

import cnn

make_step = functools.partial(cnn.make_step, channels_last=True)
