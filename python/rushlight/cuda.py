"""Answers for scripts that ask whether there is a CUDA device: this build has none."""


def is_available():
    return False


def is_initialized():
    return False


def device_count():
    return 0


def manual_seed(seed):
    """Does nothing, as in PyTorch where there is no CUDA device."""


def manual_seed_all(seed):
    """Does nothing, as in PyTorch where there is no CUDA device."""


def empty_cache():
    """Does nothing, as in PyTorch where CUDA was never used; rushlight.empty_cache() is for the host."""


def synchronize(device=None):
    _refuse()


def current_device():
    _refuse()


def get_device_name(device=None):
    _refuse()


def _refuse():
    raise RuntimeError("this build of Rushlight has no CUDA device")
