"""What the graph keeps: nodes, and what becomes of the tensors it saves."""

import contextlib
import threading

from rushlight import _C
from rushlight._C import Node as Node

__all__ = ["Node", "disable_saved_tensors_hooks", "save_on_cpu", "saved_tensors_hooks"]

_hooks = threading.local()  # .count: how many are on; .refusal: why there may be none


class saved_tensors_hooks:
    """In its block, what ops save for backward goes through pack_hook(tensor), and in backward through unpack_hook(packed).

    The tensor that pack_hook sees has no history. What it returns may be anything: a file's name, fewer bits.
    """

    def __init__(self, pack_hook, unpack_hook):
        self.pack_hook, self.unpack_hook = pack_hook, unpack_hook

    def __enter__(self):
        if refusal := getattr(_hooks, "refusal", None):
            raise RuntimeError(refusal)
        _C._push_saved_tensors_hooks(self.pack_hook, self.unpack_hook)
        _hooks.count = getattr(_hooks, "count", 0) + 1
        return self

    def __exit__(self, *_):
        _C._pop_saved_tensors_hooks()
        _hooks.count -= 1


@contextlib.contextmanager
def disable_saved_tensors_hooks(error_message):
    """In its block, saved_tensors_hooks raises a RuntimeError with this message; so does the block where hooks are on already."""
    if getattr(_hooks, "count", 0):
        raise RuntimeError(error_message)
    before = getattr(_hooks, "refusal", None)
    _hooks.refusal = error_message
    try:
        yield
    finally:
        _hooks.refusal = before


class save_on_cpu(saved_tensors_hooks):
    """Saved tensors wait on the host, as copies."""

    def __init__(self, pin_memory=False, device_type="cuda"):
        super().__init__(lambda tensor: (tensor.device, tensor.to("cpu", copy=True)), lambda packed: packed[1].to(packed[0]))
