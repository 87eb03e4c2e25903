"""MobileNetV3 (Howard et al. 2019): searched inverted residuals with squeeze and excitation."""

from __future__ import annotations

from typing import Any, NamedTuple

from nnstack import layers
from nnstack.applications.blocks import batch_norm, channel_axis, divisible, pad_for_stride
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
from nnstack.applications.mobile import published_side
from nnstack.engine.model import Model
from nnstack.engine.nodes import history_of


class Block(NamedTuple):
    """A row of the paper's tables 1 and 2; where `wide` the kernel is 5, and where `hard` the activation h-swish."""

    expansion: float
    filters: int
    wide: bool
    stride: int
    squeezes: bool
    hard: bool


_SMALL = (
    Block(1, 16, False, 2, True, False),
    Block(72 / 16, 24, False, 2, False, False),
    Block(88 / 24, 24, False, 1, False, False),
    Block(4, 40, True, 2, True, True),
    Block(6, 40, True, 1, True, True),
    Block(6, 40, True, 1, True, True),
    Block(3, 48, True, 1, True, True),
    Block(3, 48, True, 1, True, True),
    Block(6, 96, True, 2, True, True),
    Block(6, 96, True, 1, True, True),
    Block(6, 96, True, 1, True, True),
)
_LARGE = (
    Block(1, 16, False, 1, False, False),
    Block(4, 24, False, 2, False, False),
    Block(3, 24, False, 1, False, False),
    Block(3, 40, True, 2, True, False),
    Block(3, 40, True, 1, True, False),
    Block(3, 40, True, 1, True, False),
    Block(6, 80, False, 2, False, True),
    Block(2.5, 80, False, 1, False, True),
    Block(2.3, 80, False, 1, False, True),
    Block(2.3, 80, False, 1, False, True),
    Block(6, 112, False, 1, True, True),
    Block(6, 112, False, 1, True, True),
    Block(6, 160, True, 2, True, True),
    Block(6, 160, True, 1, True, True),
    Block(6, 160, True, 1, True, True),
)


def _relu(x: Any) -> Any:
    return layers.ReLU()(x)


def _hard_sigmoid(x: Any) -> Any:
    """relu6(x + 3) / 6"""
    return layers.ReLU(6.0)(x + 3.0) * (1.0 / 6.0)


def _hard_swish(x: Any) -> Any:
    return layers.Multiply()([x, _hard_sigmoid(x)])


def _norm(x: Any, name: str) -> Any:
    return batch_norm(x, f"{name}/BatchNorm", epsilon=1e-3, momentum=0.999)


def _squeeze_excite(x: Any, filters: int, name: str) -> Any:
    weight = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}/AvgPool")(x)
    weight = layers.Conv2D(divisible(filters * 0.25), 1, padding="same", name=f"{name}/Conv")(weight)
    weight = layers.ReLU(name=f"{name}/Relu")(weight)
    weight = layers.Conv2D(filters, 1, padding="same", name=f"{name}/Conv_1")(weight)
    return layers.Multiply(name=f"{name}/Mul")([x, _hard_sigmoid(weight)])


def _block(x: Any, block: Block, filters: int, number: int, minimalistic: bool) -> Any:
    activation = _hard_swish if block.hard and not minimalistic else _relu
    kernel = 5 if block.wide and not minimalistic else 3
    came, filters_in = x, x.shape[channel_axis()]
    expanded = divisible(filters_in * block.expansion)
    name = f"expanded_conv_{number}" if number else "expanded_conv"
    if number:
        x = layers.Conv2D(expanded, 1, padding="same", use_bias=False, name=f"{name}/expand")(x)
        x = activation(_norm(x, f"{name}/expand"))
    if block.stride == 2:
        x = pad_for_stride(x, kernel, f"{name}/depthwise/pad")
    depthwise = layers.DepthwiseConv2D(
        kernel,
        strides=block.stride,
        padding="valid" if block.stride == 2 else "same",
        use_bias=False,
        name=f"{name}/depthwise",
    )
    x = activation(_norm(depthwise(x), f"{name}/depthwise"))
    if block.squeezes and not minimalistic:
        x = _squeeze_excite(x, expanded, f"{name}/squeeze_excite")
    x = layers.Conv2D(filters, 1, padding="same", use_bias=False, name=f"{name}/project")(x)
    x = _norm(x, f"{name}/project")
    if block.stride == 1 and filters == filters_in:
        return layers.Add(name=f"{name}/Add")([came, x])
    return x


