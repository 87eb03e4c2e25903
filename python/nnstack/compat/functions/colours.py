"""`tf.image`, the part about colours: other coordinates of (..., 3) than red, green and blue."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack import backend as K
from nnstack.backend import Tensor

# Rows: what red, green and blue give to luma and the two differences of colour (ITU-R BT.601).
_YUV = np.array(
    [[0.299, -0.14714119, 0.61497538], [0.587, -0.28886916, -0.51496512], [0.114, 0.43601035, -0.10001026]], np.float32
)
_RGB = np.array(
    [[1.0, 1.0, 1.0], [0.0, -0.394642334, 2.03206185], [1.13988303, -0.58062185, 0.0]], np.float32
)  # its inverse, as it is usually rounded


def rgb_to_yuv(images: Any) -> Tensor:
    """Luma and two differences of colour, from values in [0, 1]."""
    return K.dot(K.convert(images), K.convert(_YUV))


def yuv_to_rgb(images: Any) -> Tensor:
    """What `rgb_to_yuv` takes."""
    return K.dot(K.convert(images), K.convert(_RGB))


def rgb_to_hsv(images: Any) -> Any:
    """Hue, saturation and value in [0, 1] (Smith 1978)."""
    x = K.convert(images)
    value, least = K.max(x, axis=-1), K.min(x, axis=-1)
    span = value - least
    red, green, blue = x[..., 0], x[..., 1], x[..., 2]
    grey = K.equal(span, 0.0)
    scaled = K.select(grey, K.ones_like(span), span)
    of_red = (green - blue) / scaled
    of_green, of_blue = (blue - red) / scaled + 2.0, (red - green) / scaled + 4.0
    sixth = K.select(K.equal(value, red), of_red, K.select(K.equal(value, green), of_green, of_blue))
    hue = K.select(grey, K.zeros_like(sixth), sixth / 6.0)
    hue = K.select(hue < 0.0, hue + 1.0, hue)
    black = K.equal(value, 0.0)
    saturation = K.select(black, K.zeros_like(span), span / K.select(black, K.ones_like(value), value))
    return K.stack([hue, saturation, value], axis=-1)


def hsv_to_rgb(images: Any) -> Any:
    """What `rgb_to_hsv` takes."""
    x = K.convert(images)
    hue, saturation, value = (x[..., place : place + 1] for place in range(3))
    distance = K.abs(hue * 6.0 - K.convert(np.array([3.0, 2.0, 4.0], x.dtype)))
    ramp = K.clip(distance * np.array([1, -1, -1], x.dtype) + np.array([-1, 2, 2], x.dtype), 0.0, 1.0)
    return ((ramp - 1.0) * saturation + 1.0) * value


def adjust_hue(image: Any, delta: Any) -> Any:
    """All hues turned by `delta`, a share of the circle."""
    x = rgb_to_hsv(image)
    hue = x[..., :1] + delta
    return hsv_to_rgb(K.concatenate([hue - K.floor(hue), x[..., 1:]], axis=-1))


def random_hue(image: Any, max_delta: float, seed: int | None = None) -> Any:
    """`adjust_hue` by an amount drawn from [-max_delta, max_delta)."""
    return adjust_hue(image, K.random_uniform((), -max_delta, max_delta, seed=seed))
