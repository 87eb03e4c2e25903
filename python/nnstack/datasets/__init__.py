"""Small data sets, read from files that lie on this machine: nothing is downloaded.

Each loader looks for its file in `~/.keras/datasets` (or `$KERAS_HOME/datasets`), where Keras puts it, or takes the
path of one.
"""

from __future__ import annotations

import importlib
from typing import Any

_MODULES = frozenset(["boston_housing", "cifar10", "cifar100", "fashion_mnist", "imdb", "mnist", "reuters"])


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"nnstack.datasets.{name}")
    raise AttributeError(f"module 'nnstack.datasets' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
