"""EfficientNet (Tan and Le 2019): inverted bottlenecks, scaled together in width, depth and resolution."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from nnstack import layers
from nnstack.applications.blocks import batch_norm, channel_axis, divisible, pad_for_stride
from nnstack.applications.classifier import (
    Builder,
    Published,
    Request,
    check_request,
    finish,
    head,
    image_input,
    image_shape,
)
from nnstack.applications.imagenet_utils import decode_predictions, preprocessing
from nnstack.engine.model import Model

PAPER = "EfficientNet: rethinking model scaling for convolutional neural networks, https://arxiv.org/abs/1905.11946"
ORIGIN = "https://storage.googleapis.com/keras-applications/"
DEVIATIONS = (0.229, 0.224, 0.225)  # of ImageNet's red, green and blue

KERNELS = {
    "class_name": "VarianceScaling",
    "config": {"scale": 2.0, "mode": "fan_out", "distribution": "truncated_normal"},
}
HEAD_KERNEL = {
    "class_name": "VarianceScaling",
    "config": {"scale": 1.0 / 3.0, "mode": "fan_out", "distribution": "uniform"},
}


class Stage(NamedTuple):
    """A row of the paper's table 1: `repeats` blocks of `filters`, the first with `stride`."""

    kernel: int
    repeats: int
    filters: int
    expansion: int
    stride: int


STAGES = (
    Stage(3, 1, 16, 1, 1),
    Stage(3, 2, 24, 6, 2),
    Stage(5, 2, 40, 6, 2),
    Stage(3, 3, 80, 6, 2),
    Stage(5, 3, 112, 6, 1),
    Stage(5, 4, 192, 6, 2),
    Stage(3, 1, 320, 6, 1),
)


def squeeze_excite(x: Any, filters: int, activation: Any, name: str) -> Any:
    """Channels weighted by what all of the image says (https://arxiv.org/abs/1709.01507)."""
    width = x.shape[channel_axis()]
    shape = (width, 1, 1) if channel_axis() == 1 else (1, 1, width)
    weight = layers.Reshape(shape, name=f"{name}se_reshape")(layers.GlobalAveragePooling2D(name=f"{name}se_squeeze")(x))
    for part, channels, function in (("reduce", filters, activation), ("expand", width, "sigmoid")):
        weight = layers.Conv2D(
            channels, 1, padding="same", activation=function, kernel_initializer=KERNELS, name=f"{name}se_{part}"
        )(weight)
    return layers.Multiply(name=f"{name}se_excite")([x, weight])


