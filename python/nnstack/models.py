"""Models, and how they are loaded and copied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnstack.engine.inputs import Input, InputLayer
from nnstack.engine.model import Model
from nnstack.engine.sequential import Sequential
from nnstack.saving.clone import clone_model
from nnstack.saving.config import model_from_config, model_from_json, model_from_yaml


def load_model(
    filepath: Any, custom_objects: Mapping[str, Any] | None = None, compile: bool = True, safe_mode: bool = True
) -> Any:
    """The model in an HDF5 file of nnstack, tf.keras or Keras 2: architecture, weights and, with `compile`, its
    training state.

    `filepath`: path, open `h5py.File` or file object. `custom_objects`: name -> class or function, the only way to
    bring
    code; nothing in a file is ever executed (`safe_mode` changes nothing).
    Raises `OSError` for a file that is not there or no HDF5, `ValueError` for unknown classes or a file without a
    model.
    """
    from nnstack.saving.hdf5 import load_model as load

    return load(filepath, custom_objects, compile)


def save_model(
    model: Any,
    filepath: Any,
    overwrite: bool = True,
    include_optimizer: bool = True,
    save_format: str | None = None,
    **kwargs: Any,
) -> None:
    """`model.save(...)`."""
    model.save(filepath, overwrite=overwrite, include_optimizer=include_optimizer, save_format=save_format, **kwargs)


__all__ = [
    "Input",
    "InputLayer",
    "Model",
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_config",
    "model_from_json",
    "model_from_yaml",
    "save_model",
]
