"""Shape, layout, joining and taking apart."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nnstack.backend.config import floatx
from nnstack.backend.functions import ndim
from nnstack.backend.tensor import (
    Tensor,
    TensorLike,
    convert,
    convert_like,
    emit,
    is_tensor,
    one_integer_type,
    shape_vector,
)
from nnstack.utils import allowance


def shape(x: TensorLike) -> Tensor:
    """The shape as an int64 vector computed in the graph; `shape(x)[0]` is the batch size even where not known yet."""
    return emit("shape_of", convert(x))


def size(x: TensorLike, name: str | None = None) -> Tensor:
    """Number of elements, an int64 scalar computed in the graph."""
    value = convert(x)
    return emit("count", value, axes=list(range(len(value.shape))), dtype="int64")


def dimensions(x: Tensor) -> list[Any]:
    """The size of every axis: an int where it is known, otherwise a scalar tensor of the graph."""
    dynamic = None if None not in x.shape else shape(x)
    return [dynamic[axis] if dynamic is not None and n is None else n for axis, n in enumerate(x.shape)]


def reshape(x: TensorLike, shape: Any) -> Tensor:
    """Same elements in row-major order, another shape: ints (one may be -1), scalar tensors, or one shape tensor."""
    return emit("reshape", convert(x), shape_vector(shape))


def flatten(x: TensorLike) -> Tensor:
    """All elements in one axis."""
    return reshape(x, (-1,))


def batch_flatten(x: TensorLike) -> Tensor:
    """(batch, ...) to (batch, product of the rest)."""
    value = convert(x)
    rest = [size for size in value.shape[1:] if size is not None]
    if len(rest) < len(value.shape) - 1:
        return reshape(value, (shape(value)[0], -1))
    return reshape(value, (-1, math.prod(rest)))


def expand_dims(x: TensorLike, axis: int = -1) -> Tensor:
    """A new axis of size 1 at `axis` of the result."""
    return emit("expand_dims", convert(x), axes=[int(axis)])


def squeeze(x: TensorLike, axis: int) -> Tensor:
    """Drops `axis`, whose size is 1."""
    return emit("squeeze", convert(x), axes=[int(axis)])


def permute_dimensions(x: TensorLike, pattern: Sequence[int]) -> Tensor:
    """Axes in the order `pattern`."""
    return emit("transpose", convert(x), permutation=[int(a) for a in pattern])


def transpose(x: TensorLike) -> Tensor:
    """Axes in reverse order."""
    return permute_dimensions(x, range(ndim(x))[::-1])


def concatenate(tensors: Sequence[TensorLike], axis: int = -1) -> Tensor:
    """Joins along an axis that exists; the other sizes must agree. Arrays take the type of the first tensor.

    >>> concatenate([constant([[1.0]]), [[2.0, 3.0]]], axis=1)
    <Tensor shape=(1, 3) dtype=float32 numpy=[[1., 2., 3.]]>
    """
    return emit("concat", *_alike(tensors), axis=int(axis))


def stack(x: Sequence[TensorLike], axis: int = 0) -> Tensor:
    """Joins tensors of one shape along a new axis: n of shape (a, b) give (n, a, b) for axis 0, (a, b, n) for -1."""
    return emit("concat", *[expand_dims(part, axis) for part in _alike(x)], axis=int(axis))


def _alike(parts: Sequence[TensorLike]) -> list[Tensor]:
    like = next((convert(part) for part in parts if is_tensor(part)), None)
    return one_integer_type([convert(part) if like is None else convert_like(part, like) for part in parts])


def _wide(x: Tensor, axis: int, times: Any, each: bool) -> Tensor:
    """`x` repeated along `axis`: every element in a row (`each`), or the whole axis again and again."""
    sizes = dimensions(x)
    at = axis + 1 if each else axis
    target = [*sizes[:at], times, *sizes[at:]]
    wide = emit("broadcast_to", expand_dims(x, at), shape_vector(target))
    known = isinstance(sizes[axis], int) and isinstance(times, int)
    sizes[axis] = sizes[axis] * times if known else convert(sizes[axis], "int64") * convert(times, "int64")
    return reshape(wide, sizes)


def repeat(x: TensorLike, n: Any) -> Tensor:
    """(samples, features) to (samples, n, features); n may be a scalar tensor. ValueError unless `x` has two axes."""
    value = convert(x)
    if len(value.shape) != 2:
        raise ValueError(f"repeat: expected two axes (samples, features), got shape {value.shape}")
    samples, features = dimensions(value)
    return emit("broadcast_to", expand_dims(value, 1), shape_vector([samples, n, features]))


def repeat_elements(x: TensorLike, rep: int, axis: int) -> Tensor:
    """Every element along `axis` `rep` times in a row, as np.repeat does it; sizes may be unknown.

    >>> repeat_elements(constant([1.0, 2.0]), 2, axis=0)
    <Tensor shape=(4,) dtype=float32 numpy=[1., 1., 2., 2.]>
    """
    value = convert(x)
    return value if rep == 1 else _wide(value, _axis(value, axis, "repeat_elements"), rep, each=True)


def tile(x: TensorLike, n: Any) -> Tensor:
    """The whole tensor n[i] times along axis i; counts may be scalar tensors, n a tensor of known length.

    >>> tile(constant([[1.0, 2.0]]), (2, 2)).shape
    (2, 4)
    """
    value = convert(x)
    times = [n] if isinstance(n, int) else list(n)
    if len(times) != len(value.shape):
        raise ValueError(f"tile: expected {len(value.shape)} counts, got {times}; shape {value.shape}")
    for axis, count in enumerate(times):
        if is_tensor(count) or count != 1:
            value = _wide(value, axis, count if is_tensor(count) else int(count), each=False)
    return value


def _axis(x: Tensor, axis: int, what: str) -> int:
    rank = len(x.shape)
    if not -rank <= axis < rank:
        raise ValueError(f"{what}: expected an axis within [{-rank}, {rank}), got {axis}; shape {x.shape}")
    return axis % rank


def reverse(x: TensorLike, axes: int | Sequence[int]) -> Tensor:
    """Elements in opposite order along `axes`."""
    value = convert(x)
    chosen = {_axis(value, a, "reverse") for a in ([axes] if isinstance(axes, int) else axes)}
    return value[tuple(slice(None, None, -1) if a in chosen else slice(None) for a in range(len(value.shape)))]


def slice_tensor(x: TensorLike, start: Sequence[int], size: Sequence[int]) -> Tensor:
    """The block that begins at `start` and has `size` elements per axis (-1: to the end)."""
    ends = [None if n == -1 else s + n for s, n in zip(start, size, strict=True)]
    return convert(x)[tuple(slice(s, e) for s, e in zip(start, ends, strict=True))]


def gather(reference: TensorLike, indices: TensorLike, axis: int = 0) -> Tensor:
    """Rows `indices` (any shape of integers) of `reference`."""
    index = convert(indices)
    return emit(
        "gather", convert(reference), index if index.dtype in ("int32", "int64") else convert(index, "int64"), axis=axis
    )


def one_hot(indices: TensorLike, num_classes: int) -> Tensor:
    """Integers of shape s to `floatx()` of shape s + (num_classes,); out of range gives a row of zeros."""
    allowance.take(num_classes, "one_hot: num_classes")
    classes = convert(np.arange(num_classes, dtype=np.int64))
    return convert(emit("equal", expand_dims(convert(indices, "int64")), classes), floatx())


def fill(shape: Any, number: float, dtype: str) -> Tensor:
    """A tensor of one number; `shape` may hold tensors."""
    return emit("broadcast_to", convert(number, dtype), shape_vector(shape))


def zeros_like(x: TensorLike, dtype: str | None = None, name: str | None = None) -> Tensor:
    """Zeros in the shape of `x`."""
    return fill(shape(x), 0, dtype or convert(x).dtype)


def ones_like(x: TensorLike, dtype: str | None = None, name: str | None = None) -> Tensor:
    """Ones in the shape of `x`."""
    return fill(shape(x), 1, dtype or convert(x).dtype)


def broadcast_to(x: TensorLike, shape: Any) -> Tensor:
    """`x` repeated to `shape` by numpy's rules."""
    return emit("broadcast_to", convert(x), shape_vector(shape))
