"""HDF5 files in Keras's layout: whole models and weights, written whole or not at all.

Root attributes `model_config`, `training_config`, `keras_version`, `backend`; group `model_weights` (in a weights
file: the root)
with attribute `layer_names`, a group per layer with attribute `weight_names` and a dataset per weight; group
`optimizer_weights`. h5py is imported when first used.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from nnstack.saving import training_config
from nnstack.saving.config import KERAS_VERSION, json_default, layer_config, model_from_config
from nnstack.saving.hdf5_attributes import read_attribute, write_attribute


def h5py_module() -> Any:
    """h5py, or an `ImportError` with the pip command."""
    try:
        import h5py
    except ImportError:
        raise ImportError("HDF5 files need the package h5py: pip install h5py") from None
    return h5py


def check_format(filepath: Any, save_format: str | None, what: str, suffixes: tuple[str, ...]) -> None:
    """`ValueError` unless the file is to be HDF5."""
    if save_format is not None:
        if str(save_format).lower() not in ("h5", "hdf5", "keras_h5"):
            raise ValueError(f"{what}: expected save_format 'h5', got {save_format!r}")
        return
    if isinstance(filepath, str | os.PathLike) and not os.fspath(filepath).lower().endswith(suffixes):
        raise ValueError(
            f"{what}: expected a path ending in .h5 or .hdf5, got {os.fspath(filepath)!r}. Rename it or pass "
            "save_format='h5'"
        )


@contextlib.contextmanager
def _writing(target: Any, overwrite: bool) -> Iterator[Any]:
    """An `h5py.File` to fill. For a path it is a file beside the target, renamed over it once complete."""
    h5py = h5py_module()
    if isinstance(target, h5py.Group):
        yield target
        return
    if hasattr(target, "write"):
        with h5py.File(target, "w") as file:
            yield file
        return
    path = os.fspath(target)
    if os.path.exists(path) and not overwrite and not _may_overwrite(path):
        raise FileExistsError(f"save: {path} exists; pass overwrite=True to replace it")
    folder = os.path.dirname(os.path.abspath(path))
    handle, temporary = tempfile.mkstemp(prefix=f".{os.path.basename(path)}.", suffix=".part", dir=folder)
    os.close(handle)
    try:
        with h5py.File(temporary, "w") as file:
            yield file
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def _may_overwrite(path: str) -> bool:
    if not (sys.stdin is not None and sys.stdin.isatty()):
        return False
    answer = ""
    while answer not in ("y", "n"):
        answer = input(f"{path} exists. Overwrite it? [y/n] ").strip().lower()
    return answer == "y"


@contextlib.contextmanager
def _reading(source: Any) -> Iterator[Any]:
    h5py = h5py_module()
    if isinstance(source, h5py.Group):
        yield source
        return
    if not hasattr(source, "read") and not os.path.exists(os.fspath(source)):
        raise OSError(f"load: no file at {os.fspath(source)}")
    try:
        file = h5py.File(source, "r")
    except OSError as error:
        raise OSError(f"load: {source} cannot be read as HDF5: {error}") from None
    with file:
        yield file


# -- writing ----------------------------------------------------------------------------------------------------------
def save_model(model: Any, filepath: Any, overwrite: bool, include_optimizer: bool) -> None:
    """See `Model.save`."""
    config = json.dumps(layer_config(model), default=json_default)
    compiled = model.optimizer is not None
    training = (
        json.dumps(training_config.write(model), default=json_default) if compiled and include_optimizer else None
    )
    with _writing(filepath, overwrite) as file:
        _write_versions(file)
        file.attrs["model_config"] = config
        _write_layers(model, file.create_group("model_weights"))
        if training is not None:
            file.attrs["training_config"] = training
            _write_optimizer(model.optimizer, file)


def save_weights(model: Any, filepath: Any, overwrite: bool) -> None:
    """See `Model.save_weights`."""
    if not model.built:
        raise ValueError(
            f'save_weights (model "{model.name}"): the model has no weights yet. Build it, or call it on data, first'
        )
    with _writing(filepath, overwrite) as file:
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
        _write_weights(group.create_group(layer.name), stored_weights(layer))
    _write_weights(group.create_group("top_level_model_weights"), model._held_weights())


def _write_weights(group: Any, variables: list[Any]) -> None:
    write_attribute(group, "weight_names", [variable.name for variable in variables])
    for variable in variables:
        group.create_dataset(variable.name, data=variable.numpy())


def _write_optimizer(optimizer: Any, file: Any) -> None:
    variables = list(optimizer.variables)
    if variables:
        _write_weights(file.create_group("optimizer_weights"), variables)


# -- reading ----------------------------------------------------------------------------------------------------------
def load_model(filepath: Any, custom_objects: Mapping[str, Any] | None = None, compile: bool = True) -> Any:
    """See `models.load_model`."""
    with _reading(filepath) as file:
        config = read_text(file, "model_config")
        if config is None:
            raise ValueError(
                f"load_model: {filepath} holds no model, only weights. Build the model and call load_weights"
            )
        model = model_from_config(json.loads(config), custom_objects)
        read_weights_into(model, file["model_weights"])
        training = read_text(file, "training_config") if compile else None
        if training is None:
            if compile:
                warnings.warn(
                    f"load_model: {filepath} holds no training configuration; compile the model before training",
                    stacklevel=3,
                )
            return model
        model.compile(**training_config.read(json.loads(training), model, custom_objects))
        if "optimizer_weights" in file:
            _read_optimizer(model, file["optimizer_weights"])
    return model


def read_text(group: Any, name: str) -> str | None:
    """A text attribute, None if there is none."""
    value = group.attrs.get(name)
    return value.decode() if isinstance(value, bytes) else None if value is None else str(value)


def _read_optimizer(model: Any, group: Any) -> None:
    values = [np.asarray(group[name]) for name in read_attribute(group, "weight_names")]
    if len(values) == 1:  # an optimizer that had no slots yet when it was saved
        model.optimizer.iterations.assign(values[0])
        return
    try:
        model.optimizer.build(model.trainable_weights)
        model.optimizer.set_weights(values)
    except ValueError as error:
        warnings.warn(
            f"load_model: the optimizer starts anew, its state in the file does not fit: {error}", stacklevel=4
        )


def load_weights(model: Any, filepath: Any, by_name: bool, skip_mismatch: bool) -> None:
    """See `Model.load_weights`."""
    title = f'load_weights (model "{model.name}")'
    if skip_mismatch and not by_name:
        raise ValueError(f"{title}: skip_mismatch needs by_name=True")
    if not model.built and not by_name:
        raise ValueError(f"{title}: the model has no weights yet. Build it, or call it on data, first")
    with _reading(filepath) as file:
        group = (
            file["model_weights"]
            if "layer_names" not in file.attrs and "layer_names0" not in file.attrs and "model_weights" in file
            else file
        )
        if by_name:
            _read_by_name(model, group, skip_mismatch, title)
        else:
            read_weights_into(model, group, title)


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
