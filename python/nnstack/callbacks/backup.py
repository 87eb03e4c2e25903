"""BackupAndRestore: training that was interrupted goes on where it stopped, with the same numbers."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import numpy as np

from nnstack.callbacks.batch_counter import BatchCounter
from nnstack.callbacks.callback import Callback
from nnstack.saving import plain_data
from nnstack.saving.hdf5_files import replace_files
from nnstack.saving.training_state import optimizer_states, set_optimizer_states, states_beside_weights

if TYPE_CHECKING:
    from nnstack.training.run import ResumePoint


class BackupAndRestore(Callback):
    """Keeps the state of a training run in `backup_dir`, and begins from it when `fit` is called again.

    The state is: weights, variables and learning rate of each optimizer, counters of random layers, states of stateful
    ones, the order of the epoch's samples, numpy's generator and Python's, metrics, the epoch and batch reached, and
    what the other callbacks remember (History, EarlyStopping, ...). It is written beside and renamed: a kill at any
    moment leaves a whole one. A generator is to be made anew; it is drawn and discarded up to the batch reached.
    save_freq: 'epoch', or a number of batches; False with save_before_preemption, which
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

    def get_state(self) -> dict[str, Any]:
        return {"batches": self._counter.get_state()}

    def set_state(self, state: dict[str, Any]) -> None:
        self._counter.set_state(state["batches"])

    def on_train_begin(self, logs: Any = None) -> None:
        if self.save_before_preemption:
            self._old_handler = signal.signal(signal.SIGTERM, self._end_soon)

    def _end_soon(self, number: int, frame: Any) -> None:
        self._ending = True

    def resume_point(self) -> ResumePoint | None:
        return self._read() if os.path.exists(self.path) else None

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._counter.start_epoch()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._counter.count(batch + 1)
        if self._counter.take_due():
            self._write()

    def on_progress(self, phase: str, done: int, logs: Any) -> None:
        if phase != "train":
            return
        self._counter.count(done)
        if self._ending:
            self._write()
            self._restore_handler()
            raise SystemExit(128 + signal.SIGTERM)

    def after_epoch(self) -> None:
        if self.save_freq == "epoch":
            self._write()

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
    def _write(self) -> None:
        model = self.model
        state = {
            "run": model._run.state(model),
            "weights": model.get_weights(),
            "optimizers": optimizer_states(model),
            "states": [variable.numpy() for variable in states_beside_weights(model)],
        }
        text, arrays = plain_data.pack(state)
        os.makedirs(self.backup_dir, exist_ok=True)
        named: dict[str, Any] = {f"array_{position}": array for position, array in enumerate(arrays)}
        with replace_files([self.path]) as (file,):
            np.savez(file, state=np.frombuffer(text.encode(), np.uint8), **named)

    def _read(self) -> ResumePoint:
        """The point where the run was; weights and the optimizer's state are put into the model at once."""
        model, title = self.model, f'BackupAndRestore (model "{self.model.name}")'
        with np.load(self.path, allow_pickle=False) as file:
            arrays = [file[f"array_{position}"] for position in range(len(file.files) - 1)]
            state = plain_data.unpack(file["state"].tobytes().decode(), arrays)
        if [np.shape(one) for one in state["weights"]] != [tuple(w.shape) for w in model.weights]:
            raise ValueError(
                f"{title}: the backup {self.path} is of another model: its weights have "
                f"shapes {[np.shape(one) for one in state['weights']]}, the model's "
                f"{[tuple(w.shape) for w in model.weights]}. Remove it, or give another backup_dir"
            )
        model.set_weights(state["weights"])
        set_optimizer_states(model, state["optimizers"])
        for variable, numbers in zip(states_beside_weights(model), state["states"], strict=True):
            variable.assign(numbers)
        from nnstack.training.run import ResumePoint

        return ResumePoint(state["run"], title)
