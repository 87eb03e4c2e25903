"""`tf.linalg`: products, norms and the bands of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack import backend as K
from nnstack.backend import Tensor


def matmul(
    a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, adjoint_a: bool = False,
    adjoint_b: bool = False, **_: Any,
) -> Tensor:  # fmt: skip
    """The product of matrices, for every place of the axes before, which broadcast."""
    left, right = K.convert(a), K.convert(b)
    if (left.dtype == right.dtype) is False and not K.is_tensor(b):
        right = K.convert_like(b, left)
    left, right = _of_one_batch(left, right)
    return K.emit(
        "matmul", left, right, transpose_a=bool(transpose_a or adjoint_a), transpose_b=bool(transpose_b or adjoint_b)
    )


def _of_one_batch(left: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
    """Both with the same axes before the last two, where an axis of size 1 or none stands beside a longer one."""
    tensors, before = [left, right], [tuple(one.shape)[:-2] for one in (left, right)]
    if not before[1] or before[0] == before[1]:
        return left, right  # one matrix for all places needs no copies
    rank = max(map(len, before))
    padded = [(1,) * (rank - len(axes)) + axes for axes in before]
    target: list[Any] = []
    for axis, sizes in enumerate(zip(*padded, strict=True)):
        wide = 0 if sizes[0] != 1 else 1  # the operand that says how long the axis is
        place = axis - rank + len(before[wide])
        target.append(K.shape(tensors[wide])[place] if sizes[wide] is None else sizes[wide])
    return (
        left if padded[0] == padded[1] else K.broadcast_to(left, [*target, *_last_two(left)]),
        K.broadcast_to(right, [*target, *_last_two(right)]),
    )


def _last_two(x: Tensor) -> list[Any]:
    sizes = K.shape(x)
    return [sizes[axis] if x.shape[axis] is None else x.shape[axis] for axis in (len(x.shape) - 2, len(x.shape) - 1)]


def matvec(a: Any, b: Any, transpose_a: bool = False) -> Tensor:
    """Matrix times vector, for every place of the axes before."""
    return K.squeeze(matmul(a, K.expand_dims(b, -1), transpose_a), -1)


def tensordot(a: Any, b: Any, axes: Any) -> Tensor:
    """Sums of products over the last `axes` of a and the first of b, or over the axes named in two lists."""
    x, y = K.convert(a), K.convert(b)
    rank_x, rank_y = len(x.shape), len(y.shape)
    if isinstance(axes, int):
        over_x, over_y = list(range(rank_x - axes, rank_x)), list(range(axes))
    else:
        over_x, over_y = ([int(one) for one in np.atleast_1d(part)] for part in axes)
    over_x, over_y = [one % rank_x for one in over_x], [one % rank_y for one in over_y]
    letters = [chr(ord("a") + place) for place in range(rank_x + rank_y)]
    left, right = letters[:rank_x], letters[rank_x:]
    for from_x, from_y in zip(over_x, over_y, strict=True):
        right[from_y] = left[from_x]
    kept = [one for place, one in enumerate(left) if place not in over_x]
    kept += [one for place, one in enumerate(right) if place not in over_y]
    return K.einsum(f"{''.join(left)},{''.join(right)}->{''.join(kept)}", x, y)


def einsum(equation: str, *inputs: Any) -> Tensor:
    """The sum that `equation` describes, of one or two tensors."""
    if len(inputs) == 1:
        term, _, result = equation.replace(" ", "").partition("->")
        return K.einsum(f"{term},->{result}", inputs[0], K.ones_like(K.sum(inputs[0])))
    if len(inputs) != 2:
        raise ValueError(f"tf.einsum: one or two tensors at a time, got {len(inputs)}; write it as several")
    return K.einsum(equation.replace(" ", ""), *inputs)


def norm(tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: bool = False) -> Tensor:
    """The length: 'euclidean' (2, 'fro'), 1, np.inf, or any p."""
    x = K.convert(tensor)
    if ord in ("euclidean", "fro", 2):
        return K.emit("sqrt", K.sum(K.square(x), axis=axis, keepdims=keepdims))
    if ord == np.inf:
        return K.max(K.abs(x), axis=axis, keepdims=keepdims)
    if ord == 1:
        return K.sum(K.abs(x), axis=axis, keepdims=keepdims)
    return K.pow(K.sum(K.pow(K.abs(x), float(ord)), axis=axis, keepdims=keepdims), 1.0 / float(ord))


def matrix_transpose(a: Any) -> Tensor:
    """The last two axes exchanged."""
    x = K.convert(a)
    order = list(range(len(x.shape)))
    return K.permute_dimensions(x, [*order[:-2], order[-1], order[-2]])


def _places(x: Tensor) -> tuple[Tensor, Tensor]:
    """Numbers of the rows (rows, 1) and of the columns (1, columns) of the last two axes."""
    sizes = K.shape(x)
    rows, columns = (
        K.arange(0, sizes[axis] if x.shape[axis] is None else x.shape[axis], dtype="int64") for axis in (-2, -1)
    )
    return K.expand_dims(rows, 1), K.expand_dims(columns, 0)


def band_part(input: Any, num_lower: int, num_upper: int) -> Tensor:
    """Zeros outside a band: so many diagonals below and above the middle one, -1 for all."""
    x = K.convert(input)
    rows, columns = _places(x)
    inside = K.ones_like(rows - columns, dtype="bool")
    for count, distance in ((num_lower, rows - columns), (num_upper, columns - rows)):
        if int(count) >= 0:
            inside = K.emit("logical_and", inside, K.less_equal(distance, int(count)))
    return x * K.cast(inside, x.dtype)


def diag(diagonal: Any) -> Tensor:
    """Matrices with these diagonals (..., n), zeros elsewhere."""
    x = K.convert(diagonal)
    return K.expand_dims(x, -1) * K.convert(np.eye(K.int_shape(x)[-1] or 0), x.dtype)


def diag_part(input: Any) -> Tensor:
    """The diagonals of square matrices (..., n, n)."""
    x = K.convert(input)
    rows, columns = _places(x)
    return K.sum(x * K.cast(K.equal(rows, columns), x.dtype), axis=-1)


def set_diag(input: Any, diagonal: Any) -> Tensor:
    """Square matrices with other diagonals."""
    x = K.convert(input)
    return x - diag(diag_part(x)) + diag(diagonal)


def trace(x: Any) -> Tensor:
    """The sums of the diagonals."""
    return K.sum(diag_part(x), axis=-1)
