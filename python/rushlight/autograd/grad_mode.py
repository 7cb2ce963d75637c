"""no_grad and its kin: each a context manager and a decorator."""

import functools

from rushlight import _C


_GENERATOR = 0x20  # inspect.CO_GENERATOR, without the cost of importing inspect


class _Mode:
    """Sets a state of this thread for a block, or for each call of a function."""

    def __enter__(self):
        self._before = self._swap_in()

    def __exit__(self, *_):
        self._restore(self._before)

    def _again(self):
        return type(self)()

    def __call__(self, function):
        code = getattr(function, "__code__", None)
        if code is not None and code.co_flags & _GENERATOR:
            return self._wrap_generator(function)

        @functools.wraps(function)
        def wrapped(*args, **kwargs):
            with self._again():
                return function(*args, **kwargs)

        return wrapped

    def _wrap_generator(self, function):
        """The mode holds while the generator's own code runs, not while its user's does."""

        @functools.wraps(function)
        def wrapped(*args, **kwargs):
            generator = function(*args, **kwargs)
            sent = None
            while True:
                try:
                    with self._again():
                        item = generator.send(sent)
                except StopIteration as stop:
                    return stop.value
                sent = yield item

        return wrapped


class _GradMode(_Mode):
    mode = True

    def __new__(cls, function=None):
        self = super().__new__(cls)
        return self if function is None else self(function)  # @no_grad without parentheses

    def _swap_in(self):
        before = _C.is_grad_enabled()
        _C._set_grad_enabled(self.mode)
        return before

    def _restore(self, before):
        _C._set_grad_enabled(before)


class no_grad(_GradMode):
    """Results carry no history."""

    mode = False


class enable_grad(_GradMode):
    """Results carry history again, inside a no_grad."""


class set_grad_enabled(_Mode):
    """Turns history on or off at once; as a context manager until the block's end."""

    def __init__(self, mode):
        self.mode = bool(mode)
        self._before = _C.is_grad_enabled()
        _C._set_grad_enabled(self.mode)

    def __enter__(self):
        _C._set_grad_enabled(self.mode)

    def __call__(self, function):
        _C._set_grad_enabled(self._before)  # as a decorator it changes nothing outside the function
        return super().__call__(function)

    def _again(self):
        return set_grad_enabled(self.mode)

    def _restore(self, before):
        _C._set_grad_enabled(before)


class inference_mode(_Mode):
    """No history and no way to get one: what is made here joins no graph later."""

    def __new__(cls, mode=True):
        self = super().__new__(cls)
        if callable(mode):
            self.mode = True
            return self(mode)
        self.mode = bool(mode)
        return self

    def _again(self):
        return inference_mode(self.mode)

    def _swap_in(self):
        before = _C.is_inference_mode_enabled(), _C.is_grad_enabled()
        _C._set_inference_mode(self.mode)
        if self.mode:
            _C._set_grad_enabled(False)
        return before

    def _restore(self, before):
        _C._set_inference_mode(before[0])
        _C._set_grad_enabled(before[1])
