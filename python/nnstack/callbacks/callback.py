"""Callback: code that runs at fixed points of fit, evaluate and predict."""

from __future__ import annotations

from typing import Any, ClassVar


class Callback:
    """Base class; override the hooks you need. `self.model` and `self.params` are set before the first hook.

    `logs` holds plain floats by name. Batch hooks slow training down, because every batch must then be looked at; say
    with
    `batches_until_needed` which ones you need. Source: https://keras.io/2.16/api/callbacks/base_callback/
    """

    def __init__(self) -> None:
        self.model: Any = None
        self.params: dict[str, Any] = {}
        self.validation_data: Any = None
        self.callbacks: list[Callback] = []  # all of the run, this one among them

    def set_params(self, params: dict[str, Any]) -> None:
        """Called once before the run: verbose, epochs, steps, ..."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Called once before the run."""
        self.model = model

    # -- which batches ------------------------------------------------------------------------------------------------
    def watches_batches(self, phase: str) -> bool:
        """True if a batch hook of 'train', 'test' or 'predict' is overridden."""
        names = [f"on_{phase}_batch_begin", f"on_{phase}_batch_end"] + (
            ["on_batch_begin", "on_batch_end"] if phase == "train" else []
        )
        return any(getattr(type(self), name) is not getattr(Callback, name) or name in self.__dict__ for name in names)

    def batches_until_needed(self, batch: int) -> int:
        """How many batches from `batch` on may pass unseen; 0: this one must be shown. Default: every batch is
        shown.
        """
        return 0

    def follows_progress(self) -> bool:
        """True if `on_progress` is overridden."""
        return type(self).on_progress is not Callback.on_progress

    def on_progress(self, phase: str, done: int, logs: Any) -> None:
        """After each native call, about ten times a second at least: `done` batches of this epoch are over."""

    # -- what a restarted run needs -----------------------------------------------------------------------------------
    _state_names: ClassVar[tuple[str, ...]] = ()  # attributes that change while training runs

    def get_state(self) -> dict[str, Any]:
        """What this callback must remember over a restart: numbers, texts, arrays, and lists and dicts of them."""
        return {name: getattr(self, name) for name in self._state_names}

    def set_state(self, state: dict[str, Any]) -> None:
        """Takes what `get_state` gave in the run before; called after `on_train_begin`.

        In the middle of an epoch also after `on_epoch_begin`. The state may come from a file: only the attributes that
        `get_state` names are set.
        """
        for name in self._state_names:
            if name in state:
                setattr(self, name, state[name])

    def resume_point(self) -> Any:
        """Where training goes on instead of at the beginning, or None; see `BackupAndRestore`."""
        return None

    def after_epoch(self) -> None:
        """After `on_epoch_end` of all callbacks."""

    # -- hooks --------------------------------------------------------------------------------------------------------
    def on_train_begin(self, logs: Any = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Any = None) -> None:
        """After the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Before an epoch, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """After an epoch and its validation; `logs` has both."""

    def on_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Old name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """Old name of `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of training."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of training; `logs` are the epoch's means so far."""
        self.on_batch_end(batch, logs=logs)

    def on_test_begin(self, logs: Any = None) -> None:
        """Before evaluation, also the one inside fit."""

    def on_test_end(self, logs: Any = None) -> None:
        """After evaluation."""

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of evaluation."""

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of evaluation."""

    def on_predict_begin(self, logs: Any = None) -> None:
        """Before prediction."""

    def on_predict_end(self, logs: Any = None) -> None:
        """After prediction."""

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of prediction."""

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of prediction; `logs['outputs']` holds its results."""
