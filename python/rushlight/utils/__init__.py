"""Helpers around training."""

from rushlight.utils import checkpoint as checkpoint
from rushlight.utils import dlpack as dlpack
