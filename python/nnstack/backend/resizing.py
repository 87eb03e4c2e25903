"""Images of any size to any other: along each axis a product with a small matrix of weights, made beforehand."""

import functools
from collections.abc import Callable, Sequence

import numpy as np

from nnstack.backend.config import normalize_data_format
from nnstack.backend.einsum import einsum
from nnstack.backend.math import abs as absolute
from nnstack.backend.math import maximum, minimum
from nnstack.backend.ranges import arange
from nnstack.backend.shapes import expand_dims, gather
from nnstack.backend.tensor import Tensor, TensorLike, convert, emit
from nnstack.utils import allowance

METHODS = ("nearest", "bilinear", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic")
_SMOOTHING = ("gaussian", "mitchellcubic")  # these change an axis that keeps its size, too


def resize(x: TensorLike, size: Sequence[int], method: str = "bilinear", data_format: str | None = None) -> Tensor:
    """(batch, rows, cols, channels) to (batch, *size, channels), pixels being squares (half-pixel centres).

    size: (rows, cols). method: one of METHODS, without antialiasing, as tf.image.resize has them. data_format:
    channels_first for (batch, channels, rows, cols). Rows and columns of x may be unknown where the method is nearest,
    bilinear or area: ValueError otherwise.

    >>> resize(constant([[[[0.0], [4.0]]]]), (1, 4), "bilinear", "channels_last").numpy().ravel()
    array([0., 1., 3., 4.], dtype=float32)
    """
    value = convert(x)
    first = 2 if normalize_data_format(data_format) == "channels_first" else 1
    for axis, target in enumerate(size, first):
        source = value.shape[axis]
        allowance.take(target * (1 if method == "nearest" or source is None else source), f"resize to {target}")
        if source is None:
            value = _along_open(value, axis, target, method)
            continue
        if source == target and method not in _SMOOTHING:
            continue
        if method == "nearest":
            index = np.minimum(np.floor(_centres(np.float32(source) / np.float32(target), target)), source - 1)
            value = gather(value, index.astype(np.int64), axis=axis)
        else:
            value = _along(value, axis, weights(source, target, method))
    return value


def _along(x: Tensor, axis: int, matrix: TensorLike) -> Tensor:
    """`matrix` (target, source) applied to `axis`."""
    letters = "abcdefgh"[: len(x.shape)]
    result = letters.replace(letters[axis], "z")
    return einsum(f"{letters},z{letters[axis]}->{result}", x, convert(matrix, x.dtype))


def _along_open(x: Tensor, axis: int, target: int, method: str) -> Tensor:
    """An axis of unknown size resized: `weights` computed in the graph, for the methods whose formula is short."""
    size = emit("shape_of", x)[axis]
    source = convert(size, "float32")
    scale = source / target
    places = np.arange(target, dtype=np.float32)
    if method == "nearest":
        index = minimum(convert(scale * (places + 0.5), "int64"), size - 1)
        return gather(x, index, axis=axis)
    pixels = expand_dims(arange(size, dtype="float32"), 0)
    if method == "bilinear":
        centres = expand_dims(minimum(maximum(scale * (places + 0.5) - 0.5, 0.0), source - 1.0), 1)
        return _along(x, axis, maximum(1.0 - absolute(pixels - centres), 0.0))
    if method == "area":
        starts = expand_dims(scale * places, 1)
        shares = maximum(minimum(starts + scale, pixels + 1.0) - maximum(starts, pixels), 0.0)
        return _along(x, axis, shares / scale)
    raise ValueError(f"resize: method {method!r} needs known rows and columns, got shape {x.shape}")


@functools.lru_cache(maxsize=64)
def weights(source: int, target: int, method: str) -> np.ndarray:
    """(target, source): the share of every source pixel in every target pixel."""
    scale = source / target
    if method == "area":
        starts = np.arange(target)[:, None] * scale
        left, right = np.arange(source)[None], np.arange(source)[None] + 1
        shares = np.clip(np.minimum(starts + scale, right) - np.maximum(starts, left), 0, None)
        return np.asarray(shares / shares.sum(1, keepdims=True))
    centres = (np.arange(target) + 0.5) * scale - 0.5
    if method == "bilinear":
        centres = np.clip(centres, 0, source - 1)
    if method == "bicubic":  # TensorFlow reads this kernel from a table in steps of 1/1024
        centres = np.floor(centres) + np.round((centres - np.floor(centres)) * 1024) / 1024
    kernel, radius = _KERNELS[method]
    distance = np.arange(source)[None] - centres[:, None]
    single = np.float32(1) / (np.float32(target) / np.float32(source))
    edge = np.arange(source, dtype=np.float32)[None] + np.float32(0.5) - _centres(single, target)[:, None]
    shares = np.where(np.abs(edge) < radius, kernel(distance), 0.0)
    return np.asarray(shares / shares.sum(1, keepdims=True))


def _centres(scale: np.float32, target: int) -> np.ndarray:
    """Centres of the target's pixels in the source, in float32 as in TensorFlow: pixels at a distance of exactly half
    a pixel, or a kernel's radius, fall to the same side.
    """
    return np.asarray((np.arange(target, dtype=np.float32) + np.float32(0.5)) * scale)


def _triangle(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.maximum(1 - np.abs(x), 0))


def _cubic(b: float, c: float) -> Callable[[np.ndarray], np.ndarray]:
    """The cubic filters of Mitchell and Netravali 1988; b = 0 gives Keys's."""

    def kernel(x: np.ndarray) -> np.ndarray:
        x = np.abs(x)
        near = ((12 - 9 * b - 6 * c) * x**3 + (-18 + 12 * b + 6 * c) * x**2 + 6 - 2 * b) / 6
        far = ((-b - 6 * c) * x**3 + (6 * b + 30 * c) * x**2 + (-12 * b - 48 * c) * x + 8 * b + 24 * c) / 6
        return np.where(x < 1, near, np.where(x < 2, far, 0.0))

    return kernel


def _lanczos(radius: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda x: np.asarray(np.sinc(x) * np.sinc(x / radius))


def _gaussian(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.exp(-2.0 * x**2))  # sigma 1/2


_KERNELS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], float]] = {
    "bilinear": (_triangle, 1),
    "bicubic": (_cubic(0.0, 0.5), 2),
    "mitchellcubic": (_cubic(1 / 3, 1 / 3), 2),
    "lanczos3": (_lanczos(3), 3),
    "lanczos5": (_lanczos(5), 5),
    "gaussian": (_gaussian, 1.5),
}
