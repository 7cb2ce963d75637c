"""The named tuples of ops with several results: `return_types.max` has `values` and `indices`."""

from rushlight import _C


def __getattr__(name):
    return _C._return_type(name)
