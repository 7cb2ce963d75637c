"""Arrays in other shapes, joined, picked from."""

from rushlight import _C
from rushlight.array_api._dtypes import defined_in, result_type


def _alike(arrays):
    dtype = result_type(*arrays)
    return [a.to(dtype) for a in arrays]


def broadcast_arrays(*arrays):
    """Each array expanded to the shape they broadcast to."""
    return list(_C.broadcast_tensors(arrays)) if arrays else []


def broadcast_to(x, /, shape):
    """x expanded to a shape."""
    return _C.broadcast_to(x, shape)


def concat(arrays, /, *, axis=0):
    """Arrays one after the other along axis; None: all flattened."""
    arrays = _alike(arrays)
    return _C.cat([a.reshape(-1) for a in arrays], 0) if axis is None else _C.cat(arrays, axis)


def expand_dims(x, /, *, axis=0):
    """x with a dimension of size 1 put in at axis."""
    return _C.unsqueeze(x, axis)


def flip(x, /, *, axis=None):
    """x with the order along axis (None: all) reversed."""
    axes = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    return _C.flip(x, tuple(axes))


def moveaxis(x, source, destination, /):
    """x with dimensions moved to other places."""
    return _C.movedim(x, source, destination)


def permute_dims(x, /, axes):
    """x with its dimensions in another order."""
    return _C.permute(x, axes)


def repeat(x, repeats, /, *, axis=None):
    """Each slice along axis (None: each element) so many times in a row."""
    x, axis = (x.reshape(-1), 0) if axis is None else (x, axis)
    return _C.repeat_interleave(x, repeats, axis)


def reshape(x, /, shape, *, copy=None):
    """The elements in another shape. copy=False: a view, or an error."""
    return x.clone().view(shape) if copy else x.view(shape) if copy is False else x.reshape(shape)


def roll(x, /, shift, *, axis=None):
    """Elements moved on; those that fall off come back in front."""
    return _C.roll(x, shift, axis)


def squeeze(x, /, axis):
    """x without these dimensions, which must have size 1."""
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    for a in axes:
        if x.shape[a] != 1:
            raise ValueError(f"cannot squeeze out dimension {a} of shape {tuple(x.shape)}: its size is not 1")
    return _C.squeeze(x, axes) if axes else x


def stack(arrays, /, *, axis=0):
    """Arrays of one shape along a new dimension."""
    return _C.stack(_alike(arrays), axis)


def take(x, indices, /, *, axis=None):
    """The slices along axis that indices, which are one-dimensional, name."""
    if axis is None:
        if x.ndim != 1:
            raise ValueError(f"take() needs an axis for an array of {x.ndim} dimensions")
        axis = 0
    return _C.index_select(x, axis, _C.where(indices < 0, indices + x.shape[axis], indices).to(_C.int64))


def take_along_axis(x, indices, /, *, axis=-1):
    """Along axis, the elements that indices name for each place of the others, which broadcast."""
    return _C.take_along_dim(x, _C.where(indices < 0, indices + x.shape[axis], indices).to(_C.int64), axis)


def tile(x, repetitions, /):
    """The whole array so many times along each dimension."""
    return _C.tile(x, repetitions)


def unstack(x, /, *, axis=0):
    """Every slice along axis."""
    return _C.unbind(x, axis)


__all__ = defined_in(globals())
