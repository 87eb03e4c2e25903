"""MobileNetV2 (Sandler et al. 2018): inverted residuals with linear bottlenecks."""

from __future__ import annotations

from typing import Any

from nnstack import layers
from nnstack.applications.blocks import batch_norm, channel_axis, divisible, pad_for_stride
from nnstack.applications.classifier import (
    STORAGE,
    Published,
    Request,
    check_request,
    finish,
    head,
    image_input,
    image_shape,
)
from nnstack.applications.imagenet_utils import decode_predictions, preprocessing
from nnstack.applications.mobile import default_size, published_side
from nnstack.engine.model import Model
from nnstack.engine.nodes import history_of

_SIZES = (96, 128, 160, 192, 224)
_ALPHAS = (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)
# The paper's table 2: expansion, filters, repeats, first stride.
_STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))


def _norm(x: Any, name: str) -> Any:
    return batch_norm(x, name, epsilon=1e-3, momentum=0.999)


def _relu(x: Any, name: str) -> Any:
    return layers.ReLU(6.0, name=name)(x)


def _block(x: Any, expansion: int, filters: int, stride: int, number: int) -> Any:
    came, filters_in = x, x.shape[channel_axis()]
    name = f"block_{number}_" if number else "expanded_conv_"
    if number:
        expanded = layers.Conv2D(expansion * filters_in, 1, padding="same", use_bias=False, name=f"{name}expand")
        x = _relu(_norm(expanded(x), f"{name}expand_BN"), f"{name}expand_relu")
    if stride == 2:
        x = pad_for_stride(x, 3, f"{name}pad")
    depthwise = layers.DepthwiseConv2D(
        3, strides=stride, padding="valid" if stride == 2 else "same", use_bias=False, name=f"{name}depthwise"
    )
    x = _relu(_norm(depthwise(x), f"{name}depthwise_BN"), f"{name}depthwise_relu")
    x = layers.Conv2D(filters, 1, padding="same", use_bias=False, name=f"{name}project")(x)
    x = _norm(x, f"{name}project_BN")
    if stride == 1 and filters == filters_in:
        return layers.Add(name=f"{name}add")([came, x])
    return x


def MobileNetV2(
    input_shape: Any = None,
    alpha: float = 1.0,
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
) -> Model:
    """MobileNetV2: images of 224 x 224, or of 96, 128, 160 or 192.

    Arguments as of all families (`VGG16` tells), and: `alpha` scales the number of channels, default 1 (published
    weights: 0.35, 0.5, 0.75, 1, 1.3, 1.4).

    >>> model = MobileNetV2(weights=None, alpha=0.35, classes=10)

    Source: MobileNetV2: inverted residuals and linear bottlenecks, https://arxiv.org/abs/1801.04381
    """
    if input_shape is None and input_tensor is not None and history_of(input_tensor) is not None:
        input_shape = tuple(input_tensor.shape)[1:]
    request = Request(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation)
    check_request("mobilenetv2", request)
    shape = image_shape("mobilenetv2", request, default_size(input_shape, _SIZES), 32)
    side = published_side("mobilenetv2", request, shape, alpha, _ALPHAS, _SIZES)
    image = image_input(input_tensor, shape)
    x = layers.Conv2D(divisible(32 * alpha), 3, strides=(2, 2), padding="same", use_bias=False, name="Conv1")(image)
    x = _relu(_norm(x, "bn_Conv1"), "Conv1_relu")
    number = 0
    for expansion, filters, repeats, first_stride in _STAGES:
        for place in range(repeats):
            x = _block(x, expansion, divisible(filters * alpha), first_stride if place == 0 else 1, number)
            number += 1
    last = divisible(1280 * alpha) if alpha > 1.0 else 1280  # a thin network keeps its features
    x = layers.Conv2D(last, 1, use_bias=False, name="Conv_1")(x)
    x = _relu(_norm(x, "Conv_1_bn"), "out_relu")
    x = head(x, request, pool_name=None, named=False)
    file = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{}_{}{}.h5"
    published = Published(
        file.format(float(alpha), side, ""), file.format(float(alpha), side, "_no_top"), f"{STORAGE}mobilenet_v2/"
    )
    return finish(f"mobilenetv2_{alpha:0.2f}_{side}", request, image, x, published)


preprocess_input = preprocessing("tf")

__all__ = ["MobileNetV2", "decode_predictions", "preprocess_input"]
