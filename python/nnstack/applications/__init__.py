"""Published image classifiers: `weights=None`, a path, or 'imagenet' for the file in `~/.keras/models`.

>>> from nnstack.applications import ResNet50
>>> model = ResNet50(weights=None, classes=10)
"""

from __future__ import annotations

import importlib
from typing import Any

_NAMES = {
    "densenet": "DenseNet121 DenseNet169 DenseNet201",
    "efficientnet": " ".join(f"EfficientNetB{number}" for number in range(8)),
    "imagenet_utils": "",
    "inception_resnet_v2": "InceptionResNetV2",
    "inception_v3": "InceptionV3",
    "mobilenet": "MobileNet",
    "mobilenet_v2": "MobileNetV2",
    "mobilenet_v3": "MobileNetV3Large MobileNetV3Small",
    "nasnet": "NASNetLarge NASNetMobile",
    "resnet": "ResNet101 ResNet152 ResNet50",
    "resnet50": "",
    "resnet_v2": "ResNet101V2 ResNet152V2 ResNet50V2",
    "vgg16": "VGG16",
    "vgg19": "VGG19",
    "xception": "Xception",
}
_MODULE_OF = {name: module for module, names in _NAMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return importlib.import_module(f"nnstack.applications.{name}")
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'nnstack.applications' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"nnstack.applications.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF, *_NAMES})


__all__ = sorted([*_MODULE_OF, *_NAMES])  # pyright: ignore[reportUnsupportedDunderAll]
