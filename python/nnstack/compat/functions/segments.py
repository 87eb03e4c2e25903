"""`tf.math.segment_*` and its kind: rows put together, taken apart and counted by numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack import backend as K
from nnstack.backend import Tensor
from nnstack.compat.dtypes import as_dtype
from nnstack.compat.functions.arrays import gather, tensor_scatter_nd_add
from nnstack.compat.functions.concrete import numbers_of
from nnstack.compat.functions.math import unsorted_segment_sum


def _numbers(x: Any, what: str) -> np.ndarray:
    return numbers_of(x, f"{what}: the size of the result depends on numbers, which a graph does not have yet")


def _count(segment_ids: Any, what: str) -> int:
    return int(_numbers(segment_ids, what).max(initial=-1)) + 1


def segment_mean(data: Any, segment_ids: Any) -> Any:
    """Means of the rows with the same number; numbers in rising order."""
    count = _count(segment_ids, "tf.math.segment_mean")
    return _over_counts(data, segment_ids, count, lambda n: n)


def unsorted_segment_sqrt_n(data: Any, segment_ids: Any, num_segments: int) -> Any:
    """Sums of the rows with the same number over the root of how many there are."""
    return _over_counts(data, segment_ids, num_segments, K.sqrt)


def _over_counts(data: Any, segment_ids: Any, count: int, scale: Any) -> Any:
    rows = K.convert(data)
    counts = unsorted_segment_sum(K.ones_like(rows), segment_ids, count)
    return unsorted_segment_sum(rows, segment_ids, count) / scale(K.maximum(counts, 1.0))


def _extreme(data: Any, segment_ids: Any, num_segments: int, sign: int) -> Tensor:
    """The largest (sign 1) or smallest of each segment; TensorFlow's lowest or highest number where there is none.

    Rows are sorted by value; the last of each segment then is where a running count of its rows ends.
    """
    rows, ids = K.convert(data), K.cast(K.convert(segment_ids), "int64")
    count = int(num_segments)
    # (segments, rows): which row belongs to which segment
    member = K.equal(K.expand_dims(K.arange(count, dtype="int64"), 1), K.expand_dims(ids, 0))
    shape = [1] * (len(rows.shape) - 1)
    member = K.reshape(member, [count, -1, *shape])
    floating = rows.dtype.startswith("float")
    info: Any = np.finfo(rows.dtype) if floating else np.iinfo(rows.dtype)
    nothing = K.convert(info.min if sign > 0 else info.max, rows.dtype)
    spread = K.select(member, K.expand_dims(rows, 0), nothing)
    return K.max(spread, axis=1) if sign > 0 else K.min(spread, axis=1)


def unsorted_segment_max(data: Any, segment_ids: Any, num_segments: int) -> Tensor:
    """The largest of the rows with the same number, element by element; the lowest number where there is no row."""
    return _extreme(data, segment_ids, num_segments, 1)


def unsorted_segment_min(data: Any, segment_ids: Any, num_segments: int) -> Tensor:
    """The smallest of the rows with the same number, element by element; the highest number where there is no row."""
    return _extreme(data, segment_ids, num_segments, -1)


def unsorted_segment_prod(data: Any, segment_ids: Any, num_segments: int) -> Tensor:
    """Products of the rows with the same number; 1 where there is none."""
    rows, ids = K.convert(data), K.cast(K.convert(segment_ids), "int64")
    member = K.equal(K.expand_dims(K.arange(int(num_segments), dtype="int64"), 1), K.expand_dims(ids, 0))
    member = K.reshape(member, [int(num_segments), -1, *[1] * (len(rows.shape) - 1)])
    return K.prod(K.select(member, K.expand_dims(rows, 0), K.ones_like(rows)), axis=1)


def segment_max(data: Any, segment_ids: Any) -> Tensor:
    """As `unsorted_segment_max`; 0 where there is no row."""
    return _zero_where_empty(_extreme(data, segment_ids, _count(segment_ids, "tf.math.segment_max"), 1), segment_ids)


def segment_min(data: Any, segment_ids: Any) -> Tensor:
    """As `unsorted_segment_min`; 0 where there is no row."""
    return _zero_where_empty(_extreme(data, segment_ids, _count(segment_ids, "tf.math.segment_min"), -1), segment_ids)


def _zero_where_empty(found: Tensor, segment_ids: Any) -> Tensor:
    there = np.isin(np.arange(int(found.shape[0] or 0)), _numbers(segment_ids, "tf.math.segment"))
    shape = [-1] + [1] * (len(found.shape) - 1)
    return K.select(K.convert(there.reshape(shape)), found, K.zeros_like(found))


def segment_prod(data: Any, segment_ids: Any) -> Tensor:
    """Products of the rows with the same number."""
    return unsorted_segment_prod(data, segment_ids, _count(segment_ids, "tf.math.segment_prod"))


def bincount(
    arr: Any, weights: Any = None, minlength: Any = None, maxlength: Any = None, dtype: Any = "int32",
    axis: int | None = None, binary_output: bool = False,
) -> Tensor:  # fmt: skip
    """How often each whole number is there, or the sum of its weights; with axis=-1 for each row. Numbers from
    `maxlength` are left out.
    """
    values = K.cast(K.convert(arr), "int64")
    count = max(_count(values, "tf.math.bincount"), int(minlength or 0))
    count = min(count, int(maxlength)) if maxlength is not None else count
    hot = K.one_hot(values, count)  # numbers outside have none
    if weights is not None:
        hot = hot * K.expand_dims(K.cast(weights, hot.dtype), -1)
    over = -2 if axis in (-1, 1) else list(range(len(values.shape)))
    found = K.max(hot, axis=over) if binary_output else K.sum(hot, axis=over)
    kind = K.convert(weights).dtype if weights is not None and not binary_output else as_dtype(dtype).name
    return K.cast(found, kind)


def histogram_fixed_width(values: Any, value_range: Any, nbins: int = 100, dtype: Any = "int32") -> Tensor:
    """How many numbers fall into each of `nbins` parts of a range; those outside count at its ends."""
    places = histogram_fixed_width_bins(values, value_range, nbins)
    return K.cast(K.sum(K.one_hot(K.reshape(places, [-1]), int(nbins)), axis=0), as_dtype(dtype).name)


def histogram_fixed_width_bins(values: Any, value_range: Any, nbins: int = 100, dtype: Any = "int32") -> Tensor:
    """The part of a range that each number falls into."""
    x = K.convert(values)
    low, high = (K.cast(one, x.dtype) for one in value_range)
    places = K.floor((x - low) / (high - low) * float(nbins))
    return K.cast(K.clip(places, 0.0, float(nbins - 1)), as_dtype(dtype).name)


def dynamic_partition(data: Any, partitions: Any, num_partitions: int) -> list[Tensor]:
    """The rows with number 0, those with 1, ..."""
    numbers = _numbers(partitions, "tf.dynamic_partition")
    rows = K.reshape(K.convert(data), [-1, *K.convert(data).shape[numbers.ndim :]])
    return [K.gather(rows, np.flatnonzero(numbers.reshape(-1) == place)) for place in range(int(num_partitions))]


def dynamic_stitch(indices: Any, data: Any) -> Tensor:
    """Rows of several tensors at the places that `indices` name; of two for one place the later one."""
    places = [_numbers(one, "tf.dynamic_stitch") for one in indices]
    rows = [
        K.reshape(K.convert(one), [-1, *K.convert(one).shape[place.ndim :]])
        for one, place in zip(data, places, strict=True)
    ]
    flat = np.concatenate([place.reshape(-1) for place in places])
    last = np.zeros(int(flat.max(initial=-1)) + 1, np.int64)
    last[flat] = np.arange(len(flat))
    return K.gather(K.concatenate(rows, axis=0), last)


def reverse_sequence(
    input: Any, seq_lengths: Any, seq_axis: int | None = None, batch_axis: int | None = None
) -> Tensor:
    """For each sample the first so many elements along `seq_axis` the other way round."""
    x = K.convert(input)
    along, batch = int(seq_axis or 0), int(batch_axis or 0)
    order = [batch, along, *[axis for axis in range(len(x.shape)) if axis not in (batch, along)]]
    first = K.permute_dimensions(x, order)
    lengths = K.expand_dims(K.cast(K.convert(seq_lengths), "int64"), 1)
    steps = K.expand_dims(K.cast(K.arange(0, K.shape(first)[1], dtype="int64"), "int64"), 0)
    places = K.select(K.less(steps, lengths), lengths - 1 - steps, K.broadcast_to(steps, K.shape(first)[:2]))
    return K.permute_dimensions(gather(first, places, batch_dims=1), [order.index(axis) for axis in range(len(order))])


def invert_permutation(x: Any) -> Tensor:
    """Where each number stands."""
    return K.argsort(x)


def unique_with_counts(x: Any, out_idx: Any = "int32") -> Any:
    """Different values in the order of their first time, the number of each one's value, and how often it is there."""
    values = _numbers(x, "tf.unique_with_counts")
    _, first, inverse, counts = np.unique(values, return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(first)
    rank = np.argsort(order)
    kind = as_dtype(out_idx).name
    found = (values[first[order]], rank[inverse].astype(kind), counts[order].astype(kind))
    return UniqueWithCounts(*(K.convert(one) for one in found))


class UniqueWithCounts(tuple[Tensor, Tensor, Tensor]):
    """(y, idx, count)"""

    def __new__(cls, y: Tensor, idx: Tensor, count: Tensor) -> UniqueWithCounts:
        return super().__new__(cls, (y, idx, count))

    y = property(lambda self: self[0])
    idx = property(lambda self: self[1])
    count = property(lambda self: self[2])


def unravel_index(indices: Any, dims: Any) -> Tensor:
    """Indices along each axis of places in a flat array."""
    sizes = tuple(int(one) for one in np.asarray(K.convert(dims).numpy()))
    left, parts = K.convert(indices), []
    for size in reversed(sizes):
        parts.append(K.emit("modulo", left, K.convert(size, left.dtype)))
        left = K.emit("floor_divide", left, K.convert(size, left.dtype))
    return K.stack(parts[::-1])


def tensor_scatter_nd_sub(tensor: Any, indices: Any, updates: Any) -> Tensor:
    """`tensor` minus `updates` at the places that `indices` name."""
    return tensor_scatter_nd_add(tensor, indices, -K.convert(updates))
