"""ModelCheckpoint: saves the model, or its weights, while it trains."""

from __future__ import annotations

import os
from typing import Any

from nnstack.callbacks.batch_counter import BatchCounter
from nnstack.callbacks.callback import Callback
from nnstack.callbacks.monitor import Monitor
from nnstack.training.logs import Logs


class ModelCheckpoint(Callback):
    """Saves to `filepath`, which may hold `{epoch:02d}` (from 1) and names from logs: `best-{val_loss:.2f}.h5`.

    `save_best_only` writes only when `monitor` improves (`mode` 'auto', 'min', 'max'; `initial_value_threshold` must be
    beaten first); `save_weights_only`; `save_freq` 'epoch' or a number of batches; `period` epochs between two saves
    (old
    spelling). Source: https://keras.io/2.16/api/callbacks/model_checkpoint/
    """

    def __init__(
        self,
        filepath: Any,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: Any = "epoch",
        options: Any = None,
        initial_value_threshold: float | None = None,
        period: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        kwargs.pop("load_weights_on_restart", None)
        if kwargs:
            raise TypeError(f"ModelCheckpoint: unknown argument {sorted(kwargs)[0]!r}")
        if save_freq != "epoch" and (not isinstance(save_freq, int) or save_freq < 1):
            raise ValueError(f"ModelCheckpoint: expected save_freq 'epoch' or a number of batches, got {save_freq!r}")
        self._monitor = Monitor(monitor, mode, 0.0, "ModelCheckpoint")
        self.filepath = os.fspath(filepath)
        self.monitor = monitor
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        self.period = period
        self.best = self._monitor.worst if initial_value_threshold is None else initial_value_threshold
        self._epoch = 0
        self._epochs_since_save = 0
        self._counter = BatchCounter(save_freq if isinstance(save_freq, int) else 1 << 60)

    _state_names = ("best", "_epochs_since_save")

    def get_state(self) -> dict[str, Any]:
        return {**super().get_state(), "batches": self._counter.get_state()}

    def set_state(self, state: dict[str, Any]) -> None:
        super().set_state(state)
        self._counter.set_state(state["batches"])

    def watches_batches(self, phase: str) -> bool:
        return phase == "train" and self.save_freq != "epoch"

    def batches_until_needed(self, batch: int) -> int:
        return self._counter.until_due(batch)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._epoch = epoch
        self._counter.start_epoch()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._counter.count(batch + 1)
        if self._counter.take_due():
            self._save(self._epoch, dict(logs or {}), batch)

    def on_progress(self, phase: str, done: int, logs: Any) -> None:
        if phase == "train" and self.save_freq != "epoch":
            self._counter.count(done)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._epochs_since_save += 1
        if self.save_freq == "epoch" and self._epochs_since_save >= self.period:
            self._epochs_since_save = 0
            self._save(epoch, logs or {}, None)

    def _save(self, epoch: int, logs: dict[str, Any], batch: int | None) -> None:
        value = None
        if self.save_best_only:
            value = self._monitor.value(logs)
            if value is None:
                return
            if not self._monitor.better(value, self.best):
                self._say(f"Epoch {epoch + 1}: {self.monitor} did not improve from {self.best:.5f}")
                return
        try:
            path = self.filepath.format_map(Logs({**logs, "epoch": epoch + 1, "batch": (batch or 0) + 1}))
        except KeyError as error:
            raise KeyError(
                f"ModelCheckpoint: filepath {self.filepath!r} names {error}, which is not in the logs: "
                f"{', '.join(logs)}"
            ) from None
        folder = os.path.dirname(path)
        if folder:
            os.makedirs(folder, exist_ok=True)
        if value is not None:
            self._say(
                f"Epoch {epoch + 1}: {self.monitor} improved from {self.best:.5f} to {value:.5f}, saving model to "
                f"{path}"
            )
            self.best = value
        else:
            self._say(f"Epoch {epoch + 1}: saving model to {path}")
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)

    def _say(self, text: str) -> None:
        if self.verbose > 0:
            print(f"\n{text}")
