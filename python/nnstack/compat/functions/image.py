"""`tf.image`: images (rows, cols, channels) or batches of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nnstack import backend as K
from nnstack.backend import Tensor
from nnstack.compat.dtypes import as_dtype


def resize(
    images: Any, size: Any, method: str = "bilinear", preserve_aspect_ratio: bool = False, antialias: bool = False
) -> Tensor:
    """To (rows, cols), as float32 unless `method` is 'nearest'. ValueError for antialias=True."""
    if antialias:
        raise ValueError("tf.image.resize: antialias=True is not there; the layer Resizing has neither")
    x, target = K.convert(images), [int(one) for one in size]
    single = len(x.shape) == 3
    batch = K.expand_dims(x, 0) if single else x
    if preserve_aspect_ratio:
        factor = min(wanted / have for wanted, have in zip(target, batch.shape[1:3], strict=True))  # type: ignore[operator]
        target = [max(1, round(have * factor)) for have in batch.shape[1:3]]  # type: ignore[operator]
    done = K.resize(K.cast(batch, "float32"), target, str(method).lower(), "channels_last")
    if str(method).lower() == "nearest":
        done = K.cast(done, x.dtype)
    return done[0] if single else done


def _axis(image: Tensor, along: int) -> int:
    """The axis of rows (0) or cols (1)."""
    return len(image.shape) - 3 + along


def flip_left_right(image: Any) -> Tensor:
    """Mirrored."""
    x = K.convert(image)
    return K.reverse(x, _axis(x, 1))


def flip_up_down(image: Any) -> Tensor:
    """Upside down."""
    x = K.convert(image)
    return K.reverse(x, _axis(x, 0))


def rot90(image: Any, k: int = 1) -> Tensor:
    """Turned k times by 90 degrees against the clock."""
    x = K.convert(image)
    order = list(range(len(x.shape)))
    order[_axis(x, 0)], order[_axis(x, 1)] = order[_axis(x, 1)], order[_axis(x, 0)]
    for _ in range(k % 4):
        x = K.permute_dimensions(flip_left_right(x), order)
    return x


def _by_chance(change: Callable[[Tensor], Tensor], image: Any, seed: int | None) -> Tensor:
    """Changed or not, each as likely, every image of a batch for itself."""
    x = K.convert(image)
    count = (1, 1, 1) if len(x.shape) == 3 else (K.shape(x)[0] if x.shape[0] is None else x.shape[0], 1, 1, 1)
    return K.select(K.less(K.random_uniform(count, seed=seed), 0.5), change(x), x)


def random_flip_left_right(image: Any, seed: int | None = None) -> Tensor:
    """Mirrored or not."""
    return _by_chance(flip_left_right, image, seed)


def random_flip_up_down(image: Any, seed: int | None = None) -> Tensor:
    """Upside down or not."""
    return _by_chance(flip_up_down, image, seed)


def convert_image_dtype(image: Any, dtype: Any, saturate: bool = False) -> Tensor:
    """Another type: integers span 0 to their largest number, floats 0 to 1."""
    x, kind = K.convert(image), as_dtype(dtype)
    have = as_dtype(x.dtype)
    if have == kind:
        return x
    if have.is_floating:
        return K.cast(x, kind.name) if kind.is_floating else K.cast(x * (float(kind.max) + 0.5), kind.name)
    if kind.is_floating:
        return K.cast(x, kind.name) * (1.0 / float(have.max))
    return K.cast(K.cast(x, "float64") * (float(kind.max) / float(have.max)), kind.name)


def _as_float(change: Callable[[Tensor], Tensor], image: Any) -> Any:
    """`change` of the image as floats, given back in its own type."""
    x = K.convert(image)
    if as_dtype(x.dtype).is_floating:
        return change(x)
    return convert_image_dtype(K.clip(change(convert_image_dtype(x, "float32")), 0.0, 1.0), x.dtype)


def adjust_brightness(image: Any, delta: Any) -> Any:
    """`delta` added, of images in [0, 1]."""
    return _as_float(lambda x: x + delta, image)


def adjust_contrast(images: Any, contrast_factor: Any) -> Any:
    """Distances from each channel's mean times a factor."""

    def change(x: Tensor) -> Any:
        mean = K.mean(x, axis=[_axis(x, 0), _axis(x, 1)], keepdims=True)
        return (x - mean) * contrast_factor + mean

    x = K.convert(images)
    return change(x) if as_dtype(x.dtype).is_floating else K.cast(K.clip(change(K.cast(x, "float32")), 0, 255), x.dtype)


