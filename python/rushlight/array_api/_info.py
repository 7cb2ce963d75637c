"""What this namespace can do, as the standard lets one ask."""

from rushlight import _C
from rushlight.array_api._dtypes import ALL, isdtype


class __array_namespace_info__:
    """Capabilities, devices and dtypes."""

    __module__ = "rushlight.array_api"

    def capabilities(self):
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self):
        return _C.device("cpu")

    def default_dtypes(self, *, device=None):
        """None: there is no such dtype."""
        return {"real floating": _C.get_default_dtype(), "complex floating": None, "integral": _C.int64, "indexing": _C.int64}

    def devices(self):
        return [_C.device("cpu")]

    def dtypes(self, *, device=None, kind=None):
        names = {repr(dtype).removeprefix("rushlight."): dtype for dtype in ALL}
        return {name: dtype for name, dtype in names.items() if kind is None or isdtype(dtype, kind)}
