"""The package onnx, imported when something needs it."""

from __future__ import annotations

from typing import Any


def onnx_module() -> Any:
    """`import onnx`; `ImportError` says how to install it."""
    try:
        import onnx
    except ImportError:
        raise ImportError("ONNX files need the package onnx: pip install 'nnstack[onnx]'") from None
    return onnx
