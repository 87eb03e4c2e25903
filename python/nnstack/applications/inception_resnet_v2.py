"""Inception-ResNet, version 2 (Szegedy et al. 2016): inception blocks added, scaled down, to their input."""

from __future__ import annotations

from typing import Any

from nnstack import layers
from nnstack.applications.blocks import channel_axis
from nnstack.applications.classifier import network, variant
from nnstack.applications.imagenet_utils import decode_predictions, preprocessing
from nnstack.applications.inception import average_branch, branch, convolution, half, joined, stem
from nnstack.engine.layer import Layer

PAPER = "Inception-v4, Inception-ResNet and the impact of residual connections, https://arxiv.org/abs/1602.07261"

# block -> (how often, scale of what is added, branches)
_BLOCKS: dict[str, tuple[int, float, Any]] = {
    "block35": (10, 0.17, ([(32, 1)], [(32, 1), (32, 3)], [(32, 1), (48, 3), (64, 3)])),
    "block17": (20, 0.1, ([(192, 1)], [(128, 1), (160, (1, 7)), (192, (7, 1))])),
    "block8": (10, 0.2, ([(192, 1)], [(192, 1), (224, (1, 3)), (256, (3, 1))])),
}


class CustomScaleLayer(Layer):
    """The first input plus `scale` times the second: a residual that starts small.

    Source: https://arxiv.org/abs/1602.07261, section 3.3
    """

    def __init__(self, scale: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, inputs: Any) -> Any:
        return inputs[0] + inputs[1] * self.scale

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape[0]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": self.scale}


def _residuals(x: Any, kind: str) -> Any:
    count, scale, branches = _BLOCKS[kind]
    for number in range(1, count + 1):
        last = kind == "block8" and number == count  # it is added unscaled, and has no activation
        mixed = joined([branch(x, steps) for steps in branches], f"{kind}_{number}_mixed")
        width = x.shape[channel_axis()]
        residual = layers.Conv2D(width, 1, padding="same", use_bias=True, name=f"{kind}_{number}_conv")(mixed)
        x = CustomScaleLayer(1.0 if last else scale)([x, residual])
        if not last:
            x = layers.Activation("relu", name=f"{kind}_{number}_ac")(x)
    return x


def _features(image: Any) -> Any:
    x = stem(image)
    branches = [
        branch(x, [(96, 1)]),
        branch(x, [(48, 1), (64, 5)]),
        branch(x, [(64, 1), (96, 3), (96, 3)]),
        average_branch(x, 64),
    ]
    x = _residuals(joined(branches, "mixed_5b"), "block35")
    branches = [branch(x, [(384, 3, 2)]), branch(x, [(256, 1), (256, 3), (384, 3, 2)]), half(x)]
    x = _residuals(joined(branches, "mixed_6a"), "block17")
    branches = [
        branch(x, [(256, 1), (384, 3, 2)]),
        branch(x, [(256, 1), (288, 3, 2)]),
        branch(x, [(256, 1), (288, 3), (320, 3, 2)]),
        half(x),
    ]
    x = _residuals(joined(branches, "mixed_7a"), "block8")
    return convolution(x, 1536, 1, name="conv_7b")


InceptionResNetV2 = variant(
    "InceptionResNetV2", network("inception_resnet_v2", _features), "Inception-ResNet version 2", PAPER, 299, 75
)
preprocess_input = preprocessing("tf")

__all__ = ["CustomScaleLayer", "InceptionResNetV2", "decode_predictions", "preprocess_input"]
