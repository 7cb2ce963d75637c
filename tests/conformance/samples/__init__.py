"""Samples, judges and wrong calls, one file per family of ops."""

from samples import convolution, creation, elementwise, elementwise_functions, index, layer, linear_algebra, loss, optimizer, pooling, product, random, recurrent, reduction, resizing, view  # noqa: F401
from samples import counting, draws, gathering, joining, making, order, rearranging, refusals, scan, unique  # noqa: F401, E402
