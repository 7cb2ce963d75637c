"""The file of goldens: what replay.cpp reads. Little-endian; its reader there is the other half of this text."""

import struct

import numpy
import torch

import bridge
from call import Array, DType, Seeded
from op_table import NOT_GIVEN

DTYPES = ("bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64")
DTYPE_CODES = {name: code for code, name in enumerate(DTYPES)}
# Attr::Kind, in its order.
ATTR_CODES = {"none": 0, "bool": 1, "int": 2, "float": 3, "dtype": 4, "ints": 5, "floats": 6, "str": 7, "slot": 8, "generator": 9}
ATTR_CODES["int?s"] = ATTR_CODES["ints"]
UNSAID = -(2**63)  # None among ints


class Unspeakable(Exception):
    """An argument that no call by id can carry: the Python face refuses it before."""


def _bits(tensor):
    """The elements' bytes, row-major; PyTorch's bfloat16 goes by way of int16."""
    tensor = tensor.detach().contiguous()
    return (tensor.view(torch.int16) if tensor.dtype == torch.bfloat16 else tensor).numpy(force=True)


def _is_whole(value):
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


class Writer:
    """Cases of one op, as bytes."""

    def __init__(self, op):
        self.op, self.data, self.count = op, bytearray(), 0

    # -- parts
    def _pack(self, form, *values):
        self.data += struct.pack("<" + form, *values)

    def _text(self, text):
        encoded = text.encode("utf-8", "surrogatepass")
        self._pack("I", len(encoded))
        self.data += encoded

    def _ints(self, values):
        self._pack("I", len(values))
        for value in values:
            if not _is_whole(value):
                raise Unspeakable(value)
            self._pack("q", value)

    def _numbers(self, tensor):
        numbers = tensor.detach().double().contiguous().numpy(force=True).reshape(-1)  # PyTorch has lazy zeros
        self._pack("Q", numbers.size)
        self.data += numbers.tobytes()

    def _array(self, array):
        """A tensor in its layout, with what must never be read in the gaps."""
        numbers = _bits(array.value)
        strides, offset = bridge._strides_and_offset(list(numbers.shape), array.layout)
        if array.layout == "contiguous":
            strides, offset = bridge._row_major(list(numbers.shape)), 0
        positions = numpy.full(numbers.shape, offset, dtype=numpy.int64)
        for dim, stride in enumerate(strides):
            steps = numpy.arange(numbers.shape[dim]) * stride
            positions += steps.reshape([-1 if d == dim else 1 for d in range(numbers.ndim)])
        poison = float("nan") if array.is_floating else 1 if array.dtype == "bool" else 119
        length = numbers.size if array.layout == "contiguous" else int(positions.max(initial=offset)) + 2
        buffer = numpy.resize(_bits(torch.full((1,), poison).to(array.value.dtype)), length)
        buffer[positions] = numbers
        self._pack("BBBB", 1, DTYPE_CODES[array.dtype], array.is_floating and array.differentiable, numbers.ndim)
        self._pack(f"{2 * numbers.ndim + 1}q", *numbers.shape, *strides, offset)
        self._pack("Q", buffer.nbytes)
        self.data += buffer.tobytes()

    def _input(self, value):
        if value is None:
            self._pack("B", 0)
        elif isinstance(value, Array):
            self._array(value)
        elif isinstance(value, bool):
            self._pack("BB", 4, value)
        elif _is_whole(value):
            self._pack("Bq", 3, value)
        elif isinstance(value, float):
            self._pack("Bd", 2, value)
        else:
            raise Unspeakable(value)

    def _attr(self, argument, value):
        kind = argument.kind
        if value is None:
            if not argument.optional and argument.default is not None and kind != "generator":
                raise Unspeakable(value)
            return self._pack("B", ATTR_CODES["none"])
        fits = {
            "bool": isinstance(value, bool),
            "int": _is_whole(value),
            "float": isinstance(value, (int, float)),
            "slot": isinstance(value, (int, float)),
            "dtype": isinstance(value, DType),
            "ints": _is_whole(value) or isinstance(value, (list, tuple)),
            "int?s": _is_whole(value) or isinstance(value, (list, tuple)),
            "floats": isinstance(value, (int, float, list, tuple)),
            "str": isinstance(value, str),
            "generator": isinstance(value, Seeded),
        }[kind]
        if not fits:
            raise Unspeakable(value)
        self._pack("B", ATTR_CODES[kind])
        if kind == "bool":
            self._pack("B", value)
        elif kind == "int":
            self._pack("q", value)
        elif kind in ("float", "slot"):
            self._pack("d", value)
        elif kind == "dtype":
            self._pack("B", DTYPE_CODES[value.name])
        elif kind == "ints":
            self._ints([value] if isinstance(value, int) else list(value))
        elif kind == "int?s":
            self._ints([UNSAID if v is None else v for v in ([value] if isinstance(value, int) else value)])
        elif kind == "floats":
            numbers = [value] if isinstance(value, (int, float)) else list(value)
            if not all(isinstance(number, (int, float)) for number in numbers):
                raise Unspeakable(value)
            self._pack(f"I{len(numbers)}d", len(numbers), *numbers)
        elif kind == "str":
            self._text(value)
        else:
            self._pack("Q", value.seed)

    def _call(self, call, forms, seeded):
        self._text(self.op.id)
        self._text(repr(call))
        self._pack("BBB", *forms, seeded)
        given = [call.arguments.get(a.name, NOT_GIVEN) for a in self.op.arguments]
        if NOT_GIVEN in given or len(call.arguments) > len(given):
            raise Unspeakable(call)
        inputs, results = [], []
        for argument, value in zip(self.op.arguments, given):
            if not argument.is_tensor:
                continue
            if argument.kind == "tensors" and not isinstance(value, (list, tuple)):
                raise Unspeakable(value)
            items = list(value) if argument.kind == "tensors" else [value]
            if argument.in_place:
                results += range(len(inputs), len(inputs) + len(items))
            inputs += items
        self._pack("I", len(inputs))
        for value in inputs:
            self._input(value)
        attrs = [(a, v) for a, v in zip(self.op.arguments, given) if not a.is_tensor]
        self._pack("I", len(attrs))
        for argument, value in attrs:
            self._attr(argument, value)
        self._ints(results if self.op.only_in_place else [])

    def _add(self, write):
        """Appends a case, or nothing where it cannot be said."""
        start = len(self.data)
        try:
            write()
        except Exception:
            del self.data[start:]
            raise
        self.count += 1

    # -- cases
    def wrong(self, call, words):
        """A call that throws, with these words in its message."""

        def write():
            self._call(call, (False, False), True)
            self._pack("BI", 0, len(words))
            for word in words:
                self._text(word)

        self._add(write)

    def right(self, call, forms, seeded, values, gradient, second, recorded):
        """A call with its results, (indices, cotangents, gradients) and (weights, second gradients), or None for these."""

        def write():
            self._call(call, forms, seeded)
            self._pack("BI", 1, len(values))
            for (dtype, expected, slack), tracked in zip(values, recorded):
                self._pack("BBBB", tracked, DTYPE_CODES[bridge.dtype_name(dtype)], slack is None, expected.dim())
                self._pack(f"{expected.dim()}q", *expected.shape)
                if slack is None:
                    raw = _bits(expected.to(dtype)).tobytes()
                    self._pack("Q", len(raw))
                    self.data += raw
                else:
                    self._numbers(expected)
                    self._numbers(slack.expand(expected.shape))
            self._pack("B", gradient is not None)
            if gradient is None:
                return
            wanted, cotangents, rows = gradient
            self._ints(wanted)
            for cotangent in cotangents:
                self._numbers(cotangent)
            self._rows(rows)
            self._pack("B", second is not None)
            if second is not None:
                weights, rows = second
                self._pack("I", len(weights))
                for weight in weights:
                    self._numbers(weight)
                self._rows(rows)

        self._add(write)

    def _rows(self, rows):
        self._pack("I", len(rows))
        for expected, slack in rows:
            self._numbers(expected)
            self._numbers(slack)
