"""MobileNet (Howard et al. 2017): depthwise, then 1 x 1 convolutions; thinner ones by `alpha`."""

from __future__ import annotations

from typing import Any

from nnstack import backend, layers
from nnstack.applications.blocks import batch_norm
from nnstack.applications.classifier import (
    STORAGE,
    Published,
    Request,
    check_request,
    finish,
    image_input,
    image_shape,
    pooled,
)
from nnstack.applications.imagenet_utils import decode_predictions, preprocessing
from nnstack.applications.mobile import default_size, published_side
from nnstack.engine.model import Model

_SIZES = (128, 160, 192, 224)
_FILTERS = (64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
_SHRINKING = (2, 4, 6, 12)  # blocks that halve the sides
_ALPHAS = {0.25: "2_5", 0.5: "5_0", 0.75: "7_5", 1.0: "1_0"}  # as file names have them


def _normalised(x: Any, name: str) -> Any:
    return layers.ReLU(6.0, name=f"{name}_relu")(batch_norm(x, f"{name}_bn"))


def _block(x: Any, filters: int, number: int, depth_multiplier: int) -> Any:
    shrinks = number in _SHRINKING
    if shrinks:
        x = layers.ZeroPadding2D(((0, 1), (0, 1)), name=f"conv_pad_{number}")(x)
    depthwise = layers.DepthwiseConv2D(
        (3, 3),
        strides=2 if shrinks else 1,
        padding="valid" if shrinks else "same",
        depth_multiplier=depth_multiplier,
        use_bias=False,
        name=f"conv_dw_{number}",
    )
    x = _normalised(depthwise(x), f"conv_dw_{number}")
    x = layers.Conv2D(filters, (1, 1), padding="same", use_bias=False, name=f"conv_pw_{number}")(x)
    return _normalised(x, f"conv_pw_{number}")


def MobileNet(
    input_shape: Any = None,
    alpha: float = 1.0,
    depth_multiplier: int = 1,
    dropout: float = 0.001,
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
) -> Model:
    """MobileNet: images of 224 x 224, or of 128, 160 or 192.

    Arguments as of all families (`VGG16` tells), and: `alpha` scales the number of channels, default 1 (published
    weights: 0.25, 0.5, 0.75, 1); `depth_multiplier` channels that a depthwise convolution makes of one, default 1;
    `dropout` before the head, default 0.001.

    >>> model = MobileNet(weights=None, alpha=0.25, classes=10)

    Source: MobileNets: efficient convolutional neural networks for mobile vision, https://arxiv.org/abs/1704.04861
    """
    request = Request(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation)
    check_request("mobilenet", request)
    shape = image_shape("mobilenet", request, default_size(input_shape, _SIZES), 32)
    side = published_side("mobilenet", request, shape, alpha, tuple(_ALPHAS), _SIZES)
    if weights == "imagenet" and depth_multiplier != 1:
        raise ValueError(
            f"mobilenet: the weights 'imagenet' have depth_multiplier 1, got {depth_multiplier}. Pass weights=None"
        )
    image = image_input(input_tensor, shape)
    x = layers.Conv2D(int(32 * alpha), (3, 3), strides=(2, 2), padding="same", use_bias=False, name="conv1")(image)
    x = _normalised(x, "conv1")
    for number, filters in enumerate(_FILTERS, 1):
        x = _block(x, int(filters * alpha), number, depth_multiplier)
    if include_top:
        x = layers.GlobalAveragePooling2D(keepdims=True)(x)
        x = layers.Dropout(dropout, name="dropout")(x)
        x = layers.Conv2D(classes, (1, 1), padding="same", name="conv_preds")(x)
        x = layers.Reshape((classes,), name="reshape_2")(x)
        x = layers.Activation(classifier_activation, name="predictions")(x)
    else:
        x = pooled(x, pooling, named=False)
    file = f"mobilenet_{_ALPHAS.get(alpha)}_{side}_tf"
    published = Published(f"{file}.h5", f"{file}_no_top.h5", f"{STORAGE}mobilenet/")
    return finish(f"mobilenet_{alpha:0.2f}_{side}", request, image, x, published)


preprocess_input = preprocessing("tf")

__all__ = ["MobileNet", "decode_predictions", "preprocess_input"]


def relu6(x: Any) -> Any:
    """min(max(x, 0), 6); with `DepthwiseConv2D` what files of Keras 2.0 and 2.1 need as `custom_objects`."""
    return backend.relu(x, max_value=6.0)


def __getattr__(name: str) -> Any:
    if name == "DepthwiseConv2D":
        return layers.DepthwiseConv2D
    raise AttributeError(f"module 'nnstack.applications.mobilenet' has no attribute {name!r}")
