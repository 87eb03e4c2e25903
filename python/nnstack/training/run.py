"""Where a call of `fit` is, and how another goes on from there with the same numbers.

A `Run` is kept up to date by the loop, so that the model can be saved at any moment: between two epochs, after any
batch, inside a callback. Its state is plain data. A `ResumePoint` is that state in the run that goes on.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.callbacks.callback import Callback
from nnstack.callbacks.callback_list import CallbackList
from nnstack.callbacks.history import History
from nnstack.callbacks.progbar_logger import ProgbarLogger
from nnstack.training.compiled_metrics import set_metric_values


class Run:
    """One call of `fit`: epoch and batch reached, its callbacks, and what its random draws began from."""

    def __init__(self, model: Any, callbacks: CallbackList, first_epoch: int, current: Callable[[], Any]) -> None:
        self.callbacks = callbacks
        self._current = current  # the step that ran last
        self.first_epoch = first_epoch
        self.begin_epoch(model, first_epoch)
        self.start = self._now

    def begin_epoch(self, model: Any, epoch: int) -> None:
        """Nothing of this epoch has been drawn yet."""
        self.epoch = epoch
        self.batch = 0
        self.hook: tuple[str, int, Any] | None = None  # that callbacks are being told, with its arguments
        self.metrics: list[list[np.ndarray]] | None = None  # of the training batches, while validation uses the same
        self._logs_before: tuple[int, dict[str, Any] | None] = (
            0,
            None,
        )  # batch and logs of the run that this one goes on with
        self._now = draws(model)
        self._rate = _learning_rate(model)
        self._steps_before = _steps(model)

    def resumed_at(self, model: Any, batch: int, logs: dict[str, Any] | None) -> None:
        """The epoch that began goes on after `batch` batches, with what `own_logs` gave there."""
        self.batch = batch
        self._logs_before = batch, logs
        self._steps_before = _steps(model) - batch

    def own_logs(self) -> dict[str, Any] | None:
        """The numbers of a step that makes its logs itself; None where the metrics hold them."""
        if self.batch == self._logs_before[0]:
            return self._logs_before[1]
        step = self._current()
        logs: dict[str, Any] | None = None if step is None else step.logs()
        return logs

    def end_epoch(self, model: Any) -> None:
        """All callbacks have seen the end of the epoch."""
        self.begin_epoch(model, self.epoch + 1)

    def state(self, model: Any) -> dict[str, Any]:
        """Plain data from which `ResumePoint` goes on."""
        over = self.hook is not None and self.hook[0] == "on_epoch_end"
        # The optimizer counts steps inside the native call, which an interrupt lets end but whose result it drops.
        batch = self.batch if model._step_is_custom("train") else _steps(model) - self._steps_before
        batch = batch if not over and batch >= self.batch else self.batch
        hook = None
        if self.hook is not None:
            name, number, logs = self.hook
            hook = [name, number, {key: value for key, value in logs.items() if _is_plain(value)}, self._told()]
        return {
            "first_epoch": self.first_epoch,
            "epoch": self.epoch + over,
            "batch": 0 if over else batch,
            "stopped": bool(model.stop_training),
            "eager": model.run_eagerly,
            "rate": _learning_rate(model) if over or batch else self._rate,
            "start": _as_arrays(self.start),
            "now": _as_arrays(draws(model) if over else self._now),
            "callbacks": {key: callback.get_state() for key, callback in _keyed(self.callbacks.callbacks)},
            "hook": hook,
            "metrics": None if over or not batch else self.metrics or metric_values(model),
            "logs": None if over or not batch else self.own_logs(),
        }

    def _told(self) -> list[str]:
        """Callbacks that the hook which is going on has reached, this one included."""
        running, told = self.callbacks.running, []
        for key, callback in _keyed(self.callbacks.callbacks):
            told.append(key)
            if callback is running:
                return told
        return [] if running is not None else told


class ResumePoint:
    """`batch` batches of epoch `epoch` are over. `ValueError` for a state that no `Run` gives."""

    def __init__(self, state: Any, title: str) -> None:
        self._title = title
        self._state = state
        try:
            self.epoch, self.batch, self.first_epoch = (_count(state[key]) for key in ("epoch", "batch", "first_epoch"))
            self._callbacks = dict(state["callbacks"])
            self.start, self._now = dict(state["start"]), dict(state["now"])
            self.logs = None if state.get("logs") is None else dict(state["logs"])
            self._hook = state["hook"]
            if self._hook is not None:
                name, number, logs, told = self._hook
                if name not in ("on_epoch_end", "on_train_batch_end"):
                    raise ValueError(name)
                self._hook = name, _count(number), dict(logs), list(told)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{title}: the state of the run is broken: {error}") from None

    def enter(self, model: Any, callbacks: CallbackList, feed: Any, epochs: int) -> None:
        """Before the first epoch: data, callbacks and random draws are where they were."""
        if self._state.get("eager") and not model.run_eagerly:
            model.run_eagerly = True  # which not every file holds
        if self.epoch < epochs and not self._state.get("stopped"):
            self._restore_draws(model, self.start)
            feed.skip_epochs(self.epoch - self.first_epoch)
        self._restore_draws(model, self._now)
        self._restore_callbacks(model, callbacks)
        model.stop_training = bool(self._state.get("stopped"))
        if not self.batch:
            self._tell_the_rest(callbacks)

    def enter_epoch(self, model: Any, callbacks: CallbackList, feed: Any) -> None:
        """In the middle of an epoch: over what `on_epoch_begin` did once more, and behind the batches that are over."""
        self._restore_callbacks(model, callbacks)
        if feed.steps is not None and self.batch > feed.steps:
            raise ValueError(
                f"{self._title}: the run is behind batch {self.batch} of epoch {self.epoch + 1}, the data have "
                f"{feed.steps}. Give the data and the batch_size of the run before"
            )
        feed.skip_batches(self.batch)
        stored = list(self._state.get("metrics") or ())
        set_metric_values(model.metrics, stored)
        if not model.compiled_metrics.built:  # a step that runs op by op makes them when it runs
            model.compiled_metrics.awaited = stored[
                0 if model._leaves_loss_out() else len(model.compiled_loss.metrics) :
            ]
        self._tell_the_rest(callbacks)

    def _restore_draws(self, model: Any, state: dict[str, Any]) -> None:
        try:
            model._order_state.variable.assign(state["order"])
            kind, keys, place, has_gauss, gauss = state["numpy"]
            np.random.set_state((kind, keys, place, has_gauss, gauss))
            version, words, following = state["python"]
            random.setstate((version, tuple(int(word) for word in words), following))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{self._title}: the state of the run is broken: {error}") from None

    def _restore_callbacks(self, model: Any, callbacks: CallbackList) -> None:
        if self._state.get("rate") is not None and isinstance(model.optimizer.learning_rate, backend.Variable):
            backend.set_value(model.optimizer.learning_rate, self._state["rate"])
        present = dict(_keyed(callbacks.callbacks))
        lost = [key for key, state in self._callbacks.items() if state and key not in present]
        if lost:
            warnings.warn(
                f"{self._title}: the run before had the callbacks {', '.join(lost)} (position and class), this one has "
                f"{', '.join(present)}; those without a partner start anew",
                stacklevel=6,
            )
        for key, callback in present.items():
            if isinstance(self._callbacks.get(key), dict):
                callback.set_state(self._callbacks[key])

    def _tell_the_rest(self, callbacks: CallbackList) -> None:
        """The hook in which the model was saved, to those that it had not reached."""
        if self._hook is None:
            return
        name, number, logs, told = self._hook
        for key, callback in _keyed(callbacks.callbacks):
            listens = name == "on_epoch_end" or callback.watches_batches("train")
            if listens and key in self._callbacks and key not in told:
                getattr(callback, name)(number, logs)


def draws(model: Any) -> dict[str, Any]:
    """What is drawn from while a model trains: the order of its samples, numpy's generator and Python's."""
    kind, keys, place, has_gauss, gauss = np.random.get_state(legacy=True)
    version, words, following = random.getstate()
    return {
        "order": model._order_state.variable.numpy(),
        "numpy": [kind, keys, int(place), int(has_gauss), float(gauss)],
        "python": [version, words, following],
    }


def _as_arrays(state: dict[str, Any]) -> dict[str, Any]:
    version, words, following = state["python"]
    return {**state, "python": [version, np.array(words, np.uint32), following]}


def metric_values(model: Any) -> list[list[np.ndarray]]:
    """The state of every metric."""
    return [[variable.numpy() for variable in metric.variables] for metric in model.metrics]


def _keyed(callbacks: list[Callback]) -> Iterator[tuple[str, Callback]]:
    """(position and class, callback) in order; the progress bar has nothing to remember, and there is one History."""
    own = [one for one in callbacks if not isinstance(one, ProgbarLogger | History)]
    for callback in callbacks:
        if isinstance(callback, History):
            yield "History", callback
        elif not isinstance(callback, ProgbarLogger):
            yield f"{own.index(callback)} {type(callback).__name__}", callback


def _learning_rate(model: Any) -> Any:
    rate = getattr(model.optimizer, "learning_rate", None)
    return rate.numpy() if isinstance(rate, backend.Variable) else None


def _steps(model: Any) -> int:
    iterations = getattr(model.optimizer, "iterations", None)
    return 0 if iterations is None else int(backend.get_value(iterations))


def _count(value: Any) -> int:
    if not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is no number of epochs or batches")
    return value


def _is_plain(value: Any) -> bool:
    return isinstance(value, int | float | str | np.ndarray | np.generic)
