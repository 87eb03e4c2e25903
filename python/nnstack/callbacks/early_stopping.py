"""EarlyStopping: ends training when a quantity no longer improves."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack.callbacks.callback import Callback
from nnstack.callbacks.monitor import Monitor


class EarlyStopping(Callback):
    """Stops after `patience` epochs without an improvement of `monitor` by more than `min_delta`.

    `mode` 'auto', 'min' or 'max'; `baseline` a value that must be beaten; `restore_best_weights` puts back the
    weights of the best epoch at the end of training, stopped early or not; epochs before `start_from_epoch` are not
    counted. `verbose=1` prints the stop.
    Source: https://keras.io/2.16/api/callbacks/early_stopping/
    """

    _state_names = ("wait", "stopped_epoch", "best", "best_epoch", "best_weights", "last_weights")

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__()
        self._monitor = Monitor(monitor, mode, min_delta, "EarlyStopping")
        self.monitor = monitor
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._restart()

    def _restart(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best = self._monitor.worst
        self.best_epoch = 0
        self.best_weights: list[np.ndarray] | None = None
        self.last_weights: list[np.ndarray] | None = None  # that the best ones were put in the place of

    def set_state(self, state: dict[str, Any]) -> None:
        super().set_state(state)
        if self.last_weights is not None:  # the run came to its end; training that goes on begins where it was
            self.model.set_weights(self.last_weights)
            self.last_weights = None

    def on_train_begin(self, logs: Any = None) -> None:
        self._restart()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        value = self.get_monitor_value(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights = self.model.get_weights()
            self.best_epoch = epoch
        self.wait += 1
        if self._monitor.better(value, self.best):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self._monitor.better(value, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Any = None) -> None:
        if self.stopped_epoch > 0 and self.verbose > 0:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose > 0:
                print(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.last_weights = self.model.get_weights()
            self.model.set_weights(self.best_weights)

    def get_monitor_value(self, logs: Any) -> float | None:
        """The watched number of an epoch, None (with a warning) if the logs lack it."""
        return self._monitor.value(logs)
