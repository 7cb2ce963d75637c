"""The state of the default generator."""

import contextlib

from rushlight._C import default_generator as default_generator
from rushlight._C import manual_seed as manual_seed
from rushlight._functions import get_rng_state as get_rng_state
from rushlight._functions import initial_seed as initial_seed
from rushlight._functions import seed as seed
from rushlight._functions import set_rng_state as set_rng_state


@contextlib.contextmanager
def fork_rng(devices=(), enabled=True):
    """What is drawn inside leaves the default generator as it was."""
    state = get_rng_state()
    try:
        yield
    finally:
        if enabled:
            set_rng_state(state)
