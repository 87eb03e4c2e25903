"""fit(resume=True) and BackupAndRestore: a run that was broken off, by kill -9 too, ends as one left alone."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import resumed_runs

import nnstack
from nnstack import layers as L
from nnstack import optimizers
from nnstack.callbacks import Callback, EarlyStopping, LearningRateScheduler, ModelCheckpoint, ReduceLROnPlateau
from nnstack.models import Model, Sequential, load_model

KILLS = int(os.environ.get("NNSTACK_RESUME_KILLS", "1"))  # for each way and kind of data


def assert_same(found: dict[str, np.ndarray], wanted: dict[str, np.ndarray]) -> None:
    assert found.keys() == wanted.keys()
    for name in wanted:
        np.testing.assert_array_equal(found[name], wanted[name], err_msg=name)


@pytest.mark.parametrize("kind", ["arrays", "sequence", "generator"])
@pytest.mark.parametrize("way", ["backup", "resume"])
def test_killed_and_begun_again(way: str, kind: str, tmp_path: Path) -> None:
    callbacks = resumed_runs.watchers()
    wanted = resumed_runs.run(resumed_runs.build(), kind, callbacks)
    generator, kills = random.Random(f"{way} {kind}"), 0
    while not (tmp_path / "done.npz").exists():
        child = subprocess.Popen([sys.executable, resumed_runs.__file__, str(tmp_path), kind, way])
        if kills < KILLS:
            deadline = time.monotonic() + 20  # its first file of this life, then anything
            files = lambda: {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}  # noqa: E731
            before = files()
            while child.poll() is None and files() == before and time.monotonic() < deadline:
                time.sleep(0.001)
            time.sleep(generator.uniform(0, 0.15))
            child.send_signal(signal.SIGKILL)
            kills += child.wait() == -signal.SIGKILL
        else:
            assert child.wait() == 0
    assert kills == KILLS
    with np.load(tmp_path / "done.npz") as found:
        assert_same(dict(found), wanted)


class BreakAfter(Callback):
    """Breaks training off."""

    def __init__(self, batches: int) -> None:
        super().__init__()
        self.left = batches

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


@pytest.mark.parametrize("batches", [4, 9, 21, 32])  # of 8 an epoch
@pytest.mark.parametrize("kind", ["arrays", "sequence", "generator", "in turn"])
def test_broken_off_anywhere(kind: str, batches: int, tmp_path: Path) -> None:
    def run(model: Any, *more: Callback) -> dict[str, np.ndarray]:
        saving = ModelCheckpoint(tmp_path / "model.h5", save_freq=3)
        return resumed_runs.run(model, kind, [saving, *resumed_runs.watchers(), *more], resume=True)

    wanted = run(resumed_runs.build())
    with pytest.raises(KeyboardInterrupt):
        run(resumed_runs.build(), BreakAfter(batches))
    np.random.seed(99)
    random.seed(77)
    assert_same(run(load_model(tmp_path / "model.h5"), BreakAfter(1000)), wanted)


X, Y = resumed_runs.X, resumed_runs.Y


def results_of(model: Any) -> dict[str, np.ndarray]:
    values = {name: np.array(numbers) for name, numbers in model.history.history.items()}
    return values | {str(number): weight for number, weight in enumerate(model.get_weights())}


def fit(model: Any, epochs: int, callbacks: list[Any], **options: Any) -> Any:
    return model.fit(X, Y, 8, epochs, 0, callbacks=callbacks, validation_data=resumed_runs.VALIDATION, **options)


@pytest.mark.parametrize("ending", [".h5", ".keras"])
def test_after_load_model_callbacks_and_history_go_on(ending: str, tmp_path: Path) -> None:
    def callbacks(folder: Path) -> list[Any]:
        best = ModelCheckpoint(folder / "best.h5", monitor="val_loss", save_best_only=True)
        return [best, ReduceLROnPlateau(patience=2, factor=0.5), EarlyStopping(patience=4, restore_best_weights=True)]

    whole = resumed_runs.build()
    straight = callbacks(tmp_path)
    fit(whole, 9, straight)
    half = resumed_runs.build()
    fit(half, 2, callbacks(tmp_path / "half"))
    half.save(tmp_path / f"half{ending}")
    model = load_model(tmp_path / f"half{ending}")
    resumed = callbacks(tmp_path / "half")
    history = fit(model, 9, resumed, resume=True)
    assert_same(results_of(model), results_of(whole))
    assert history.epoch == whole.history.epoch
    assert straight[2].stopped_epoch == resumed[2].stopped_epoch > 0 and straight[0].best == resumed[0].best
    assert straight[1].wait == resumed[1].wait
    plain = load_model(tmp_path / f"half{ending}")
    assert fit(plain, 4, callbacks(tmp_path / "half"), initial_epoch=2).epoch == [2, 3]  # fresh, as Keras has it


def test_a_run_that_stopped_early_has_nothing_left(tmp_path: Path) -> None:
    model = resumed_runs.build()
    fit(model, 50, [EarlyStopping(patience=1)])
    epochs = len(model.history.epoch)
    assert epochs < 50
    model.save(tmp_path / "stopped.h5")
    again = load_model(tmp_path / "stopped.h5")
    assert len(fit(again, 50, [EarlyStopping(patience=1)], resume=True).epoch) == epochs
    assert_same(results_of(again), results_of(model))


class SaveAt(Callback):
    """Saves in one hook, at one place."""

    def __init__(self, path: Path, hook: str, number: int) -> None:
        super().__init__()
        self.path, self.epoch = path, 0

        def save(at: int, logs: Any = None) -> None:
            if at == number and (self.epoch == 2 or hook.startswith("on_epoch")):
                self.model.save(path)

        setattr(self, hook, save)
        if not hook.startswith("on_epoch_begin"):
            self.on_epoch_begin = lambda epoch, logs=None: setattr(self, "epoch", epoch)  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("hook", "number"),
    [
        ("on_epoch_begin", 2),
        ("on_epoch_end", 2),
        ("on_epoch_end", 5),
        ("on_train_batch_begin", 3),
        ("on_train_batch_end", 0),
        ("on_train_batch_end", 3),
        ("on_train_batch_end", 7),
        ("on_test_batch_end", 1),
    ],
)
def test_saved_in_any_hook(hook: str, number: int, tmp_path: Path) -> None:
    """Callbacks after the one that saves have not seen the hook yet: they are told when the run goes on."""
    path = tmp_path / "m.h5"

    def callbacks(*first: Callback) -> list[Any]:
        later = [LearningRateScheduler(lambda epoch, rate: rate * 0.9), *resumed_runs.watchers()]
        return [*(first or [Callback()]), *later, ModelCheckpoint(tmp_path / "often.h5", save_freq=5)]

    whole = resumed_runs.build()
    fit(whole, 6, callbacks())
    fit(resumed_runs.build(), 6, callbacks(SaveAt(path, hook, number)))
    model = load_model(path)
    fit(model, 6, callbacks(), resume=True)
    assert_same(results_of(model), results_of(whole))


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, RuntimeError])
def test_interrupted_and_resumed_in_one_process(interrupt: type[BaseException]) -> None:
    class Break(Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == 4 and int(self.model.optimizer.iterations.numpy()) > 20:
                raise interrupt

    whole = resumed_runs.build()
    fit(whole, 6, resumed_runs.watchers())
    model = resumed_runs.build()
    with pytest.raises(interrupt):
        fit(model, 6, [*resumed_runs.watchers(), Break()])
    fit(model, 6, resumed_runs.watchers(), resume=True)
    assert_same(results_of(model), results_of(whole))


def test_a_real_ctrl_c_and_on() -> None:
    """The signal comes while a native call runs many steps: they count, though the call's result is lost."""

    def large() -> Model:
        nnstack.utils.set_random_seed(8)
        model = Sequential([L.Dense(64, activation="relu", input_shape=(5,)), L.Dropout(0.2), L.Dense(1)])
        model.compile("adam", "mse", metrics=["mae"])
        return model

    x = np.random.default_rng(0).normal(size=(40_000, 5)).astype(np.float32)
    whole = large()
    whole.fit(x, x[:, :1], 4, 10, 0)
    model = large()
    timer = threading.Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGINT))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a process in the background is born deaf to it
    try:
        with pytest.raises(KeyboardInterrupt):
            timer.start()
            model.fit(x, x[:, :1], 4, 10, 0)
    finally:
        signal.signal(signal.SIGINT, before)
    assert 0 < int(model.optimizer.iterations.numpy()) < 100_000
    model.fit(x, x[:, :1], 4, 10, 0, resume=True)
    assert int(model.optimizer.iterations.numpy()) == 100_000
    assert_same(results_of(model), results_of(whole))


