"""HDF5 files in Keras's layout: whole models and weights, written whole or not at all.

Root attributes `model_config`, `training_config`, `keras_version`, `backend`; group `model_weights` (in a weights
file: the root) with attribute `layer_names`, a group per layer with attribute `weight_names` and a dataset per weight;
the groups of training_state.py. h5py is imported when first used.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import Any

from nnstack.engine.context import filling
from nnstack.saving import dialect_writers, hdf5_guard, hdf5_weights, keras_zip, training_config, training_state
from nnstack.saving.config import json_default, model_from_entry, read_json
from nnstack.saving.hdf5_attributes import write_attribute
from nnstack.saving.hdf5_files import describe, may_write, reading, writing
from nnstack.saving.hdf5_weights import by_position, holds_layers, origin_of, stored_weights
from nnstack.saving.training_state import write_arrays


# -- writing ----------------------------------------------------------------------------------------------------------
def save_model(model: Any, filepath: Any, overwrite: bool, include_optimizer: bool, dialect: str = "tf_keras") -> None:
    """See `Model.save`."""
    title = f'save (model "{model.name}")'
    if not may_write(filepath, overwrite, title):
        return
    config = json.dumps(dialect_writers.hdf5_config(model, dialect), default=json_default)
    compiled = include_optimizer and model._compile_can_be_saved("save")
    training = json.dumps(dialect_writers.training(model, dialect), default=json_default) if compiled else None
    with writing(filepath, title) as file:
        _write_versions(file, dialect)
        file.attrs["model_config"] = config
        _write_layers(model, file.create_group("model_weights"), dialect)
        if training is not None:
            file.attrs["training_config"] = training
            training_state.write(model, file, dialect_writers.optimizer_arrays(model, dialect))


def save_weights(model: Any, filepath: Any, overwrite: bool, title: str) -> None:
    """See `Model.save_weights`."""
    if may_write(filepath, overwrite, title):
        with writing(filepath, title) as file:
            _write_layers(model, file, "tf_keras")


def _write_versions(group: Any, dialect: str) -> None:
    group.attrs["keras_version"] = dialect_writers.VERSIONS[dialect]
    group.attrs["backend"] = "tensorflow"


def _write_layers(model: Any, group: Any, dialect: str) -> None:
    _write_versions(group, dialect)
    write_attribute(group, "layer_names", [layer.name for layer in model.layers])
    for layer in sorted(model.layers, key=lambda layer: layer.name):
        write_arrays(group.create_group(layer.name), [(v.name, v) for v in stored_weights(layer)])
    own = [(variable.name, variable) for variable in model._held_weights()]
    write_arrays(group.create_group("top_level_model_weights"), own)


# -- reading ----------------------------------------------------------------------------------------------------------
def load_model(filepath: Any, custom_objects: Mapping[str, Any] | None = None, compile: bool = True) -> Any:
    """See `models.load_model`."""
    title = f"load_model: {describe(filepath)}"
    with reading(filepath, "load_model") as file:
        with hdf5_guard.errors_of(title):
            config, training = _read_json(file, "model_config", title), _read_json(file, "training_config", title)
            if config is None or not hdf5_guard.has(file, "model_weights"):
                advice = (
                    "only weights, without the config of an architecture. Build the model and call load_weights"
                    if holds_layers(file) or keras_zip.is_weights_file(file)
                    else "it was not written by Keras"
                )
                raise ValueError(f"{title} holds no model, {advice}")
            group = hdf5_guard.group_at(file, "model_weights")
            origin = origin_of(file if "keras_version" in file.attrs else group)
            stored = hdf5_guard.claimed_bytes(group, hdf5_guard.names(group, "layer_names"))
        with filling(stored):
            model = model_from_entry(config, custom_objects, origin.version)
        pairs = by_position(model, group, f'load (model "{model.name}")')
        hdf5_weights.assign(pairs, whole=False)
        if training is None:
            if compile:
                warnings.warn(
                    f"load_model: {filepath} holds no training configuration; compile the model before training",
                    stacklevel=3,
                )
            return model
        if compile:
            model.compile(**training_config.read(training, model, custom_objects, origin))
            stored_names = {id(pair.variable): pair.stored_name for pair in pairs}
            training_state.read(model, file, origin, stored_names)
    return model


def _read_json(file: Any, name: str, title: str) -> Any:
    """A text attribute read as JSON, None if there is none; `ValueError` if it is broken."""
    text = hdf5_guard.text(file, name)
    return None if text is None else read_json(text, f"{title}: the attribute {name}")


def load_weights(model: Any, filepath: Any, by_name: bool, skip_mismatch: bool) -> None:
    """See `Model.load_weights`."""
    title = f'load_weights (model "{model.name}")'
    if skip_mismatch and not by_name:
        raise ValueError(f"{title}: skip_mismatch needs by_name=True")
    if not model.built and not model.weights and not by_name:
        raise ValueError(f"{title}: the model has no weights yet. Build it, or call it on data, first")
    with reading(filepath, title) as file, hdf5_guard.errors_of(f"{title}: {describe(filepath)}"):
        group = file
        if not holds_layers(file) and hdf5_guard.has(file, "model_weights"):
            group = hdf5_guard.group_at(file, "model_weights")
        if not holds_layers(group):
            raise ValueError(f"{title}: {filepath} holds no weights of Keras")
        if by_name:
            pairs = hdf5_weights.by_name(model, group, skip_mismatch, title)
        else:
            pairs = by_position(model, group, title)
        hdf5_weights.assign(pairs)
