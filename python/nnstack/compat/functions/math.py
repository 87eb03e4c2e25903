"""`tf.math` and what of it stands in `tf` too."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnstack import backend as K
from nnstack.backend import Tensor
from nnstack.compat.dtypes import as_dtype


def reduce_euclidean_norm(input_tensor: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Square root of the sum of squares."""
    return K.sqrt(K.sum(K.square(input_tensor), axis=axis, keepdims=keepdims))


def count_nonzero(input: Any, axis: Any = None, keepdims: bool = False, dtype: Any = "int64") -> Tensor:
    """How many elements are not zero."""
    return K.sum(K.cast(K.not_equal(input, 0), as_dtype(dtype).name), axis=axis, keepdims=keepdims)


def argmax(input: Any, axis: int | None = None, output_type: Any = "int64") -> Tensor:
    """Index of the first largest element along `axis`, default 0."""
    return K.cast(K.argmax(input, 0 if axis is None else axis), as_dtype(output_type).name)


def argmin(input: Any, axis: int | None = None, output_type: Any = "int64") -> Tensor:
    """Index of the first smallest element along `axis`, default 0."""
    return K.cast(K.argmin(input, 0 if axis is None else axis), as_dtype(output_type).name)


def add_n(inputs: Any) -> Any:
    """The sum of all tensors of a list."""
    total = K.convert(inputs[0])
    for one in inputs[1:]:
        total = total + one
    return total


def accumulate_n(inputs: Any) -> Any:
    """The same as `add_n`."""
    return add_n(inputs)


def floordiv(x: Any, y: Any) -> Any:
    """x / y rounded down."""
    return K.convert(x) // y


def floormod(x: Any, y: Any) -> Any:
    """What `floordiv` leaves."""
    return K.convert(x) % y


def truediv(x: Any, y: Any) -> Any:
    """x / y; integers are divided as floats."""
    return K.convert(x) / y


def rsqrt(x: Any) -> Any:
    """1 / sqrt(x)."""
    return K.emit("rsqrt", K.convert(x))


def sqrt(x: Any) -> Any:
    """Square root; not a number for negative ones (Keras's own counts them as zero)."""
    return K.emit("sqrt", K.convert(x))


def reciprocal(x: Any) -> Any:
    """1 / x."""
    return K.emit("reciprocal", K.convert(x))


def negative(x: Any) -> Any:
    """-x."""
    return -K.convert(x)


def ceil(x: Any) -> Tensor:
    """Smallest integer not below x."""
    return K.emit("ceil", K.convert(x))


def is_nan(x: Any) -> Tensor:
    """Where x is not a number."""
    return K.emit("is_nan", K.convert(x))


def is_inf(x: Any) -> Tensor:
    """Where x is infinite."""
    return K.emit("is_inf", K.convert(x))


def is_finite(x: Any) -> Tensor:
    """Where x is a finite number."""
    return K.emit("is_finite", K.convert(x))


def tan(x: Any) -> Tensor:
    """Tangent."""
    return K.sin(x) / K.cos(x)


def sinh(x: Any) -> Any:
    """Hyperbolic sine."""
    e = K.expm1(x)
    return (e + e / (e + 1.0)) * 0.5


def cosh(x: Any) -> Tensor:
    """Hyperbolic cosine."""
    return (K.exp(x) + K.exp(-K.convert(x))) * 0.5


def atanh(x: Any) -> Tensor:
    """Inverse of tanh."""
    return (K.log1p(x) - K.log1p(-K.convert(x))) * 0.5


def erfc(x: Any) -> Any:
    """1 - erf(x)."""
    return 1.0 - K.erf(x)


def log_sigmoid(x: Any) -> Any:
    """log(sigmoid(x)), without overflow."""
    return -K.softplus(-K.convert(x))


def squared_difference(x: Any, y: Any) -> Tensor:
    """(x - y) ** 2."""
    return K.square(K.convert(x) - y)


def logical_and(x: Any, y: Any) -> Tensor:
    """Both."""
    return K.emit("logical_and", K.cast(x, "bool"), K.cast(y, "bool"))


