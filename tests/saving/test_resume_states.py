"""What a run that goes on needs beside weights: scales of losses, several optimizers, data with rounds, eager steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_resume import BreakAfter, assert_same

import nnstack
from nnstack import layers as L
from nnstack import optimizers
from nnstack.callbacks import BackupAndRestore, Callback, CSVLogger, ModelCheckpoint
from nnstack.models import Model, Sequential, load_model

X = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.int64)
BATCH, EPOCHS = 8, 4  # 5 batches an epoch


class Alternating(Model):
    """Two optimizers, each for half of the weights."""

    def train_step(self, data: Any) -> Any:
        x, y = data
        with nnstack.GradientTape(persistent=True) as tape:
            y_pred = self(x, training=True)
            loss = self.compiled_loss(y, y_pred)
        half = len(self.trainable_variables) // 2
        for optimizer, own in zip(
            self.optimizer, (self.trainable_variables[:half], self.trainable_variables[half:]), strict=True
        ):
            optimizer.apply_gradients(zip(tape.gradient(loss, own), own, strict=True))
        self.compiled_metrics.update_state(y, y_pred)
        return {metric.name: metric.result() for metric in self.metrics}


def scaled() -> Model:
    """Nadam's product of momentums follows from its steps, of which the first ones are left out: 2**40 is too much."""
    nnstack.utils.set_random_seed(3)
    nnstack.mixed_precision.set_global_policy("mixed_float16")
    try:
        hidden = [L.Dense(6, activation="tanh", input_shape=(5,)), L.GaussianNoise(0.1)]
        model = Sequential([*hidden, L.Dense(2, activation="softmax", dtype="float32")])
    finally:
        nnstack.mixed_precision.set_global_policy("float32")
    optimizer = nnstack.mixed_precision.LossScaleOptimizer(
        optimizers.Nadam(0.01), initial_scale=2.0**40, dynamic_growth_steps=3
    )
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def alternating(eager: bool = False) -> Model:
    nnstack.utils.set_random_seed(3)
    i = L.Input((5,))
    model = Alternating(i, L.Dense(2, activation="softmax")(L.Dropout(0.2)(L.Dense(6, activation="tanh")(i))))
    both = [optimizers.Adam(0.01), optimizers.SGD(0.05, momentum=0.9)]
    model.compile(both, "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=eager)
    return model


def plain(eager: bool = False) -> Model:
    nnstack.utils.set_random_seed(3)
    model = Sequential([L.Dense(6, activation="tanh", input_shape=(5,)), L.Dropout(0.2), L.Dense(2, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=eager)
    return model


class Rounds:
    """Batches in another order each time it is gone through."""

    def __init__(self) -> None:
        self.round = 0

    def __iter__(self) -> Iterator[Any]:
        self.round += 1
        order = np.random.default_rng(self.round).permutation(len(X))
        for begin in range(0, len(X), BATCH):
            yield X[order[begin : begin + BATCH]], Y[order[begin : begin + BATCH]]


def numbers(model: Model) -> dict[str, np.ndarray]:
    """History, weights, and what all its optimizers hold."""
    found = {name: np.array(values) for name, values in model.history.history.items()}
    found |= {f"weight {i}": value for i, value in enumerate(model.get_weights())}
    for i, optimizer in enumerate(model.optimizer if isinstance(model.optimizer, list) else [model.optimizer]):
        found |= {f"{i} {j}": value for j, value in enumerate(optimizer.get_weights())}
        if isinstance(optimizer, nnstack.mixed_precision.LossScaleOptimizer):
            found |= {"scale": np.asarray(optimizer.loss_scale), "good": optimizer.dynamic_counter.numpy()}
    return found


@pytest.mark.parametrize("breaks", [[7], [13, 4]], ids=str)
@pytest.mark.parametrize(
    ("build", "way"),
    [
        (scaled, "model.h5"),
        (scaled, "model.keras"),
        (scaled, "model"),
        (scaled, "backup"),
        (alternating, "backup"),
        (plain, "model.h5"),
        (plain, "backup"),
        (lambda: plain(eager=True), "model.h5"),
        (lambda: plain(eager=True), "backup"),
        (lambda: alternating(eager=True), "backup"),
    ],
    ids=[
        "scaled h5", "scaled keras", "scaled folder", "scaled backup", "alternating backup", "rounds h5",
        "rounds backup", "eager h5", "eager backup", "alternating eager",
    ],
)  # fmt: skip
def test_broken_off_and_gone_on_with(build: Callable[[], Model], way: str, breaks: list[int], tmp_path: Path) -> None:
    def run(model: Model, folder: Path, *more: Callback) -> dict[str, np.ndarray]:
        folder.mkdir(exist_ok=True)
        path = folder / way
        keeps = BackupAndRestore(path, 3) if way == "backup" else ModelCheckpoint(path, save_freq=3)
        data = {"x": Rounds()} if build is plain else {"x": X, "y": Y, "batch_size": BATCH}
        log = CSVLogger(folder / "log.csv", append=True)
        model.fit(
            **data, epochs=EPOCHS, verbose=0, callbacks=[log, keeps, *more], resume=way != "backup",
            validation_data=(X[:9], Y[:9]),
        )  # fmt: skip
        return numbers(model)

    wanted = run(build(), tmp_path / "whole")
    if build is scaled:
        assert wanted["scale"] < 2.0**30 and wanted["0 0"] < EPOCHS * 5  # steps were left out, and the scale moved
    folder = tmp_path / "broken"
    for count in [*breaks, 10**6]:
        path = folder / way
        model = load_model(path) if way != "backup" and path.exists() else build()
        try:
            found = run(model, folder, BreakAfter(count))
        except KeyboardInterrupt:
            assert count < 10**6
    assert_same(found, wanted)
    assert (folder / "log.csv").read_bytes() == (tmp_path / "whole" / "log.csv").read_bytes()
