"""Reading ahead: order, bounds, errors and deaths of workers; data in files, read batch by batch."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from nnstack.data import lazy
from nnstack.data.queue import Reading, read_items, read_stream
from nnstack.layers import Dense
from nnstack.models import Model, Sequential
from nnstack.utils import Sequence, set_random_seed

X = np.random.default_rng(0).normal(size=(24, 4)).astype(np.float32)
Y = X[:, :1] * 2
WAYS = [Reading(0), Reading(1), Reading(3, False, 4), Reading(2, True, 4)]


def new() -> Sequential:
    set_random_seed(3)
    model = Sequential([Dense(3, activation="tanh", input_shape=(4,)), Dense(1)])
    model.compile("sgd", "mse")
    return model


def options(way: Reading) -> dict[str, Any]:
    return {"workers": way.workers, "use_multiprocessing": way.processes, "max_queue_size": way.size}


class Batches(Sequence):
    """Six batches, the first ones slowest to make."""

    def __init__(self) -> None:
        self.ends = 0

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> Any:
        time.sleep(0.004 * (6 - index) / 6)
        return X[index * 4 : index * 4 + 4] + 0 * self.ends, Y[index * 4 : index * 4 + 4]

    def on_epoch_end(self) -> None:
        self.ends += 1


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_sequences_keep_their_order(way: Reading) -> None:
    expected = new().fit(X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0).history["loss"]
    data = Batches()
    model = new()
    found = model.fit(data, epochs=3, shuffle=False, verbose=0, **options(way)).history["loss"]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert data.ends == 3
    np.testing.assert_allclose(model.predict(data, **options(way)), model.predict(X), rtol=1e-5, atol=1e-6)
    cut = new().fit(data, epochs=3, steps_per_epoch=4, shuffle=False, verbose=0, **options(way)).history["loss"]
    assert len(cut) == 3 and data.ends == 5  # fit 3, predict 1; 12 batches are two passes, the second just at its end


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_generators_give_no_more_than_is_needed(way: Reading) -> None:
    taken: list[int] = []

    def forever() -> Iterator[Any]:
        for number in range(10**6):
            taken.append(number)
            start = number % 6 * 4
            yield X[start : start + 4], Y[start : start + 4]

    expected = new().fit(X, Y, batch_size=4, epochs=2, shuffle=False, verbose=0).history["loss"]
    found = new().fit(forever(), steps_per_epoch=6, epochs=2, verbose=0, **options(way)).history["loss"]
    if not way.processes:  # each epoch's process works on its own copy
        assert taken == list(range(12))
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert found[0] == pytest.approx(expected[0], rel=1e-6)


def test_reading_runs_ahead_and_is_bounded() -> None:
    made: list[int] = []
    stream = read_stream((made.append(i) or i for i in range(100)), None, Reading(1, False, 5), "test")
    assert next(stream) == 0
    deadline = time.monotonic() + 5
    while len(made) < 7 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    assert len(made) == 7  # one given, five waiting, one in hand
    stream.close()
    started: list[int] = []
    items = read_items(lambda i: started.append(i) or i * i, range(50), Reading(2, False, 4), "test")
    assert [next(items) for _ in range(3)] == [0, 1, 4] and len(started) <= 3 + 4
    items.close()
    assert [*read_items(lambda i: -i, [3, 1, 2], Reading(2), "test")] == [-3, -1, -2]


def test_workers_work_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=5)

    def wait(index: int) -> int:
        together.wait()
        return index

    assert [*read_items(wait, range(6), Reading(3, False, 6), "test")] == list(range(6))


class Torn(Sequence):
    def __init__(self, how: str) -> None:
        self.how = how

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> Any:
        if index == 1 and self.how == "error":
            raise KeyError("no such file")
        if index == 1 and self.how == "death":
            os.kill(os.getpid(), signal.SIGKILL)
        return X[:4], Y[:4]


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_errors_reach_the_caller(way: Reading) -> None:
    with pytest.raises(KeyError, match="no such file"):
        new().fit(Torn("error"), shuffle=False, verbose=0, **options(way))

    def torn() -> Iterator[Any]:
        yield X[:4], Y[:4]
        raise KeyError("no such row")

    with pytest.raises(KeyError, match="no such row"):
        new().fit(torn(), verbose=0, **options(way))


def test_the_death_of_a_worker_is_told() -> None:
    with pytest.raises(RuntimeError, match=r"fit \(model .* a worker process died while it made batch"):
        new().fit(Torn("death"), shuffle=False, verbose=0, workers=1, use_multiprocessing=True)

    def dying() -> Iterator[Any]:
        yield X[:4], Y[:4]
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(RuntimeError, match=r"the worker process died \(exit code -9\)"):
        new().fit(dying(), verbose=0, use_multiprocessing=True)


class Draws(Sequence):
    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> Any:
        return np.full((1, 1), np.random.random()), np.zeros((1, 1))


def test_processes_draw_other_numbers_for_other_batches() -> None:
    model = Sequential([Dense(1, input_shape=(1,), kernel_initializer="ones")])
    draws = []
    for workers in (1, 2):
        np.random.seed(5)
        draws.append(model.predict(Draws(), workers=workers, use_multiprocessing=True))
    assert len(np.unique(draws[0])) == 4
    np.testing.assert_array_equal(draws[0], draws[1])  # whoever makes a batch


def test_arguments_are_checked() -> None:
    with pytest.raises(ValueError, match="workers of at least 0, got -1"):
        new().fit(Batches(), workers=-1)
    with pytest.raises(TypeError, match="a whole number as max_queue_size, got 'ten'"):
        new().predict(Batches(), max_queue_size="ten")


def test_old_names_take_their_arguments_in_their_order() -> None:
    data, model = Batches(), new()
    history = model.fit_generator(data, 6, 2, 0, None, data, 2, [2], None, 5, 2, False, False, 1)
    assert history.epoch == [1] and len(history.history["val_loss"]) == 1
    logs = model.evaluate_generator(data, 6, None, 5, 2, False, 0)
    assert logs == pytest.approx(model.evaluate(X, Y, verbose=0), rel=1e-6)
    np.testing.assert_allclose(model.predict_generator(data, 3, None, 5, 0), model.predict(X[:12]), rtol=1e-5)


# -- data in files -----------------------------------------------------------------------------------------------------
class Watched:
    """An HDF5 dataset that counts the rows that are read."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self.shape, self.dtype, self.most = source.shape, source.dtype, 0

    def __len__(self) -> int:
        return len(self._source)

    def __getitem__(self, key: Any) -> Any:
        rows = self._source[key]
        self.most = max(self.most, len(rows))
        return rows


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Any]:
    with h5py.File(tmp_path / "data.h5", "w") as made:
        made["x"], made["y"], made["w"] = X, Y, np.arange(24.0)
    with h5py.File(tmp_path / "data.h5") as opened:
        yield opened