def logical_or(x: Any, y: Any) -> Tensor:
    """At least one."""
    return K.emit("logical_or", K.cast(x, "bool"), K.cast(y, "bool"))


def logical_xor(x: Any, y: Any) -> Tensor:
    """One of them."""
    return K.emit("logical_xor", K.cast(x, "bool"), K.cast(y, "bool"))


def logical_not(x: Any) -> Tensor:
    """The opposite."""
    return K.emit("logical_not", K.cast(x, "bool"))


def multiply_no_nan(x: Any, y: Any) -> Tensor:
    """x * y, and 0 where y is 0 even if x is not finite."""
    none = K.equal(y, 0)
    return K.select(none, K.zeros_like(K.convert(x) * y), K.select(none, K.ones_like(x), x) * y)


def xlogy(x: Any, y: Any) -> Any:
    """x * log(y), and 0 where x is 0."""
    none = K.equal(x, 0.0)
    return K.convert(x) * K.log(K.select(none, K.ones_like(y), y))


def cumulative_logsumexp(x: Any, axis: int = 0) -> Any:
    """log(sum(exp(...))) of all elements up to each one."""
    largest = K.stop_gradient(K.max(x, axis=axis, keepdims=True))
    return K.log(K.cumsum(K.exp(K.convert(x) - largest), axis=axis)) + largest


def confusion_matrix(
    labels: Any, predictions: Any, num_classes: int | None = None, weights: Any = None, dtype: Any = "int32"
) -> Tensor:
    """(classes, classes): how often label i was predicted as j, or the sum of weights."""
    true, said = (np.asarray(K.convert(one).numpy()).reshape(-1).astype(np.int64) for one in (labels, predictions))
    count = int(max(true.max(initial=-1), said.max(initial=-1)) + 1) if num_classes is None else int(num_classes)
    matrix = np.zeros((count, count))
    np.add.at(matrix, (true, said), 1 if weights is None else np.asarray(K.convert(weights).numpy()).reshape(-1))
    return K.convert(matrix, as_dtype(dtype).name)


def segment_sum(data: Any, segment_ids: Any) -> Tensor:
    """Sums of the rows with the same number."""
    return unsorted_segment_sum(data, segment_ids, int(np.max(np.asarray(segment_ids))) + 1)


def unsorted_segment_sum(data: Any, segment_ids: Any, num_segments: int) -> Tensor:
    """Sums of the rows with the same number, for numbers below `num_segments`."""
    rows = K.convert(data)
    shape = K.convert(np.asarray([int(num_segments), *rows.shape[1:]], np.int64))
    return K.emit("scatter_add", K.cast(segment_ids, "int64"), rows, shape)


def unsorted_segment_mean(data: Any, segment_ids: Any, num_segments: int) -> Tensor:
    """Means of the rows with the same number; zeros where there is none."""
    rows = K.convert(data)
    counts = unsorted_segment_sum(K.ones_like(rows), segment_ids, num_segments)
    return unsorted_segment_sum(rows, segment_ids, num_segments) / K.maximum(counts, 1.0)


def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12) -> Any:
    """x divided by its Euclidean length along `axis`."""
    value = K.convert(x)
    return value * rsqrt(K.maximum(K.sum(K.square(value), axis=axis, keepdims=True), epsilon))


def top_k(input: Any, k: int = 1, sorted: bool = True) -> Any:
    """The k largest of the last axis, largest first, and their indices: `values` and `indices`."""
    return TopK(*K.top_k(input, int(k)))


class TopK(tuple[Tensor, Tensor]):
    """(values, indices)"""

    def __new__(cls, values: Tensor, indices: Tensor) -> TopK:
        return super().__new__(cls, (values, indices))

    @property
    def values(self) -> Tensor:
        """The k largest."""
        return self[0]

    @property
    def indices(self) -> Tensor:
        """Where they were."""
        return self[1]


def reduce_variance(input_tensor: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Mean squared distance from the mean."""
    return K.var(input_tensor, axis=axis, keepdims=keepdims)


pi = math.pi
