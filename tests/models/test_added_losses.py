"""add_loss and add_metric outside `call`: tensors of a functional model's graph, callables, penalties of weights."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstack import backend
from nnstack.layers import Dense, Input
from nnstack.models import Model, Sequential, clone_model, load_model, model_from_json

X = np.linspace(-1.0, 1.0, 40, dtype=np.float32).reshape(10, 4)
KERNEL = np.linspace(-0.5, 0.5, 12, dtype=np.float32).reshape(4, 3)


def with_added() -> Model:
    """The loss is the mean square of the only layer's output, which no compile() knows of."""
    i = Input((4,))
    h = Dense(3, use_bias=False, name="d")(i)
    model = Model(i, h)
    model.add_loss(backend.mean(backend.square(h)))
    model.add_metric(backend.mean(backend.abs(h)), name="size", aggregation="mean")
    model.set_weights([KERNEL])
    return model


def expected(kernel: np.ndarray) -> dict[str, float]:
    h = X.astype(np.float64) @ kernel
    return {"loss": float(np.mean(h**2)), "size": float(np.mean(np.abs(h)))}


def test_tensors_of_the_graph() -> None:
    model = with_added()
    model.compile("sgd")
    assert model.evaluate(X, verbose=0, return_dict=True) == pytest.approx(expected(KERNEL), rel=1e-6)
    model.fit(X, batch_size=10, verbose=0)
    gradient = 2.0 * X.T.astype(np.float64) @ (X @ KERNEL) / 30
    np.testing.assert_allclose(model.get_weights()[0], KERNEL - 0.01 * gradient, rtol=1e-5)
    assert model.predict(X).shape == (10, 3)


def test_copies_keep_them(tmp_path: Path) -> None:
    model = with_added()
    model.compile("sgd")
    model.save(tmp_path / "m.h5")
    copies: list[Any] = [clone_model(model), model_from_json(model.to_json())]
    for copy in copies:
        copy.set_weights([KERNEL])
        copy.compile("sgd")
    for copy in [*copies, load_model(tmp_path / "m.h5")]:
        assert copy.evaluate(X, verbose=0, return_dict=True) == pytest.approx(expected(KERNEL), rel=1e-6)


def test_on_a_sequential() -> None:
    model = Sequential([Dense(3, use_bias=False, input_shape=(4,))])
    model.set_weights([KERNEL])
    model.add_loss(backend.mean(backend.square(model.output)))
    model.compile("sgd")
    assert model.evaluate(X, verbose=0) == pytest.approx(expected(KERNEL)["loss"], rel=1e-6)


def test_penalties_and_callables_outlast_calls() -> None:
    model = Sequential([Dense(3, use_bias=False, input_shape=(4,))])
    model.set_weights([KERNEL])
    kernel = model.layers[0].kernel
    model.add_loss(lambda: backend.sum(backend.square(kernel)))
    model.add_loss(backend.sum(backend.abs(kernel)))
    model.compile("sgd", "mse")
    target = np.zeros((10, 3), np.float32)
    penalty = float(np.sum(KERNEL.astype(np.float64) ** 2) + np.sum(np.abs(KERNEL.astype(np.float64))))
    want = pytest.approx(expected(KERNEL)["loss"] + penalty, rel=1e-6)
    assert len(model.losses) == 2
    assert [model.evaluate(X, target, verbose=0), model.evaluate(X, target, verbose=0)] == [want, want]
