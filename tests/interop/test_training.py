"""Training follows the real tf_keras: same start, same data, same numbers in every epoch's logs and in the weights."""

from typing import Any

import numpy as np
import pytest

import nnstack


@pytest.fixture
def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    return rng.normal(size=(37, 5)).astype(np.float32), rng.integers(0, 3, 37)


def classifier(k: Any) -> Any:
    layers = k.layers
    return k.Sequential([layers.Dense(7, activation="tanh", input_shape=(5,)), layers.Dense(3, activation="softmax")])


def regression(k: Any) -> Any:
    layers = k.layers
    hidden = layers.Dense(7, activation="relu", input_shape=(5,), kernel_regularizer="l1", activity_regularizer="l2")
    return k.Sequential([hidden, layers.Dense(1, kernel_constraint="maxnorm")])


def logs_of_both(tf_keras: Any, build: Any, compile: dict[str, Any], *args: Any, **fit: Any) -> tuple[Any, Any]:
    theirs, ours = build(tf_keras), build(nnstack)
    ours.set_weights(theirs.get_weights())
    for model in (theirs, ours):
        model.compile(**compile)
    histories = [model.fit(*args, verbose=0, shuffle=False, **fit).history for model in (theirs, ours)]
    assert list(histories[0]) == list(histories[1])
    for name in histories[0]:
        np.testing.assert_allclose(histories[1][name], histories[0][name], rtol=1e-4, atol=1e-5, err_msg=name)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)
    return theirs, ours


SPARSE = {"optimizer": "adam", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy", "crossentropy"]}


@pytest.mark.parametrize(
    "fit",
    [
        {},
        {"batch_size": 8},
        {"batch_size": 8, "validation_split": 0.3},
        {"batch_size": 16, "class_weight": {0: 0.5, 1: 1.0, 2: 3.0}},
        {"batch_size": 8, "steps_per_epoch": 2},
        {"initial_epoch": 2},
    ],
    ids=str,
)
def test_classifier(fit: dict[str, Any], data: Any, tf_keras: Any) -> None:
    x, y = data
    logs_of_both(tf_keras, classifier, SPARSE, x, y, epochs=4, **fit)


def test_weights_of_samples(data: Any, tf_keras: Any) -> None:
    x, y = data
    weights = np.random.default_rng(1).uniform(0, 2, 37).astype(np.float32)
    compile = {
        "optimizer": "rmsprop",
        "loss": "categorical_crossentropy",
        "metrics": ["acc"],
        "weighted_metrics": ["mae"],
    }
    theirs, ours = logs_of_both(
        tf_keras, classifier, compile, x, np.eye(3)[y], epochs=3, batch_size=8, sample_weight=weights,
        validation_data=(x[:9], np.eye(3)[y[:9]], weights[:9]), validation_freq=2,
    )  # fmt: skip
    a = theirs.evaluate(x, np.eye(3)[y], sample_weight=weights, batch_size=10, verbose=0)
    b = ours.evaluate(x, np.eye(3)[y], sample_weight=weights, batch_size=10, verbose=0)
    np.testing.assert_allclose(b, a, rtol=1e-4)


@pytest.mark.parametrize("loss", ["mse", "mae", "huber", "log_cosh"])
def test_regression_with_penalties(loss: str, data: Any, tf_keras: Any) -> None:
    x, y = data
    compile = {"optimizer": "sgd", "loss": loss, "metrics": ["mae", "mse"]}
    logs_of_both(tf_keras, regression, compile, x, y.astype(np.float32), epochs=3, batch_size=10)


def test_two_outputs(data: Any, tf_keras: Any) -> None:
    x, y = data

    def build(k: Any) -> Any:
        i = k.layers.Input((5,))
        h = k.layers.Dense(4, activation="relu")(i)
        return k.models.Model(i, [k.layers.Dense(3, activation="softmax", name="c")(h), k.layers.Dense(1, name="r")(h)])

    compile = {
        "optimizer": "adam",
        "loss": {"c": "sparse_categorical_crossentropy", "r": "mse"},
        "loss_weights": {"c": 0.3, "r": 2.0},
        "metrics": {"c": ["accuracy"], "r": ["mae", "mse"]},
    }
    theirs, ours = logs_of_both(tf_keras, build, compile, x, [y, y.astype(np.float32)], epochs=3, batch_size=10)
    assert ours.metrics_names == theirs.metrics_names
    assert ours.metrics_names == ["loss", "c_loss", "r_loss", "c_accuracy", "r_mae", "r_mse"]


def test_train_step_and_tape(data: Any, tf_keras: Any) -> None:
    """An overridden train_step in the words of tf.keras gives the same numbers compiled here."""
    x, y = data
    import tensorflow as tf

    def build(k: Any, tape: Any) -> Any:
        class Custom(k.Model):
            def train_step(self, data: Any) -> Any:
                x, y = data
                with tape() as t:
                    y_pred = self(x, training=True)
                    loss = self.compiled_loss(y, y_pred, regularization_losses=self.losses)
                gradients = t.gradient(loss, self.trainable_variables)
                self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
                self.compiled_metrics.update_state(y, y_pred)
                return {m.name: m.result() for m in self.metrics} | {"twice": loss * 2}

        i = k.layers.Input((5,))
        return Custom(i, k.layers.Dense(3, activation="softmax")(i))

    theirs, ours = build(tf_keras, tf.GradientTape), build(nnstack, nnstack.GradientTape)
    ours.set_weights(theirs.get_weights())
    logs = []
    for model in (theirs, ours):
        model.compile(**SPARSE)
        logs.append(model.fit(x, y, epochs=3, batch_size=10, shuffle=False, verbose=0).history)
    assert sorted(logs[0]) == sorted(logs[1])
    for name in logs[0]:
        np.testing.assert_allclose(logs[1][name], logs[0][name], rtol=1e-4, atol=1e-6, err_msg=name)


def test_summary_is_the_same(tf_keras: Any) -> None:
    def text(k: Any) -> list[str]:
        k.backend.clear_session()
        layers, lines = k.layers, []
        model = k.Sequential([layers.Dense(4, input_shape=(3,)), layers.Dropout(0.2), layers.Dense(2000)])
        model.summary(print_fn=lambda line, *rest: lines.append(line))
        model.summary(print_fn=lambda line, *rest: lines.append(line), show_trainable=True, line_length=90)
        i = layers.Input((3,))
        inner = k.Sequential([layers.Dense(4, input_shape=(3,)), layers.Flatten()], name="inner")
        joined = layers.Concatenate()(
            [inner(i), layers.ReLU(name="a_name_so_long_that_its_cell_needs_two_lines")(i), i]
        )
        graph = k.models.Model(i, joined, name="graph")
        graph.layers[-1].trainable = False
        for options in ({}, {"expand_nested": True, "show_trainable": True}):
            graph.summary(print_fn=lambda line, *rest: lines.append(line), positions=[0.33, 0.55, 0.67, 1.0], **options)
        return lines

    assert text(nnstack) == text(tf_keras)
