"""Evaluating checkpoints that a training run writes."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstack.callbacks import Callback, ModelCheckpoint, SidecarEvaluatorModelExport
from nnstack.layers import Dense
from nnstack.models import Sequential
from nnstack.utils import Sequence, SidecarEvaluator, sidecar_evaluator

X = np.random.default_rng(0).normal(size=(24, 3)).astype("float32")
Y = X.sum(1, keepdims=True)


class Batches(Sequence):
    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> Any:
        return X[index * 8 : index * 8 + 8], Y[index * 8 : index * 8 + 8]


def model_with_metrics() -> Sequential:
    model = Sequential([Dense(1, input_shape=(3,))])
    model.compile("sgd", "mse", metrics=["mae"])
    return model


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sidecar_evaluator, "_PAUSE", 0.01)
    monkeypatch.setattr(sidecar_evaluator, "_PATIENCE", 0.05)


@pytest.mark.parametrize("name", ["ckpt-{epoch}", "ckpt-{epoch:02d}.weights.h5"])
def test_the_newest_checkpoint_is_evaluated(tmp_path: Path, name: str) -> None:
    trained = model_with_metrics()
    trained.fit(X, Y, epochs=2, verbose=0, callbacks=[ModelCheckpoint(tmp_path / name, save_weights_only=True)])
    os.utime(next(tmp_path.glob("ckpt-*1*")), (1, 1))
    calls: list[str] = []

    class Watch(Callback):
        def on_test_end(self, logs: Any = None) -> None:
            calls.append("end")

    evaluator = SidecarEvaluator(model_with_metrics(), Batches(), tmp_path, max_evaluations=2, callbacks=[Watch()])
    evaluator.start()
    ((path, logs),) = evaluator.results
    assert sidecar_evaluator.checkpoint_number(path) == 2 and calls == ["end"]
    expected = trained.evaluate(Batches(), return_dict=True, verbose=0)
    assert logs == pytest.approx(expected, rel=1e-6)


def test_checkpoints_that_come_later_and_one_that_cannot_be_read(tmp_path: Path) -> None:
    trained = model_with_metrics()
    evaluator = SidecarEvaluator(model_with_metrics(), Batches(), tmp_path, steps=1, max_evaluations=2)
    seen = threading.Event()

    class Seen(Callback):
        def on_test_end(self, logs: Any = None) -> None:
            seen.set()

    evaluator.callbacks.append(Seen())
    thread = threading.Thread(target=evaluator.start, daemon=True)
    thread.start()
    trained.save_weights(tmp_path / "ckpt-1.h5")
    assert seen.wait(20)
    trained.save_weights(tmp_path / "ckpt-2.h5")
    thread.join(20)
    assert not thread.is_alive()
    assert [sidecar_evaluator.checkpoint_number(path) for path, _ in evaluator.results] == [1, 2]
    (tmp_path / "ckpt-3.h5").write_bytes(b"not a file of weights")
    os.utime(tmp_path / "ckpt-3.h5", (2e9, 2e9))
    with pytest.raises((OSError, ValueError)):
        SidecarEvaluator(model_with_metrics(), Batches(), tmp_path, max_evaluations=3).start()
    with pytest.raises(ValueError, match="is not compiled"):
        SidecarEvaluator(Sequential([Dense(1, input_shape=(3,))]), Batches(), tmp_path)


def test_the_best_is_exported(tmp_path: Path) -> None:
    checkpoints, best = tmp_path / "checkpoints", tmp_path / "best"
    checkpoints.mkdir()
    export = SidecarEvaluatorModelExport(
        best / "model-{epoch:02d}.h5", checkpoints / "ckpt-{epoch}", monitor="loss", mode="min", save_weights_only=True
    )
    trained = model_with_metrics()
    weights = np.ones((3, 1), "float32")
    for number, kernel in ((1, weights * 3), (2, weights), (3, weights * 2)):
        trained.set_weights([kernel, np.zeros(1)])
        trained.save_weights(checkpoints / f"ckpt-{number}.h5")
        os.utime(checkpoints / f"ckpt-{number}.h5", (number, number))
        SidecarEvaluator(
            model_with_metrics(), Batches(), checkpoints, max_evaluations=number, callbacks=[export]
        ).start()
    assert sorted(path.name for path in best.iterdir()) == ["model-01.h5", "model-02.h5"]
    again = model_with_metrics()
    again.load_weights(best / "model-02.h5")
    np.testing.assert_array_equal(again.get_weights()[0], weights)
