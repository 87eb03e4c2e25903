"""Names that programs took from Keras's backend file though they were TensorFlow's or private: `K.tf`, `K._EPSILON`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

from nnstack import backend

# TensorFlow's modules that the file had imported.
_MODULES = ("control_flow_ops", "math_ops", "array_ops", "nn", "clip_ops", "init_ops", "random_ops", "state_ops")
_SETTINGS: dict[str, Callable[[], Any]] = {
    "_BACKEND": backend.backend,
    "_EPSILON": backend.epsilon,
    "_FLOATX": backend.floatx,
    "_IMAGE_DATA_FORMAT": backend.image_data_format,
    "_IMAGE_DIM_ORDERING": backend.image_dim_ordering,
    "_SESSION": backend.get_session,
}


def find(name: str) -> Any:
    """What the name stands for, None if it is none of these. TensorFlow's are there while nnstack stands for it."""
    if name in _SETTINGS:
        return _SETTINGS[name]()
    if name in ("np", "py_all", "py_any", "py_sum"):
        import builtins

        import numpy

        return numpy if name == "np" else getattr(builtins, name[3:])
    from nnstack.compat import importing, tensors

    if not importing.is_installed():
        return None
    if name == "tf":  # no backend of Keras on TensorFlow 2 has it
        tensors.as_tensorflow_1()
        return importlib.import_module("tensorflow")
    if name in _MODULES:
        return importlib.import_module(f"tensorflow.python.ops.{name}")
    return sys.modules["nnstack.backend"] if name in ("common", "tensorflow_backend") else None
