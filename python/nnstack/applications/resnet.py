"""Residual networks (He et al. 2015): bottlenecks whose input is added to their output."""

from __future__ import annotations

from typing import Any

from nnstack import layers
from nnstack.applications.blocks import batch_norm
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

PAPER = "Deep residual learning for image recognition, https://arxiv.org/abs/1512.03385"
EPSILON = 1.001e-5


def build_resnet(
    request: Request, name: str, stages: Any, size: int, smallest: int, before_activation: bool = False
) -> Model:
    """The stem, `stages(x)` and the head; `before_activation`: normalisation comes after the stages, not the stem."""
    check_request(name, request)
    image = image_input(request.input_tensor, image_shape(name, request, size, smallest))
    x = layers.ZeroPadding2D(((3, 3), (3, 3)), name="conv1_pad")(image)
    x = layers.Conv2D(64, 7, strides=2, name="conv1_conv")(x)
    if not before_activation:
        x = batch_norm(x, "conv1_bn", epsilon=EPSILON)
        x = layers.Activation("relu", name="conv1_relu")(x)
    x = layers.ZeroPadding2D(((1, 1), (1, 1)), name="pool1_pad")(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool1_pool")(x)
    x = stages(x)
    if before_activation:
        x = batch_norm(x, "post_bn", epsilon=EPSILON)
        x = layers.Activation("relu", name="post_relu")(x)
    x = head(x, request)
    file = f"{name}_weights_tf_dim_ordering_tf_kernels"
    return finish(name, request, image, x, Published(f"{file}.h5", f"{file}_notop.h5", f"{STORAGE}resnet/"))


def _bottleneck(x: Any, filters: int, stride: int, projects: bool, name: str) -> Any:
    shortcut = x
    if projects:
        shortcut = layers.Conv2D(4 * filters, 1, strides=stride, name=f"{name}_0_conv")(x)
        shortcut = batch_norm(shortcut, f"{name}_0_bn", epsilon=EPSILON)
    for number, kernel, width in ((1, 1, filters), (2, 3, filters), (3, 1, 4 * filters)):
        convolution = layers.Conv2D(
            width,
            kernel,
            strides=stride if number == 1 else 1,
            padding="same" if kernel == 3 else "valid",
            name=f"{name}_{number}_conv",
        )
        x = batch_norm(convolution(x), f"{name}_{number}_bn", epsilon=EPSILON)
        if number < 3:
            x = layers.Activation("relu", name=f"{name}_{number}_relu")(x)
    x = layers.Add(name=f"{name}_add")([shortcut, x])
    return layers.Activation("relu", name=f"{name}_out")(x)


def _resnet(request: Request, name: str, blocks: tuple[int, ...], size: int, smallest: int) -> Model:
    def stages(x: Any) -> Any:
        for stage, (filters, count) in enumerate(zip((64, 128, 256, 512), blocks, strict=True), 2):
            for block in range(1, count + 1):
                stride = 2 if block == 1 and stage > 2 else 1
                x = _bottleneck(x, filters, stride, block == 1, f"conv{stage}_block{block}")
        return x

    return build_resnet(request, name, stages, size, smallest)


ResNet50 = variant("ResNet50", _resnet, "ResNet of 50 layers", PAPER, 224, name="resnet50", blocks=(3, 4, 6, 3))
ResNet101 = variant("ResNet101", _resnet, "ResNet of 101 layers", PAPER, 224, name="resnet101", blocks=(3, 4, 23, 3))
ResNet152 = variant("ResNet152", _resnet, "ResNet of 152 layers", PAPER, 224, name="resnet152", blocks=(3, 8, 36, 3))
preprocess_input = preprocessing("caffe")

__all__ = ["ResNet50", "ResNet101", "ResNet152", "decode_predictions", "preprocess_input"]
