"""Helpers around training."""

from rushlight.utils import checkpoint as checkpoint