def _block(x: Any, stage: Stage, stride: int, filters: int, drop: float, activation: Any, name: str) -> Any:
    def convolution(x: Any, channels: int, part: str) -> Any:
        options = {"padding": "same", "use_bias": False, "kernel_initializer": KERNELS}
        x = layers.Conv2D(channels, 1, name=f"{name}{part}_conv", **options)(x)
        return batch_norm(x, f"{name}{part}_bn")

    came, filters_in = x, x.shape[channel_axis()]
    if stage.expansion != 1:
        x = convolution(x, filters_in * stage.expansion, "expand")
        x = layers.Activation(activation, name=f"{name}expand_activation")(x)
    if stride == 2:
        x = pad_for_stride(x, stage.kernel, f"{name}dwconv_pad")
    x = layers.DepthwiseConv2D(
        stage.kernel,
        strides=stride,
        padding="valid" if stride == 2 else "same",
        use_bias=False,
        depthwise_initializer=KERNELS,
        name=f"{name}dwconv",
    )(x)
    x = layers.Activation(activation, name=f"{name}activation")(batch_norm(x, f"{name}bn"))
    x = squeeze_excite(x, max(1, filters_in // 4), activation, name)
    x = convolution(x, filters, "project")
    if stride == 1 and filters == filters_in:
        if drop > 0:
            x = layers.Dropout(drop, noise_shape=(None, 1, 1, 1), name=f"{name}drop")(x)
        x = layers.Add(name=f"{name}add")([x, came])
    return x


def _features(
    x: Any, trained: bool, width: float, depth: float, drop_connect: float, divisor: int, activation: Any
) -> Any:
    def channels(filters: int) -> int:
        return divisible(filters * width, divisor)

    x = layers.Rescaling(1.0 / 255.0)(x)
    x = layers.Normalization(axis=channel_axis())(x)
    if trained:  # the published weights divide by the deviation once more
        x = layers.Rescaling([1.0 / math.sqrt(deviation) for deviation in DEVIATIONS])(x)
    x = pad_for_stride(x, 3, "stem_conv_pad")
    options = {"use_bias": False, "kernel_initializer": KERNELS}
    x = layers.Conv2D(channels(32), 3, strides=2, padding="valid", name="stem_conv", **options)(x)
    x = layers.Activation(activation, name="stem_activation")(batch_norm(x, "stem_bn"))
    repeats = [math.ceil(depth * stage.repeats) for stage in STAGES]
    done = 0
    for number, (stage, count) in enumerate(zip(STAGES, repeats, strict=True), 1):
        for place in range(count):
            name = f"block{number}{chr(ord('a') + place)}_"
            stride = stage.stride if place == 0 else 1
            drop = drop_connect * done / sum(repeats)
            x = _block(x, stage, stride, channels(stage.filters), drop, activation, name)
            done += 1
    x = layers.Conv2D(channels(1280), 1, padding="same", name="top_conv", **options)(x)
    return layers.Activation(activation, name="top_activation")(batch_norm(x, "top_bn"))


def _variant(number: int, width: float, depth: float, size: int, dropout: float) -> Builder:
    name = f"EfficientNetB{number}"

    def construct(
        include_top: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        input_shape: Any = None,
        pooling: str | None = None,
        classes: int = 1000,
        classifier_activation: Any = "softmax",
        dropout_rate: float = dropout,
        drop_connect_rate: float = 0.2,
        depth_divisor: int = 8,
        activation: Any = "swish",
        model_name: str = name.lower(),
    ) -> Model:
        request = Request(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation)
        check_request(model_name, request)
        image = image_input(input_tensor, image_shape(model_name, request, size, 32))
        x = _features(image, weights == "imagenet", width, depth, drop_connect_rate, depth_divisor, activation)
        x = head(x, request, dropout=dropout_rate, kernel=HEAD_KERNEL)
        published = Published(f"{model_name}.h5", f"{model_name}_notop.h5", ORIGIN)
        return finish(model_name, request, image, x, published)

    construct.__name__ = construct.__qualname__ = name
    construct.__doc__ = f"""EfficientNet-B{number}: images of {size} x {size}, pixels 0..255 as they are.

    Arguments as of all families (`VGG16` tells), and: `dropout_rate` before the head, default {dropout};
    `drop_connect_rate` with which whole samples skip the last block, default 0.2, less in earlier ones;
    `depth_divisor` of which channel counts are multiples, default 8; `activation` default 'swish'; `model_name`.

    >>> model = {name}(weights=None, classes=10)

    Source: {PAPER}
    """
    return construct


EfficientNetB0 = _variant(0, 1.0, 1.0, 224, 0.2)
EfficientNetB1 = _variant(1, 1.0, 1.1, 240, 0.2)
EfficientNetB2 = _variant(2, 1.1, 1.2, 260, 0.3)
EfficientNetB3 = _variant(3, 1.2, 1.4, 300, 0.3)
EfficientNetB4 = _variant(4, 1.4, 1.8, 380, 0.4)
EfficientNetB5 = _variant(5, 1.6, 2.2, 456, 0.4)
EfficientNetB6 = _variant(6, 1.8, 2.6, 528, 0.5)
EfficientNetB7 = _variant(7, 2.0, 3.1, 600, 0.5)
preprocess_input = preprocessing(None)

__all__ = [*(f"EfficientNetB{number}" for number in range(8)), "decode_predictions", "preprocess_input"]
