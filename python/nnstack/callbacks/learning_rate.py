"""Callbacks that change the learning rate: by a schedule, or when progress stalls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnstack import backend
from nnstack.callbacks.callback import Callback
from nnstack.callbacks.monitor import Monitor


class LearningRateScheduler(Callback):
    """Before each epoch the learning rate becomes `schedule(epoch, rate)` (or `schedule(epoch)`); logs get `lr`."""

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        rate = float(backend.get_value(self.model.optimizer.learning_rate))
        try:
            new = self.schedule(epoch, rate)
        except TypeError:  # the old form with one argument
            new = self.schedule(epoch)
        if not hasattr(new, "__float__"):
            raise ValueError(f"LearningRateScheduler: expected a number from schedule, got {new!r}")
        backend.set_value(self.model.optimizer.learning_rate, float(new))
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {float(new)}.")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if logs is not None:
            logs["lr"] = float(backend.get_value(self.model.optimizer.learning_rate))


class ReduceLROnPlateau(Callback):
    """Multiplies the learning rate by `factor` after `patience` epochs without improvement of `monitor`.

    `min_delta` what counts as improvement; `cooldown` epochs to wait after a change; `min_lr` lower bound; `mode`
    'auto', 'min',
    'max'. Raises `ValueError` for a factor of 1 or more.
    """

    _state_names = ("best", "wait", "cooldown_counter")

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0,
        epsilon: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        if kwargs:
            raise TypeError(f"ReduceLROnPlateau: unknown argument {sorted(kwargs)[0]!r}")
        if factor >= 1.0:
            raise ValueError(f"ReduceLROnPlateau: expected a factor below 1, got {factor}")
        self._monitor = Monitor(monitor, mode, min_delta if epsilon is None else epsilon, "ReduceLROnPlateau")
        self.monitor = monitor
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self._restart()

    def _restart(self) -> None:
        self.best = self._monitor.worst
        self.wait = 0
        self.cooldown_counter = 0

    def on_train_begin(self, logs: Any = None) -> None:
        self._restart()

    def in_cooldown(self) -> bool:
        """True while epochs after a change are not counted."""
        return self.cooldown_counter > 0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        rate: Any = backend.get_value(self.model.optimizer.learning_rate)[
            ()
        ]  # multiplied in its own type, as Keras does
        if logs is not None:
            logs["lr"] = float(rate)
        value = self._monitor.value(logs)
        if value is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self._monitor.better(value, self.best):
            self.best = value
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience and rate > self.min_lr:
                new = float(max(rate * self.factor, self.min_lr))
                backend.set_value(self.model.optimizer.learning_rate, new)
                if self.verbose > 0:
                    print(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {new}.")
                self.cooldown_counter = self.cooldown
                self.wait = 0
