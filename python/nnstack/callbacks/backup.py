"""BackupAndRestore: training that was interrupted goes on where it stopped, with the same numbers."""

from __future__ import annotations

import json
import os
import signal
import warnings
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.callbacks.batch_counter import BatchCounter
from nnstack.callbacks.callback import Callback


class BackupAndRestore(Callback):
    """Keeps the state of a training run in `backup_dir`, and begins from it when `fit` is called again.

    The state is: weights, the optimizer's variables and learning rate, counters of random layers, the order of the
    epoch's samples, numpy's generator, metrics, the epoch and batch reached, and what the other callbacks remember
    (History, EarlyStopping, ...). save_freq: 'epoch', or a number of batches; False with save_before_preemption, which
    saves when the process is asked to end (SIGTERM). delete_checkpoint: remove the backup when `fit` comes to its end.
    The file holds arrays and JSON; reading it executes nothing. Raises `ValueError` for other values, and for a backup
    of another model.

    >>> model.fit(x, y, epochs=100, callbacks=[BackupAndRestore("backup")])

    Source: https://keras.io/2.16/api/callbacks/backup_and_restore/
    """

    def __init__(
        self,
        backup_dir: Any,
        save_freq: Any = "epoch",
        delete_checkpoint: bool = True,
        save_before_preemption: bool = False,
    ) -> None:
        super().__init__()
        if not save_freq and not save_before_preemption:
            raise ValueError("BackupAndRestore: give save_freq or save_before_preemption")
        if save_freq and save_freq != "epoch" and (not isinstance(save_freq, int) or save_freq < 1):
            raise ValueError(f"BackupAndRestore: expected save_freq 'epoch' or a number of batches, got {save_freq!r}")
        self.backup_dir = os.fspath(backup_dir)
        self.save_freq = save_freq
        self.delete_checkpoint = delete_checkpoint
        self.save_before_preemption = save_before_preemption
        self._counter = BatchCounter(save_freq if isinstance(save_freq, int) and save_freq else 1 << 60)
        self._epoch = 0
        self._order: dict[str, Any] = {}
        self._found: ResumePoint | None = None
        self._ending = False
        self._old_handler: Any = None

    @property
    def path(self) -> str:
        """The backup's file."""
        return os.path.join(self.backup_dir, "backup.npz")

    # -- when ---------------------------------------------------------------------------------------------------------
    def watches_batches(self, phase: str) -> bool:
        return phase == "train" and bool(self.save_freq) and self.save_freq != "epoch"

    def batches_until_needed(self, batch: int) -> int:
        return self._counter.until_due(batch)

    def on_train_begin(self, logs: Any = None) -> None:
        self._found = ResumePoint.read(self.path, self.model) if os.path.exists(self.path) else None
        if self.save_before_preemption:
            self._old_handler = signal.signal(signal.SIGTERM, self._end_soon)

    def _end_soon(self, number: int, frame: Any) -> None:
        self._ending = True

    def resume_point(self) -> ResumePoint | None:
        return self._found

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._epoch = epoch
        self._order = _random_order(self.model)
        at = self._found.batch if self._found is not None and self._found.epoch == epoch else 0
        self._counter.start_epoch(at)
        self._found = None

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._counter.count(batch + 1)
        if self._counter.take_due():
            self._write(self._epoch, batch + 1, self._order)

    def on_progress(self, phase: str, done: int, logs: Any) -> None:
        if phase != "train":
            return
        self._counter.count(done)
        if self._ending:
            self._write(self._epoch, done, self._order)
            self._restore_handler()
            raise SystemExit(128 + signal.SIGTERM)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.save_freq == "epoch":
            self._pending = epoch + 1

    def after_epoch(self) -> None:
        """Called when every callback has seen the end of the epoch: their states are complete."""
        if self.save_freq == "epoch":
            self._write(self._pending, 0, _random_order(self.model))

    def on_train_end(self, logs: Any = None) -> None:
        self._restore_handler()
        if self.delete_checkpoint and os.path.exists(self.path):
            os.remove(self.path)
            if not os.listdir(self.backup_dir):
                os.rmdir(self.backup_dir)

    def _restore_handler(self) -> None:
        if self._old_handler is not None:
            signal.signal(signal.SIGTERM, self._old_handler)
            self._old_handler = None

    # -- what ---------------------------------------------------------------------------------------------------------
    def _write(self, epoch: int, batch: int, order: dict[str, Any]) -> None:
        arrays: list[np.ndarray] = []
        state = {
            "epoch": epoch,
            "batch": batch,
            "since": self._counter.since,
            "order": order,
            "weights": self.model.get_weights(),
            "optimizer": _optimizer_state(self.model.optimizer),
            "random": [one.variable.numpy() for one in _random_states(self.model)],
            "metrics": [[v.numpy() for v in metric.variables] for metric in self.model.metrics] if batch else None,
            "callbacks": [callback.get_state() for callback in self.callbacks],
        }
        text = json.dumps(_encode(state, arrays))
        os.makedirs(self.backup_dir, exist_ok=True)
        unfinished = self.path + ".part"
        with open(unfinished, "wb") as file:  # beside, then renamed: an interruption leaves the old one whole
            named: dict[str, Any] = {f"array_{position}": array for position, array in enumerate(arrays)}
            np.savez(file, state=np.frombuffer(text.encode(), np.uint8), **named)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, self.path)


