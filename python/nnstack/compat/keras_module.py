"""What `import keras` gives: nnstack's names, and the version of the API that it is."""

from __future__ import annotations

import difflib
import importlib
from typing import Any

from nnstack.compat.keras_paths import PATHS

__name__ = "keras"  # so that `from keras import ops` asks for keras.ops, and is answered
__version__ = "2.15.0"
__keras_api_version__ = "2.15.0"
_NAMES = [
    "Input",
    "Model",
    "Sequential",
    "activations",
    "applications",
    "backend",
    "callbacks",
    "constraints",
    "datasets",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "preprocessing",
    "regularizers",
    "utils",
    "wrappers",
]


def __getattr__(name: str) -> Any:
    import nnstack

    if name.startswith("__") and name.endswith("__"):
        raise AttributeError(f"module 'keras' has no attribute {name!r}")
    if hasattr(nnstack, name):
        return getattr(nnstack, name)
    if name in {path.partition(".")[0] for path in PATHS} | {"engine", "saving"}:
        return importlib.import_module(f"keras.{name}")
    near = difflib.get_close_matches(name, [*_NAMES, *dir(nnstack)], 3)
    hint = f"; near to it: {', '.join(dict.fromkeys(near))}" if near else ""
    raise AttributeError(f"module 'keras' (nnstack, the API of Keras 2) has no attribute {name!r}{hint}")


def __dir__() -> list[str]:
    return sorted({*_NAMES, "__version__"})