def test_other_callbacks_start_anew_and_are_told(tmp_path: Path) -> None:
    model = resumed_runs.build()
    fit(model, 2, [EarlyStopping(patience=9), ReduceLROnPlateau()])
    model.save(tmp_path / "m.h5")
    early = EarlyStopping(patience=9)
    with pytest.warns(UserWarning, match="had the callbacks 0 EarlyStopping, 1 ReduceLROnPlateau"):
        fit(load_model(tmp_path / "m.h5"), 3, [ReduceLROnPlateau(), early], resume=True)
    assert early.wait <= 1


def test_without_a_run_to_go_on_with(tmp_path: Path) -> None:
    fresh = resumed_runs.build()
    assert fit(fresh, 2, [], resume=True).epoch == [0, 1]  # never trained: the beginning
    model = resumed_runs.build()
    model.train_on_batch(X, Y)
    model.save(tmp_path / "m.h5")
    with pytest.warns(UserWarning, match="does not say where the run was"):
        assert fit(load_model(tmp_path / "m.h5"), 1, [], resume=True).epoch == [0]


def test_other_data_are_told(tmp_path: Path) -> None:
    class Stop(Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == 6:
                self.model.save(tmp_path / "m.h5")

    fit(resumed_runs.build(), 1, [Stop()])
    with pytest.raises(ValueError, match="behind batch 7 of epoch 1, the data have 2"):
        load_model(tmp_path / "m.h5").fit(X[:16], Y[:16], 8, verbose=0, resume=True)


# -- every optimizer, layers with states ------------------------------------------------------------------------------
def every_optimizer() -> list[Any]:
    def made(cls: Any, **options: Any) -> Callable[[], Any]:
        return lambda: cls(**options)

    found = []
    for module in (optimizers, optimizers.legacy):
        for name in module.__all__:
            cls = getattr(module, name)
            if isinstance(cls, type) and name not in ("Optimizer",) and name[0].isupper():
                label = f"{module.__name__.split('.')[-1]}.{name}"
                found.append(pytest.param(made(cls), id=label))
    new, legacy = optimizers, optimizers.legacy
    decay = optimizers.schedules.CosineDecay(0.05, 40)
    extra = {
        "sgd nesterov schedule": made(new.SGD, learning_rate=decay, momentum=0.9, nesterov=True),
        "adam amsgrad clip": made(new.Adam, amsgrad=True, clipnorm=0.5),
        "adam ema": made(new.Adam, use_ema=True, ema_overwrite_frequency=3),
        "rmsprop centered": made(new.RMSprop, centered=True, momentum=0.5),
        "legacy adam decay": made(legacy.Adam, amsgrad=True, decay=0.01),
        "legacy rmsprop centered": made(legacy.RMSprop, centered=True, momentum=0.5),
        "legacy sgd momentum": made(legacy.SGD, momentum=0.9, decay=0.01),
    }
    return found + [pytest.param(make, id=label) for label, make in extra.items()]


def small(make: Callable[[], Any]) -> Model:
    nnstack.utils.set_random_seed(8)
    model = Sequential([L.Dense(6, activation="relu", input_shape=(5,)), L.Dropout(0.2), L.Dense(1)])
    model.compile(make(), "mse")
    return model


@pytest.mark.parametrize("make", every_optimizer())
def test_every_optimizer(make: Callable[[], Any], tmp_path: Path) -> None:
    whole = small(make)
    whole.fit(X, Y, 16, 4, 0)
    half = small(make)
    half.fit(X, Y, 16, 2, 0)
    half.save(tmp_path / "m.h5")
    loaded = load_model(tmp_path / "m.h5")
    loaded.fit(X, Y, 16, 4, 0, resume=True)
    assert_same(results_of(loaded), results_of(whole))


WORDS = np.random.default_rng(1).integers(0, 9, (32, 6))
KINDS = WORDS[:, 0] % 2


def stateful() -> Model:
    nnstack.utils.set_random_seed(8)
    rows = [L.Embedding(9, 5, batch_input_shape=(8, 6)), L.LSTM(4, stateful=True, return_sequences=True, dropout=0.1)]
    cells = L.RNN([L.GRUCell(3), L.SimpleRNNCell(3)], stateful=True)
    model = Sequential([*rows, L.AlphaDropout(0.1), cells, L.Dense(2, activation="softmax")])
    model.compile("rmsprop", "sparse_categorical_crossentropy")
    return model


@pytest.mark.parametrize("ending", [".h5", ".keras"])
def test_states_of_layers_travel(ending: str, tmp_path: Path) -> None:
    whole = stateful()
    whole.fit(WORDS, KINDS, 8, 4, 0)
    half = stateful()
    half.fit(WORDS, KINDS, 8, 2, 0)
    half.save(tmp_path / f"m{ending}")
    loaded = load_model(tmp_path / f"m{ending}")
    loaded.fit(WORDS, KINDS, 8, 4, 0, initial_epoch=2)
    for mine, other in zip(loaded.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)
