"""Which kind of file a path is, and models out of any kind that holds one."""

from __future__ import annotations

import os
from typing import Any

KINDS = {
    "hdf5": "HDF5 of Keras: .h5, .hdf5",
    "keras": "zip of Keras 3: .keras",
    "saved_model": "folder of a model: as save writes it, or a SavedModel of tf.keras",
    "checkpoint": "TensorFlow checkpoint: PREFIX, PREFIX.index or .ckpt",
    "safetensors": "safetensors weights: .safetensors",
    "json": "architecture as JSON: .json",
    "yaml": "architecture as YAML: .yaml, .yml",
    "onnx": "ONNX: .onnx",
    "nnstack": "exported for the C++ library: .nnstack",
}

_ENDINGS = {
    ".h5": "hdf5",
    ".hdf5": "hdf5",
    ".keras": "keras",
    ".ckpt": "checkpoint",
    ".index": "checkpoint",
    ".safetensors": "safetensors",
    ".json": "json",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".onnx": "onnx",
    ".nnstack": "nnstack",
}
ARCHITECTURES = ("json", "yaml")
_MAX_TEXT = 256 << 20


def kind_by_ending(path: str) -> str | None:
    """What a file of this name would be; None where the ending says nothing."""
    return _ENDINGS.get(os.path.splitext(path)[1].lower())


def kind_of(path: str) -> str:
    """What the file or folder is, by its first bytes, then by its ending.

    `FileNotFoundError` where nothing is there, `ValueError` for what is no kind of model file.
    """
    from nnstack.saving.checkpoint import find_prefix
    from nnstack.saving.saved_model import is_saved_model

    if os.path.isdir(path):
        if is_saved_model(path):
            return "saved_model"
        raise ValueError(f"{path} is a folder without config.json or saved_model.pb, so no model")
    if os.path.isfile(path):
        with open(path, "rb") as file:
            first = file.read(8)
        if first.startswith(b"\x89HDF"):
            return "hdf5"
        if first.startswith(b"PK\x03\x04"):
            return "keras"
        if first.startswith(b"NNSTACK"):
            return "nnstack"
    if find_prefix(path):
        return "checkpoint"
    if not os.path.exists(path):
        raise FileNotFoundError(f"no file at {path}")
    kind = kind_by_ending(path)
    if kind in ("json", "yaml", "onnx", "safetensors"):
        return kind
    raise ValueError(f"{path} is none of the files that are known: {'; '.join(KINDS.values())}")


def read_text(path: str) -> str:
    """The text of a config file; `ValueError` for one that is too large or not UTF-8."""
    if os.path.getsize(path) > _MAX_TEXT:
        raise ValueError(f"{path} is larger than any config")
    with open(path, encoding="utf-8") as file:
        return file.read()


def require_weights(path: str, weights: str | None) -> None:
    """`ValueError` for an architecture alone where no file of weights is given: random ones would be no answer."""
    if weights is None and kind_of(path) in ARCHITECTURES:
        raise ValueError(
            f"{path} is an architecture without weights; give them with --weights, or load it in Python to start with "
            "random ones"
        )


def load(path: str, weights: str | None = None, compiled: bool = False) -> Any:
    """The model in a file that holds an architecture, with the weights of another file where one is named.

    Raises `ValueError` for a file of weights alone.
    """
    from nnstack import models

    kind = kind_of(path)
    if kind in ("checkpoint", "safetensors"):
        raise ValueError(f"{path} holds weights alone. Give the model's file and these with --weights {path}")
    if kind == "nnstack":
        raise ValueError(
            f"{path} is a compiled function for the C++ library, without layers; take the model's own file"
        )
    if kind == "json":
        model = models.model_from_json(read_text(path))
    elif kind == "yaml":
        model = models.model_from_yaml(read_text(path))
    else:
        model = models.load_model(path, compile=compiled)
    if weights is not None:
        model.load_weights(weights)
    return model