def adjust_saturation(image: Any, saturation_factor: Any) -> Any:
    """Saturation (of hue, saturation, value) times a factor, at most 1."""

    def change(x: Tensor) -> Tensor:
        value = K.max(x, axis=-1, keepdims=True)
        low = K.min(x, axis=-1, keepdims=True)
        saturation = K.divide_no_nan(value - low, value)
        wanted = K.clip(saturation * saturation_factor, 0.0, 1.0)
        return value - (value - x) * K.divide_no_nan(wanted, saturation)

    return _as_float(change, image)


def random_brightness(image: Any, max_delta: float, seed: int | None = None) -> Any:
    """`adjust_brightness` by a number drawn from [-max_delta, max_delta)."""
    return adjust_brightness(image, K.random_uniform((), -max_delta, max_delta, seed=seed))


def random_contrast(image: Any, lower: float, upper: float, seed: int | None = None) -> Any:
    """`adjust_contrast` by a factor drawn from [lower, upper)."""
    return adjust_contrast(image, K.random_uniform((), lower, upper, seed=seed))


def random_saturation(image: Any, lower: float, upper: float, seed: int | None = None) -> Any:
    """`adjust_saturation` by a factor drawn from [lower, upper)."""
    return adjust_saturation(image, K.random_uniform((), lower, upper, seed=seed))


def adjust_gamma(image: Any, gamma: float = 1, gain: float = 1) -> Any:
    """gain * x ** gamma, of images in [0, 1]."""
    return _as_float(lambda x: K.pow(x, float(gamma)) * gain, image)


def rgb_to_grayscale(images: Any) -> Any:
    """(..., 3) to (..., 1), the weights of luma (ITU-R BT.601)."""
    return _as_float(lambda x: K.sum(x * np.array([0.2989, 0.587, 0.114], x.dtype), axis=-1, keepdims=True), images)


def grayscale_to_rgb(images: Any) -> Tensor:
    """(..., 1) to (..., 3)."""
    return K.repeat_elements(K.convert(images), 3, -1)


def crop_to_bounding_box(
    image: Any, offset_height: int, offset_width: int, target_height: int, target_width: int
) -> Tensor:
    """The part that begins at an offset."""
    rows = slice(int(offset_height), int(offset_height) + int(target_height))
    return K.convert(image)[..., rows, slice(int(offset_width), int(offset_width) + int(target_width)), :]


def pad_to_bounding_box(
    image: Any, offset_height: int, offset_width: int, target_height: int, target_width: int
) -> Tensor:
    """Zeros around, so that the image begins at an offset."""
    x = K.convert(image)
    rows, columns = _size(x, "tf.image.pad_to_bounding_box")
    below, right = target_height - offset_height - rows, target_width - offset_width - columns
    return K.pad(x, [*[(0, 0)] * _axis(x, 0), (offset_height, below), (offset_width, right), (0, 0)])


def _size(x: Tensor, what: str) -> tuple[int, int]:
    rows, columns = x.shape[-3:-1]
    if rows is None or columns is None:
        raise ValueError(f"{what}: rows and cols must be known, got shape {tuple(x.shape)}")
    return rows, columns


def central_crop(image: Any, central_fraction: float) -> Tensor:
    """The middle, with this share of rows and cols."""
    x = K.convert(image)
    rows, columns = _size(x, "tf.image.central_crop")
    top, left = (int((size - size * central_fraction) / 2) for size in (rows, columns))
    return crop_to_bounding_box(x, top, left, rows - 2 * top, columns - 2 * left)


