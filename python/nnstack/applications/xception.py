"""Xception (Chollet 2016): depthwise separable convolutions in residual blocks."""

from __future__ import annotations

from typing import Any

from nnstack import layers
from nnstack.applications.blocks import batch_norm, conv_bn_relu
from nnstack.applications.classifier import (
    STORAGE,
    Published,
    Request,
    check_request,
    finish,
    head,
    image_input,
    image_shape,
    variant,
)
from nnstack.applications.imagenet_utils import decode_predictions, preprocessing
from nnstack.engine.model import Model

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


def _xception(request: Request, size: int, smallest: int) -> Model:
    name = "xception"
    check_request(name, request)
    image = image_input(request.input_tensor, image_shape(name, request, size, smallest))
    x = head(_features(image), request, named=False)
    file = f"{name}_weights_tf_dim_ordering_tf_kernels"
    return finish(name, request, image, x, Published(f"{file}.h5", f"{file}_notop.h5", f"{STORAGE}{name}/"))


Xception = variant("Xception", _xception, "Xception", PAPER, 299, 71)
preprocess_input = preprocessing("tf")

__all__ = ["Xception", "decode_predictions", "preprocess_input"]
