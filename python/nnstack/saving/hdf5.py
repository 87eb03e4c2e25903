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

import numpy as np

from nnstack.saving import training_config, training_state
from nnstack.saving.config import KERAS_VERSION, json_default, layer_config, model_from_config
from nnstack.saving.hdf5_attributes import read_attribute, write_attribute
from nnstack.saving.hdf5_files import may_write, reading, writing
from nnstack.saving.training_state import write_weights


# -- writing ----------------------------------------------------------------------------------------------------------
def save_model(model: Any, filepath: Any, overwrite: bool, include_optimizer: bool) -> None:
    """See `Model.save`."""
    if not may_write(filepath, overwrite, f'save (model "{model.name}")'):
        return
    config = json.dumps(layer_config(model), default=json_default)
    compiled = model.optimizer is not None
    training = (
        json.dumps(training_config.write(model), default=json_default) if compiled and include_optimizer else None
    )
    with writing(filepath) as file:
        _write_versions(file)
        file.attrs["model_config"] = config
        _write_layers(model, file.create_group("model_weights"))
        if training is not None:
            file.attrs["training_config"] = training
            training_state.write(model, file)


def save_weights(model: Any, filepath: Any, overwrite: bool) -> None:
    """See `Model.save_weights`."""
    title = f'save_weights (model "{model.name}")'
    if not model.built:
        raise ValueError(f"{title}: the model has no weights yet. Build it, or call it on data, first")
    if may_write(filepath, overwrite, title):
        with writing(filepath) as file:
            _write_layers(model, file)


def _write_versions(group: Any) -> None:
    group.attrs["keras_version"] = KERAS_VERSION
    group.attrs["backend"] = "tensorflow"


def stored_weights(layer: Any) -> list[Any]:
    """A layer's weights in a file's order: trainable ones first."""
    return list(dict.fromkeys([*layer.trainable_weights, *layer.non_trainable_weights]))


def _write_layers(model: Any, group: Any) -> None:
    _write_versions(group)
    write_attribute(group, "layer_names", [layer.name for layer in model.layers])
    for layer in sorted(model.layers, key=lambda layer: layer.name):
        write_weights(group.create_group(layer.name), stored_weights(layer))
    write_weights(group.create_group("top_level_model_weights"), model._held_weights())


# -- reading ----------------------------------------------------------------------------------------------------------
def load_model(filepath: Any, custom_objects: Mapping[str, Any] | None = None, compile: bool = True) -> Any:
    """See `models.load_model`."""
    with reading(filepath, "load_model") as file:
        config = _read_json(file, "model_config", filepath)
        if config is None or "model_weights" not in file:
            only = _holds_layers(file)
            advice = "only weights. Build the model and call load_weights" if only else "it was not written by Keras"
            raise ValueError(f"load_model: {filepath} holds no model, {advice}")
        model = model_from_config(config, custom_objects)
        read_weights_into(model, file["model_weights"])
        training = _read_json(file, "training_config", filepath) if compile else None
        if training is None:
            if compile:
                warnings.warn(
                    f"load_model: {filepath} holds no training configuration; compile the model before training",
                    stacklevel=3,
                )
            return model
        model.compile(**training_config.read(training, model, custom_objects))
        training_state.read(model, file)
    return model


def _read_json(file: Any, name: str, filepath: Any) -> Any:
    """A text attribute read as JSON, None if there is none; `ValueError` if it is broken."""
    text = read_text(file, name)
    try:
        return None if text is None else json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"load_model: {filepath}: the attribute {name} is broken JSON: {error}") from None


def read_text(group: Any, name: str) -> str | None:
    """A text attribute, None if there is none."""
    value = group.attrs.get(name)
    return value.decode() if isinstance(value, bytes) else None if value is None else str(value)


def load_weights(model: Any, filepath: Any, by_name: bool, skip_mismatch: bool) -> None:
    """See `Model.load_weights`."""
    title = f'load_weights (model "{model.name}")'
    if skip_mismatch and not by_name:
        raise ValueError(f"{title}: skip_mismatch needs by_name=True")
    if not model.built and not by_name:
        raise ValueError(f"{title}: the model has no weights yet. Build it, or call it on data, first")
    with reading(filepath, title) as file:
        group = file["model_weights"] if not _holds_layers(file) and "model_weights" in file else file
        if not _holds_layers(group):
            raise ValueError(f"{title}: {filepath} holds no weights of Keras")
        if by_name:
            _read_by_name(model, group, skip_mismatch, title)
        else:
            read_weights_into(model, group, title)


def _holds_layers(group: Any) -> bool:
    return "layer_names" in group.attrs or "layer_names0" in group.attrs


def _layer_arrays(group: Any, name: str) -> list[np.ndarray]:
    return [np.asarray(group[name][weight]) for weight in read_attribute(group[name], "weight_names")]


def read_weights_into(model: Any, group: Any, title: str | None = None) -> None:
    """Weights by position: the n-th layer with weights takes the n-th group with weights. All checked before any is
    written.
    """
    title = title or f'load (model "{model.name}")'
    names = [name for name in read_attribute(group, "layer_names") if len(read_attribute(group[name], "weight_names"))]
    layers = [layer for layer in model.layers if stored_weights(layer)]
    if len(names) != len(layers):
        raise ValueError(
            f"{title}: the model has {len(layers)} layers with weights "
            f"({_short_list(layer.name for layer in layers)}), "
            f"the file {len(names)} ({_short_list(names)}). Use by_name=True for layers of the same name"
        )
    pairs: list[tuple[Any, np.ndarray]] = []
    for layer, name in zip(layers, names, strict=True):
        pairs += _fitting(layer, _layer_arrays(group, name), name, title)
    own = model._held_weights()
    if own and "top_level_model_weights" in group:
        pairs += list(zip(own, _layer_arrays(group, "top_level_model_weights"), strict=True))
    for variable, array in pairs:
        variable.assign(array)


def _read_by_name(model: Any, group: Any, skip_mismatch: bool, title: str) -> None:
    stored = set(read_attribute(group, "layer_names"))
    pairs: list[tuple[Any, np.ndarray]] = []
    for layer in model.layers:
        if layer.name not in stored or not stored_weights(layer):
            continue
        try:
            pairs += _fitting(layer, _layer_arrays(group, layer.name), layer.name, title)
        except ValueError as error:
            if not skip_mismatch:
                raise
            warnings.warn(f"{title}: layer skipped. {error}", stacklevel=4)
    for variable, array in pairs:
        variable.assign(array)


def _fitting(layer: Any, arrays: list[np.ndarray], stored_name: str, title: str) -> list[tuple[Any, np.ndarray]]:
    variables = stored_weights(layer)
    if len(arrays) != len(variables):
        raise ValueError(
            f'{title}: layer "{layer.name}" has {len(variables)} weights, the file\'s "{stored_name}" has {len(arrays)}'
        )
    for variable, array in zip(variables, arrays, strict=True):
        if tuple(variable.shape) != array.shape:
            raise ValueError(
                f'{title}: layer "{layer.name}", weight {variable.name}: expected shape {tuple(variable.shape)}, '
                f'the file\'s "{stored_name}" has {array.shape}'
            )
    return list(zip(variables, arrays, strict=True))


def _short_list(names: Any) -> str:
    names = list(names)
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "") if names else "none"
