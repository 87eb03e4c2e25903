"""Models saved as folders: everything comes back, and nobody's folder is replaced."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnstack
from nnstack import layers, models
from nnstack.saving import folder

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(24, 6)).astype(np.float32), RNG.normal(size=(24, 2)).astype(np.float32)


def trained(optimizer: str = "adam") -> Any:
    nnstack.utils.set_random_seed(3)
    inputs = layers.Input((6,))
    hidden = layers.Dropout(0.3)(layers.BatchNormalization()(layers.Dense(5, activation="tanh")(inputs)))
    model = models.Model(inputs, layers.Dense(2)(hidden), name="m")
    model.compile(optimizer, "mse", metrics=["mae"])
    model.fit(X, Y, batch_size=8, epochs=2, verbose=0)
    return model


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop", "ftrl"])
@pytest.mark.parametrize("save_format", [None, "tf"])
def test_training_goes_on_where_it_stopped(tmp_path: Path, optimizer: str, save_format: str | None) -> None:
    model = trained(optimizer)
    model.save(tmp_path / "model", save_format=save_format)
    again = models.load_model(tmp_path / "model")
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert again.metrics_names == model.metrics_names
    for batch in (slice(0, 8), slice(8, 16), slice(16, 24)):
        assert again.train_on_batch(X[batch], Y[batch]) == model.train_on_batch(X[batch], Y[batch])
    for mine, other in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)


def test_what_lies_in_the_folder(tmp_path: Path) -> None:
    trained().save(tmp_path / "model")
    assert sorted(os.listdir(tmp_path)) == ["model"]
    assert sorted(os.listdir(tmp_path / "model")) == ["config.json", "training.h5", "variables"]
    other = trained()
    other.set_weights([np.zeros_like(weight) for weight in other.get_weights()])
    other.load_weights(tmp_path / "model")  # the checkpoint in it
    np.testing.assert_array_equal(other.predict(X), trained().predict(X))


def test_without_optimizer_and_never_compiled(tmp_path: Path) -> None:
    model = trained()
    model.save(tmp_path / "model", include_optimizer=False)
    with pytest.warns(UserWarning, match="holds no training configuration"):
        again = models.load_model(tmp_path / "model")
    assert again.optimizer is None
    assert sorted(os.listdir(tmp_path / "model")) == ["config.json", "variables"]
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_a_saved_model_is_replaced_and_another_folder_is_not(tmp_path: Path) -> None:
    trained("sgd").save(tmp_path / "model")
    model = trained("adam")
    with pytest.raises(FileExistsError, match="model exists; pass overwrite=True to replace it"):
        model.save(tmp_path / "model", overwrite=False)
    model.save(tmp_path / "model")
    assert type(models.load_model(tmp_path / "model").optimizer).__name__ == "Adam"
    (tmp_path / "model" / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match=r"a folder with other things in it \(notes.txt\)"):
        model.save(tmp_path / "model")
    assert (tmp_path / "model" / "notes.txt").read_text() == "mine"
    assert sorted(os.listdir(tmp_path)) == ["model"]  # and nothing is left beside it


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "model").write_text("mine")
    with pytest.raises(FileExistsError, match="model is a file, where a folder would be written"):
        trained().save(tmp_path / "model")
    assert (tmp_path / "model").read_text() == "mine"


def test_an_error_keeps_the_old_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = trained()
    model.save(tmp_path / "model")
    before = models.load_model(tmp_path / "model").predict(X)

    def full(*arguments: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(folder.training_state, "write_states", full)
    model.set_weights([weight + 1 for weight in model.get_weights()])
    with pytest.raises(OSError, match="No space left"):
        model.save(tmp_path / "model")
    np.testing.assert_array_equal(models.load_model(tmp_path / "model").predict(X), before)
    assert sorted(os.listdir(tmp_path)) == ["model"]


def test_folders_are_swapped_where_the_system_cannot_exchange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder.ctypes, "CDLL", lambda name: None)
    trained("sgd").save(tmp_path / "model")
    trained("adam").save(tmp_path / "model")
    assert type(models.load_model(tmp_path / "model").optimizer).__name__ == "Adam"
    assert sorted(os.listdir(tmp_path)) == ["model"]


def test_nested_and_recurrent_models(tmp_path: Path) -> None:
    inner = models.Sequential([layers.Dense(3, activation="relu", input_shape=(4,))], name="inner")
    inputs = layers.Input((5, 4))
    outputs = layers.Bidirectional(layers.LSTM(3))(layers.TimeDistributed(inner)(inputs))
    model = models.Model(inputs, outputs)
    model.save(tmp_path / "model")
    with pytest.warns(UserWarning, match="holds no training configuration"):
        again = models.load_model(tmp_path / "model")
    x = RNG.normal(size=(3, 5, 4)).astype(np.float32)
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
