"""Runs drawn at random, broken off at random places and gone on with: the bits of a run left alone.

NNSTACK_RESUME_DRAWS=500 draws so many; two otherwise.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pytest
import resumed_runs
from hypothesis import strategies as st
from test_resume import BreakAfter, assert_same, every_optimizer

import nnstack
from nnstack import layers as L
from nnstack.callbacks import (
    BackupAndRestore,
    Callback,
    EarlyStopping,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
)
from nnstack.models import Sequential, load_model

DRAWS = int(os.environ.get("NNSTACK_RESUME_DRAWS", "2"))
BATCHES = 8  # an epoch; resumed_runs.EPOCHS of them
LAYERS = {
    "dropout": lambda: L.Dropout(0.3),
    "alpha": lambda: L.AlphaDropout(0.1),
    "noise": lambda: L.GaussianNoise(0.1),
    "gaussian": lambda: L.GaussianDropout(0.2),
    "batch norm": lambda: L.BatchNormalization(momentum=0.9),
    "layer norm": lambda: L.LayerNormalization(),
    "spectral": lambda: L.SpectralNormalization(L.Dense(6)),
}
CALLBACKS = {
    "plateau": lambda folder: ReduceLROnPlateau("loss", patience=1, factor=0.7, cooldown=1),
    "early": lambda folder: EarlyStopping("loss", patience=2, restore_best_weights=True),
    "best": lambda folder: ModelCheckpoint(folder / "best.h5", save_best_only=True, monitor="loss"),
    "rates": lambda folder: LearningRateScheduler(lambda epoch, rate: rate * 0.9),
}


@hypothesis.settings(max_examples=DRAWS, deadline=None, derandomize=DRAWS <= 2, phases=[hypothesis.Phase.generate])
@hypothesis.given(
    make_optimizer=st.sampled_from([one.values[0] for one in every_optimizer()]),
    hidden=st.lists(st.sampled_from(sorted(LAYERS)), max_size=4),
    stateful=st.booleans(),
    kind=st.sampled_from(["arrays", "sequence", "generator", "in turn"]),
    watchers=st.lists(st.sampled_from(sorted(CALLBACKS)), unique=True),
    way=st.sampled_from([".h5", ".keras", "backup"]),
    save_freq=st.integers(1, 11),
    breaks=st.lists(st.integers(1, BATCHES * resumed_runs.EPOCHS - 1), min_size=1, max_size=2),
    steps=st.sampled_from([1, 1, 3]),
)
@pytest.mark.filterwarnings("ignore:.*does not say where the run was")
def test_any_run_broken_off_anywhere(
    make_optimizer: Any, hidden: list[str], stateful: bool, kind: str, watchers: list[str], way: str, save_freq: int,
    breaks: list[int], steps: int,
) -> None:  # fmt: skip
    if not isinstance(
        make_optimizer().get_config().get("learning_rate", 0.1), float
    ):  # a schedule, which nobody changes
        watchers = [name for name in watchers if name not in ("plateau", "rates")]
    stateful = stateful and kind in ("generator", "in turn")  # whose batches are all of one size

    def build() -> Any:
        nnstack.utils.set_random_seed(3)
        inputs = L.Input(batch_shape=(resumed_runs.BATCH if stateful else None, 5))
        layers = [L.Dense(6, activation="tanh"), *[LAYERS[name]() for name in hidden]]
        if stateful:
            layers += [L.Reshape((6, 1)), L.LSTM(3, stateful=True, dropout=0.1)]
        model = Sequential([inputs, *layers, L.Dense(1, activation="sigmoid")])
        model.compile(make_optimizer(), "binary_crossentropy", metrics=["acc"], steps_per_execution=steps)
        return model

    def run(model: Any, folder: Path, *more: Callback) -> dict[str, np.ndarray]:
        own = [CALLBACKS[name](folder) for name in watchers]
        if way == "backup":
            own.append(BackupAndRestore(folder / "backup", save_freq))
        else:
            own.insert(0, ModelCheckpoint(folder / f"model{way}", save_freq=save_freq))
        rows = resumed_runs.data(kind)
        validation = None if stateful else resumed_runs.VALIDATION
        history = model.fit(
            **rows, epochs=resumed_runs.EPOCHS, verbose=0, validation_data=validation, callbacks=[*own, *more],
            resume=way != "backup",
        )  # fmt: skip
        values = {name: np.array(numbers) for name, numbers in history.history.items()}
        return values | {str(number): weight for number, weight in enumerate(model.get_weights())}

    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        wanted = run(build(), Path(one))
        folder = Path(other)
        for count in [*breaks, 10**6]:
            saved = folder / f"model{way}"
            model = load_model(saved) if saved.exists() else build()
            try:
                found = run(model, folder, BreakAfter(count))
                break
            except KeyboardInterrupt:
                np.random.seed(99)
        assert_same(found, wanted)