def _variant(kind: str, blocks: tuple[Block, ...], last: int) -> Any:
    def construct(
        input_shape: Any = None,
        alpha: float = 1.0,
        minimalistic: bool = False,
        include_top: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        classes: int = 1000,
        pooling: str | None = None,
        dropout_rate: float = 0.2,
        classifier_activation: Any = "softmax",
        include_preprocessing: bool = True,
    ) -> Model:
        name = f"MobilenetV3{kind}"
        if input_shape is None and input_tensor is not None and history_of(input_tensor) is not None:
            input_shape = tuple(input_tensor.shape)[1:]
        request = Request(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation)
        check_request(name, request)
        shape = image_shape(name, request, 224, 32, static=False)
        published_side(name, request, shape, alpha, (1.0,) if minimalistic else (0.75, 1.0), (224, None))  # type: ignore[arg-type]
        activation = _relu if minimalistic else _hard_swish
        image = image_input(input_tensor, shape)
        x = layers.Rescaling(scale=1.0 / 127.5, offset=-1.0)(image) if include_preprocessing else image
        x = layers.Conv2D(16, 3, strides=(2, 2), padding="same", use_bias=False, name="Conv")(x)
        x = activation(_norm(x, "Conv"))
        for number, block in enumerate(blocks):
            x = _block(x, block, divisible(block.filters * alpha), number, minimalistic)
        wide = divisible(x.shape[channel_axis()] * 6)
        x = layers.Conv2D(wide, 1, padding="same", use_bias=False, name="Conv_1")(x)
        x = activation(_norm(x, "Conv_1"))
        if include_top:
            features = divisible(last * alpha) if alpha > 1.0 else last
            x = layers.GlobalAveragePooling2D(keepdims=True)(x)
            x = activation(layers.Conv2D(features, 1, padding="same", use_bias=True, name="Conv_2")(x))
            if dropout_rate > 0:
                x = layers.Dropout(dropout_rate)(x)
            x = layers.Flatten()(layers.Conv2D(classes, 1, padding="same", name="Logits")(x))
            x = layers.Activation(classifier_activation, name="Predictions")(x)
        else:
            x = pooled(x, pooling)
        file = f"weights_mobilenet_v3_{kind}{'_minimalistic' if minimalistic else ''}_224_{alpha}_float"
        published = Published(f"{file}.h5", f"{file}_no_top_v2.h5", f"{STORAGE}mobilenet_v3/")
        return finish(name, request, image, x, published)

    construct.__name__ = construct.__qualname__ = name = f"MobileNetV3{kind.capitalize()}"
    construct.__doc__ = f"""{name}: images of any size of at least 32 x 32, pixels 0..255 as they are.

    Arguments as of all families (`VGG16` tells), and: `alpha` scales the number of channels, default 1 (published
    weights: 0.75, 1); `minimalistic` without squeezing, h-swish and 5 x 5 kernels, default False; `dropout_rate` before
    the head, default 0.2; `include_preprocessing` whether the model scales pixels 0..255 itself, default True.

    >>> model = {name}(weights=None, classes=10)

    Source: Searching for MobileNetV3, https://arxiv.org/abs/1905.02244
    """
    return construct


MobileNetV3Small = _variant("small", _SMALL, 1024)
MobileNetV3Large = _variant("large", _LARGE, 1280)
preprocess_input = preprocessing(None)

__all__ = ["MobileNetV3Large", "MobileNetV3Small", "decode_predictions", "preprocess_input"]
