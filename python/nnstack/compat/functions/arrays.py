"""Making, cutting, joining and looking up: `tf.constant`, `tf.concat`, `tf.gather`, ..."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nnstack import backend as K
from nnstack.backend import Tensor
from nnstack.backend.deferred import deferred
from nnstack.backend.numbers import NumbersNeeded
from nnstack.backend.variable import Trace, current_scope
from nnstack.compat.complex_numbers import Complex, parts
from nnstack.compat.dtypes import as_dtype
from nnstack.compat.functions.strings import StringArray, is_text
from nnstack.engine import context

newaxis = None


def convert_to_tensor(value: Any, dtype: Any = None, dtype_hint: Any = None) -> Any:
    """`value` as a tensor: Python floats become float32, ints int32, arrays keep their type; text a `StringArray`."""
    if not K.is_tensor(value) and is_text(value):
        return StringArray(value)
    return K.convert(value, None if dtype is None else as_dtype(dtype).name)


def constant(value: Any, dtype: Any = None, shape: Sequence[int] | None = None) -> Any:
    """`value` as a tensor, filled out to `shape` if given.

    >>> constant([1, 2]).dtype, constant(0.5, shape=(2,)).numpy()
    ('int32', array([0.5, 0.5], dtype=float32))
    """
    tensor = convert_to_tensor(value, dtype)
    if shape is None:
        return tensor
    size = int(np.prod(tuple(tensor.shape)))
    return K.broadcast_to(K.reshape(tensor, (1,) * len(shape)), shape) if size == 1 else K.reshape(tensor, shape)


def zeros(shape: Any, dtype: Any = "float32") -> Tensor:
    """A tensor of zeros."""
    return K.fill(shape_of(shape), 0.0, as_dtype(dtype).name)


def ones(shape: Any, dtype: Any = "float32") -> Tensor:
    """A tensor of ones."""
    return K.fill(shape_of(shape), 1.0, as_dtype(dtype).name)


def fill(dims: Any, value: Any) -> Tensor:
    """A tensor of one number."""
    return K.broadcast_to(convert_to_tensor(value), shape_of(dims))


def zeros_like(input: Any, dtype: Any = None) -> Tensor:
    """Zeros in the shape of `input`, in its type."""
    return K.zeros_like(K.convert(input), None if dtype is None else as_dtype(dtype).name)


def ones_like(input: Any, dtype: Any = None) -> Any:
    """Ones in the shape of `input`, in its type."""
    return K.ones_like(K.convert(input), None if dtype is None else as_dtype(dtype).name)


def shape_of(shape: Any) -> Any:
    """A shape as the backend takes it: one number counts as a shape of one axis."""
    if K.is_tensor(shape):
        return K.convert(shape)
    return (int(shape),) if isinstance(shape, int | np.integer) else tuple(shape)


def eye(num_rows: Any, num_columns: Any = None, batch_shape: Any = None, dtype: Any = "float32") -> Tensor:
    """The identity matrix, for every place of `batch_shape`; the sizes may be known only when a graph runs."""
    columns = num_rows if num_columns is None else num_columns
    rows = K.expand_dims(K.arange(0, num_rows, dtype="int64"), 1)
    matrix = K.cast(K.equal(rows, K.expand_dims(K.arange(0, columns, dtype="int64"), 0)), as_dtype(dtype).name)
    return matrix if batch_shape is None else K.broadcast_to(matrix, [*batch_shape, num_rows, columns])


def range(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None) -> Tensor:
    """start, start + delta, ... up to but without limit; one argument is the limit."""
    numbers = [number for number in (start, limit, delta) if number is not None]
    if all(isinstance(number, int | np.integer) or K.is_tensor(number) for number in numbers):
        tensors = [K.convert(number) for number in numbers]
        if all("int" in tensor.dtype for tensor in tensors):
            wide = "int64" if any(K.is_tensor(n) and K.convert(n).dtype == "int64" for n in numbers) else "int32"
            return K.arange(start, limit, int(delta), wide if dtype is None else as_dtype(dtype).name)
        numbers = [tensor.numpy() for tensor in tensors]
    start, limit, delta = (0, start, delta) if limit is None else (start, limit, delta)
    return K.convert(np.arange(float(start), float(limit), float(delta)), as_dtype(dtype or "float32").name)


def linspace(start: Any, stop: Any, num: Any, axis: int = 0) -> Tensor:
    """`num` numbers from start to stop, both included."""
    return K.convert(np.linspace(np.asarray(start), np.asarray(stop), int(num), axis=axis), "float32")


def cast(x: Any, dtype: Any) -> Any:
    """`x`, or a sparse or ragged one's values, in another type; of a complex one a real type keeps the real part."""
    kind = as_dtype(dtype)
    if hasattr(x, "with_values"):
        return x.with_values(cast(x.values, kind))
    if kind.is_complex or isinstance(x, Complex):
        part = {"complex64": "float32", "complex128": "float64"}.get(kind.name, kind.name)
        found = [K.cast(K.convert(one), part) for one in (parts(x) if isinstance(x, Complex) else (x,))]
        return (
            Complex(found[0], found[1] if len(found) > 1 else K.zeros_like(found[0])) if kind.is_complex else found[0]
        )
    return K.cast(K.convert(x), kind.name)


