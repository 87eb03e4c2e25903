"""`keras.legacy.interfaces`: decorators that changed Keras 1 arguments into those of Keras 2; here they change nothing,
because layers take both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def _unchanged(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


def __getattr__(name: str) -> Any:
    if name == "interfaces":
        import sys

        return sys.modules[__name__]
    if name == "layers":
        from nnstack import layers

        return layers
    if name.startswith("legacy_") or name in ("generate_legacy_interface", "raise_duplicate_arg_error"):
        return _unchanged
    raise AttributeError(f"module 'keras.legacy' has no attribute {name!r}")
