"""Models, and how they are loaded and copied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnstack.engine.inputs import Input, InputLayer
from nnstack.engine.model import Model
from nnstack.engine.sequential import Sequential
from nnstack.saving.broken import told_as_broken
from nnstack.saving.clone import clone_model
from nnstack.saving.config import model_from_config, model_from_json, model_from_yaml
from nnstack.utils.allowance import from_a_file


def load_model(
    filepath: Any, custom_objects: Mapping[str, Any] | None = None, compile: bool = True, safe_mode: bool = True
) -> Any:
    """The model in a file of nnstack, Keras 1 to 3 or tf.keras: architecture, weights and, with `compile`, its training
    state.

    `filepath`: an HDF5 or .keras file or the folder of a tf.keras SavedModel, as path, bytes, open `h5py.File` or file
    object; or the path of an .onnx file, see `nnstack.onnx.import_model`. `custom_objects`: name -> class or function,
    the only way to bring code; for a Lambda layer its function, under the layer's name. Nothing in a file is ever
    executed (`safe_mode` changes nothing).
    Raises `OSError` for a file that is not there or no model file, `ValueError` for a broken one, one without a model,
    and for unknown classes and functions, all of them at once.

    >>> load_model("model.h5", custom_objects={"MyLayer": MyLayer})
    """
    from nnstack.saving.sources import load_model as load

    with told_as_broken("load_model"), from_a_file():
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