def reshape(tensor: Any, shape: Any) -> Any:
    """The same elements in another shape, which may be a tensor or hold some."""
    return StringArray(np.reshape(tensor, shape)) if is_text(tensor) else K.reshape(tensor, shape)


def shape(input: Any, out_type: Any = "int32") -> Tensor:
    """The sizes as a vector, computed in the graph."""
    if is_text(input):
        return K.convert(np.asarray(np.shape(input)), as_dtype(out_type).name)
    return K.cast(K.shape(K.convert(input)), as_dtype(out_type).name)


def size(input: Any, out_type: Any = "int32") -> Tensor:
    """The number of elements."""
    return K.cast(K.size(K.convert(input)), as_dtype(out_type).name)


def rank(input: Any) -> Tensor:
    """The number of axes."""
    return K.convert(len(K.convert(input).shape))


def transpose(a: Any, perm: Any = None, conjugate: bool = False) -> Tensor:
    """Axes in the order `perm`, default: in reverse."""
    return K.transpose(a) if perm is None else K.permute_dimensions(a, [int(axis) for axis in perm])


def expand_dims(input: Any, axis: int) -> Any:
    """A new axis of size 1."""
    return StringArray(np.expand_dims(input, int(axis))) if is_text(input) else K.expand_dims(input, int(axis))


def squeeze(input: Any, axis: Any = None) -> Any:
    """Drops axes of size 1: all, or those named."""
    if is_text(input):
        return StringArray(np.squeeze(np.asarray(input), axis))
    x = K.convert(input)
    if axis is None:
        axis = [place for place, count in enumerate(x.shape) if count == 1]
    places = [axis] if isinstance(axis, int) else list(axis)
    return K.emit("squeeze", x, axes=sorted(place % len(x.shape) for place in places)) if places else K.identity(x)


def concat(values: Any, axis: int) -> Any:
    """Joined along an axis that exists."""
    parts = values if isinstance(values, list | tuple) else [values]
    if any(isinstance(part, StringArray) for part in parts):
        return StringArray(np.concatenate(parts, axis=axis))
    return K.concatenate(list(parts), axis=int(axis))


def stack(values: Any, axis: int = 0) -> Any:
    """Joined along a new axis."""
    if is_text(list(values)):
        return StringArray(np.stack([np.asarray(one) for one in values], axis))
    return K.stack(list(values), axis=axis)


def unstack(value: Any, num: int | None = None, axis: int = 0) -> list[Tensor]:
    """The parts along an axis, which disappears. ValueError if its size is not known and `num` not given."""
    x = K.convert(value)
    count = num if x.shape[axis] is None else x.shape[axis]
    if count is None:
        raise ValueError(f"tf.unstack: the size of axis {axis} is not known, shape {tuple(x.shape)}; give num")
    return [K.squeeze(part, axis) for part in split(x, count, axis)]


