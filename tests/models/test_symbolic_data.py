"""Training that draws on tensors instead of arrays: Input(tensor=...), target_tensors, fit without data."""

import numpy as np
import pytest

from nnstack import backend as K
from nnstack.layers import Add, Dense, Input
from nnstack.models import Model, Sequential

X = np.random.default_rng(0).normal(size=(10, 4)).astype(np.float32)
Y = X[:, :1] * 2


def twin(model: Model) -> Sequential:
    other = Sequential([Dense(1, input_shape=(4,))])
    other.set_weights(model.get_weights())
    other.compile("sgd", "mse", metrics=["mae"])
    return other


def test_everything_from_variables() -> None:
    i = Input(tensor=K.variable(X))
    model = Model(i, Dense(1)(i))
    model.compile("sgd", "mse", metrics=["mae"], target_tensors=K.variable(Y))
    other = twin(model)
    found = model.fit(epochs=3, steps_per_epoch=2, verbose=0).history
    expected = other.fit(np.tile(X, (2, 1)), np.tile(Y, (2, 1)), batch_size=10, epochs=3, shuffle=False, verbose=0)
    for name, values in expected.history.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-5)
    assert model.evaluate(steps=2, verbose=0) == pytest.approx(other.evaluate(X, Y, verbose=0), rel=1e-5)
    np.testing.assert_allclose(model.predict(steps=2), np.tile(other.predict(X), (2, 1)), rtol=1e-5)
    assert model.train_on_batch(None) == pytest.approx(other.train_on_batch(X, Y), rel=1e-5)
    assert model.test_on_batch(None, None) == pytest.approx(other.test_on_batch(X, Y), rel=1e-5)
    np.testing.assert_allclose(model.predict_on_batch(None), other.predict(X), rtol=1e-5)


def test_inputs_are_read_anew_in_every_step() -> None:
    source = K.variable(X)
    i = Input(tensor=K.square(source) + 1.0)
    model = Model(i, Dense(1, kernel_initializer="ones")(i))
    first = model.predict(steps=1)
    K.set_value(source, X * 2)
    np.testing.assert_allclose(first[:, 0], (X**2 + 1).sum(1), rtol=1e-5)
    np.testing.assert_allclose(model.predict(steps=1)[:, 0], (4 * X**2 + 1).sum(1), rtol=1e-5)


def test_a_tensor_beside_data() -> None:
    i, j = Input(tensor=K.variable(X)), Input((4,), name="fed")
    model = Model([i, j], Dense(1)(Add()([i, j])))
    model.compile("sgd", "mse", metrics=["mae"])
    other = twin(model)
    fit = {"batch_size": 10, "epochs": 2, "shuffle": False, "verbose": 0}
    found = model.fit(X * 3, Y, **fit).history["loss"]
    np.testing.assert_allclose(found, other.fit(X * 4, Y, **fit).history["loss"], rtol=1e-5)
    assert model.train_on_batch({"fed": X}, Y) == pytest.approx(other.train_on_batch(X * 2, Y), rel=1e-5)
    alone = Model(i, Dense(1)(i))
    alone.compile("sgd", "mse")
    assert len(alone.fit(None, Y, batch_size=10, epochs=2, verbose=0).history["loss"]) == 2


def test_some_targets_are_tensors() -> None:
    i = Input((4,))
    model = Model(i, [Dense(1, name="a")(i), Dense(1, name="b")(i)])
    model.compile("sgd", "mse", target_tensors={"a": K.variable(Y)})
    plain = Model(i, model.outputs)
    plain.compile("sgd", "mse")
    expected = plain.test_on_batch(X, [Y, -Y])
    assert model.test_on_batch(X, [-Y]) == pytest.approx(expected, rel=1e-6)
    assert model.test_on_batch(X, {"b": -Y}) == pytest.approx(expected, rel=1e-6)


def test_a_placeholder_as_target_is_fed() -> None:
    target = K.placeholder((None, 1))
    model = Sequential([Dense(1, input_shape=(4,))])
    model.compile("sgd", lambda y_true, y_pred: K.square(y_pred - target), target_tensors=target)
    other = twin(model)
    assert model.train_on_batch(X, Y) == pytest.approx(other.train_on_batch(X, Y)[0], rel=1e-5)


def test_errors() -> None:
    i = Input(tensor=K.variable(X))
    model = Model(i, Dense(1, name="out")(i))
    model.compile("sgd", "mse", target_tensors=[K.variable(Y)])
    with pytest.raises(ValueError, match="steps_per_epoch must be given"):
        model.fit(verbose=0)
    with pytest.raises(ValueError, match="expected tensors or variables in target_tensors, got array"):
        model.compile("sgd", "mse", target_tensors=[Y])
    with pytest.raises(ValueError, match="target_tensors names unknown outputs 'x'"):
        model.compile("sgd", "mse", target_tensors={"x": K.variable(Y)})


@pytest.mark.parametrize("source", ["variable", "computed"])
def test_the_same_numbers_step_by_step(source: str) -> None:
    """run_eagerly reads tensors and variables anew in every step, as the compiled step does."""
    kernel = np.ones((4, 1), np.float32)
    histories = []
    for eager in (False, True):
        x, y = K.variable(X), K.variable(Y)
        i = Input(tensor=x if source == "variable" else K.square(x) + 1.0)
        model = Model(i, Dense(1, weights=[kernel, np.zeros(1)])(i))
        model.compile("sgd", "mse", target_tensors=[y if source == "variable" else K.exp(y)], run_eagerly=eager)
        first = model.fit(steps_per_epoch=2, epochs=2, verbose=0).history["loss"]
        K.set_value(x, X / 2)
        K.set_value(y, -Y)
        second = model.fit(steps_per_epoch=1, verbose=0).history["loss"]
        histories.append([*first, *second, model.evaluate(steps=1, verbose=0), *model.predict(steps=1)[:, 0]])
    np.testing.assert_allclose(histories[1], histories[0], rtol=2e-5)


def test_beside_data_and_from_one_draw_step_by_step() -> None:
    losses = []
    for eager in (False, True):
        i, j = Input(tensor=K.variable(X)), Input((4,), name="fed")
        model = Model([i, j], Dense(1, weights=[np.ones((4, 1)), np.zeros(1)])(Add()([i, j])))
        model.compile("sgd", "mse", run_eagerly=eager)
        losses.append([model.train_on_batch({"fed": X * 3}, Y), model.test_on_batch(X, Y)])
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-5)
    noise = K.random_normal((5, 4))
    i = Input(tensor=noise)
    model = Model(i, Dense(1, weights=[np.ones((4, 1)), np.zeros(1)])(i))
    model.compile("sgd", "mse", target_tensors=[K.sum(noise, axis=1, keepdims=True)], run_eagerly=True)
    assert model.test_on_batch(None) == pytest.approx(0.0, abs=1e-10)
    first, second = model.predict(steps=1), model.predict(steps=1)
    assert np.abs(first - second).max() > 1e-3
