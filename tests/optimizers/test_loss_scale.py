"""LossScaleOptimizer: the scale in and out of the gradients, steps that are left out, models under mixed_float16."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstack import backend, mixed_precision, optimizers
from nnstack.layers import Dense, Input
from nnstack.models import Model, load_model
from nnstack.optimizers import SGD, Adam, Nadam, legacy

X = np.linspace(-1, 1, 24, dtype=np.float32).reshape(6, 4)
INNER = [lambda: SGD(0.1, momentum=0.9), lambda: Adam(0.1), lambda: legacy.Adam(0.1)]


def scaled(*args: Any, **kwargs: Any) -> Any:
    return mixed_precision.LossScaleOptimizer(*args, **kwargs)


@pytest.mark.parametrize("make", INNER)
def test_finite_steps_are_the_inner_optimizer_s(make: Any) -> None:
    inner, plain = make(), make()
    optimizer = scaled(inner, initial_scale=1024.0)
    a, b = (backend.variable(np.array([1.0, -2.0])) for _ in range(2))
    for _ in range(3):
        plain.apply_gradients([(2 * a.numpy(), a)])
        optimizer.minimize(lambda: backend.sum(backend.square(b)), [b])
    np.testing.assert_allclose(b.numpy(), a.numpy(), rtol=1e-6)
    assert int(optimizer.iterations.numpy()) == 3 and optimizer.inner_optimizer is inner
    assert [w.tolist() for w in optimizer.get_weights()] == [w.tolist() for w in plain.get_weights()]


def test_scale_of_losses_and_gradients() -> None:
    optimizer = scaled(SGD(), initial_scale=8.0)
    assert float(optimizer.get_scaled_loss(backend.constant(2.0))) == 16.0
    assert float(optimizer.get_scaled_loss(lambda: backend.constant(3.0))()) == 24.0
    half = optimizer.get_scaled_loss(backend.constant(2.0, "float16"))
    assert half.dtype == "float16"
    gradients = optimizer.get_unscaled_gradients([backend.constant([4.0]), None])
    assert gradients[1] is None and gradients[0].numpy().tolist() == [0.5]


@pytest.mark.parametrize("make", [lambda: Nadam(0.1), lambda: legacy.Nadam(0.1), lambda: Adam(0.1, use_ema=True)])
def test_left_out_steps_leave_nothing_behind(make: Any) -> None:
    """Nadam's product of momentums is no variable that files hold, and stays as it was all the same."""
    optimizer, plain = scaled(make(), initial_scale=8.0), make()
    a, b = (backend.variable(np.array([1.0, -2.0], np.float32)) for _ in range(2))
    for gradient in (1.0, np.inf, 2.0, np.nan, np.nan, 3.0):
        optimizer.apply_gradients([(np.array([gradient, 1.0], np.float32), a)])
        if np.isfinite(gradient):
            plain.apply_gradients([(np.array([gradient, 1.0], np.float32), b)])
    np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_steps_that_are_not_finite_are_left_out() -> None:
    optimizer = scaled(SGD(0.5, momentum=0.9), initial_scale=8.0, dynamic_growth_steps=2)
    a, b = backend.variable([1.0, 2.0]), backend.variable([3.0])
    optimizer.build([a, b])

    def step(gradient: float) -> tuple[float, int, int]:
        optimizer.apply_gradients([(np.array([gradient, 0.0], np.float32), a), (np.array([1.0], np.float32), b)])
        return (
            float(optimizer.loss_scale),
            int(optimizer.dynamic_counter.numpy()),
            int(optimizer.iterations.numpy()),
        )

    assert step(1.0) == (8.0, 1, 1)
    before = [v.numpy().tolist() for v in (a, b, *optimizer.variables)]
    assert step(np.inf) == (4.0, 0, 1) and step(np.nan) == (2.0, 0, 1)
    assert [v.numpy().tolist() for v in (a, b, *optimizer.variables)] == before
    assert step(0.0) == (2.0, 1, 2)
    assert step(0.0) == (4.0, 0, 3)
    for expected in (2.0, 1.0, 1.0):  # never below 1
        assert step(np.inf)[0] == expected
    fixed = scaled(SGD(), dynamic=False, initial_scale=4.0)
    fixed.apply_gradients([(np.array([np.inf], np.float32), b)])
    assert np.isinf(b.numpy()).all() and float(fixed.loss_scale) == 4.0 and fixed.dynamic_counter is None


def test_learning_rate_is_the_inner_one() -> None:
    optimizer = scaled("adam")
    assert isinstance(optimizer.inner_optimizer, Adam)
    optimizer.learning_rate = 0.25
    assert float(optimizer.inner_optimizer.learning_rate.numpy()) == 0.25 == float(optimizer.lr.numpy())
    optimizer.beta_1 = 0.5
    assert optimizer.inner_optimizer.beta_1 == 0.5


@pytest.mark.parametrize("make", INNER)
def test_config(make: Any) -> None:
    optimizer = scaled(make(), initial_scale=16.0, dynamic_growth_steps=5)
    config = optimizers.serialize(optimizer)
    assert config["class_name"] == (
        "LossScaleOptimizer" if "legacy" in type(make()).__module__ else "LossScaleOptimizerV3"
    )
    again = optimizers.deserialize(config)
    assert type(again) is type(optimizer) and again.get_config() == optimizer.get_config()
    assert type(again.inner_optimizer) is type(optimizer.inner_optimizer)


def test_models_under_mixed_float16(tmp_path: Path) -> None:
    mixed_precision.set_global_policy("mixed_float16")
    try:
        i = Input((4,))
        model = Model(i, Dense(1, dtype="float32")(Dense(8, "relu")(i)))
        model.compile(Adam(0.01), "mse")
    finally:
        mixed_precision.set_global_policy(None)
    assert isinstance(model.optimizer, mixed_precision.LossScaleOptimizer)
    small = 1e-4 * X[:, :1]  # gradients of about 1e-8: zero in float16 if they are not scaled
    before = model.layers[1].get_weights()[0]
    losses = model.fit(X, small, epochs=20, verbose=0).history["loss"]
    assert losses[-1] < losses[0] and not np.array_equal(model.layers[1].get_weights()[0], before)
    assert int(model.optimizer.iterations.numpy()) == 20
    for name in ("m.h5", "m.keras"):
        model.save(str(tmp_path / name))
        again = load_model(str(tmp_path / name))
        assert type(again.optimizer) is type(model.optimizer)
        np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))
        for a, b in zip(again.optimizer.get_weights(), model.optimizer.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
        again.train_on_batch(X, small)


def test_wrong_arguments() -> None:
    for make, text in [
        (lambda: scaled(3), "expected an optimizer that is not wrapped yet, got 3"),
        (lambda: scaled(scaled("sgd")), "expected an optimizer that is not wrapped yet"),
        (lambda: scaled("sgd", "dynamic"), "expected True or False as dynamic, got 'dynamic'"),
    ]:
        with pytest.raises(TypeError, match=text):
            make()
    with pytest.raises(ValueError, match="dynamic=False needs initial_scale"):
        scaled("sgd", dynamic=False)
    with pytest.raises(ValueError, match="dynamic_growth_steps is for dynamic=True, got 3"):
        scaled("sgd", dynamic=False, initial_scale=2.0, dynamic_growth_steps=3)
