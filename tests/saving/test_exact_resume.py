"""Two epochs, a file, two more: the same bits as four epochs, with dropout, shuffling and every optimizer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nnstack
from nnstack import optimizers
from nnstack.layers import BatchNormalization, Dense, Dropout, Embedding, Flatten, GaussianNoise
from nnstack.models import Sequential, load_model

X = np.random.default_rng(0).integers(0, 20, (96, 6))
Y = X[:, 0] % 3
OPTIMIZERS = ("sgd", "rmsprop", "adam", "adamw", "nadam", "adamax", "adagrad", "adadelta", "ftrl", "adafactor", "lion")


def trained(optimizer: object, *epochs: int) -> Sequential:
    """A new model after calls of fit of so many epochs each, everything seeded."""
    nnstack.utils.set_random_seed(5)
    model = Sequential(
        [
            Embedding(20, 4, input_length=6),
            Flatten(),
            GaussianNoise(0.1),
            Dense(16, activation="relu"),
            BatchNormalization(),
            Dropout(0.3),
            Dense(3, activation="softmax"),
        ]
    )
    model.compile(optimizer, "sparse_categorical_crossentropy")
    for count in epochs:
        model.fit(X, Y, epochs=count, verbose=0)
    return model


def assert_same_weights(first: Sequential, second: Sequential) -> None:
    for one, other in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("ending", [".h5", ".keras"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_loaded_model_goes_on_as_if_nothing_had_been(tmp_path: Path, optimizer: str, ending: str) -> None:
    whole = trained(optimizer, 4)
    trained(optimizer, 2).save(tmp_path / f"half{ending}")
    np.random.seed(99)  # whatever was drawn between
    loaded = load_model(tmp_path / f"half{ending}")
    loaded.fit(X, Y, epochs=4, initial_epoch=2, verbose=0)
    assert_same_weights(whole, loaded)


def test_so_does_one_that_another_process_trains_on(tmp_path: Path) -> None:
    def optimizer() -> optimizers.Optimizer:
        return optimizers.SGD(optimizers.schedules.ExponentialDecay(0.1, 5, 0.9), momentum=0.9, nesterov=True)

    whole = trained(optimizer(), 4)
    trained(optimizer(), 2).save(tmp_path / "half.h5")
    np.savez(tmp_path / "data.npz", x=X, y=Y)
    code = (
        "import sys, numpy as np; from nnstack.models import load_model\n"
        "model, data = load_model(sys.argv[1] + '/half.h5'), np.load(sys.argv[1] + '/data.npz')\n"
        "model.fit(data['x'], data['y'], epochs=4, initial_epoch=2, verbose=0); model.save(sys.argv[1] + '/done.h5')\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    assert_same_weights(whole, load_model(tmp_path / "done.h5"))


def test_two_calls_of_fit_are_one_longer_call() -> None:
    assert_same_weights(trained("adam", 3), trained("adam", 1, 2))
