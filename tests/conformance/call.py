"""Call: the arguments of one op call, as values that both PyTorch and Rushlight can be given."""

import dataclasses

import torch

FLOATING = ("float32", "float64", "float16", "bfloat16")
SIGNED = ("int8", "int16", "int32", "int64")
UNSIGNED = ("uint8", "uint16", "uint32", "uint64")
INTEGRAL = SIGNED + UNSIGNED
EVERY_DTYPE = FLOATING + INTEGRAL + ("bool",)
LAYOUTS = ("contiguous", "misaligned", "transposed", "sliced", "negative", "expanded")


def torch_dtype(name):
    return getattr(torch, name)


def dtype_name(dtype):
    """ "float32", of PyTorch's dtype or Rushlight's."""
    return str(dtype).rpartition(".")[2]


@dataclasses.dataclass
class Array:
    """A tensor argument: its values, exact in its dtype, and the layouts it may be given in."""

    value: torch.Tensor
    layouts: tuple = LAYOUTS
    layout: str = "contiguous"
    differentiable: bool = True

    @property
    def dtype(self):
        return dtype_name(self.value.dtype)

    @property
    def is_floating(self):
        return self.value.dtype.is_floating_point

    def __repr__(self):
        return f"{self.dtype}{tuple(self.value.shape)}" + (f":{self.layout}" if self.layout != "contiguous" else "")


@dataclasses.dataclass(frozen=True)
class DType:
    """A dtype argument."""

    name: str

    def __repr__(self):
        return self.name


@dataclasses.dataclass(frozen=True)
class Seeded:
    """A generator argument: a new generator with this seed."""

    seed: int


class Call:
    """Arguments by name. Tensors are Arrays, dtypes DTypes; the rest are plain values."""

    def __init__(self, **arguments):
        self.arguments = arguments

    def __repr__(self):
        return ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())

    def map(self, change):
        """The same call with every leaf value v, inside of lists too, replaced by change(v)."""
        return Call(**{name: _map(value, change) for name, value in self.arguments.items()})

    def arrays(self):
        found = []
        self.map(lambda leaf: found.append(leaf) if isinstance(leaf, Array) else None)
        return found

    def with_arrays(self, values):
        """The same call with other values in its arrays, in the order of arrays()."""
        values = iter(values)
        return self.map(lambda leaf: dataclasses.replace(leaf, value=next(values)) if isinstance(leaf, Array) else leaf)


def _map(value, change):
    if isinstance(value, list):
        return [_map(item, change) for item in value]
    return change(value)


def widened(call):
    """The same call in float64: what the result would be without rounding.

    Where no tensor is floating (exp of integers), the numbers become float64, by way of the float32 that they enter as.
    """
    arrays = call.arrays()
    no_floats = not any(array.is_floating for array in arrays)

    def widen(leaf):
        if isinstance(leaf, Array) and leaf.is_floating:
            return dataclasses.replace(leaf, value=leaf.value.to(torch.float64))
        if isinstance(leaf, Array) and no_floats and leaf.differentiable:
            return dataclasses.replace(leaf, value=leaf.value.to(torch.float32).to(torch.float64))
        if isinstance(leaf, DType) and leaf.name in FLOATING:
            return DType("float64")
        return leaf

    return call.map(widen)
