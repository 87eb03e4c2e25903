"""nnstack: the Keras 2 API on a native graph compiler.

Names are imported when first used, so that `import nnstack` costs little:

>>> import nnstack
>>> model = nnstack.Sequential([nnstack.layers.Dense(1, input_shape=(3,))])
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnstack import (
        activations,
        backend,
        callbacks,
        constraints,
        initializers,
        layers,
        losses,
        metrics,
        mixed_precision,
        models,
        optimizers,
        regularizers,
        saving,
        utils,
    )
    from nnstack.compat import install_as_keras, uninstall_as_keras
    from nnstack.devices import device, get_device, get_num_threads, list_devices, set_device, set_num_threads
    from nnstack.engine.inputs import Input
    from nnstack.engine.model import Model
    from nnstack.engine.sequential import Sequential
    from nnstack.training.tape import GradientTape

__version__ = "0.1.0"

_MODULES = frozenset(
    [
        "activations",
        "applications",
        "backend",
        "callbacks",
        "constraints",
        "datasets",
        "experimental",
        "initializers",
        "layers",
        "losses",
        "metrics",
        "mixed_precision",
        "models",
        "onnx",
        "optimizers",
        "preprocessing",
        "regularizers",
        "saving",
        "utils",
        "wrappers",
    ]
)
_NAMES = {
    "GradientTape": "nnstack.training.tape",
    "Input": "nnstack.engine.inputs",
    "Model": "nnstack.engine.model",
    "Sequential": "nnstack.engine.sequential",
    "device": "nnstack.devices",
    "get_device": "nnstack.devices",
    "get_num_threads": "nnstack.devices",
    "install_as_keras": "nnstack.compat",
    "list_devices": "nnstack.devices",
    "set_device": "nnstack.devices",
    "set_num_threads": "nnstack.devices",
    "uninstall_as_keras": "nnstack.compat",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"nnstack.{name}")
    if name in _NAMES:
        value = getattr(importlib.import_module(_NAMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'nnstack' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES, *_NAMES})


__all__ = [
    "GradientTape",
    "Input",
    "Model",
    "Sequential",
    "activations",
    "backend",
    "callbacks",
    "constraints",
    "device",
    "get_device",
    "get_num_threads",
    "initializers",
    "install_as_keras",
    "layers",
    "list_devices",
    "losses",
    "metrics",
    "mixed_precision",
    "models",
    "optimizers",
    "regularizers",
    "saving",
    "set_device",
    "set_num_threads",
    "uninstall_as_keras",
    "utils",
]
