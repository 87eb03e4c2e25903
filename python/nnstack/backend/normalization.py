"""Batch normalisation as functions of the statistics, and from the batch's own (Ioffe and Szegedy 2015)."""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from nnstack import _core
from nnstack.backend import math as m
from nnstack.backend.shapes import reshape
from nnstack.backend.tensor import Tensor, TensorLike, convert, convert_like, emit, unary

_IMAGES = ([0, 1, 2], [0, 2, 3])


def batch_normalization(
    x: TensorLike,
    mean: TensorLike,
    var: TensorLike,
    beta: TensorLike | None,
    gamma: TensorLike | None,
    axis: int = -1,
    epsilon: float = 1e-3,
) -> Tensor:
    """(x - mean) / sqrt(var + epsilon) * gamma + beta, with the statistics given.

    mean, var, beta, gamma: one number per entry of x's `axis`, or shapes that broadcast with x. beta, gamma: None
    leaves them out.

    >>> batch_normalization(constant([[2.0, 4.0]]), [1.0, 1.0], [1.0, 9.0], None, None, epsilon=0.0)
    <Tensor shape=(1, 2) dtype=float32 numpy=[[1., 1.]]>
    """
    value = convert(x)
    rank = len(value.shape)
    others = [a for a in range(rank) if a != axis % rank]
    centre, spread, shift, scale = (_placed(given, value, others) for given in (mean, var, beta, gamma))
    assert centre is not None and spread is not None
    return _normalized(value, centre, spread, shift, scale, epsilon)


def normalize_batch_in_training(
    x: TensorLike,
    gamma: TensorLike | None,
    beta: TensorLike | None,
    reduction_axes: Sequence[int],
    epsilon: float = 1e-3,
) -> tuple[Tensor, Tensor, Tensor]:
    """x normalised by its own mean and variance over `reduction_axes`; gives (normalised, mean, variance).

    gamma, beta: one number per entry of what is not reduced, or None. The variance given back of images (four axes,
    reduced but for the channels) is the unbiased one, as in tf.keras, to feed a moving average; x itself is always
    divided by the biased one.

    >>> normalize_batch_in_training(constant([[0.0], [2.0]]), None, None, [0], epsilon=0.0)[0].numpy().ravel()
    array([-1.,  1.], dtype=float32)
    """
    value = convert(x)
    rank = len(value.shape)
    axes = sorted(int(a) % rank for a in reduction_axes)
    fused = normalized_by_itself(value, axes, gamma, beta, epsilon)
    if fused is not None:
        normalized, mean, variance = fused
    else:
        centre = m.mean(value, axes, True)
        spread = m.mean(m.square(value - centre), axes, True)
        shift, scale = (_placed(given, value, axes) for given in (beta, gamma))
        normalized = _normalized(value, centre, spread, shift, scale, epsilon)
        mean, variance = emit("squeeze", centre, axes=axes), emit("squeeze", spread, axes=axes)
    if rank == 4 and axes in _IMAGES:
        count = m.count(value, axes, value.dtype)
        variance = variance * (count / m.maximum(count - 1.0, 1.0))
    return normalized, mean, variance


def normalized_by_itself(
    x: Tensor, axes: Sequence[int], gamma: TensorLike | None, beta: TensorLike | None, epsilon: float
) -> tuple[Tensor, Tensor, Tensor] | None:
    """x by its own mean and biased variance over `axes`, gamma and beta applied, and the two: by the op `normalize`.

    None where the op does not fit: float types, `axes` ascending and the last ones (gamma and beta have their sizes),
    all but the last ones (gamma and beta have the sizes of these), or all but one; the sizes of the rest must be known.
    """
    rank, count = len(x.shape), len(axes)
    by_column = list(axes) == list(range(count)) and count < rank
    left = [axis for axis in range(rank) if axis not in axes]
    if not by_column and len(left) == 1 and list(axes) == sorted(axes) and left[0] not in (0, rank - 1):
        order = [*axes, *left]  # channels first: a compiled graph joins the transpositions with those of its neighbours
        moved = normalized_by_itself(emit("transpose", x, permutation=order), range(count), gamma, beta, epsilon)
        if moved is None:
            return None
        return emit("transpose", moved[0], permutation=[order.index(axis) for axis in range(rank)]), *moved[1:]
    if x.dtype not in ("float32", "float64") or not (by_column or list(axes) == list(range(rank - count, rank))):
        return None
    sizes = x.shape[count:] if by_column else x.shape[rank - count :]
    if not axes or None in sizes:
        return None
    weights = [
        convert_like(np.full(sizes, default, x.dtype) if given is None else given, x)
        for given, default in ((gamma, 1), (beta, 0))
    ]
    if any(tuple(weight.shape) != tuple(sizes) or weight.dtype != x.dtype for weight in weights):
        return None
    y, mean, variance = _core.emit("normalize", (x, *weights), {"by_column": by_column, "epsilon": float(epsilon)})
    return cast(tuple[Tensor, Tensor, Tensor], (y, mean, variance))


def _normalized(x: Tensor, mean: Tensor, var: Tensor, beta: Any, gamma: Any, epsilon: float) -> Tensor:
    scale = unary("rsqrt", var + epsilon)
    result = (x - mean) * (scale if gamma is None else scale * gamma)
    return result if beta is None else result + beta


def _placed(given: TensorLike | None, x: Tensor, others: Sequence[int]) -> Tensor | None:
    """`given` with axes of size 1 where x has `others`, if it has the remaining ones only."""
    if given is None:
        return None
    value = convert_like(given, x)
    rank = len(x.shape)
    if len(value.shape) != rank - len(others):
        return value
    missing = set(others)
    if all(axis in missing for axis in range(rank - len(value.shape))):
        return value  # the remaining axes are the last ones: broadcasting does it
    sizes = [1 if axis in missing else x.shape[axis] for axis in range(rank)]
    return reshape(value, [-1 if size is None else size for size in sizes])
