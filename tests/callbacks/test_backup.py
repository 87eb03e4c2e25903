"""BackupAndRestore: a run that is broken off and begun again gives the numbers of one that never stopped."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstack import optimizers
from nnstack.callbacks import BackupAndRestore, Callback, EarlyStopping, ReduceLROnPlateau
from nnstack.layers import Dense, Dropout
from nnstack.models import Sequential
from nnstack.utils import Sequence, set_random_seed

X = np.random.default_rng(0).normal(size=(23, 4)).astype(np.float32)
Y = (X[:, :1] > 0).astype(np.float32)
VALIDATION = X[:5], 1 - Y[:5]  # gets worse and worse, so that the callbacks have something to do


def new() -> Sequential:
    set_random_seed(7)
    model = Sequential([Dense(6, activation="tanh", input_shape=(4,)), Dropout(0.4), Dense(1, activation="sigmoid")])
    model.compile(optimizers.Adam(0.05), "binary_crossentropy", metrics=["acc", "mae"])
    return model


def watchers() -> list[Any]:
    return [ReduceLROnPlateau(patience=2, factor=0.5), EarlyStopping(patience=30, restore_best_weights=True)]


class Broken(Exception):
    pass


class BreakOff(Callback):
    """The power goes after batch `batch` of epoch `epoch`; None: after the epoch."""

    def __init__(self, epoch: int, batch: int | None) -> None:
        super().__init__()
        self.at = epoch, batch

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch
        if self.at[1] is None and epoch == self.at[0] + 1:
            raise Broken

    def watches_batches(self, phase: str) -> bool:
        return phase == "train" and self.at[1] is not None

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if (self.epoch, batch - 1) == self.at:
            raise Broken


@pytest.mark.parametrize(
    ("save_freq", "broken", "begins"),
    [("epoch", (2, None), 3), ("epoch", (2, 3), 2), (4, (2, 2), 2), (1, (4, 3), 4), (5, (0, 2), 0)],
    ids=str,
)
def test_goes_on_with_the_same_numbers(save_freq: Any, broken: Any, begins: int, tmp_path: Path) -> None:
    whole = new()
    expected = whole.fit(
        X, Y, batch_size=5, epochs=6, verbose=0, validation_data=VALIDATION, callbacks=watchers()
    ).history

    def run(breaking: list[Any]) -> tuple[Sequential, list[Any]]:
        model = new()
        callbacks = [BackupAndRestore(tmp_path / "b", save_freq), *watchers(), *breaking]
        model.fit(X, Y, batch_size=5, epochs=6, verbose=0, validation_data=VALIDATION, callbacks=callbacks)
        return model, callbacks

    with pytest.raises(Broken):
        run([BreakOff(*broken)])
    seen: list[int] = []

    class Epochs(Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            seen.append(epoch)

    model, callbacks = run([Epochs()])
    assert seen == list(range(begins, 6))
    for name, values in expected.items():
        np.testing.assert_array_equal(model.history.history[name], values, err_msg=name)
    for a, b in zip(whole.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert int(model.optimizer.iterations.numpy()) == 30
    assert float(model.optimizer.learning_rate.numpy()) == float(whole.optimizer.learning_rate.numpy()) < 0.05
    assert callbacks[2].wait > 0 and not (tmp_path / "b").exists()  # it came to its end


def test_a_finished_run_may_keep_its_backup(tmp_path: Path) -> None:
    model = new()
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[BackupAndRestore(tmp_path, delete_checkpoint=False)])
    assert (tmp_path / "backup.npz").exists()
    again = new()
    history = again.fit(X, Y, epochs=2, verbose=0, callbacks=[BackupAndRestore(tmp_path, delete_checkpoint=False)])
    assert history.epoch == [] or history.epoch == [0, 1]
    np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])  # nothing was left to do
    longer = again.fit(X, Y, epochs=3, verbose=0, callbacks=[BackupAndRestore(tmp_path)])
    assert longer.epoch[-1] == 2 and not np.array_equal(again.get_weights()[0], model.get_weights()[0])


class Batches(Sequence):
    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> Any:
        return X[index * 5 : index * 5 + 5], Y[index * 5 : index * 5 + 5]


def test_sequences(tmp_path: Path) -> None:
    expected = new().fit(Batches(), epochs=3, verbose=0, shuffle=True).history
    with pytest.raises(Broken):
        new().fit(Batches(), epochs=3, verbose=0, callbacks=[BackupAndRestore(tmp_path, 1), BreakOff(1, 2)])
    model = new()
    model.fit(Batches(), epochs=3, verbose=0, callbacks=[BackupAndRestore(tmp_path, 1), Callback()])
    np.testing.assert_allclose(model.history.history["loss"][-1], expected["loss"][-1], rtol=1e-6)


def test_errors(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="save_freq 'epoch' or a number of batches, got 'batch'"):
        BackupAndRestore(tmp_path, "batch")
    with pytest.raises(ValueError, match="give save_freq or save_before_preemption"):
        BackupAndRestore(tmp_path, False)
    new().fit(X, Y, verbose=0, callbacks=[BackupAndRestore(tmp_path, delete_checkpoint=False)])
    other = Sequential([Dense(1, input_shape=(4,))])
    other.compile("sgd", "mse")
    with pytest.raises(ValueError, match="is of another model"):
        other.fit(X, Y, verbose=0, callbacks=[BackupAndRestore(tmp_path)])
