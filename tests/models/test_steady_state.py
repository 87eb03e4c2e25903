"""After the first run nothing is allocated, steps run many per native call, and logs cost nothing until somebody
looks.
"""

from typing import Any

import numpy as np
import pytest

from nnstack import _core, backend
from nnstack.data.arrays import prepare
from nnstack.layers import Dense, Dropout
from nnstack.models import Sequential
from nnstack.training.logs import LazyLogs

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(640, 13)).astype(np.float32), RNG.normal(size=(640, 1)).astype(np.float32)


@pytest.fixture
def model() -> Sequential:
    model = Sequential([Dense(64, activation="relu", input_shape=(13,)), Dropout(0.1), Dense(1)])
    model.compile("rmsprop", "mse", metrics=["mae"])
    return model


def test_no_allocation_per_step_and_per_prediction(model: Sequential) -> None:
    model.fit(X, Y, verbose=0)
    step = model._step("train", prepare(model, X, Y))
    order = np.arange(640)
    step.run_steps(prepare(model, X, Y), order, 0, 32, 20)
    before = _core.allocations()
    assert step.run_steps(prepare(model, X, Y), order, 0, 32, 20) == 20
    assert _core.allocations() == before
    one = X[:1]
    for _ in range(3):
        model.predict_on_batch(one)
    before = _core.allocations()
    for _ in range(1000):
        model.predict_on_batch(one)
    assert _core.allocations() == before


def test_one_program_per_kind_of_data(model: Sequential) -> None:
    for size in (640, 100, 33):  # other lengths need no new program
        model.fit(X[:size], Y[:size], verbose=0)
    model.fit(X, Y, sample_weight=np.ones(640), verbose=0)
    assert [key[0] for key in model._steps] == ["train", "train"]
    model.compile("sgd", "mse")
    assert model._steps == {}


def test_lazy_logs_read_once_and_only_when_asked() -> None:
    reads: list[int] = []

    def read() -> dict[str, float]:
        reads.append(1)
        return {"loss": 1.5, "mae": 0.5}

    logs = LazyLogs(read, {"size": 3})
    assert isinstance(logs, dict) and not reads
    assert logs["loss"] == 1.5 and logs.get("mae") == 0.5 and logs.get("nothing", 7) == 7
    assert dict(logs) == {"size": 3, "loss": 1.5, "mae": 0.5} and len(logs) == 3 and "mae" in logs
    assert list(logs) == ["size", "loss", "mae"] and logs == {"size": 3, "loss": 1.5, "mae": 0.5} and reads == [1]
    unread = LazyLogs(read)
    assert unread.copy() == {"loss": 1.5, "mae": 0.5} and bool(unread) and repr(unread) == "{'loss': 1.5, 'mae': 0.5}"


def test_learning_rate_can_change_between_steps(model: Sequential) -> None:
    model.fit(X, Y, verbose=0)
    before = model.get_weights()
    backend.set_value(model.optimizer.lr, 0.0)
    model.fit(X, Y, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    kinds: list[Any] = [key[0] for key in model._steps]
    assert kinds == ["train"]
