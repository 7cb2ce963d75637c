"""Neural networks: so far the functions (`rushlight.nn.functional`)."""

from rushlight.nn import functional as functional
