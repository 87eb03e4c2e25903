"""`tf.SparseTensor` and `tf.sparse`: places and values of tensors that are mostly empty, before they reach a model."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack import backend as K
from nnstack.compat.functions.math import unsorted_segment_sum
from nnstack.compat.functions.strings import StringArray, is_text
from nnstack.compat.specs import TensorShape


class SparseTensor:
    """The elements at `indices` (n, axes) are `values` (n,); all others of `dense_shape` are empty.

    Models take dense tensors: `tf.sparse.to_dense` makes one. Texts may be values.
    """

    def __init__(self, indices: Any, values: Any, dense_shape: Any) -> None:
        places = np.asarray(K.convert(indices).numpy(), np.int64)
        self.dense_shape = K.convert(np.asarray([int(size) for size in dense_shape], np.int64))
        self.indices = K.convert(places.reshape(-1, len(self.dense_shape.numpy())))
        self.values: Any = StringArray(values) if is_text(values) else K.convert(values)
        if len(self.values) != len(self.indices):
            raise ValueError(f"tf.SparseTensor: {len(self.indices)} places for {len(self.values)} values")

    @property
    def shape(self) -> TensorShape:
        """Sizes of the whole."""
        return TensorShape([int(size) for size in self.dense_shape.numpy()])

    @property
    def dtype(self) -> Any:
        """Type of the values."""
        return "string" if isinstance(self.values, StringArray) else self.values.dtype

    def get_shape(self) -> TensorShape:
        """The same as `shape`."""
        return self.shape

    def with_values(self, new_values: Any) -> SparseTensor:
        """Other values at the same places."""
        return SparseTensor(self.indices, new_values, self.dense_shape)

    def __repr__(self) -> str:
        return f"SparseTensor(indices={self.indices!r}, values={self.values!r}, dense_shape={tuple(self.shape)})"


def to_dense(sp_input: Any, default_value: Any = None, validate_indices: bool = True) -> Any:
    """The whole tensor, `default_value` (0, or the empty text) where there is no element."""
    flat = np.ravel_multi_index(tuple(sp_input.indices.numpy().T), tuple(sp_input.shape))
    if isinstance(sp_input.values, StringArray):
        whole = np.full(int(np.prod(sp_input.shape)), "" if default_value is None else str(default_value), object)
        whole[flat] = np.asarray(sp_input.values)
        return StringArray(whole.reshape(tuple(sp_input.shape)))
    size = int(np.prod(sp_input.shape))
    found = unsorted_segment_sum(sp_input.values, flat, size)
    if default_value is not None:
        empty = np.ones(size, bool)
        empty[flat] = False
        found = K.select(K.convert(empty), K.convert_like(default_value, found), found)
    return K.reshape(found, tuple(sp_input.shape))


def from_dense(tensor: Any) -> SparseTensor:
    """The elements that are not 0 (or empty texts)."""
    array = np.asarray(tensor) if is_text(tensor) else K.convert(tensor).numpy()
    places = np.argwhere(array != ("" if is_text(tensor) else 0))
    values = array[tuple(places.T)]
    return SparseTensor(places, StringArray(values) if is_text(tensor) else values, array.shape)


def sparse_dense_matmul(sp_a: Any, b: Any, adjoint_a: bool = False, adjoint_b: bool = False) -> Any:
    """The product of matrices, the first of them sparse; gradients flow to its values and to `b`."""
    rows, columns = sp_a.indices[:, 0], sp_a.indices[:, 1]
    count = int(sp_a.shape[0])
    if adjoint_a:
        rows, columns, count = columns, rows, int(sp_a.shape[1])
    dense = K.transpose(K.convert(b)) if adjoint_b else K.convert(b)
    parts = K.gather(dense, columns) * K.expand_dims(K.cast(sp_a.values, dense.dtype), -1)
    return unsorted_segment_sum(parts, rows, count)


def reorder(sp_input: Any) -> SparseTensor:
    """The elements row by row."""
    places = sp_input.indices.numpy()
    order = np.lexsort(places.T[::-1])
    values = sp_input.values
    taken = values[order] if isinstance(values, StringArray) else K.gather(values, order)
    return SparseTensor(places[order], taken, sp_input.dense_shape)


def reduce_sum(sp_input: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Sums, as a dense tensor."""
    return K.sum(to_dense(sp_input), axis=axis, keepdims=keepdims)
