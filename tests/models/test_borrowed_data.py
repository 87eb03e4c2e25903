"""Data of other libraries, and training that the user breaks off."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnstack.callbacks import Callback
from nnstack.layers import Dense
from nnstack.models import Sequential

X = np.random.default_rng(0).normal(size=(20, 3)).astype("float32")
Y = X.sum(1, keepdims=True)


class Borrowed:
    """A tensor of another library: it has only the DLPack protocol."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array

    def __dlpack__(self, **options: Any) -> Any:
        return self._array.__dlpack__()

    def __dlpack_device__(self) -> Any:
        return self._array.__dlpack_device__()


def small_model() -> Sequential:
    model = Sequential([Dense(1, input_shape=(3,), weights=[np.ones((3, 1)), np.zeros(1)])])
    model.compile("sgd", "mse", metrics=["mae"])
    return model


def test_tensors_of_other_libraries() -> None:
    ours, theirs = small_model(), small_model()
    options: dict[str, Any] = {"epochs": 2, "batch_size": 6, "shuffle": False, "verbose": 0}
    expected = ours.fit(X, -Y, sample_weight=np.linspace(0, 1, 20), **options).history
    weights = Borrowed(np.linspace(0, 1, 20))
    found = theirs.fit(Borrowed(X), Borrowed(-Y), sample_weight=weights, **options).history
    assert found == expected
    np.testing.assert_array_equal(theirs.predict(Borrowed(X)), ours.predict(X))
    assert theirs.evaluate(Borrowed(X), Borrowed(Y), verbose=0) == ours.evaluate(X, Y, verbose=0)
    assert theirs.train_on_batch(Borrowed(X), Borrowed(Y)) == ours.train_on_batch(X, Y)


@pytest.mark.parametrize("eager", [False, True])
def test_broken_off_training_leaves_a_usable_model(eager: bool) -> None:
    class Break(Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == 1:
                raise KeyboardInterrupt

    model, other = small_model(), small_model()
    model.run_eagerly = eager
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, -Y, batch_size=5, shuffle=False, verbose=0, callbacks=[Break()])
    other.fit(X[:10], -Y[:10], batch_size=5, shuffle=False, verbose=0)
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)
    np.testing.assert_allclose(model.predict(X), other.predict(X), rtol=1e-4, atol=1e-6)
    assert len(model.fit(X, -Y, epochs=2, verbose=0).history["loss"]) == 2
