"""Models in files: HDF5 in Keras's layout, JSON and YAML configs, and the exported file for C++. Files are data,
never code.
"""

from __future__ import annotations

import importlib
from typing import Any

# tf.keras offers these under `keras.saving` too.
_ELSEWHERE = {
    **dict.fromkeys(
        [
            "custom_object_scope",
            "CustomObjectScope",
            "get_custom_objects",
            "get_registered_name",
            "get_registered_object",
            "register_keras_serializable",
        ],
        "nnstack.utils",
    ),
    **dict.fromkeys(["deserialize_keras_object", "serialize_keras_object"], "nnstack.saving.objects"),
    **dict.fromkeys(["load_model", "save_model"], "nnstack.models"),
}


def __getattr__(name: str) -> Any:
    if name not in _ELSEWHERE:
        raise AttributeError(f"module 'nnstack.saving' has no attribute {name!r}")
    return getattr(importlib.import_module(_ELSEWHERE[name]), name)
