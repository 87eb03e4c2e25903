"""What the Inception networks share: branches of convolutions whose results are laid side by side, and the stem."""

from __future__ import annotations

from typing import Any

from nnstack import layers
from nnstack.applications.blocks import channel_axis, conv_bn_relu


def convolution(x: Any, filters: int, kernel: Any, strides: int = 1, padding: str = "same", name: Any = None) -> Any:
    """Convolution, normalisation without a scale, ReLU; `name` of the convolution, from which the others follow."""
    names = (name, name and f"{name}_bn", name and f"{name}_ac")
    return conv_bn_relu(x, filters, kernel, strides, padding, names, scale=False)


def branch(x: Any, steps: Any) -> Any:
    """Convolutions (filters, kernel), or (filters, kernel, 2) that shrink the image, one after the other."""
    for filters, kernel, *stride in steps:
        x = convolution(x, filters, kernel, 2, "valid") if stride else convolution(x, filters, kernel)
    return x


def joined(branches: list[Any], name: str | None = None) -> Any:
    """Channels side by side."""
    return layers.Concatenate(axis=channel_axis(), name=name)(branches)


def average_branch(x: Any, filters: int) -> Any:
    """Mean of each 3 x 3 neighbourhood, then a 1 x 1 convolution."""
    return convolution(layers.AveragePooling2D((3, 3), strides=(1, 1), padding="same")(x), filters, 1)


def half(x: Any) -> Any:
    """The largest of each 3 x 3 neighbourhood, every other one."""
    return layers.MaxPooling2D((3, 3), strides=(2, 2))(x)


def stem(x: Any) -> Any:
    """The first layers: an eighth of the image's sides, 192 channels."""
    x = convolution(x, 32, 3, 2, "valid")
    x = convolution(x, 32, 3, padding="valid")
    x = half(convolution(x, 64, 3))
    x = convolution(x, 80, 1, padding="valid")
    return half(convolution(x, 192, 3, padding="valid"))
