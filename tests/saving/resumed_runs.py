"""A process that trains and may be killed, for test_resume.py: `python resumed_runs.py FOLDER DATA WAY`.

It goes on from FOLDER/backup or FOLDER/model.h5 if there is one, and writes weights and history to FOLDER/done.npz at
its end. `build`, `data` and `run` are also what the test calls for the run that nobody disturbs.
"""

from __future__ import annotations

import itertools
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from nnstack.callbacks import BackupAndRestore, Callback, EarlyStopping, ModelCheckpoint, ReduceLROnPlateau
from nnstack.layers import BatchNormalization, Dense, Dropout, GaussianNoise
from nnstack.models import Sequential, load_model
from nnstack.utils import Sequence, set_random_seed

EPOCHS, BATCH = 6, 8
X = np.random.default_rng(0).normal(size=(61, 5)).astype(np.float32)
Y = (X[:, :1] > 0).astype(np.float32)
VALIDATION = X[:9], 1 - Y[:9]


def build() -> Sequential:
    set_random_seed(3)
    layers = [Dense(8, activation="tanh", input_shape=(5,)), BatchNormalization(), GaussianNoise(0.1), Dropout(0.3)]
    model = Sequential([*layers, Dense(1, activation="sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["acc"])
    return model


class Shuffled(Sequence):
    """Its own order, changed after every epoch, and noise in every batch."""

    def __init__(self) -> None:
        self.order = np.arange(len(X))

    def __len__(self) -> int:
        return -(-len(X) // BATCH)

    def __getitem__(self, index: int) -> Any:
        rows = self.order[index * BATCH : (index + 1) * BATCH]
        return X[rows], Y[rows]

    def on_epoch_end(self) -> None:
        np.random.shuffle(self.order)


def endless() -> Iterator[Any]:
    while True:
        rows = np.random.randint(0, len(X), BATCH)
        yield X[rows] + np.float32(random.gauss(0, 0.01)), Y[rows]


def in_turn() -> Iterator[Any]:
    """Draws nothing: where it is, it knows alone."""
    for first in itertools.cycle(range(len(X) - BATCH)):
        yield X[first : first + BATCH], Y[first : first + BATCH]


def data(kind: str) -> dict[str, Any]:
    if kind == "arrays":
        return {"x": X, "y": Y, "batch_size": BATCH}
    if kind == "sequence":
        return {"x": Shuffled()}
    return {"x": endless() if kind == "generator" else in_turn(), "steps_per_epoch": 8}


def watchers() -> list[Any]:
    return [ReduceLROnPlateau(patience=1, factor=0.7), EarlyStopping(patience=40, restore_best_weights=True)]


class Slow(Callback):
    """So slow that a kill can hit any batch."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        time.sleep(self.seconds)


def run(model: Any, kind: str, callbacks: list[Any], **options: Any) -> dict[str, np.ndarray]:
    """Weights and history after all epochs."""
    history = model.fit(
        **data(kind), epochs=EPOCHS, verbose=0, validation_data=VALIDATION, callbacks=callbacks, **options
    )
    values = {f"history {name}": np.array(numbers) for name, numbers in history.history.items()}
    return values | {f"weight {i}": weight for i, weight in enumerate(model.get_weights())}


def main() -> None:
    folder, kind, way = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    slow = Slow(0.002)
    if way == "backup":
        results = run(build(), kind, [*watchers(), BackupAndRestore(folder / "backup", 1), slow])
    else:
        path = folder / "model.h5"
        model = load_model(path) if path.exists() else build()
        saving = ModelCheckpoint(path, save_freq=3)
        results = run(model, kind, [saving, *watchers(), slow], resume=True)
    np.savez(folder / "unfinished.npz", **results)
    (folder / "unfinished.npz").rename(folder / "done.npz")


if __name__ == "__main__":
    main()
