"""LinearModel and WideDeepModel; numbers by hand and from tf_keras 2.21 (constant initial weights, no shuffling)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nnstack
from nnstack import Sequential, layers
from nnstack.experimental import LinearModel, WideDeepModel


def _data() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    numbers = np.random.RandomState(0)
    wide, deep = numbers.rand(64, 5).astype("float32"), numbers.rand(64, 3).astype("float32")
    return wide, deep, wide.sum(axis=1, keepdims=True) + deep[:, :1]


def test_linear_model_trains_as_in_keras() -> None:
    wide, _, y = _data()
    model = LinearModel()
    model.compile("sgd", "mse")
    losses = model.fit(wide, y, epochs=3, verbose=0, shuffle=False).history["loss"]
    np.testing.assert_allclose(losses, [9.100505828857422, 7.555694580078125, 6.276129722595215], rtol=1e-5)


def test_linear_model_adds_up_its_inputs() -> None:
    wide, deep, _ = _data()
    model = LinearModel(units=2, activation="tanh", bias_initializer="ones", kernel_initializer="ones")
    found = np.asarray(model({"b": wide, "a": deep}))
    expected = np.tanh(wide.sum(axis=1) + deep.sum(axis=1) + 1)
    np.testing.assert_allclose(found, np.stack([expected, expected], axis=1), rtol=1e-5)
    assert [tuple(weight.shape) for weight in model.weights] == [(3, 2), (5, 2), (2,)]
    with pytest.raises(ValueError, match="missing a"):
        model({"b": wide})
    again = LinearModel.from_config(model.get_config())
    np.testing.assert_allclose(np.asarray(again([wide, deep])), found, rtol=1e-5)


def _wide_and_deep() -> Any:
    deep = Sequential(
        [
            layers.Dense(4, activation="relu", kernel_initializer=nnstack.initializers.Constant(0.1)),
            layers.Dense(1, kernel_initializer="ones"),
        ]
    )
    return WideDeepModel(LinearModel(kernel_regularizer="l2"), deep)


@pytest.mark.parametrize("eager", [False, True])
def test_wide_deep_model_with_two_optimizers(eager: bool) -> None:
    wide, deep, y = _data()
    model = _wide_and_deep()
    model.compile(["sgd", "adam"], "mse", metrics=["mae"], run_eagerly=eager)
    history = model.fit([wide, deep], y, epochs=3, verbose=0, shuffle=False).history
    np.testing.assert_allclose(history["loss"], [6.0592851638793945, 4.950838088989258, 4.04365348815918], rtol=1e-5)
    np.testing.assert_allclose(history["mae"], [2.346217155456543, 2.108335494995117, 1.8919148445129395], rtol=1e-5)
    np.testing.assert_allclose(
        model.evaluate([wide, deep], y, verbose=0), [3.467970371246338, 1.7434364557266235], rtol=1e-5
    )


def test_wide_deep_model_with_one_optimizer_and_input() -> None:
    wide, _, y = _data()
    model = WideDeepModel(LinearModel(), Sequential([layers.Dense(1, kernel_initializer="ones")]), activation="tanh")
    model.compile("adam", "mse")
    losses = model.fit(wide, y, epochs=2, verbose=0, shuffle=False).history["loss"]
    np.testing.assert_allclose(losses, [4.604588985443115, 4.602744102478027], rtol=1e-5)
    again = WideDeepModel.from_config(model.get_config())
    again.build((None, 5))
    again.set_weights(model.get_weights())
    np.testing.assert_allclose(again.predict(wide), model.predict(wide))


def test_several_optimizers_need_a_step_of_ones_own() -> None:
    with pytest.raises(ValueError, match="train_step of their own"):
        Sequential([layers.Dense(1)]).compile(["sgd", "adam"], "mse")


def test_several_optimizers_are_not_written(tmp_path: Any) -> None:
    wide, deep, y = _data()
    model = _wide_and_deep()
    model.compile(["sgd", "adam"], "mse")
    model.fit([wide, deep], y, verbose=0)
    with pytest.warns(UserWarning, match="files hold the state of one optimizer"):
        model.save(tmp_path / "model.keras")
    again = nnstack.models.load_model(tmp_path / "model.keras")
    again.predict([wide, deep])
    again.load_weights(tmp_path / "model.keras")
    np.testing.assert_allclose(again.predict([wide, deep]), model.predict([wide, deep]))
    assert again.optimizer is None
