"""Samples, judges and wrong calls, one file per family of ops."""

from samples import creation, elementwise, index, layer, loss, optimizer, product, random, reduction, view  # noqa: F401
