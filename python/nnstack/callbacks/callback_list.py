"""Who has to see which batch: the loop's view of all callbacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from nnstack.callbacks.callback import Callback
from nnstack.callbacks.history import History
from nnstack.callbacks.progbar_logger import ProgbarLogger
from nnstack.utils import nest

_MANY = 1 << 40
_HOOKS = frozenset(name for name in vars(Callback) if name.startswith("on_") and name != "on_progress")


class CallbackList:
    """Calls callbacks in order. The loop asks `quiet_batches` how many batches it may run before one of them looks.

    A callback whose batch hooks are overridden sees every batch; one that defines `batches_until_needed(batch)` is
    asked how many batches from `batch` on it can do without.

    A loop of one's own makes a list with `CallbackList(callbacks, model=model, epochs=3)` and calls the hooks of
    `Callback` on it, which reach every member: `on_train_begin()`, `on_epoch_begin(0)`, `on_train_batch_end(0, logs)`.
    `add_history` and `add_progbar` add a `History` and a `ProgbarLogger`; other keywords become `params`.
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        queue_length: int = 10,
        **params: Any,
    ) -> None:
        self.callbacks: list[Callback] = []
        for callback in callbacks if isinstance(callbacks, list | tuple) else [] if callbacks is None else [callbacks]:
            if not isinstance(callback, Callback):
                raise TypeError(f"callbacks: expected Callback objects, got {callback!r}")
            self.callbacks.append(callback)
        for wanted, kind in ((add_progbar, ProgbarLogger), (add_history, History)):
            if wanted and not any(isinstance(callback, kind) for callback in self.callbacks):
                self.callbacks.append(kind())
        self.model = model
        self.params = params
        self.running: Callback | None = None  # the one whose hook is going on
        self._changed()
        if params:
            self.set_params(params)
        if model is not None:
            self.set_model(model)

    def _changed(self) -> None:
        self.history = next((callback for callback in self.callbacks if isinstance(callback, History)), None)
        self._watchers = {
            phase: [c for c in self.callbacks if c.watches_batches(phase)] for phase in ("train", "test", "predict")
        }
        self._followers = [callback for callback in self.callbacks if callback.follows_progress()]
        for callback in self.callbacks:
            callback.callbacks = self.callbacks

    def append(self, callback: Callback) -> None:
        """One more, called last."""
        self.callbacks.append(callback)
        self._changed()

    def set_params(self, params: dict[str, Any]) -> None:
        """Tells every member the parameters of the run."""
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)

    def show_validation_data(self, x: Any, y: Any, sample_weight: Any) -> None:
        """Gives members without a `validation_data` of their own what Keras 2 gave them: one list of all inputs,
        targets and weights, which are ones where there are none.
        """
        inputs, targets = ([part for part in nest.flatten(one) if part is not None] for one in (x, y))
        weights = nest.flatten(sample_weight) if sample_weight is not None else [np.ones(len(one)) for one in targets]
        for callback in self.callbacks:
            if getattr(callback, "validation_data", None) is None:
                callback.validation_data = [*inputs, *targets, *weights]
            if getattr(callback, "model", None) is not None:  # where Keras 1 had them
                vars(callback.model)["validation_data"] = callback.validation_data

    def set_model(self, model: Any) -> None:
        """Tells every member the model."""
        self.model = model
        if self.history is not None:
            model.history = self.history
        for callback in self.callbacks:
            callback.set_model(model)

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
        params: dict[str, Any] = {
            "verbose": verbose, "epochs": epochs, "steps": steps, "samples": samples, "batch_size": batch_size,
            "do_validation": do_validation, "metrics": _names(model, do_validation) if history else [],
        }  # fmt: skip
        return cls(callbacks, history, verbose > 0, model, **params)

    def silent(self) -> CallbackList:
        """The same callbacks without the progress bar, for the validation inside fit."""
        inner = CallbackList.__new__(CallbackList)
        inner.callbacks = [callback for callback in self.callbacks if not isinstance(callback, ProgbarLogger)]
        inner.model, inner.params, inner.history = self.model, self.params, self.history
        inner.running = None
        inner._watchers = {
            phase: [c for c in watchers if c in inner.callbacks] for phase, watchers in self._watchers.items()
        }
        inner._followers = []
        return inner

    # -- hooks --------------------------------------------------------------------------------------------------------
    def __getattr__(self, name: str) -> Callable[..., None]:
        if name not in _HOOKS:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

        numbered = "epoch" in name or "batch" in name

        def call_all(*args: Any, **kwargs: Any) -> None:
            if numbered and not args:
                args = (kwargs.pop("epoch" if "epoch" in name else "batch"),)
            logs = kwargs.pop("logs", args[1 if numbered else 0] if len(args) > numbered else None)
            args = (*args[: int(numbered)], {} if logs is None else logs)
            for callback in self._in_turn(self.callbacks):
                getattr(callback, name)(*args, **kwargs)

        return call_all

    def _in_turn(self, callbacks: list[Callback]) -> Iterator[Callback]:
        for callback in callbacks:
            self.running = callback
            yield callback
        self.running = None

    # -- batches ------------------------------------------------------------------------------------------------------
    def quiet_batches(self, phase: str, batch: int) -> int:
        """How many batches from `batch` on nobody needs to see; 0 if the next one must be shown."""
        watchers = self._watchers[phase]
        return min((callback.batches_until_needed(batch) for callback in watchers), default=_MANY)

    def batch_begin(self, phase: str, batch: int) -> None:
        """To those who watch batches."""
        for callback in self._watchers[phase]:
            getattr(callback, f"on_{phase}_batch_begin")(batch, {})

    def batch_end(self, phase: str, batch: int, logs: Any) -> None:
        """To those who watch batches."""
        for callback in self._in_turn(self._watchers[phase]):
            getattr(callback, f"on_{phase}_batch_end")(batch, logs)

    def progress(self, phase: str, done: int, logs: Any) -> None:
        """After each native call: `done` batches of the epoch are over."""
        for callback in self._followers:
            callback.on_progress(phase, done, logs)

    def resume_point(self) -> Any:
        """Where the run goes on instead of at the beginning, if a callback knows."""
        return next((point for callback in self.callbacks if (point := callback.resume_point()) is not None), None)

    def after_epoch(self) -> None:
        """When all have seen the end of an epoch."""
        for callback in self.callbacks:
            callback.after_epoch()


def _names(model: Any, do_validation: bool) -> list[str]:
    """Names of the numbers in logs, as far as they are known before the first batch."""
    names = list(model.metrics_names)
    return names + [f"val_{name}" for name in names] if do_validation else names
