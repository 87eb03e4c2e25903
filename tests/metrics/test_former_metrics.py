"""A metric written as a layer that keeps its state, as Keras 2.1 and 2.2 asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnstack import Sequential
from nnstack import backend as K
from nnstack.layers import Dense, Layer


class TruePositives(Layer):
    def __init__(self, name: str = "true_positives", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.stateful = True
        self.true_positives = K.variable(value=0, dtype="int32")

    def reset_states(self) -> None:
        K.set_value(self.true_positives, 0)

    def __call__(self, y_true: Any, y_pred: Any) -> Any:
        right = K.cast(K.equal(K.cast(K.round(y_pred), "int32"), K.cast(y_true, "int32")), "int32")
        found = K.sum(right * K.cast(y_true, "int32"))
        before = self.true_positives * 1
        self.add_update(K.update_add(self.true_positives, found), inputs=[y_true, y_pred])
        return before + found


@pytest.mark.parametrize("eager", [False, True])
def test_the_value_is_that_of_the_last_batch_and_starts_again(eager: bool) -> None:
    x = np.random.default_rng(0).random((40, 4)).astype("float32")
    y = (x[:, :1] > 0.5).astype("float32")
    model = Sequential([Dense(1, activation="sigmoid", kernel_initializer="ones", input_shape=(4,))])
    model.compile("sgd", "binary_crossentropy", metrics=["acc", TruePositives()], run_eagerly=eager)
    model.optimizer.learning_rate = 0.0  # sigmoid of a positive sum: every row is taken for positive
    history = model.fit(x, y, batch_size=8, epochs=2, verbose=0, validation_data=(x[:16], y[:16])).history
    assert history["true_positives"] == [y.sum(), y.sum()]
    assert history["val_true_positives"] == [y[:16].sum(), y[:16].sum()]
    assert model.evaluate(x, y, batch_size=8, verbose=0)[2] == y.sum()