class ResumePoint:
    """Where a run goes on: `batch` batches of epoch `epoch` are over."""

    def __init__(self, state: dict[str, Any]) -> None:
        self.epoch: int = state["epoch"]
        self.batch: int = state["batch"]
        self._state = state

    @classmethod
    def read(cls, path: str, model: Any) -> ResumePoint:
        """From a backup's file; weights and the optimizer's state are put into the model at once."""
        with np.load(path, allow_pickle=False) as file:
            arrays = [file[f"array_{position}"] for position in range(len(file.files) - 1)]
            state = _decode(json.loads(file["state"].tobytes().decode()), arrays)
        if [np.shape(one) for one in state["weights"]] != [tuple(w.shape) for w in model.weights]:
            raise ValueError(
                f'BackupAndRestore (model "{model.name}"): the backup {path} is of another model: its weights have '
                f"shapes {[np.shape(one) for one in state['weights']]}, the model's "
                f"{[tuple(w.shape) for w in model.weights]}. Remove it, or give another backup_dir"
            )
        model.set_weights(state["weights"])
        _set_optimizer_state(model, state["optimizer"])
        for one, numbers in zip(_random_states(model), state["random"], strict=True):
            one.variable.assign(numbers)
        return cls(state)

    def restore_callbacks(self, model: Any, callbacks: list[Any]) -> None:
        """What the callbacks remembered, and the order of samples that the epoch will draw."""
        states = self._state["callbacks"]
        if len(states) != len(callbacks):
            warnings.warn(
                f"BackupAndRestore: the backup is of a run with {len(states)} callbacks, now there are "
                f"{len(callbacks)}; they start anew",
                stacklevel=2,
            )
        else:
            for callback, state in zip(callbacks, states, strict=True):
                callback.set_state(state)
        order = self._state["order"]
        model._order_state.variable.assign(order["samples"])
        np.random.set_state((order["kind"], order["keys"], order["place"], order["has_gauss"], order["gauss"]))

    def restore_metrics(self, model: Any) -> None:
        """Running means of the batches that are over."""
        for metric, values in zip(model.metrics, self._state["metrics"] or (), strict=False):
            for variable, value in zip(metric.variables, values, strict=True):
                backend.set_value(variable, value)


def _random_order(model: Any) -> dict[str, Any]:
    """What an epoch that begins now would draw from: the model's order of samples, and numpy's generator."""
    kind, keys, place, has_gauss, gauss = np.random.get_state(legacy=True)
    numpys = {"kind": kind, "keys": keys, "place": int(place), "has_gauss": int(has_gauss), "gauss": float(gauss)}
    return {"samples": model._order_state.variable.numpy(), **numpys}


def _random_states(model: Any) -> list[Any]:
    from nnstack.saving.training_state import random_states

    return list(random_states(model).values())


def _optimizer_state(optimizer: Any) -> dict[str, Any]:
    rate = getattr(optimizer, "learning_rate", None)
    number = rate.numpy() if isinstance(rate, backend.Variable) else None
    return {"weights": list(optimizer.get_weights()) if hasattr(optimizer, "get_weights") else [], "rate": number}


def _set_optimizer_state(model: Any, state: dict[str, Any]) -> None:
    optimizer = model.optimizer
    if state["weights"]:
        with model._as_compiled():
            model._variables_to_train()  # makes the slots
        optimizer.set_weights(state["weights"])
    if state["rate"] is not None:
        backend.set_value(optimizer.learning_rate, state["rate"])


# -- plain data with arrays in it ------------------------------------------------------------------------------------
def _encode(value: Any, arrays: list[np.ndarray]) -> Any:
    if isinstance(value, np.ndarray):
        arrays.append(value)
        return {"array": len(arrays) - 1}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {"dict": {str(key): _encode(one, arrays) for key, one in value.items()}}
    if isinstance(value, list | tuple):
        return [_encode(one, arrays) for one in value]
    return value


def _decode(value: Any, arrays: list[np.ndarray]) -> Any:
    if isinstance(value, dict):
        if "array" in value:
            return arrays[value["array"]]
        return {key: _decode(one, arrays) for key, one in value["dict"].items()}
    if isinstance(value, list):
        return [_decode(one, arrays) for one in value]
    return value
