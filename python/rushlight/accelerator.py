"""Answers for scripts that ask which accelerator there is: this build has none."""


def is_available():
    return False


def device_count():
    return 0


def current_accelerator(check_available=False):
    return None


def set_device_index(device):
    """Raises: there is none to choose."""
    raise RuntimeError(f"accelerator device {device} is not available: this build of Rushlight has none")
