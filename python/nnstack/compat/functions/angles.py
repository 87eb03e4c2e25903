"""`tf.atan` and its family, composed of other functions."""

from __future__ import annotations

import math
from typing import Any

from nnstack import backend as K

# Coefficients of the arcus tangens on [0, tan(pi / 8)], lowest first, for float32: Moshier, Cephes library, atanf.
_SERIES = (1.0, -0.333329491539, 0.199777106478, -0.138776856032, 0.0805374449538)


def atan(x: Any) -> Any:
    """Angles in (-pi / 2, pi / 2), to the precision of float32."""
    value = K.convert(x)
    sign = K.select(value < 0.0, -K.ones_like(value), K.ones_like(value))
    size = value * sign  # its gradient at 0 is 1, where that of the absolute value is 0
    steep, middle = size > 2.414213562373095, size > 0.4142135623730950
    safe = K.maximum(size, 0.1)
    small = K.select(steep, -1.0 / safe, K.select(middle, (size - 1.0) / (size + 1.0), size))
    start = K.select(steep, K.ones_like(size) * (math.pi / 2), K.cast(middle, size.dtype) * (math.pi / 4))
    square, series = K.square(small), K.zeros_like(small)
    for coefficient in reversed(_SERIES):
        series = series * square + coefficient
    return (start + small * series) * sign


def atan2(y: Any, x: Any) -> Any:
    """The angle of the point (x, y), in [-pi, pi]; 0 for the origin."""
    across = K.convert_like(x, K.convert(y)) if K.is_tensor(y) else K.convert(x)
    up = K.convert_like(y, across)
    flat = K.abs(across) >= K.abs(up)
    longer, shorter = K.select(flat, across, up), K.select(flat, up, across)
    ratio = shorter / K.select(K.equal(longer, 0.0), K.ones_like(longer), longer)
    half = K.select(up < 0.0, -K.ones_like(up), K.ones_like(up)) * math.pi
    left = K.select(across < 0.0, half, K.zeros_like(half))
    return K.select(flat, atan(ratio) + left, half / 2.0 - atan(ratio))


def asin(x: Any) -> Any:
    """Angles in [-pi / 2, pi / 2] whose sine is x."""
    value = K.convert(x)
    return atan2(value, K.sqrt((1.0 - value) * (1.0 + value)))


def acos(x: Any) -> Any:
    """Angles in [0, pi] whose cosine is x."""
    value = K.convert(x)
    return atan2(K.sqrt((1.0 - value) * (1.0 + value)), value)
