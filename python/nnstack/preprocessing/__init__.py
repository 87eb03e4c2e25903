"""Preparing data: sequences of numbers, texts, images."""

from __future__ import annotations

import importlib
from typing import Any

_MODULES = frozenset(["image", "sequence", "text"])
_DATASETS = {
    "audio_dataset_from_directory": "nnstack.preprocessing.audio",
    "image_dataset_from_directory": "nnstack.preprocessing.directories",
    "text_dataset_from_directory": "nnstack.preprocessing.directories",
    "timeseries_dataset_from_array": "nnstack.preprocessing.timeseries",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"nnstack.preprocessing.{name}")
    if name in _DATASETS:
        return getattr(importlib.import_module(_DATASETS[name]), name)
    raise AttributeError(f"module 'nnstack.preprocessing' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES, *_DATASETS})
