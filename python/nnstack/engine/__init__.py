"""Layers, the graphs they form, and models: structure only; what is computed are core Values."""

from __future__ import annotations

import importlib
from typing import Any

from nnstack.layers import __getattr__ as _layer  # Layer, Input and InputSpec were here in Keras 2.0

# What else was here.
_ELSEWHERE = {
    "Model": "nnstack.engine.model",
    "Node": "nnstack.engine.nodes",
    "Sequential": "nnstack.engine.sequential",
    "get_source_inputs": "nnstack.utils.source_inputs",
}


def __getattr__(name: str) -> Any:
    return getattr(importlib.import_module(_ELSEWHERE[name]), name) if name in _ELSEWHERE else _layer(name)
