"""Reading whole models from folders, our own and tf.keras's SavedModels: metadata give architecture and compile
arguments, a checkpoint the weights.

TensorFlow's graphs are not read. The metadata are JSON texts: in our folders `config.json` (see folder.py), in
SavedModels `keras_metadata.pb` (SavedMetadata) since TensorFlow 2.5, before that among the objects of `saved_model.pb`.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Mapping
from typing import Any

from nnstack.saving import checkpoint, hdf5_guard, protobuf, training_config
from nnstack.saving import folder as folder_format
from nnstack.saving.config import layer_from_config, read_json
from nnstack.saving.dialects import version_of
from nnstack.saving.weight_layouts import Origin

_MAX_FILE = 1 << 30


def is_saved_model(path: Any) -> bool:
    """Whether a folder holds a whole model, ours or TensorFlow's."""
    return any(
        os.path.isfile(os.path.join(os.fsdecode(path), name)) for name in (folder_format.CONFIG, "saved_model.pb")
    )


def load_model(folder: str, custom_objects: Mapping[str, Any] | None, compile: bool) -> Any:
    """See `models.load_model`."""
    title = f"load_model: {folder}"
    metadata = _metadata(folder, title)
    config = metadata.get("model_config")
    if not isinstance(config, Mapping):
        config = {"class_name": metadata.get("class_name"), "config": metadata.get("config")}
    if not isinstance(config.get("config"), Mapping) or not config["config"].get("layers"):
        raise ValueError(
            f"{title} holds the functions of a subclassed model, but no config of an architecture. Build the model "
            f"from its class and call load_weights({os.path.join(folder, 'variables', 'variables')!r})"
        )
    origin = Origin(version_of(metadata.get("keras_version") or "2.5"), "tensorflow")
    model = layer_from_config(config, custom_objects, origin.version)
    prefix = checkpoint.find_prefix(folder)
    if prefix is None:
        raise FileNotFoundError(f"{title} has no variables/variables.index")
    checkpoint.load_weights(model, prefix, title)  # the optimizer's state then waits for compile
    training = metadata.get("training_config")
    if compile and training:
        model.compile(**training_config.read(training, model, custom_objects, origin))
    elif compile:
        warnings.warn(f"{title} holds no training configuration; compile the model before training", stacklevel=4)
    model._awaited_optimizer = None
    if compile and training:
        with hdf5_guard.errors_of(title):
            folder_format.read_states(model, folder)
    return model


def _metadata(folder: str, title: str) -> Mapping[str, Any]:
    """The JSON about the model itself, the root of the objects."""
    ours, theirs = os.path.join(folder, folder_format.CONFIG), os.path.join(folder, "keras_metadata.pb")
    try:
        if os.path.isfile(ours):
            text = _read(ours).decode()
        else:
            text = (
                _from_keras_metadata(_read(theirs))
                if os.path.isfile(theirs)
                else _from_graph(_read_saved_model(folder))
            )
    except ValueError as error:
        raise ValueError(f"{title} is broken: {error}") from None
    if not text:
        raise ValueError(f"{title} was not written by tf.keras: it has no config of an architecture")
    found = read_json(text, title)
    if not isinstance(found, Mapping):
        raise ValueError(f"{title}: its metadata are no dict but {json.dumps(found)[:60]}")
    return found


def _read_saved_model(folder: str) -> bytes:
    return _read(os.path.join(folder, "saved_model.pb"))


def _read(path: str) -> bytes:
    if os.path.getsize(path) > _MAX_FILE:
        raise ValueError(f"{path} is larger than any model's description")
    with open(path, "rb") as file:
        return file.read()


def _from_keras_metadata(data: bytes) -> str:
    for node in protobuf.content(protobuf.grouped(data), 1):
        message = protobuf.grouped(node)
        if protobuf.text(message, 3) == "root":
            return protobuf.text(message, 5)
    return ""


def _from_graph(data: bytes) -> str:
    """SavedModel.meta_graphs[0].object_graph_def.nodes[0].user_object.metadata"""
    message = data
    for field in (2, 7, 1, 4):
        found = protobuf.content(protobuf.grouped(message), field)
        if not found:
            return ""
        message = found[0]
    return protobuf.text(protobuf.grouped(message), 3)
