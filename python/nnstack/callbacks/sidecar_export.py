"""SidecarEvaluatorModelExport: keeps the best of the checkpoints that a SidecarEvaluator evaluates."""

from __future__ import annotations

import os
from typing import Any

from nnstack.callbacks.model_checkpoint import ModelCheckpoint


class SidecarEvaluatorModelExport(ModelCheckpoint):
    """Saves the evaluated model to `export_filepath` whenever `monitor` is better than before.

    `export_filepath` may hold `{epoch:04d}`, the number of the checkpoint; `checkpoint_filepath` where the training
    process writes checkpoints, `folder/ckpt-{epoch:04d}`. The rest as in `ModelCheckpoint`, of which `save_best_only`
    is True and `save_freq` without meaning.

    >>> export = SidecarEvaluatorModelExport("best-{epoch}.h5", "checkpoints/ckpt-{epoch}", monitor="loss", mode="min")

    Source: https://keras.io/2.16/api/utils/sidecar_evaluator/
    """

    def __init__(self, export_filepath: Any, checkpoint_filepath: Any, **kwargs: Any) -> None:
        kwargs.pop("save_freq", None)
        super().__init__(filepath=export_filepath, save_best_only=True, **kwargs)
        self._checkpoints = os.path.dirname(os.fspath(checkpoint_filepath)) or "."
        self._number = 1

    def on_test_begin(self, logs: Any = None) -> None:
        from nnstack.utils.sidecar_evaluator import checkpoint_number, latest_checkpoint

        path = latest_checkpoint(self._checkpoints)
        self._number = (checkpoint_number(path) if path else None) or 1

    def on_test_end(self, logs: Any = None) -> None:
        self._save(self._number - 1, dict(logs or {}), None)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Nothing: only evaluations count."""
