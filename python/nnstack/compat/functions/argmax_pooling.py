"""`tf.nn.max_pool_with_argmax`: pooling that remembers where the maxima were, for SegNet's unpooling."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack import backend as K
from nnstack.backend import Tensor


def max_pool_with_argmax(
    input: Any, ksize: Any, strides: Any, padding: str, data_format: str = "NHWC", Targmax: Any = None,
    output_dtype: Any = "int64", include_batch_in_index: bool = False,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The maximum of every window of (batch, rows, cols, channels), and where it was: (row * cols + col) * channels +
    channel in its picture. Sizes of rows, cols and channels must be known: ValueError if not.

    Source: Badrinarayanan, Kendall, Cipolla 2015 (arXiv:1511.00561)
    """
    x = K.convert(input)
    sizes: Any = tuple(x.shape)
    _, rows, cols, channels = sizes
    if None in (rows, cols, channels):
        raise ValueError(f"tf.nn.max_pool_with_argmax: expected known rows, cols and channels, got {sizes}")
    window, step = _pair(ksize), _pair(strides)
    places = np.arange(rows * cols * channels, dtype=np.float64).reshape(1, rows, cols, channels)
    outs, before, behind = zip(*map(_span, (rows, cols), window, step, (padding.upper() == "SAME",) * 2), strict=True)
    margin = tuple(zip(before, behind, strict=True))
    padded = K.spatial_2d_padding(x - 0.0, margin)
    counts = np.pad(np.ones((1, rows, cols, 1), np.float32), ((0, 0), *margin, (0, 0)))
    padded = padded + K.constant(np.where(counts > 0, 0.0, -np.finfo(np.float32).max), dtype=x.dtype)
    places = np.pad(places, ((0, 0), *margin, (0, 0)))
    best: Any = None
    where: Any = None
    for i in range(window[0]):
        for j in range(window[1]):
            cut = (slice(None), _every(i, outs[0], step[0]), _every(j, outs[1], step[1]))
            value, place = padded[cut], K.constant(places[cut], dtype="int64")
            if best is None:
                best, where = value, K.zeros_like(value, "int64") + place
            else:
                larger = K.greater(value, best)
                best, where = K.maximum(value, best), K.select(larger, K.zeros_like(where) + place, where)
    if include_batch_in_index:
        numbers = K.cast(K.arange(0, K.shape(x)[0]), "int64") * int(rows * cols * channels)
        where = where + K.reshape(numbers, (-1, 1, 1, 1))
    return best, K.cast(where, str(Targmax or output_dtype))


def _pair(sizes: Any) -> tuple[int, int]:
    """(rows, cols) of what may be one number, two, or four with batch and channels."""
    if isinstance(sizes, int):
        return sizes, sizes
    found = [int(size) for size in sizes]
    return (found[1], found[2]) if len(found) == 4 else (found[0], found[-1])


def _span(size: int, window: int, step: int, same: bool) -> tuple[int, int, int]:
    """(number of windows, places added before, behind) along an axis."""
    if not same:
        return (size - window) // step + 1, 0, 0
    count = -(-size // step)
    added = max((count - 1) * step + window - size, 0)
    return count, added // 2, added - added // 2


def _every(start: int, count: int, step: int) -> slice:
    return slice(start, start + (count - 1) * step + 1, step)
