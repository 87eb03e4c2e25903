"""`tf.RaggedTensor` and `tf.ragged`: rows of different lengths, for what comes before a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from nnstack import backend as K
from nnstack.compat.dtypes import as_dtype
from nnstack.compat.functions.strings import StringArray, is_text
from nnstack.compat.specs import TensorShape

_range = range  # the name is TensorFlow's below


def _values(values: Any) -> Any:
    return StringArray(values) if is_text(values) else K.convert(values)


def _numbers(x: Any) -> np.ndarray:
    return np.asarray(K.convert(x).numpy() if not isinstance(x, np.ndarray) else x, np.int64)


class RaggedTensor:
    """Rows of `values`, one after another, as long as `row_lengths` says. Models take dense tensors: `to_tensor`."""

    def __init__(self, values: Any, row_lengths: Any) -> None:
        self.values = _values(values)
        self._lengths = _numbers(row_lengths)
        if int(self._lengths.sum()) != len(self.values):
            raise ValueError(f"tf.RaggedTensor: rows of {self._lengths.sum()} values together, got {len(self.values)}")

    @classmethod
    def from_row_lengths(cls, values: Any, row_lengths: Any, name: Any = None, validate: bool = True) -> RaggedTensor:
        """Rows of these lengths."""
        return cls(values, row_lengths)

    @classmethod
    def from_row_splits(cls, values: Any, row_splits: Any, name: Any = None, validate: bool = True) -> RaggedTensor:
        """Rows between these borders."""
        return cls(values, np.diff(_numbers(row_splits)))

    @classmethod
    def from_value_rowids(cls, values: Any, value_rowids: Any, nrows: Any = None, **_: Any) -> RaggedTensor:
        """The row of each value."""
        return cls(values, np.bincount(_numbers(value_rowids), minlength=int(nrows or 0)))

    @classmethod
    def from_tensor(cls, tensor: Any, lengths: Any = None, padding: Any = None, **_: Any) -> RaggedTensor:
        """The rows of a dense tensor, without what stands behind their lengths, or the padding at their ends."""
        rows = np.asarray(tensor) if is_text(tensor) else K.convert(tensor).numpy()
        if lengths is not None:
            sizes = _numbers(lengths)
        elif padding is not None:
            kept = rows != padding
            sizes = np.where(kept.any(1), rows.shape[1] - kept[:, ::-1].argmax(1), 0)
        else:
            sizes = np.full(len(rows), rows.shape[1])
        flat = np.concatenate([row[:size] for row, size in zip(rows, sizes, strict=True)]) if len(rows) else rows[:, 0]
        return cls(flat, sizes)

    @property
    def flat_values(self) -> Any:
        """All values."""
        return self.values

    @property
    def row_splits(self) -> Any:
        """Where rows begin, and where the last one ends."""
        return K.convert(np.concatenate([[0], np.cumsum(self._lengths)]))

    @property
    def shape(self) -> TensorShape:
        """(rows, None, ...)"""
        return TensorShape([len(self._lengths), None, *self.values.shape[1:]])

    @property
    def dtype(self) -> Any:
        """Type of the values."""
        return as_dtype("string") if isinstance(self.values, StringArray) else self.values.dtype

    ragged_rank = 1

    def row_lengths(self, axis: int = 1, name: Any = None) -> Any:
        """How long each row is."""
        return K.convert(self._lengths)

    def value_rowids(self, name: Any = None) -> Any:
        """The row of each value."""
        return K.convert(np.repeat(np.arange(len(self._lengths)), self._lengths))

    def nrows(self, **_: Any) -> Any:
        """How many rows there are."""
        return K.convert(np.int64(len(self._lengths)))

    def bounding_shape(self, axis: Any = None, **_: Any) -> Any:
        """The shape of the smallest dense tensor that holds all rows."""
        sizes = np.asarray([len(self._lengths), self._lengths.max(initial=0), *self.values.shape[1:]], np.int64)
        return K.convert(sizes if axis is None else sizes[axis])

    def with_values(self, new_values: Any) -> RaggedTensor:
        """Other values in rows of the same lengths."""
        return RaggedTensor(new_values, self._lengths)

    with_flat_values = with_values

    def to_tensor(self, default_value: Any = None, name: Any = None, shape: Any = None) -> Any:
        """A dense tensor: rows filled up with `default_value` (0, or the empty text) to the longest, or to `shape`."""
        width = int(self._lengths.max(initial=0))
        height = len(self._lengths)
        if shape is not None:
            height, width = (
                have if size is None else int(size) for size, have in zip(shape, (height, width), strict=False)
            )
        rows, places = np.nonzero(np.arange(width)[None] < self._lengths[:height, None])
        taken = (np.concatenate([[0], np.cumsum(self._lengths)])[rows] + places).astype(np.int64)
        if isinstance(self.values, StringArray):
            whole = np.full((height, width), "" if default_value is None else str(default_value), object)
            whole[rows, places] = np.asarray(self.values)[taken]
            return StringArray(whole)
        # Row 0 of the values with one more in front is what fills up.
        filler = K.zeros_like(self.values[:1]) if len(self.values) else K.zeros((1, *self.values.shape[1:]))
        if default_value is not None:
            filler = filler + K.convert_like(default_value, filler)
        index = np.zeros((height, width), np.int64)
        index[rows, places] = taken + 1
        return K.gather(K.concatenate([filler, self.values], axis=0), index)

    def to_sparse(self, name: Any = None) -> Any:
        """The values at their places in the dense tensor."""
        from nnstack.compat.sparse import SparseTensor

        width = int(self._lengths.max(initial=0))
        places = np.argwhere(np.arange(width)[None] < self._lengths[:, None])
        return SparseTensor(places, self.values, (len(self._lengths), width))

    def to_list(self) -> list[Any]:
        """Lists of numbers, or of bytes."""
        return [row.numpy().tolist() for row in self]

    def numpy(self) -> np.ndarray:
        """An array of arrays; a plain one where all rows are as long."""
        rows = [row.numpy() for row in self]
        if len(set(self._lengths.tolist())) <= 1:
            return np.asarray(rows)
        found = np.empty(len(rows), object)
        found[:] = rows
        return found

    def __len__(self) -> int:
        return len(self._lengths)

    def __iter__(self) -> Iterator[Any]:
        return (self[place] for place in _range(len(self)))

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, tuple):
            first, *rest = key
            if isinstance(first, slice):
                rows = list(self[first])
                return stack([row[tuple(rest)] for row in rows]) if isinstance(rest[0], slice) else _stacked(rows, rest)
            return self[first][tuple(rest)]
        ends = np.cumsum(self._lengths)
        if isinstance(key, slice):
            rows = [self[place] for place in _range(len(self))[key]]
            return stack(rows) if rows else RaggedTensor(self.values[:0], [])
        place = _range(len(self))[int(key)]
        return self.values[int(ends[place] - self._lengths[place]) : int(ends[place])]

    def _with(self, other: Any, operation: Callable[[Any, Any], Any]) -> RaggedTensor:
        return self.with_values(operation(self.values, other.values if isinstance(other, RaggedTensor) else other))

    def __add__(self, other: Any) -> RaggedTensor:
        return self._with(other, lambda a, b: a + b)

    def __sub__(self, other: Any) -> RaggedTensor:
        return self._with(other, lambda a, b: a - b)

    def __mul__(self, other: Any) -> RaggedTensor:
        return self._with(other, lambda a, b: a * b)

    def __truediv__(self, other: Any) -> RaggedTensor:
        return self._with(other, lambda a, b: a / b)

    def __repr__(self) -> str:
        return f"<tf.RaggedTensor {self.to_list()}>"


def _stacked(rows: list[Any], rest: list[Any]) -> Any:
    picked = [row[tuple(rest)] for row in rows]
    return StringArray([str(np.asarray(one)) for one in picked]) if is_text(picked[0]) else K.stack(picked)


def constant(pylist: Any, dtype: Any = None, **_: Any) -> RaggedTensor:
    """Rows of different lengths from nested lists."""
    rows = [list(row) for row in pylist]
    flat = [value for row in rows for value in row]
    sizes = [len(row) for row in rows]
    if flat and is_text(flat[0]):
        return RaggedTensor(np.array(flat, object), sizes)
    kind = as_dtype(dtype).name if dtype is not None else None
    array = np.asarray(flat, kind)
    if dtype is None:
        array = array.astype({"int64": "int32", "float64": "float32"}.get(array.dtype.name, array.dtype))
    return RaggedTensor(array, sizes)


def stack(values: Any, axis: int = 0, name: Any = None) -> RaggedTensor:
    """Tensors of one axis as rows."""
    rows = list(values)
    texts = any(isinstance(row, StringArray) for row in rows)
    flat = StringArray(np.concatenate([np.asarray(r) for r in rows])) if texts else K.concatenate(rows, axis=0)
    return RaggedTensor(flat, [len(row) for row in rows])


def range(starts: Any, limits: Any = None, deltas: Any = 1, dtype: Any = None, **_: Any) -> RaggedTensor:
    """A row of whole numbers for each start and limit."""
    first, last = (np.zeros_like(_numbers(starts)), _numbers(starts)) if limits is None else (starts, limits)
    pairs = np.broadcast_arrays(_numbers(first), _numbers(last), _numbers(deltas))
    rows = [np.arange(*one) for one in zip(*[part.reshape(-1) for part in pairs], strict=True)]
    return RaggedTensor(np.concatenate(rows).astype(as_dtype(dtype or "int32").name), [len(row) for row in rows])


def boolean_mask(data: Any, mask: Any, name: Any = None) -> RaggedTensor:
    """The elements of each row where `mask` holds."""
    kept = K.convert(mask).numpy().astype(bool)
    rows = np.asarray(data) if is_text(data) else K.convert(data).numpy()
    return RaggedTensor(rows[kept], kept.sum(1))