@pytest.mark.parametrize("shuffle", [False, True, "batch"])
def test_hdf5_is_read_batch_by_batch(shuffle: Any, file: Any) -> None:
    def run(x: Any, y: Any, w: Any) -> Any:
        model = new()
        np.random.seed(9)
        fit = {"batch_size": 7, "epochs": 3, "verbose": 0, "shuffle": shuffle, "validation_split": 0.25}
        return model, model.fit(x, y, sample_weight=w, **fit).history

    (ours, found), (arrays, expected) = run(Watched(file["x"]), file["y"], file["w"]), run(X, Y, np.arange(24.0))
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-6, err_msg=name)
    x = Watched(file["x"])
    np.testing.assert_allclose(ours.predict(x, batch_size=5), arrays.predict(X), rtol=1e-5, atol=1e-6)
    assert x.most == 5
    assert ours.evaluate(file["x"], file["y"], verbose=0) == pytest.approx(arrays.evaluate(X, Y, verbose=0), rel=1e-6)
    cut = ours.fit(x, file["y"], batch_size=5, steps_per_epoch=2, epochs=2, verbose=0).history["loss"]
    assert len(cut) == 2 and x.most == 5


def test_hdf5_builds_a_model_of_ones_own(file: Any) -> None:
    class Own(Model):
        def __init__(self) -> None:
            super().__init__()
            self.out = Dense(1)

        def call(self, inputs: Any) -> Any:
            return self.out(inputs)

    model, x = Own(), Watched(file["x"])
    model.compile("sgd", "mse")
    model.fit(x, file["y"], batch_size=6, verbose=0)
    assert x.most == 6 and model.count_params() == 5


def test_hdf5_of_the_wrong_shape(file: Any) -> None:
    with pytest.raises(ValueError, match=r"expects shape \(None, 4\), got \(5, 1\)"):
        new().fit(file["y"], file["y"], batch_size=5, verbose=0)
    with pytest.raises(ValueError, match="same number of samples everywhere, got: x has 24; y has 3"):
        new().fit(file["x"], Y[:3], verbose=0)


@pytest.mark.parametrize("make", [np.asfortranarray, lambda a: a.astype("float16")], ids=["order", "type"])
def test_large_arrays_are_converted_batch_by_batch(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lazy, "_LARGE", 100)
    given = make(X)
    assert lazy.is_lazy(given)
    kept = given.astype("float32").copy(order="C")
    expected = new().fit(kept, Y, batch_size=7, epochs=2, shuffle=False, verbose=0).history["loss"]
    found = new().fit(given, Y, batch_size=7, epochs=2, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