def split(value: Any, num_or_size_splits: Any, axis: int = 0) -> list[Tensor]:
    """Cut along an axis into so many equal parts, or into parts of these sizes (one may be -1)."""
    x = K.convert(value)
    axis = axis % len(x.shape)
    whole = x.shape[axis]
    if isinstance(num_or_size_splits, int | np.integer):
        count = int(num_or_size_splits)
        if whole is None or whole % count:
            raise ValueError(f"tf.split: axis {axis} of shape {tuple(x.shape)} cannot be cut into {count} equal parts")
        sizes = [whole // count] * count
    else:
        sizes = [int(one) for one in num_or_size_splits]
        if -1 in sizes and whole is not None:
            sizes[sizes.index(-1)] = whole - sum(one for one in sizes if one >= 0)
    parts, begin = [], 0
    for one in sizes:
        parts.append(x[(slice_(None),) * axis + (slice_(begin, begin + one),)])
        begin += one
    return parts


slice_ = builtins.slice


def slice(input_: Any, begin: Any, size: Any) -> Tensor:
    """The block that begins at `begin` and has `size` elements per axis (-1: to the end)."""
    ends = [None if n == -1 else b + n for b, n in zip(begin, size, strict=True)]
    return K.convert(input_)[tuple(slice_(b, e) for b, e in zip(begin, ends, strict=True))]


def repeat(input: Any, repeats: Any, axis: int | None = None) -> Tensor:
    """Every element so many times in a row."""
    x = K.convert(input)
    if axis is None:
        x, axis = K.flatten(x), 0
    if np.size(repeats) == 1:
        repeats = int(np.reshape(repeats, ()))
    if not isinstance(repeats, int | np.integer):
        places = np.repeat(np.arange(len(np.asarray(repeats))), np.asarray(repeats))
        return K.emit("gather", x, K.convert(places), axis=axis)
    return K.repeat_elements(x, int(repeats), axis)


def reverse(tensor: Any, axis: Any) -> Tensor:
    """In opposite order along the axes."""
    return K.reverse(tensor, [int(one) for one in np.atleast_1d(axis)])


def roll(input: Any, shift: Any, axis: Any) -> Tensor:
    """Moved along axes; what leaves at one end comes in at the other."""
    x = K.convert(input)
    for by, place in zip(np.atleast_1d(shift), np.atleast_1d(axis), strict=True):
        place, length = int(place) % len(x.shape), x.shape[int(place)]
        if length is None:
            raise ValueError(f"tf.roll: the size of axis {place} is not known, shape {tuple(x.shape)}")
        x = K.emit("gather", x, K.convert((np.arange(length) - int(by)) % length), axis=place)
    return x


def pad(tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: float = 0) -> Tensor:
    """Elements around: a number, or for 'REFLECT' and 'SYMMETRIC' what lies inside, mirrored."""
    x = K.convert(tensor)
    around = np.asarray(paddings).tolist()
    if mode.upper() == "CONSTANT":
        return K.pad(x, around, constant_values)
    for axis, (before, after) in enumerate(around):
        if not before and not after:
            continue
        length: Any = x.shape[axis]
        if length is None:
            raise ValueError(f"tf.pad: mode {mode} needs the size of axis {axis}, shape {tuple(x.shape)}")
        places = np.pad(np.arange(length), (before, after), mode=mode.lower())  # type: ignore[call-overload]
        x = K.emit("gather", x, K.convert(places), axis=axis)
    return x


def meshgrid(*args: Any, indexing: str = "xy") -> list[Tensor]:
    """Coordinates of all pairs (triples, ...), as numpy gives them."""
    return [K.convert(np.ascontiguousarray(one)) for one in np.meshgrid(*map(np.asarray, args), indexing=indexing)]  # type: ignore[call-overload]


def sequence_mask(lengths: Any, maxlen: Any = None, dtype: Any = "bool") -> Tensor:
    """(..., maxlen): True for the first lengths[...] places. maxlen: default the largest, which must be known."""
    counts = K.convert(lengths)
    if maxlen is None:
        maxlen = int(counts.numpy().max())
    return K.cast(K.less(range(maxlen), K.cast(K.expand_dims(counts, -1), "int32")), as_dtype(dtype).name)


def one_hot(
    indices: Any, depth: Any, on_value: Any = None, off_value: Any = None, axis: int | None = None, dtype: Any = None
) -> Tensor:
    """`on_value` at the index along a new axis of `depth` places, `off_value` elsewhere."""
    hot = K.one_hot(K.convert(indices), int(depth))
    if on_value is not None or off_value is not None:
        on, off = (1.0 if on_value is None else on_value), (0.0 if off_value is None else off_value)
        hot = hot * (on - off) + off
    if axis is not None and axis != -1:
        order: list[Any] = list(np.arange(len(hot.shape) - 1))
        order.insert(axis, len(hot.shape) - 1)
        hot = K.permute_dimensions(hot, [int(place) for place in order])
    return K.cast(hot, as_dtype(dtype or "float32").name)


def gather(
    params: Any, indices: Any, validate_indices: Any = None, axis: int | None = None, batch_dims: int = 0
) -> Any:
    """Slices of `params` along `axis` (default `batch_dims`), for each sample its own if batch_dims is 1."""
    if isinstance(params, StringArray) or (isinstance(params, list) and is_text(params)):
        return StringArray(np.take(np.asarray(params), np.asarray(indices), axis=axis or 0))
    x, places = K.convert(params), K.cast(K.convert(indices), "int64")
    axis = batch_dims if axis is None else axis % len(x.shape)
    if batch_dims == 0:
        return K.emit("gather", x, places, axis=axis)
    if batch_dims != 1 or axis != 1:
        raise ValueError(f"tf.gather: batch_dims=1 with axis=1 is there, got batch_dims={batch_dims}, axis={axis}")
    sizes = K.shape(x)
    rows = K.reshape(x, (-1, *x.shape[2:]) if None not in x.shape[2:] else (-1, *[sizes[i] for i in _rest(x)]))
    first = K.arange(0, sizes[0], dtype="int64") * sizes[1]
    return K.emit("gather", rows, places + K.reshape(first, (-1, *[1] * (len(places.shape) - 1))), axis=0)


def _rest(x: Tensor) -> list[int]:
    return [int(place) for place in np.arange(2, len(x.shape))]


def _flat_places(shape: Sequence[Any], sizes: Any, indices: Tensor) -> tuple[Tensor, int]:
    """Numbers of the slices that indices (..., n) point at when the first n axes are one, and n; `sizes` is the shape
    that is known when the graph runs.
    """
    depth = indices.shape[-1]
    if depth is None:
        raise ValueError(f"gather_nd, scatter_nd: expected indices of a known last axis, got {tuple(indices.shape)}")
    flat: Any = 0
    for axis in range(depth):  # Horner's scheme
        flat = flat * (sizes[axis] if shape[axis] is None else shape[axis]) + K.cast(indices[..., axis], "int64")
    return flat, depth


def gather_nd(params: Any, indices: Any, batch_dims: int = 0) -> Tensor:
    """Slices of `params` at indices (..., n) into its first n axes."""
    x, places = K.convert(params), K.convert(indices)
    sizes = K.shape(x)
    flat, depth = _flat_places(x.shape, sizes, places)
    rest = [sizes[depth + n] if size is None else size for n, size in enumerate(x.shape[depth:])]
    return K.emit("gather", K.reshape(x, (-1, *rest)), flat, axis=0)


def scatter_nd(indices: Any, updates: Any, shape: Any) -> Tensor:
    """Zeros of `shape` with `updates` added at indices (..., n) into the first n axes."""
    values, places = K.convert(updates), K.convert(indices)
    sizes = tuple(int(one) for one in shape)
    flat, depth = _flat_places(sizes, sizes, places)
    rows = (int(np.prod(sizes[:depth])), *sizes[depth:])
    added = K.emit(
        "scatter_add", K.flatten(flat), K.reshape(values, (-1, *rows[1:])), K.convert(np.asarray(rows, np.int64))
    )
    return K.reshape(added, sizes)


def tensor_scatter_nd_add(tensor: Any, indices: Any, updates: Any) -> Tensor:
    """`tensor` with `updates` added at indices."""
    x = K.convert(tensor)
    return x + scatter_nd(indices, K.convert_like(updates, x), x.shape)


def tensor_scatter_nd_update(tensor: Any, indices: Any, updates: Any) -> Tensor:
    """`tensor` with `updates` in the place of what is at indices, each of which occurs once."""
    x = K.convert(tensor)
    return tensor_scatter_nd_add(x, indices, K.convert_like(updates, x) - gather_nd(x, indices))


def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """x where `condition` holds, y elsewhere; without them the indices where it holds, for which data must be there."""
    if x is None and y is None:
        rank = len(K.convert(condition).shape)
        return by_numbers(
            "tf.where(condition)", lambda numbers: [np.argwhere(numbers)], [condition], [((None, rank), "int64")]
        )[0]
    return K.select(K.cast(K.convert(condition), "bool"), *_like(x, y))


def _like(x: Any, y: Any) -> tuple[Any, Any]:
    if K.is_tensor(x):
        return K.convert(x), K.convert_like(y, K.convert(x))
    return (K.convert_like(x, K.convert(y)), K.convert(y)) if K.is_tensor(y) else (x, y)


def by_numbers(
    what: str, compute: Callable[..., Sequence[np.ndarray]], sources: Sequence[Any], kinds: Sequence[tuple[Any, str]]
) -> list[Tensor]:
    """What `compute` makes of numbers; of the tensors of a graph, when it is run.

    kinds: shape and type of each result. In a layer or step that is recorded, whose sizes must be known: NumbersNeeded,
    on which it runs on numbers.
    """
    values = [K.convert(source) for source in sources]
    if all(value.concrete for value in values):
        return [K.convert(result) for result in compute(*[value.numpy() for value in values])]
    if not context.outermost() or isinstance(current_scope(), Trace):
        raise NumbersNeeded(
            f"{what}: the size of the result depends on numbers, which a graph does not know when it is made. "
            "Multiply by a mask, or run eagerly (run_eagerly=True)"
        )
    return deferred(compute, values, kinds)


def boolean_mask(tensor: Any, mask: Any, axis: int = 0) -> Tensor:
    """The slices for which `mask` holds: as many as the numbers say."""
    x, keep = K.convert(tensor), K.convert(mask)
    kept = by_numbers("tf.boolean_mask", lambda numbers: [np.flatnonzero(numbers)], [keep], [((None,), "int64")])[0]
    sizes = [K.shape(x)[place] if size is None else size for place, size in enumerate(tuple(x.shape))]
    flat = x if len(keep.shape) == 1 else K.reshape(x, (*sizes[:axis], -1, *sizes[axis + len(keep.shape) :]))
    return K.emit("gather", flat, kept, axis=axis)


def unique(x: Any) -> tuple[Tensor, Tensor]:
    """Values in the order of their first occurrence, and for each element the index of its value."""
    value = K.convert(x)
    found = by_numbers("tf.unique", _unique, [value], [((None,), value.dtype), ((None,), "int32")])
    return found[0], found[1]


def _unique(numbers: np.ndarray) -> list[np.ndarray]:
    values, first, inverse = np.unique(numbers, return_index=True, return_inverse=True)
    order = np.argsort(first)
    return [values[order], np.argsort(order)[inverse].astype(np.int32)]


def sort(values: Any, axis: int = -1, direction: str = "ASCENDING") -> Tensor:
    """In order along an axis."""
    return K.sort(values, axis, descending=direction == "DESCENDING")


def argsort(values: Any, axis: int = -1, direction: str = "ASCENDING", stable: bool = False) -> Tensor:
    """Where the elements of `sort` come from."""
    return K.argsort(values, axis, descending=direction == "DESCENDING")


def searchsorted(sorted_sequence: Any, values: Any, side: str = "left", out_type: Any = "int32") -> Tensor:
    """Where `values` would stand in a sorted vector."""
    x, y = K.convert(sorted_sequence), K.expand_dims(K.convert(values), -1)
    before = K.less(x, y) if side == "left" else K.less_equal(x, y)
    return K.sum(K.cast(before, as_dtype(out_type).name), axis=-1)


def ensure_shape(x: Any, shape: Any) -> Tensor:
    """`x`; ValueError if its shape is another one as far as it is known."""
    from nnstack.compat.specs import TensorShape

    TensorShape(K.convert(x).shape).assert_is_compatible_with(shape)
    return K.convert(x)


def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any) -> Tensor:
    """Kept within bounds, which may be tensors."""
    return K.minimum(K.maximum(K.convert(t), clip_value_min), clip_value_max)


def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None) -> Any:
    """Made shorter where the Euclidean length along `axes` is above `clip_norm`."""
    x = K.convert(t)
    length = K.sqrt(K.sum(K.square(x), axis=axes, keepdims=True))
    return x * clip_norm / K.maximum(length, clip_norm)


def global_norm(t_list: Any) -> Any:
    """The length of all of them together."""
    return K.sqrt(sum(K.sum(K.square(one)) for one in t_list if one is not None))


def clip_by_global_norm(t_list: Any, clip_norm: Any, use_norm: Any = None) -> tuple[list[Any], Tensor]:
    """All made shorter by one factor if their length together is above `clip_norm`; and that length."""
    norm = global_norm(t_list) if use_norm is None else K.convert(use_norm)
    factor = clip_norm / K.maximum(norm, clip_norm)
    return [None if one is None else K.convert(one) * factor for one in t_list], norm
