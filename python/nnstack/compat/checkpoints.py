"""`tf.train.Checkpoint`: everything that a training loop of one's own needs to go on, in one file of arrays.

The file is numpy's (.npz), not TensorFlow's: `Model.save_weights(path)` without an ending writes TensorFlow's.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.saving.checkpoint import LoadStatus
from nnstack.utils import nest


def _variables(thing: Any) -> list[Any]:
    """The variables of a variable, model, layer, metric, optimizer or module, in their order."""
    if isinstance(thing, backend.Variable):
        return [thing]
    found = getattr(thing, "weights", None) or getattr(thing, "variables", None)
    return [] if found is None else list(found() if callable(found) and not isinstance(found, list) else found)


class Checkpoint:
    """Named things with variables: `Checkpoint(model=model, optimizer=optimizer, step=tf.Variable(0))`.

    `save(prefix)` writes 'prefix-1', then 'prefix-2', ...; `restore(path)` reads one back, None reads nothing.
    ValueError if the file lacks a variable or has it in another shape; an optimizer's slots are made when the file has
    them.
    """

    def __init__(self, root: Any = None, **things: Any) -> None:
        self._things = {**({} if root is None else {"root": root}), **things}
        self._saved = 0
        self.__dict__.update(things)

    def _named(self) -> Iterator[tuple[str, Any]]:
        for name, thing in self._things.items():
            leaves = nest.flatten(thing)
            for number, leaf in enumerate(leaves):
                for place, variable in enumerate(_variables(leaf)):
                    yield f"{name}/{number}/{place}", variable

    def save(self, file_prefix: Any, options: Any = None) -> str:
        """Writes the next numbered file and returns its path."""
        self._saved += 1
        return self.write(f"{os.fspath(file_prefix)}-{self._saved}")

    def write(self, file_prefix: Any, options: Any = None) -> str:
        """Writes this file and returns its path."""
        path = str(os.fspath(file_prefix))
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path + ".part", "wb") as file:
            np.savez(file, **{name: variable.numpy() for name, variable in self._named()})
        os.replace(path + ".part", path)
        return path

    def restore(self, save_path: Any, options: Any = None) -> LoadStatus:
        """Reads a file back."""
        if save_path is None:
            return LoadStatus()
        with np.load(os.fspath(save_path), allow_pickle=False) as stored:
            self._build_optimizers(set(stored.files))
            for name, variable in self._named():
                if name not in stored:
                    raise ValueError(f"Checkpoint.restore: {save_path} holds no {name} ({variable.name})")
                if stored[name].shape != tuple(variable.shape):
                    raise ValueError(
                        f"Checkpoint.restore: {name} ({variable.name}) has shape {tuple(variable.shape)}, "
                        f"the file {stored[name].shape}"
                    )
                backend.set_value(variable, stored[name])
        number = re.search(r"-(\d+)$", os.fspath(save_path))
        self._saved = int(number.group(1)) if number else self._saved
        return LoadStatus()

    read = restore

    def _build_optimizers(self, names: set[str]) -> None:
        models = [one for thing in self._things.values() for one in nest.flatten(thing) if hasattr(one, "layers")]
        for name, thing in self._things.items():
            missing = hasattr(thing, "apply_gradients") and f"{name}/0/{len(_variables(thing))}" in names
            if missing and models:
                thing.build([v for model in models for v in model.trainable_weights])


class CheckpointManager:
    """Keeps the newest `max_to_keep` files of a folder."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        directory: Any,
        max_to_keep: int | None = 5,
        checkpoint_name: str = "ckpt",
        **_: Any,
    ) -> None:
        self._checkpoint, self._folder, self._keep = checkpoint, os.fspath(directory), max_to_keep
        self._name = checkpoint_name

    @property
    def checkpoints(self) -> list[str]:
        """Paths, the oldest first."""
        return _numbered(os.path.join(self._folder, self._name))

    @property
    def latest_checkpoint(self) -> str | None:
        """The newest path, None if there is none."""
        return self.checkpoints[-1] if self.checkpoints else None

    def save(self, checkpoint_number: Any = None, **_: Any) -> str:
        """Writes the next file, and removes those that are too many."""
        if self.latest_checkpoint is not None:
            self._checkpoint._saved = max(self._checkpoint._saved, int(self.latest_checkpoint.rsplit("-", 1)[1]))
        prefix = os.path.join(self._folder, self._name)
        if checkpoint_number is None:
            path = self._checkpoint.save(prefix)
        else:
            path = self._checkpoint.write(f"{prefix}-{int(checkpoint_number)}")
        for old in self.checkpoints[: -self._keep] if self._keep else []:
            os.remove(old)
        return path

    def restore_or_initialize(self) -> str | None:
        """Reads the newest file if there is one, and returns its path."""
        self._checkpoint.restore(self.latest_checkpoint)
        return self.latest_checkpoint


def _numbered(prefix: str) -> list[str]:
    found = [path for path in glob.glob(glob.escape(prefix) + "-*") if path.rsplit("-", 1)[1].isdigit()]
    return sorted(found, key=lambda path: int(path.rsplit("-", 1)[1]))


def latest_checkpoint(checkpoint_dir: Any, latest_filename: str | None = None) -> str | None:
    """The newest in a folder of what `Checkpoint` numbered and what `save_weights` wrote, None if there is none."""
    folder = os.fspath(checkpoint_dir)
    written = {path: path.removesuffix(".index") for path in glob.glob(os.path.join(folder, "*.index"))}
    numbered = [path for path in glob.glob(os.path.join(folder, "*-*")) if path.rsplit("-", 1)[1].isdigit()]
    written.update({path: path for path in numbered})
    newest = max(written, key=lambda path: (os.path.getmtime(path), path), default=None)
    return None if newest is None else written[newest]
