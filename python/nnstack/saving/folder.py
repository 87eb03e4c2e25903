"""Whole models as folders, which `save` writes for paths without an ending and for `save_format='tf'`.

`config.json` holds architecture and compile arguments, `variables/variables` is a TensorFlow checkpoint of the weights
and the optimizer's state, which tf.keras reads with `load_weights`, and `training.h5` what else training needs to go on
(see training_state.py). `saved_model.py` reads it, as it reads the SavedModels of tf.keras, which have the same
checkpoint. There is no `saved_model.pb` in it: TensorFlow's graph is not written (docs/decisions/0009).
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from typing import Any

from nnstack.saving import checkpoint, dialect_writers, training_state
from nnstack.saving.config import json_default
from nnstack.saving.hdf5_files import forget, h5py_module, may_write_folder, sync_folder, usual_mode

CONFIG, TRAINING, VARIABLES = "config.json", "training.h5", "variables"
# What a folder may hold that is replaced: ours, or a SavedModel. One with anything else in it is somebody's folder.
_PARTS = {CONFIG, TRAINING, VARIABLES, "saved_model.pb", "keras_metadata.pb", "fingerprint.pb", "assets"}


def save_model(model: Any, filepath: Any, overwrite: bool, include_optimizer: bool, dialect: str) -> None:
    """See `Model.save`."""
    title = f'save (model "{model.name}")'
    if dialect != "tf_keras":
        raise ValueError(f"{title}: dialect={dialect!r} is for files; save to a path ending in .keras or .h5")
    if not may_write_folder(filepath, overwrite, title, _PARTS):
        return
    compiled = include_optimizer and model._compile_can_be_saved("save")
    config = {
        "model_config": dialect_writers.model_config(model, dialect),
        "training_config": dialect_writers.training(model, dialect) if compiled else None,
        "keras_version": dialect_writers.VERSIONS[dialect],
        "backend": "tensorflow",
    }
    text = json.dumps(config, default=json_default)
    with _replaced(os.path.abspath(os.fsdecode(filepath))) as folder:
        with open(os.path.join(folder, CONFIG), "w", encoding="utf-8") as file:
            file.write(text)
        os.mkdir(os.path.join(folder, VARIABLES))
        checkpoint.save_weights(model, os.path.join(folder, VARIABLES, "variables"), True, title, compiled)
        if compiled:
            with h5py_module().File(os.path.join(folder, TRAINING), "w") as file:
                training_state.write_states(model, file)


def read_states(model: Any, folder: str) -> None:
    """What `training.h5` knows, if it is there."""
    path = os.path.join(folder, TRAINING)
    if os.path.isfile(path):
        with h5py_module().File(path, "r") as file:
            training_state.read_states(model, file)


@contextlib.contextmanager
def _replaced(path: str) -> Iterator[str]:
    """A folder to fill, beside `path`, which takes its place in one step once all in it is on the disk."""
    parent = os.path.dirname(path)
    for inner, _, names in os.walk(path):
        for name in names:
            forget(os.path.join(inner, name))
    folder = tempfile.mkdtemp(prefix=f".{os.path.basename(path)[:200]}.", suffix=".part", dir=parent)
    try:
        yield folder
        mode = usual_mode(0o777)
        for inner, _, names in os.walk(folder, topdown=False):
            for name in names:
                with open(os.path.join(inner, name), "rb") as file:
                    os.fsync(file.fileno())
            os.chmod(inner, mode)
            sync_folder(inner)
        if os.path.isdir(path):
            _exchange(folder, path)
        else:
            os.rename(folder, path)
        sync_folder(parent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _exchange(one: str, other: str) -> None:
    """Swaps two folders: in one step on Linux, in three elsewhere and on file systems that cannot."""
    here, both = -100, 2  # AT_FDCWD, RENAME_EXCHANGE of Linux's renameat2
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    if rename is None or rename(here, os.fsencode(one), here, os.fsencode(other), both) != 0:
        aside = f"{one}.old"
        os.rename(other, aside)
        os.rename(one, other)
        os.rename(aside, one)