def resize_with_crop_or_pad(image: Any, target_height: int, target_width: int) -> Tensor:
    """The middle, with zeros around where the image is smaller."""
    x = K.convert(image)
    rows, columns = _size(x, "tf.image.resize_with_crop_or_pad")
    high, wide = min(rows, target_height), min(columns, target_width)
    cut = crop_to_bounding_box(x, (rows - high) // 2, (columns - wide) // 2, high, wide)
    return pad_to_bounding_box(
        cut, (target_height - high) // 2, (target_width - wide) // 2, target_height, target_width
    )


def resize_with_pad(image: Any, target_height: int, target_width: int, method: str = "bilinear") -> Tensor:
    """Resized without distortion, with zeros around."""
    x = resize(image, (target_height, target_width), method, preserve_aspect_ratio=True)
    return resize_with_crop_or_pad(x, target_height, target_width)


def random_crop(value: Any, size: Any, seed: int | None = None) -> Tensor:
    """A block of this size, from anywhere."""
    x = K.convert(value)
    for axis, (wanted, have) in enumerate(zip([int(one) for one in size], x.shape, strict=True)):
        if have is None or wanted > have:
            raise ValueError(f"tf.image.random_crop: no block of size {list(size)} in shape {tuple(x.shape)}")
        if wanted < have:
            start = K.random_uniform((), 0, have - wanted + 1, dtype="int64", seed=seed)
            x = K.emit("gather", x, K.convert(np.arange(wanted)) + start, axis=axis)
    return x


def extract_patches(images: Any, sizes: Any, strides: Any, rates: Any, padding: str) -> Tensor:
    """(batch, rows, cols, patch rows * patch cols * channels): every patch in a row; a convolution with a kernel of
    ones and zeros.
    """
    x = K.convert(images)
    if any(int(one) != 1 for one in np.asarray(rates).reshape(-1)):
        raise ValueError(f"tf.image.extract_patches: rates other than 1 are not there, got {list(rates)}")
    high, wide, channels = int(sizes[1]), int(sizes[2]), int(K.int_shape(x)[-1] or 0)
    kernel = np.eye(high * wide * channels, dtype=x.dtype).reshape(high, wide, channels, high * wide * channels)
    return K.conv2d(x, kernel, (int(strides[1]), int(strides[2])), padding.lower(), "channels_last")


def per_image_standardization(image: Any) -> Any:
    """Mean 0 and deviation 1 of every image; one of a single colour becomes zeros."""
    x = K.cast(K.convert(image), "float32")
    axes = [-3 + len(x.shape), -2 + len(x.shape), -1 + len(x.shape)]
    count = float(np.prod([int(size) for size in x.shape[-3:]]))  # type: ignore[arg-type]
    deviation = K.maximum(K.std(x, axis=axes, keepdims=True), 1.0 / count**0.5)
    return (x - K.mean(x, axis=axes, keepdims=True)) / deviation


def total_variation(images: Any) -> Tensor:
    """The sum of distances between neighbours, for every image."""
    x = K.convert(images)
    axes = [axis + len(x.shape) for axis in (-3, -2, -1)]
    down = K.abs(x[..., 1:, :, :] - x[..., :-1, :, :])
    across = K.abs(x[..., :, 1:, :] - x[..., :, :-1, :])
    return K.sum(down, axis=axes) + K.sum(across, axis=axes)


def psnr(a: Any, b: Any, max_val: float) -> Any:
    """Peak signal to noise ratio in decibels, for every image."""
    x, y = (convert_image_dtype(K.convert(one), "float32") for one in (a, b))
    peak = float(convert_image_dtype(np.asarray(max_val, K.convert(a).dtype), "float32"))
    axes = [axis + len(x.shape) for axis in (-3, -2, -1)]
    error = K.mean(K.square(x - y), axis=axes)
    return (np.log(peak) * 20.0 - K.log(error) * 10.0) / np.log(10.0)
