"""DenseNet (Huang et al. 2016): every layer sees the channels of all layers before it in its block."""

from __future__ import annotations

from typing import Any

from nnstack import layers
from nnstack.applications.blocks import batch_norm, channel_axis
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

PAPER = "Densely connected convolutional networks, https://arxiv.org/abs/1608.06993"
EPSILON = 1.001e-5
GROWTH = 32  # channels that a layer adds


def _normalised(x: Any, bn: str, relu: str) -> Any:
    return layers.Activation("relu", name=relu)(batch_norm(x, bn, epsilon=EPSILON))


def _growing(x: Any, name: str) -> Any:
    new = _normalised(x, f"{name}_0_bn", f"{name}_0_relu")
    new = layers.Conv2D(4 * GROWTH, 1, use_bias=False, name=f"{name}_1_conv")(new)
    new = _normalised(new, f"{name}_1_bn", f"{name}_1_relu")
    new = layers.Conv2D(GROWTH, 3, padding="same", use_bias=False, name=f"{name}_2_conv")(new)
    return layers.Concatenate(axis=channel_axis(), name=f"{name}_concat")([x, new])


def _shrinking(x: Any, name: str) -> Any:
    """Half the channels, half the sides."""
    x = _normalised(x, f"{name}_bn", f"{name}_relu")
    x = layers.Conv2D(x.shape[channel_axis()] // 2, 1, use_bias=False, name=f"{name}_conv")(x)
    return layers.AveragePooling2D(2, strides=2, name=f"{name}_pool")(x)


def _densenet(request: Request, name: str, blocks: tuple[int, ...], size: int, smallest: int) -> Model:
    check_request(name, request)
    image = image_input(request.input_tensor, image_shape(name, request, size, smallest))
    x = layers.ZeroPadding2D(((3, 3), (3, 3)))(image)
    x = layers.Conv2D(64, 7, strides=2, use_bias=False, name="conv1/conv")(x)
    x = _normalised(x, "conv1/bn", "conv1/relu")
    x = layers.ZeroPadding2D(((1, 1), (1, 1)))(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool1")(x)
    for stage, count in enumerate(blocks, 2):
        for block in range(1, count + 1):
            x = _growing(x, f"conv{stage}_block{block}")
        if stage < 5:
            x = _shrinking(x, f"pool{stage}")
    x = head(_normalised(x, "bn", "relu"), request)
    file = f"{name}_weights_tf_dim_ordering_tf_kernels"
    return finish(name, request, image, x, Published(f"{file}.h5", f"{file}_notop.h5", f"{STORAGE}densenet/"))


def _variant(layer_count: int, blocks: tuple[int, ...]) -> Any:
    name, title = f"DenseNet{layer_count}", f"DenseNet of {layer_count} layers"
    return variant(name, _densenet, title, PAPER, 224, name=name.lower(), blocks=blocks)


DenseNet121 = _variant(121, (6, 12, 24, 16))
DenseNet169 = _variant(169, (6, 12, 32, 32))
DenseNet201 = _variant(201, (6, 12, 48, 32))
preprocess_input = preprocessing("torch")

__all__ = ["DenseNet121", "DenseNet169", "DenseNet201", "decode_predictions", "preprocess_input"]
