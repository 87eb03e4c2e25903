"""`compile` as the reference pages say: what each argument takes, what it means, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnstack import Input, Model, Sequential, layers, losses, metrics, optimizers
from nnstack import backend as K
from nnstack.layers import Dense

X = np.linspace(-1, 1, 32, dtype="float32").reshape(8, 4)
Y = X[:, :2] * 0.5


def one() -> Sequential:
    return Sequential([Dense(2, input_shape=(4,), kernel_initializer="ones", name="d")])


def two(**names: str) -> Model:
    x = Input((4,))
    first = Dense(2, kernel_initializer="ones", name=names.get("first", "first"))
    second = Dense(1, kernel_initializer="ones", name=names.get("second", "second"))
    return Model(x, [first(x), second(x)])


def prediction(units: int) -> np.ndarray:
    return np.repeat(X.sum(axis=1, keepdims=True), units, axis=1)


@pytest.mark.parametrize(
    "optimizer",
    ["sgd", "SGD", "Sgd", {"class_name": "SGD", "config": {"learning_rate": 0.01}}, optimizers.SGD(0.01),
     optimizers.SGD(lr=0.01), optimizers.legacy.SGD(0.01), optimizers.legacy.SGD(lr=0.01)],
)  # fmt: skip
def test_optimizers_by_name_config_and_object(optimizer: Any) -> None:
    model = one()
    model.compile(optimizer, "mse")
    model.fit(X, Y, batch_size=8, verbose=0)
    gradient = 2 / 16 * X.T @ (prediction(2) - Y)
    np.testing.assert_allclose(model.get_weights()[0], np.ones((4, 2)) - 0.01 * gradient, rtol=1e-5)


def test_a_name_means_the_formulas_of_today() -> None:
    model = one()
    model.compile("adam", "mse")
    assert isinstance(model.optimizer, optimizers.Adam) and not isinstance(model.optimizer, optimizers.legacy.Optimizer)
    model.compile(loss="mse")
    assert isinstance(model.optimizer, optimizers.RMSprop)
    # decay divides the rate by 1 + decay * iterations
    decayed = one()
    decayed.compile(optimizers.SGD(0.1, decay=1.0), "mse")
    first = decayed.get_weights()[0]
    decayed.train_on_batch(X, Y)
    second = decayed.get_weights()[0]
    np.testing.assert_allclose(second, first - 0.1 * 2 / 16 * X.T @ (prediction(2) - Y), rtol=1e-4)
    shift = X @ second + decayed.get_weights()[1] - Y
    decayed.train_on_batch(X, Y)
    np.testing.assert_allclose(decayed.get_weights()[0], second - 0.05 * 2 / 16 * X.T @ shift, rtol=1e-4, atol=1e-6)


class Halved(losses.Loss):
    def call(self, y_true: Any, y_pred: Any) -> Any:
        return K.mean(K.square(y_true - y_pred), axis=-1) * 0.5


SQUARES = np.mean((prediction(2) - Y) ** 2, axis=1)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("mse", SQUARES.mean()),
        ("MeanSquaredError", SQUARES.mean()),
        ("mean_squared_error", SQUARES.mean()),
        (lambda t, p: K.mean(K.square(t - p), axis=-1), SQUARES.mean()),
        (losses.mean_squared_error, SQUARES.mean()),
        (losses.MeanSquaredError(), SQUARES.mean()),
        (losses.MeanSquaredError(reduction=losses.Reduction.SUM), SQUARES.sum()),
        (losses.MeanSquaredError(reduction="sum_over_batch_size"), SQUARES.mean()),
        (losses.MeanSquaredError(reduction="none"), SQUARES.mean()),
        (Halved(), SQUARES.mean() / 2),
        (["mse"], SQUARES.mean()),
        ({"d": "mse"}, SQUARES.mean()),
    ],
)
def test_losses(loss: Any, expected: float) -> None:
    model = one()
    model.compile("sgd", loss)
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(expected, rel=1e-5)
    assert model.train_on_batch(X, Y) == pytest.approx(expected, rel=1e-5)


def test_no_reduction_gives_a_value_per_sample() -> None:
    value = losses.MeanSquaredError(reduction="none")(Y, prediction(2))
    np.testing.assert_allclose(np.asarray(value), SQUARES, rtol=1e-5)


A = np.mean((prediction(2) - Y) ** 2)
B = np.mean((prediction(1) - Y[:, :1]) ** 2)


@pytest.mark.parametrize(
    ("loss", "loss_weights", "expected"),
    [
        ("mse", None, A + B),
        (["mse", "mse"], [2.0, 0.5], 2 * A + 0.5 * B),
        ({"first": "mse", "second": "mse"}, {"first": 3.0, "second": 1.0}, 3 * A + B),
        ({"first": "mse", "second": "mse"}, {"second": 4.0}, A + 4 * B),
        (["mse", None], None, A),
        ({"second": "mse"}, None, B),
    ],
)
def test_the_total_is_the_weighted_sum_over_outputs(loss: Any, loss_weights: Any, expected: float) -> None:
    model = two()
    model.compile("sgd", loss, loss_weights=loss_weights)
    found = model.evaluate(X, [Y, Y[:, :1]], verbose=0)
    assert (found[0] if isinstance(found, list) else found) == pytest.approx(expected, rel=1e-5)


def test_penalties_join_the_total() -> None:
    x = Input((4,))
    y = Dense(2, kernel_initializer="ones", kernel_regularizer="l2")(x)
    model = Model(x, y)
    model.add_loss(K.mean(K.abs(y)))
    model.compile("sgd", "mse")
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(
        SQUARES.mean() + 0.01 * 8 + np.abs(prediction(2)).mean(), rel=1e-5
    )


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (["mae"], ["mae"]),
        ("mae", ["mae"]),
        ([metrics.MeanAbsoluteError(name="own")], ["own"]),
        ([losses.mean_absolute_error], ["mean_absolute_error"]),
        ({"d": ["mae", "mse"]}, ["mae", "mse"]),
        ([["mae", "mse"]], ["mae", "mse"]),
    ],
)
def test_metrics_of_one_output(given: Any, names: list[str]) -> None:
    model = one()
    model.compile("sgd", "mse", metrics=given)
    found = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert list(found) == ["loss", *names] == model.metrics_names
    assert found[names[0]] == pytest.approx(np.abs(prediction(2) - Y).mean(), rel=1e-5)


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (["mae"], ["first_mae", "second_mae"]),
        ([["mae"], ["mse"]], ["first_mae", "second_mse"]),
        (["mae", ["mae", "mse"]], ["first_mae", "second_mae", "second_mse"]),
        ({"second": ["mae"]}, ["second_mae"]),
        ({"first": "mae", "second": ["mse"]}, ["first_mae", "second_mse"]),
    ],
)
def test_metrics_of_two_outputs(given: Any, names: list[str]) -> None:
    model = two()
    model.compile("sgd", "mse", metrics=given)
    found = model.evaluate(X, [Y, Y[:, :1]], verbose=0, return_dict=True)
    assert list(found) == ["loss", "first_loss", "second_loss", *names] == model.metrics_names
    if "second_mae" in found:
        assert found["second_mae"] == pytest.approx(np.abs(prediction(1) - Y[:, :1]).mean(), rel=1e-5)


def test_the_names_of_the_reference_page() -> None:
    x = Input((3,))
    out = Dense(2, name="out")
    model = Model(x, [out(x), out(x)])
    model.compile("Adam", "mse", metrics=["mae", "acc"])
    data, y = np.random.random((2, 3)), np.random.randint(0, 2, (2, 2))
    model.fit(data, (y, y), verbose=0)
    assert model.metrics_names == [
        "loss", "out_loss", "out_1_loss", "out_mae", "out_acc", "out_1_mae", "out_1_acc",
    ]  # fmt: skip
    single = Model(x, Dense(2)(x))
    single.compile("Adam", "mse", metrics=["mae"])
    single.fit(data, y, verbose=0)
    assert single.metrics_names == ["loss", "mae"]


@pytest.mark.parametrize("name", ["accuracy", "acc"])
@pytest.mark.parametrize(
    ("units", "activation", "loss", "target", "expected"),
    [
        (1, "sigmoid", "binary_crossentropy", [[1], [0], [1], [1]], 0.5),
        (3, "softmax", "categorical_crossentropy", np.eye(3)[[0, 1, 1, 0]], 0.5),
        (3, "softmax", "sparse_categorical_crossentropy", [0, 0, 0, 1], 0.75),
    ],
)
def test_accuracy_is_the_one_that_fits(
    name: str, units: int, activation: str, loss: str, target: Any, expected: float
) -> None:
    model = Sequential([layers.Activation(activation, input_shape=(units,))])
    model.compile("sgd", loss, metrics=[name, "ce"])
    scores = {1: [[2.0], [3.0], [-1.0], [4.0]], 3: [[3.0, 0, 0]] * 4}[units]
    found = model.evaluate(np.array(scores), np.array(target), verbose=0, return_dict=True)
    assert found[name] == pytest.approx(expected) and found["ce"] == pytest.approx(found["loss"], rel=1e-4)


def test_only_weighted_metrics_see_weights() -> None:
    model = one()
    model.compile("sgd", "mse", metrics=["mae"], weighted_metrics=["mae"])
    weight = np.array([1, 0, 0, 0, 0, 0, 0, 0], "float32")
    found = model.evaluate(X, Y, sample_weight=weight, verbose=0)
    errors = np.abs(prediction(2) - Y).mean(axis=1)
    assert found[1] == pytest.approx(errors.mean(), rel=1e-5) and found[2] == pytest.approx(errors[0], rel=1e-5)


def test_temporal_weights_of_one_output_and_of_some() -> None:
    x = Input((3, 1))
    model = Model(x, [layers.Lambda(lambda v: v, name="a")(x), layers.Lambda(lambda v: v[:, 0], name="b")(x)])
    data = np.ones((2, 3, 1), "float32")
    targets = [np.zeros((2, 3, 1)), np.zeros((2, 1))]
    for mode in ({"a": "temporal", "b": None}, ["temporal", None]):
        model.compile("sgd", "mse", sample_weight_mode=mode)
        weights = [np.array([[1, 0, 0], [1, 1, 0]]), np.array([2, 0])]
        found = model.evaluate(data, targets, sample_weight=weights, verbose=0, return_dict=True)
        assert found["a_loss"] == pytest.approx(3 / 6) and found["b_loss"] == pytest.approx(2 / 2)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"optimizer": "nothing"}, "optimizer"),
        ({"optimizer": 3}, "optimizer"),
        ({"loss": "nothing"}, "loss"),
        ({"loss": ["mse", "mse"]}, "loss"),
        ({"loss": {"other": "mse"}}, "loss.*other"),
        ({"metrics": ["nothing"]}, "metric"),
        ({"metrics": {"other": ["mae"]}}, "metrics.*other"),
        ({"loss_weights": [1.0, 2.0]}, "loss_weights"),
        ({"loss_weights": {"other": 1.0}}, "loss_weights.*other"),
        ({"sample_weight_mode": "sometimes"}, "sample_weight_mode.*temporal"),
        ({"weighted_metrics": ["nothing"]}, "metric"),
    ],
)
def test_what_is_refused_and_the_argument_named(arguments: dict[str, Any], text: str) -> None:
    model = one()
    with pytest.raises(ValueError, match=f"(?s){text}"):
        model.compile(**{"optimizer": "sgd", "loss": "mse", **arguments})
        model.fit(X, Y, verbose=0)


@pytest.mark.parametrize("method", ["fit", "evaluate", "train_on_batch", "test_on_batch"])
def test_use_before_compile(method: str) -> None:
    with pytest.raises(RuntimeError, match="not compiled"):
        getattr(one(), method)(X, Y)
    assert one().predict(X).shape == (8, 2)


def test_target_tensors_are_read_in_every_step() -> None:
    target = K.variable(Y)
    model = one()
    model.compile("sgd", "mse", target_tensors=target)
    found = model.train_on_batch(X, None)
    assert found == pytest.approx(SQUARES.mean(), rel=1e-5)


@pytest.mark.parametrize("eager", [True, False])
def test_run_eagerly_at_compile_and_later(eager: bool) -> None:
    seen = []

    class Look(layers.Layer):
        def call(self, inputs: Any) -> Any:
            seen.append(getattr(inputs, "concrete", None))
            return inputs

    model = Sequential([Look(input_shape=(4,)), Dense(2, kernel_initializer="ones")])
    model.compile("sgd", "mse", run_eagerly=eager)
    assert model.run_eagerly is eager
    loss = model.train_on_batch(X, Y)
    assert loss == pytest.approx(SQUARES.mean(), rel=1e-5) and seen[-1] is eager
    model.run_eagerly = not eager
    model.train_on_batch(X, Y)
    assert seen[-1] is (not eager)
