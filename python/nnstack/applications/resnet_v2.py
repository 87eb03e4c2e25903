"""Residual networks, second version (He et al. 2016): normalisation and activation come before the convolutions."""

from __future__ import annotations

from typing import Any

from nnstack import layers
from nnstack.applications.blocks import batch_norm
from nnstack.applications.classifier import Request, variant
from nnstack.applications.imagenet_utils import decode_predictions, preprocessing
from nnstack.applications.resnet import EPSILON, build_resnet
from nnstack.engine.model import Model

PAPER = "Identity mappings in deep residual networks, https://arxiv.org/abs/1603.05027"


def _bottleneck(x: Any, filters: int, stride: int, projects: bool, name: str) -> Any:
    before = layers.Activation("relu", name=f"{name}_preact_relu")(batch_norm(x, f"{name}_preact_bn", epsilon=EPSILON))
    if projects:
        shortcut = layers.Conv2D(4 * filters, 1, strides=stride, name=f"{name}_0_conv")(before)
    else:
        shortcut = layers.MaxPooling2D(1, strides=stride)(x) if stride > 1 else x
    x = layers.Conv2D(filters, 1, strides=1, use_bias=False, name=f"{name}_1_conv")(before)
    x = layers.Activation("relu", name=f"{name}_1_relu")(batch_norm(x, f"{name}_1_bn", epsilon=EPSILON))
    x = layers.ZeroPadding2D(((1, 1), (1, 1)), name=f"{name}_2_pad")(x)
    x = layers.Conv2D(filters, 3, strides=stride, use_bias=False, name=f"{name}_2_conv")(x)
    x = layers.Activation("relu", name=f"{name}_2_relu")(batch_norm(x, f"{name}_2_bn", epsilon=EPSILON))
    x = layers.Conv2D(4 * filters, 1, name=f"{name}_3_conv")(x)
    return layers.Add(name=f"{name}_out")([shortcut, x])


def _resnet_v2(request: Request, name: str, blocks: tuple[int, ...], size: int, smallest: int) -> Model:
    def stages(x: Any) -> Any:
        for stage, (filters, count) in enumerate(zip((64, 128, 256, 512), blocks, strict=True), 2):
            for block in range(1, count + 1):
                stride = 2 if block == count and stage < 5 else 1  # a stage shrinks the image at its end
                x = _bottleneck(x, filters, stride, block == 1, f"conv{stage}_block{block}")
        return x

    return build_resnet(request, name, stages, size, smallest, before_activation=True)


def _variant(layer_count: int, blocks: tuple[int, ...]) -> Any:
    title = f"ResNet of {layer_count} layers, version 2"
    return variant(
        f"ResNet{layer_count}V2", _resnet_v2, title, PAPER, 224, name=f"resnet{layer_count}v2", blocks=blocks
    )


ResNet50V2 = _variant(50, (3, 4, 6, 3))
ResNet101V2 = _variant(101, (3, 4, 23, 3))
ResNet152V2 = _variant(152, (3, 8, 36, 3))
preprocess_input = preprocessing("tf")

__all__ = ["ResNet50V2", "ResNet101V2", "ResNet152V2", "decode_predictions", "preprocess_input"]
