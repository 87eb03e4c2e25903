"""Adafactor follows the real tf_keras step by step; the recorded optimizers are in tests/reference."""

from typing import Any

import numpy as np
import pytest

import nnstack


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"learning_rate": 0.5, "relative_step": False, "clip_threshold": 0.5},
        {"learning_rate": 0.3, "beta_2_decay": -0.5, "epsilon_2": 0.1, "weight_decay": 0.01},
    ],
    ids=str,
)
def test_same_weights(settings: dict[str, Any], tf_keras: Any) -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(16, 4)).astype("float32"), rng.normal(size=(16, 2)).astype("float32")
    models = []
    for k in (tf_keras, nnstack):
        models.append(k.Sequential([k.layers.Dense(3, activation="tanh", input_shape=(4,)), k.layers.Dense(2)]))
    theirs, ours = models
    ours.set_weights(theirs.get_weights())
    for k, model in ((tf_keras, theirs), (nnstack, ours)):
        model.compile(k.optimizers.Adafactor(**settings), "mse")
        model.fit(x, y, batch_size=8, epochs=4, shuffle=False, verbose=0)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
