"""SidecarEvaluator: evaluates checkpoints while another process trains."""

from __future__ import annotations

import os
import re
import time
from typing import Any

_SUFFIXES = (".index", ".weights.h5", ".h5", ".hdf5", ".keras")
_PAUSE = 1.0  # seconds between two looks at the folder
_PATIENCE = 30.0  # seconds for which a checkpoint may stay unreadable, as while it is written


def latest_checkpoint(folder: Any) -> str | None:
    """The checkpoint written last: `.../name` of a TensorFlow checkpoint (`name.index`), or a file of weights."""
    found: list[tuple[float, str]] = []
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        path = os.path.join(folder, name)
        if name.endswith(_SUFFIXES):
            found.append((os.path.getmtime(path), path.removesuffix(".index")))
    return max(found)[1] if found else None


def checkpoint_number(path: str) -> int | None:
    """The number at the end of a checkpoint's name: 3 of `ckpt-3` and of `ckpt-03.weights.h5`."""
    name = os.path.basename(path)
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    digits = re.search(r"(\d+)$", name)
    return int(digits[1]) if digits else None


class SidecarEvaluator:
    """Evaluates checkpoints that a training process writes into a folder, always the newest; some may be skipped.

    `model` compiled with metrics, of the kind that is trained; `data` as `evaluate` takes it as x; `checkpoint_dir` the
    folder, into which `ModelCheckpoint("folder/ckpt-{epoch}", save_weights_only=True)` writes; `steps` batches of an
    evaluation, default all; `max_evaluations`: stop after the checkpoint of that number (`ckpt-5`), default never;
    `callbacks` for `evaluate`. ValueError for a model that is not compiled; an unreadable checkpoint is tried again for
    half a minute, then its error is raised.

    >>> SidecarEvaluator(model, data, "checkpoints", max_evaluations=10).start()

    Source: https://keras.io/2.16/api/utils/sidecar_evaluator/
    """

    def __init__(
        self,
        model: Any,
        data: Any,
        checkpoint_dir: Any,
        steps: int | None = None,
        max_evaluations: int | None = None,
        callbacks: Any = None,
    ) -> None:
        if getattr(model, "compiled_loss", None) is None:
            raise ValueError(f'SidecarEvaluator: model "{model.name}" is not compiled. Call compile with metrics first')
        self.model = model
        self.data = data
        self.checkpoint_dir = os.fspath(checkpoint_dir)
        self.steps = steps
        self.max_evaluations = max_evaluations
        self.callbacks = list(callbacks or [])
        self.results: list[tuple[str, dict[str, float]]] = []  # (checkpoint, metrics), oldest first

    def start(self) -> None:
        """Looks for checkpoints and evaluates them until the last one, or for ever."""
        seen: Any = None
        waited = 0.0
        while True:
            path = latest_checkpoint(self.checkpoint_dir)
            state = None if path is None else (path, self._written(path))
            if path is None or state == seen:
                time.sleep(_PAUSE)
                continue
            try:
                self.model.load_weights(path)
            except (OSError, ValueError, KeyError):
                if waited >= _PATIENCE:
                    raise
                waited += _PAUSE
                time.sleep(_PAUSE)
                continue
            seen, waited = state, 0.0
            logs = self.model.evaluate(
                self.data, steps=self.steps, callbacks=self.callbacks, verbose=2, return_dict=True
            )
            self.results.append((path, logs))
            number = checkpoint_number(path)
            if self.max_evaluations and number is not None and number >= self.max_evaluations:
                return

    @staticmethod
    def _written(path: str) -> float:
        return os.path.getmtime(path if os.path.exists(path) else f"{path}.index")
