"""Xception (Chollet 2016): depthwise separable convolutions in residual blocks."""

from __future__ import annotations

from typing import Any

from nnstack import layers
from nnstack.applications.blocks import batch_norm, conv_bn_relu
from nnstack.applications.classifier import network, variant
from nnstack.applications.imagenet_utils import decode_predictions, preprocessing

PAPER = "Xception: deep learning with depthwise separable convolutions, https://arxiv.org/abs/1610.02357"


def _separable(x: Any, filters: int, name: str) -> Any:
    x = layers.SeparableConv2D(filters, (3, 3), padding="same", use_bias=False, name=name)(x)
    return batch_norm(x, f"{name}_bn")


def _shrinking(x: Any, widths: tuple[int, int], name: str, starts_with_activation: bool = True) -> Any:
    """Two separable convolutions and a maximum, beside a 1 x 1 convolution of stride 2."""
    shortcut = layers.Conv2D(widths[1], (1, 1), strides=(2, 2), padding="same", use_bias=False)(x)
    shortcut = batch_norm(shortcut)
    for number, filters in enumerate(widths, 1):
        if number > 1 or starts_with_activation:
            x = layers.Activation("relu", name=f"{name}_sepconv{number}_act")(x)
        x = _separable(x, filters, f"{name}_sepconv{number}")
    x = layers.MaxPooling2D((3, 3), strides=(2, 2), padding="same", name=f"{name}_pool")(x)
    return layers.Add()([x, shortcut])


def _features(x: Any) -> Any:
    for number, filters, strides in ((1, 32, 2), (2, 64, 1)):
        name = f"block1_conv{number}"
        x = conv_bn_relu(x, filters, (3, 3), strides, "valid", (name, f"{name}_bn", f"{name}_act"))
    for block, filters in ((2, 128), (3, 256), (4, 728)):
        x = _shrinking(x, (filters, filters), f"block{block}", starts_with_activation=block > 2)
    for block in range(5, 13):
        shortcut = x
        for number in (1, 2, 3):
            x = layers.Activation("relu", name=f"block{block}_sepconv{number}_act")(x)
            x = _separable(x, 728, f"block{block}_sepconv{number}")
        x = layers.Add()([x, shortcut])
    x = _shrinking(x, (728, 1024), "block13")
    for number, filters in ((1, 1536), (2, 2048)):
        x = _separable(x, filters, f"block14_sepconv{number}")
        x = layers.Activation("relu", name=f"block14_sepconv{number}_act")(x)
    return x


Xception = variant("Xception", network("xception", _features), "Xception", PAPER, 299, 71)
preprocess_input = preprocessing("tf")

__all__ = ["Xception", "decode_predictions", "preprocess_input"]
