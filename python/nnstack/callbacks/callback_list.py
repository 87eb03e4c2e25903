"""Who has to see which batch: the loop's view of all callbacks."""

from __future__ import annotations

from typing import Any

from nnstack.callbacks.callback import Callback
from nnstack.callbacks.history import History
from nnstack.callbacks.progbar_logger import ProgbarLogger

_MANY = 1 << 40


class CallbackList:
    """Calls callbacks in order. The loop asks `quiet_batches` how many batches it may run before one of them looks.

    A callback whose batch hooks are overridden sees every batch; one that defines `batches_until_needed(batch)` is
    asked
    how many batches from `batch` on it can do without.
    """

    def __init__(self, callbacks: list[Callback], model: Any, params: dict[str, Any]) -> None:
        self.callbacks = callbacks
        self.model = model
        self.params = params
        for callback in callbacks:
            callback.set_params(params)
            callback.set_model(model)
        self.history = next((callback for callback in callbacks if isinstance(callback, History)), None)
        self._watchers = {
            phase: [c for c in callbacks if c.watches_batches(phase)] for phase in ("train", "test", "predict")
        }
        self._followers = [callback for callback in callbacks if callback.follows_progress()]

    @classmethod
    def of(
        cls, callbacks: Any, model: Any, *, verbose: int, epochs: int, steps: int | None, samples: int | None,
        batch_size: int | None,
        do_validation: bool = False, history: bool = False,
    ) -> CallbackList:  # fmt: skip
        """The user's callbacks with a progress bar (verbose > 0) and, for fit, a History; a CallbackList passes as it
        is.
        """
        if isinstance(callbacks, CallbackList):
            return callbacks
        given = list(callbacks) if isinstance(callbacks, list | tuple) else [] if callbacks is None else [callbacks]
        for callback in given:
            if not isinstance(callback, Callback):
                raise TypeError(f"callbacks: expected Callback objects, got {callback!r}")
        if verbose and not any(isinstance(callback, ProgbarLogger) for callback in given):
            given.append(ProgbarLogger())
        if history and not any(isinstance(callback, History) for callback in given):
            given.append(History())
        params: dict[str, Any] = {
            "verbose": verbose, "epochs": epochs, "steps": steps, "samples": samples, "batch_size": batch_size,
            "do_validation": do_validation, "metrics": _names(model, do_validation) if history else [],
        }  # fmt: skip
        return cls(given, model, params)

    def silent(self) -> CallbackList:
        """The same callbacks without the progress bar, for the validation inside fit."""
        inner = CallbackList.__new__(CallbackList)
        inner.callbacks = [callback for callback in self.callbacks if not isinstance(callback, ProgbarLogger)]
        inner.model, inner.params, inner.history = self.model, self.params, self.history
        inner._watchers = {
            phase: [c for c in watchers if c in inner.callbacks] for phase, watchers in self._watchers.items()
        }
        inner._followers = []
        return inner

    # -- batches ------------------------------------------------------------------------------------------------------
    def quiet_batches(self, phase: str, batch: int) -> int:
        """How many batches from `batch` on nobody needs to see; 0 if the next one must be shown."""
        watchers = self._watchers[phase]
        return min((callback.batches_until_needed(batch) for callback in watchers), default=_MANY)

    def batch_begin(self, phase: str, batch: int) -> None:
        for callback in self._watchers[phase]:
            getattr(callback, f"on_{phase}_batch_begin")(batch, {})

    def batch_end(self, phase: str, batch: int, logs: Any) -> None:
        for callback in self._watchers[phase]:
            getattr(callback, f"on_{phase}_batch_end")(batch, logs)

    def progress(self, phase: str, done: int, logs: Any) -> None:
        """After each native call: `done` batches of the epoch are over."""
        for callback in self._followers:
            callback.on_progress(phase, done, logs)

    # -- everything else ----------------------------------------------------------------------------------------------
    def epoch_begin(self, epoch: int) -> None:
        for callback in self.callbacks:
            callback.on_epoch_begin(epoch, {})

    def epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        for callback in self.callbacks:
            callback.on_epoch_end(epoch, logs)

    def train_begin(self) -> None:
        for callback in self.callbacks:
            callback.on_train_begin({})

    def train_end(self, logs: dict[str, Any]) -> None:
        for callback in self.callbacks:
            callback.on_train_end(logs)

    def test_begin(self) -> None:
        for callback in self.callbacks:
            callback.on_test_begin({})

    def test_end(self, logs: dict[str, Any]) -> None:
        for callback in self.callbacks:
            callback.on_test_end(logs)

    def predict_begin(self) -> None:
        for callback in self.callbacks:
            callback.on_predict_begin({})

    def predict_end(self) -> None:
        for callback in self.callbacks:
            callback.on_predict_end({})


def _names(model: Any, do_validation: bool) -> list[str]:
    """Names of the numbers in logs, as far as they are known before the first batch."""
    names = list(model.metrics_names)
    return names + [f"val_{name}" for name in names] if do_validation else names
