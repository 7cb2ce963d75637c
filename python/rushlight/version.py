"""The version, and those of libraries that are not used here."""

from rushlight._C import __version__ as __version__

cuda = hip = xpu = None
