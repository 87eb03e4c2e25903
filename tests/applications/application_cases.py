"""The models that are compared with real Keras: arguments, and what of a model is compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

FAMILIES = str.split(
    "VGG16 VGG19 ResNet50 ResNet101 ResNet152 ResNet50V2 ResNet101V2 ResNet152V2 InceptionV3 InceptionResNetV2 "
    "Xception MobileNet MobileNetV2 MobileNetV3Small MobileNetV3Large DenseNet121 DenseNet169 DenseNet201 "
    "NASNetMobile NASNetLarge EfficientNetB0 EfficientNetB1 EfficientNetB2 EfficientNetB3 EfficientNetB4 "
    "EfficientNetB5 EfficientNetB6 EfficientNetB7"
)
ONE_OF_EACH = str.split(
    "VGG16 ResNet50 ResNet50V2 InceptionV3 InceptionResNetV2 Xception MobileNet MobileNetV2 MobileNetV3Small "
    "MobileNetV3Large DenseNet121 NASNetMobile EfficientNetB0"
)
SMALLEST = {"InceptionV3": 75, "InceptionResNetV2": 75, "Xception": 71}

_FURTHER: list[tuple[str, dict[str, Any]]] = [
    ("MobileNet", {"alpha": 0.5, "depth_multiplier": 2, "dropout": 0.3, "classes": 7, "input_shape": (160, 160, 3)}),
    ("MobileNet", {"alpha": 0.25, "input_shape": (100, 140, 1)}),
    ("MobileNetV2", {"alpha": 0.35, "classes": 7, "input_shape": (96, 96, 3), "classifier_activation": None}),
    ("MobileNetV2", {"alpha": 1.4, "input_shape": (64, 96, 3)}),
    ("MobileNetV3Small", {"alpha": 0.75, "classes": 7, "input_shape": (96, 96, 3), "dropout_rate": 0.0}),
    ("MobileNetV3Large", {"alpha": 1.25, "minimalistic": True, "include_preprocessing": False}),
    ("EfficientNetB0", {"drop_connect_rate": 0.4, "classes": 7, "input_shape": (65, 97, 3)}),
    ("EfficientNetB1", {"drop_connect_rate": 0.0, "depth_divisor": 16, "activation": "relu"}),
    ("VGG16", {"classes": 7, "input_shape": (48, 64, 1), "classifier_activation": None}),
    ("ResNet50", {"classes": 7, "input_shape": (33, 47, 3), "classifier_activation": None}),
    ("NASNetMobile", {"classes": 7, "input_shape": (33, 33, 3)}),
    ("DenseNet121", {"classes": 7, "input_shape": (45, 64, 1)}),
]
for _name in ONE_OF_EACH:
    _small = SMALLEST.get(_name, 32) + 10
    _FURTHER += [
        (_name, {"include_top": False}),
        (_name, {"include_top": False, "pooling": "avg", "input_shape": (_small, _small + 7, 3)}),
        (_name, {"include_top": False, "pooling": "max"}),
    ]

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    **{name: (name, {}) for name in FAMILIES},
    **{f"{name} {json.dumps(arguments, sort_keys=True)}": (name, arguments) for name, arguments in _FURTHER},
}

# What of a layer's config decides what it computes.
_COMPARED = str.split(
    "activation alpha axis center cropping data_format depth_multiplier dilation_rate epsilon filters groups "
    "keepdims kernel_size max_value momentum negative_slope noise_shape offset padding pool_size rate scale "
    "strides target_shape threshold units use_bias kernel_initializer depthwise_initializer pointwise_initializer "
    "bias_initializer"
)
_OPERATIONS = ("TFOpLambda", "SlicingOpLambda", "TensorOperations")  # arithmetic between layers


def lines(model: Any) -> Iterator[str]:
    """One line per layer: name, class, inputs, output shape and settings, as plain text that two libraries share."""
    config = json.loads(model.to_json())["config"]
    renamed: dict[str, str] = {}
    for layer in model.layers:
        if type(layer).__name__ in _OPERATIONS:
            renamed[layer.name] = f"operation_{len(renamed)}"
    for layer, entry in zip(model.layers, config["layers"], strict=True):
        operation = layer.name in renamed
        settings = entry["config"] if not operation else {}
        told = {key: _plain(settings[key]) for key in _COMPARED if key in settings}
        if type(layer).__name__ == "SeparableConv2D":
            told.pop("kernel_initializer", None)  # it has none; Keras's config lists one
        parts = [
            renamed.get(layer.name, layer.name),
            "operation" if operation else type(layer).__name__,
            [renamed.get(name, name) for name in _sources(entry["inbound_nodes"])],
            _plain(layer.output_shape[0] if isinstance(layer.output_shape, list) else layer.output_shape),
            told,
        ]
        yield json.dumps(parts, sort_keys=True)


def digest(model: Any) -> list[Any]:
    """Name, layers, parameters, trainable parameters, and hashes of the layers and of the weights in their order."""
    weights = [[weight.name, list(weight.shape)] for weight in model.weights]
    trainable = sum(int(size) for size in map(_count, model.trainable_weights))
    return [
        model.name,
        len(model.layers),
        model.count_params(),
        trainable,
        _hash("\n".join(lines(model))),
        _hash(json.dumps(weights)),
    ]


def _count(weight: Any) -> int:
    count = 1
    for size in weight.shape:
        count *= int(size)
    return count


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if "class_name" in value:
            given = {key: one for key, one in value.get("config", {}).items() if one is not None and key != "seed"}
            return [value["class_name"], given]
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _sources(nodes: Any) -> Iterator[str]:
    """Names of the layers that a layer's calls take their inputs from."""
    if isinstance(nodes, list):
        if len(nodes) >= 3 and isinstance(nodes[0], str):
            yield nodes[0]
        else:
            for one in nodes:
                yield from _sources(one)
