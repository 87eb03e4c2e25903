"""Overridden steps, GradientTape, add_metric: compiled and eager give what plain numpy gives."""

from typing import Any

import numpy as np
import pytest

from nnstack import GradientTape, backend, metrics, optimizers
from nnstack.layers import Dense, Input, Layer
from nnstack.models import Model, Sequential

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 3)).astype(np.float32)
Y = X.sum(1, keepdims=True)


class Custom(Model):
    """Its own loss, metric and update, in the words of tf.keras."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tracker = metrics.Mean(name="mine")

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        with GradientTape() as tape:
            loss = backend.mean(backend.square(self(x, training=True) - y))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        self.tracker.update_state(loss)
        return {"mine": self.tracker.result(), "last": loss}

    def test_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        return {"distance": backend.mean(backend.abs(self(x, training=False) - y))}

    def predict_step(self, data: Any) -> Any:
        return self(data[0] if isinstance(data, tuple) else data, training=False) * 10.0


@pytest.mark.parametrize("eager", [False, True])
def test_overridden_steps(eager: bool) -> None:
    i = Input((3,))
    model = Custom(i, Dense(1, kernel_initializer="zeros")(i))
    model.compile(optimizers.SGD(0.1), run_eagerly=eager)
    model.compiled_loss.build(["dense"])
    history = model.fit(X, Y, batch_size=6, epochs=2, shuffle=False, verbose=0).history
    kernel, bias, losses = np.zeros((3, 1)), np.zeros(1), []
    for begin in (0, 6, 0, 6):
        x, error = X[begin : begin + 6], X[begin : begin + 6] @ kernel + bias - Y[begin : begin + 6]
        losses.append(float((error**2).mean()))
        kernel, bias = kernel - 0.1 * 2 * x.T @ error / 6, bias - 0.1 * 2 * error.mean(0)
    assert list(history) == ["mine", "last"]
    np.testing.assert_allclose(history["mine"], [np.mean(losses[:2]), np.mean(losses[2:])], rtol=1e-5)
    np.testing.assert_allclose(history["last"], [losses[1], losses[3]], rtol=1e-5)
    np.testing.assert_allclose(model.get_weights()[0], kernel, rtol=1e-4, atol=1e-6)
    distance = np.abs(X @ kernel + bias - Y).mean()
    assert model.evaluate(X, Y, verbose=0, return_dict=True)["distance"] == pytest.approx(distance, rel=1e-4)
    np.testing.assert_allclose(model.predict(X), (X @ kernel + bias) * 10, rtol=1e-3, atol=1e-4)


def test_gradient_tape_on_numbers() -> None:
    variable = backend.variable(np.array([1.0, 2.0, 3.0]))
    with GradientTape(persistent=True) as tape:
        squares = backend.sum(backend.square(variable))
    np.testing.assert_allclose(tape.gradient(squares, variable).numpy(), [2, 4, 6])
    np.testing.assert_allclose(tape.gradient(squares, [variable])[0].numpy(), [2, 4, 6])
    with GradientTape() as tape:
        total = backend.sum(variable * 3.0)
    assert tape.gradient(total, {"v": variable})["v"].numpy().tolist() == [3, 3, 3]
    with pytest.raises(RuntimeError, match="make the tape with persistent=True"):
        tape.gradient(total, variable)


class Watching(Layer):
    def call(self, inputs: Any) -> Any:
        self.add_metric(backend.mean(backend.abs(inputs)), name="size")
        return inputs


def test_add_metric_in_a_layer() -> None:
    model = Sequential([Watching(input_shape=(3,)), Dense(1)])
    model.compile("sgd", "mse")
    logs = model.evaluate(X, Y, batch_size=6, verbose=0, return_dict=True)
    assert list(logs) == ["loss", "size"] and logs["size"] == pytest.approx(float(np.abs(X).mean()), rel=1e-5)
    assert model.fit(X, Y, verbose=0).history["size"][0] == pytest.approx(logs["size"], rel=1e-5)


def test_steps_as_functions() -> None:
    x = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
    y = x[:, :1]
    model, twin = (Sequential([Dense(1, input_shape=(4,))]) for _ in range(2))
    twin.set_weights(model.get_weights())
    for one in (model, twin):
        one.compile("sgd", "mse", metrics=["mae"])
    train, data = model.make_train_function(), iter([(x, y), (x, y)])
    model.reset_metrics()
    first, second = train(data), train(data)
    expected = twin.fit(x, y, batch_size=12, epochs=1, verbose=0).history["loss"][0]
    assert first["loss"] == pytest.approx(expected, rel=1e-6) and second["loss"] < first["loss"]
    with pytest.raises(StopIteration):
        train(data)
    model.reset_metrics()
    logs = model.make_test_function()(iter([(x, y)]))
    assert logs == pytest.approx(model.evaluate(x, y, batch_size=12, verbose=0, return_dict=True), rel=1e-6)
    np.testing.assert_allclose(model.make_predict_function()(iter([(x,)])), model.predict(x), rtol=1e-6)


class OwnLoop(Model):
    """Two steps on every batch, as a function of one's own."""

    def make_train_function(self, force: bool = False) -> Any:
        once = super().make_train_function(force)

        def twice(iterator: Any) -> Any:
            data = next(iterator)
            once(iter([data]))
            return {**once(iter([data])), "steps": 2}

        return twice


def test_an_overridden_function_is_what_fit_calls() -> None:
    x = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
    i = Input((4,))
    model = OwnLoop(i, Dense(1)(i))
    model.compile("sgd", "mse")
    history = model.fit(x, x[:, :1], batch_size=5, epochs=2, verbose=0, validation_data=(x, x[:, :1])).history
    assert int(model.optimizer.iterations.numpy()) == 12 and history["steps"] == [2, 2]
    assert history["loss"][1] < history["loss"][0] and len(history["val_loss"]) == 2


class Seen(Model):
    """Tells what a step was given."""

    def train_step(self, data: Any) -> dict[str, Any]:
        return {
            "sum": backend.sum(data if backend.is_tensor(data) else data[0]),
            "bare": float(backend.is_tensor(data)),
        }


def test_without_targets_a_step_gets_x_itself() -> None:
    i = Input((3,))
    model = Seen(i, Dense(1)(i))
    model.compile("sgd")
    history = model.fit(X, batch_size=12, verbose=0).history
    assert history["bare"] == [1.0]
    np.testing.assert_allclose(history["sum"], [X.sum()], rtol=1e-5)


@pytest.mark.parametrize("eager", [False, True])
def test_a_variable_among_the_logs_shows_what_the_step_assigned(eager: bool) -> None:
    class Counting(Sequential):
        def train_step(self, data: Any) -> dict[str, Any]:
            counter.assign_add(1.0)
            return {**super().train_step(data), "steps": counter, "twice": 2.0 * counter}

    counter = backend.variable(0.0)
    model = Counting([Dense(1, input_shape=(4,))])
    model.compile("sgd", "mse", run_eagerly=eager)
    logs = model.fit(np.ones((6, 4)), np.ones((6, 1)), batch_size=2, epochs=2, verbose=0).history
    assert logs["steps"] == [3.0, 6.0] and logs["twice"] == [6.0, 12.0]


def test_hooks_of_predict_see_outputs_in_their_structure() -> None:
    from nnstack.callbacks import LambdaCallback

    class Look(LambdaCallback):
        def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append(logs["outputs"])

    seen: list[Any] = []
    Sequential([Dense(2, input_shape=(4,))]).predict(np.ones((5, 4)), batch_size=3, callbacks=[Look()])
    assert [one.shape for one in seen] == [(3, 2), (2, 2)]
