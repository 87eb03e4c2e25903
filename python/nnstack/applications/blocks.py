"""Pieces that several families are made of."""

from __future__ import annotations

from typing import Any

from nnstack import backend, layers


def channel_axis() -> int:
    """Where the channels of a batch of images lie."""
    return 1 if backend.image_data_format() == "channels_first" else 3


def batch_norm(x: Any, name: str | None = None, **options: Any) -> Any:
    """Batch normalisation over the channels."""
    return layers.BatchNormalization(axis=channel_axis(), name=name, **options)(x)


def sides(x: Any) -> tuple[int | None, int | None]:
    """Height and width of images."""
    first = 2 if channel_axis() == 1 else 1
    return x.shape[first], x.shape[first + 1]


def pad_for_stride(x: Any, kernel: int, name: str | None = None) -> Any:
    """Zeros around, so that a window with stride 2 and 'valid' sees what 'same' sees in other frameworks."""
    middle = kernel // 2
    padding = tuple((middle - (1 if side is None else 1 - side % 2), middle) for side in sides(x))
    return layers.ZeroPadding2D(padding, name=name)(x)


def divisible(channels: float, divisor: int = 8, smallest: int | None = None) -> int:
    """The multiple of `divisor` nearest to `channels`, at least `smallest` and nine tenths of `channels`."""
    rounded = max(smallest or divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels else rounded


def conv_bn_relu(
    x: Any,
    filters: int,
    kernel: Any,
    strides: int = 1,
    padding: str = "same",
    names: tuple[str | None, str | None, str | None] = (None, None, None),
    scale: bool = True,
    epsilon: float = 1e-3,
) -> Any:
    """Convolution without bias, batch normalisation, ReLU; `names` of the three."""
    x = layers.Conv2D(filters, kernel, strides=strides, padding=padding, use_bias=False, name=names[0])(x)
    x = batch_norm(x, names[1], scale=scale, epsilon=epsilon)
    return layers.Activation("relu", name=names[2])(x)
