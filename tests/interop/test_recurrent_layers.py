"""Recurrent layers that keep their states from batch to batch, as the real tf_keras has them.

Their arguments are drawn in test_layers_with_steps.py.
"""

from typing import Any

import numpy as np
import pytest

import nnstack


def data_of(seed: int, masked: bool, length: int = 5) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(3, length, 2)).astype(np.float32)
    return np.where(rng.random((3, length, 1)) < 0.4, 0, x).astype(np.float32) if masked else x


@pytest.mark.parametrize("kind", ["SimpleRNN", "GRU", "LSTM"])
def test_states_kept_between_batches(tf_keras: Any, kind: str) -> None:
    def build(k: Any) -> Any:
        return k.Sequential([getattr(k.layers, kind)(3, stateful=True, batch_input_shape=(3, 5, 2))])

    theirs, ours = build(tf_keras), build(nnstack)
    ours.set_weights(theirs.get_weights())
    for seed in range(3):
        x = data_of(seed, False)
        np.testing.assert_allclose(ours.predict_on_batch(x), theirs.predict_on_batch(x), rtol=1e-4, atol=1e-5)
    given_states = [np.full((3, 3), 0.3, np.float32)] * (2 if kind == "LSTM" else 1)
    for model in (theirs, ours):
        model.layers[0].reset_states(given_states)
    np.testing.assert_allclose(ours.predict_on_batch(x), theirs.predict_on_batch(x), rtol=1e-4, atol=1e-5)
