"""`tf.image`, the part about neighbouring pixels: gradients, edges, and how alike two images are."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack import backend as K
from nnstack.backend import Tensor
from nnstack.compat.functions.image import convert_image_dtype


def image_gradients(image: Any) -> tuple[Tensor, Tensor]:
    """Differences to the pixel below and to the one on the right, (batch, rows, cols, channels); zero at the border."""
    x = K.convert(image)
    down, across = x[:, 1:] - x[:, :-1], x[:, :, 1:] - x[:, :, :-1]
    return K.pad(down, [(0, 0), (0, 1), (0, 0), (0, 0)]), K.pad(across, [(0, 0), (0, 0), (0, 1), (0, 0)])


def sobel_edges(image: Any) -> Tensor:
    """(batch, rows, cols, channels, 2): changes downwards and to the right (Sobel), the border mirrored."""
    x = K.convert(image)
    wide = _mirrored(_mirrored(x, 1), 2)
    kernel = np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]], x.dtype)
    channels = int(x.shape[-1])  # type: ignore[arg-type]
    kernels = np.tile(np.stack([kernel, kernel.T], -1)[:, :, None], (1, 1, channels, 1))
    edges = K.depthwise_conv2d(wide, kernels, data_format="channels_last")
    sizes = K.shape(edges)
    return K.reshape(edges, (sizes[0], sizes[1], sizes[2], channels, 2))


def _mirrored(x: Tensor, axis: int) -> Tensor:
    before = [slice(None)] * axis
    second, last_but_one = (*before, slice(1, 2)), (*before, slice(-2, -1))
    return K.concatenate([x[second], x, x[last_but_one]], axis=axis)


def ssim(
    img1: Any, img2: Any, max_val: float, filter_size: int = 11, filter_sigma: float = 1.5, k1: float = 0.01,
    k2: float = 0.03,
) -> Tensor:  # fmt: skip
    """Structural similarity of images (..., rows, cols, channels), one number for each: the mean over places and
    channels of how alike means, deviations and correlation are under a Gaussian window.

    Source: Wang, Bovik, Sheikh, Simoncelli 2004, "Image quality assessment".
    """
    x, y = (convert_image_dtype(K.convert(one), "float32") for one in (img1, img2))
    peak = float(convert_image_dtype(np.asarray(max_val, K.convert(img1).dtype), "float32"))
    ranges = np.arange(filter_size, dtype=np.float64) - (filter_size - 1) / 2
    window = np.exp(-0.5 * (ranges / filter_sigma) ** 2)
    kernel = np.outer(window, window) / window.sum() ** 2
    channels = int(x.shape[-1])  # type: ignore[arg-type]
    kernels = np.tile(kernel[:, :, None, None], (1, 1, channels, 1)).astype("float32")
    batched = [one if len(one.shape) == 4 else K.reshape(one, (-1, *one.shape[-3:])) for one in (x, y)]

    def blurred(one: Tensor) -> Tensor:
        return K.depthwise_conv2d(one, kernels, data_format="channels_last")

    a, b = batched
    mean_a, mean_b = blurred(a), blurred(b)
    product, squares = mean_a * mean_b * 2.0, K.square(mean_a) + K.square(mean_b)
    covariance, variances = blurred(a * b) * 2.0 - product, blurred(K.square(a) + K.square(b)) - squares
    c1, c2 = (k1 * peak) ** 2, (k2 * peak) ** 2
    alike = (product + c1) / (squares + c1) * ((covariance + c2) / (variances + c2))
    result = K.mean(alike, axis=[1, 2, 3])
    return result if len(x.shape) == 4 else K.reshape(result, tuple(x.shape[:-3]))
