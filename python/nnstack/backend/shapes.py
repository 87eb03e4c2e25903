"""Shape, layout, joining and taking apart."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnstack.backend.config import floatx
from nnstack.backend.functions import ndim
from nnstack.backend.tensor import Tensor, TensorLike, convert, emit, pair, shape_vector


def shape(x: TensorLike) -> Tensor:
    """The shape as an int64 vector computed in the graph; `shape(x)[0]` is the batch size even where not known yet."""
    return emit("shape_of", convert(x))


def size(x: TensorLike, name: str | None = None) -> Tensor:
    """Number of elements, an int64 scalar computed in the graph."""
    value = convert(x)
    return emit("count", value, axes=list(range(len(value.shape))), dtype="int64")


def reshape(x: TensorLike, shape: Any) -> Tensor:
    """Same elements in row-major order, another shape: ints (one may be -1), scalar tensors, or one shape tensor."""
    return emit("reshape", convert(x), shape_vector(shape))


def flatten(x: TensorLike) -> Tensor:
    """All elements in one axis."""
    return reshape(x, (-1,))


def batch_flatten(x: TensorLike) -> Tensor:
    """(batch, ...) to (batch, product of the rest)."""
    value = convert(x)
    rest = value.shape[1:]
    if any(n is None for n in rest):
        return reshape(value, (shape(value)[0], -1))
    return reshape(value, (-1, int(np.prod(np.asarray(rest, np.int64)))))


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
    """Joins along an axis that exists; the other sizes must agree."""
    return emit("concat", *[convert(x) for x in tensors], axis=int(axis))


def stack(x: Sequence[TensorLike], axis: int = 0) -> Tensor:
    """Joins along a new axis."""
    return concatenate([expand_dims(part, axis) for part in x], axis)


def repeat(x: TensorLike, n: int) -> Tensor:
    """(samples, features) to (samples, n, features)."""
    return concatenate([expand_dims(x, 1)] * n, 1)


def repeat_elements(x: TensorLike, rep: int, axis: int) -> Tensor:
    """Every element along `axis` (of known size) `rep` times in a row, as np.repeat does it."""
    value = convert(x)
    n = value.shape[axis]
    if n is None:
        raise ValueError(f"repeat_elements: the size of axis {axis} must be known; shape {value.shape}")
    return gather(value, np.repeat(np.arange(n), rep), axis)


def tile(x: TensorLike, n: int | Sequence[int]) -> Tensor:
    """The whole tensor n[i] times along axis i."""
    value = convert(x)
    times = [n] if isinstance(n, int) else list(n)
    if len(times) != len(value.shape):
        raise ValueError(f"tile: expected {len(value.shape)} counts, got {times}; shape {value.shape}")
    for axis, count in enumerate(times):
        value = value if count == 1 else concatenate([value] * count, axis)
    return value


def reverse(x: TensorLike, axes: int | Sequence[int]) -> Tensor:
    """Elements in opposite order along `axes`."""
    value = convert(x)
    chosen = {a % len(value.shape) for a in ([axes] if isinstance(axes, int) else axes)}
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


def arange(start: int, stop: int | None = None, step: int = 1, dtype: str = "int32") -> Tensor:
    """start, start + step, ... below stop; one argument is the stop, as in numpy."""
    numbers = np.arange(start) if stop is None else np.arange(start, stop, step)
    return convert(numbers.astype(dtype))


def pad(x: TensorLike, paddings: Sequence[tuple[int, int]], value: float = 0.0) -> Tensor:
    """Adds (before, after) elements of `value` per axis."""
    return emit("pad", convert(x), paddings=[int(n) for both in paddings for n in both], value=float(value))


def temporal_padding(x: TensorLike, padding: tuple[int, int] = (1, 1)) -> Tensor:
    """Pads the middle axis of (batch, steps, channels) with zeros."""
    return pad(x, [(0, 0), tuple(padding), (0, 0)])  # type: ignore[list-item]


def _condition(value: Any) -> Any:
    return value() if callable(value) else value


def switch(condition: TensorLike, then_expression: Any, else_expression: Any) -> Tensor:
    """One of two expressions (tensors or functions giving them).

    A scalar condition chooses a whole branch, and only that one is computed; otherwise the choice is element by
    element, the condition being filled up with axes on the right.
    """
    truth = convert(condition, "bool")
    if truth.concrete and not truth.shape:
        return convert(_condition(then_expression) if truth.numpy() else _condition(else_expression))
    a, b = pair(_condition(then_expression), _condition(else_expression))
    if not truth.shape:
        return emit("switch", truth, a, b)
    while len(truth.shape) < max(len(a.shape), len(b.shape)):
        truth = expand_dims(truth)
    return emit("select", truth, a, b)


def in_train_phase(x: Any, alt: Any, training: Any = None) -> Tensor:
    """`x` in training, `alt` otherwise (tensors or functions). training: True, False, a bool tensor, or None for the
    learning phase."""
    from nnstack.backend.functions import learning_phase

    flag = learning_phase() if training is None else training
    if isinstance(flag, (bool, int, np.bool_)):
        return convert(_condition(x) if flag else _condition(alt))
    return switch(flag, x, alt)


def in_test_phase(x: Any, alt: Any, training: Any = None) -> Tensor:
    """`x` outside training, `alt` in training; see `in_train_phase`."""
    return in_train_phase(alt, x, training)
