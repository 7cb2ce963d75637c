"""Memory that passes from one library to another, as a capsule."""

from rushlight._C import from_dlpack

__all__ = ["from_dlpack", "to_dlpack"]


def to_dlpack(tensor):
    """A capsule with the tensor's memory, which from_dlpack of any library takes, once."""
    return tensor.__dlpack__()
