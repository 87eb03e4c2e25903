"""Programs in the style of Keras's guides: own steps, loops, layers, losses, optimizers, callbacks.

python guide_programs.py tf_keras|nnstack prints the numbers of each as JSON. With nnstack `keras` and `tensorflow` are
nnstack's, so that one text runs in both.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

if sys.argv[1:] == ["tf_keras"]:
    import tensorflow as tf
    import tf_keras as keras
else:
    import nnstack

    nnstack.install_as_keras()
    import tensorflow as tf
    from tensorflow import keras

NUMBERS = np.random.RandomState(0)
X, Y = NUMBERS.rand(64, 8).astype("float32"), NUMBERS.rand(64, 1).astype("float32")
LABELS = (X.sum(axis=1) > 4).astype("int32")
PROGRAMS: list[Callable[[], Any]] = []


def program(function: Callable[[], Any]) -> Callable[[], Any]:
    PROGRAMS.append(function)
    return function


def dense(units: int, **arguments: Any) -> Any:
    return keras.layers.Dense(units, kernel_initializer=keras.initializers.Constant(0.1), **arguments)


def history(model: Any, x: Any = X, y: Any = Y, **arguments: Any) -> Any:
    return model.fit(x, y, epochs=2, verbose=0, shuffle=False, **arguments).history


class Weighted(keras.Model):
    """A step that takes sample weights, and one for tests."""

    def train_step(self, data: Any) -> Any:
        x, y, weight = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred, sample_weight=weight)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        self.compiled_metrics.update_state(y, y_pred, sample_weight=weight)
        return {metric.name: metric.result() for metric in self.metrics}

    def test_step(self, data: Any) -> Any:
        x, y = data
        y_pred = self(x, training=False)
        self.compute_loss(y=y, y_pred=y_pred)
        self.compiled_metrics.update_state(y, y_pred)
        return {metric.name: metric.result() for metric in self.metrics}


@program
def weighted() -> Any:
    inputs = keras.Input((8,))
    model = Weighted(inputs, dense(1)(inputs))
    model.compile("sgd", "mse", metrics=["mae"], weighted_metrics=["mse"])
    return history(model, sample_weight=np.linspace(0, 1, 64)), model.evaluate(X, Y, verbose=0)


class Adversarial(keras.Model):
    """Two networks, two optimizers, a compile of its own."""

    def __init__(self, judge: Any, maker: Any) -> None:
        super().__init__()
        self.judge, self.maker = judge, maker
        self.judged, self.made = keras.metrics.Mean(name="judged"), keras.metrics.Mean(name="made")

    @property
    def metrics(self) -> Any:
        return [self.judged, self.made]

    def compile(self, judge_optimizer: Any, maker_optimizer: Any, loss_fn: Any) -> None:
        super().compile()
        self.judge_optimizer, self.maker_optimizer, self.loss_fn = judge_optimizer, maker_optimizer, loss_fn

    def train_step(self, real: Any) -> Any:
        count = tf.shape(real)[0]
        noise = 0.5 * tf.ones((count, 3))
        both = tf.concat([self.maker(noise), real], axis=0)
        labels = tf.concat([tf.ones((count, 1)), tf.zeros((count, 1))], axis=0)
        with tf.GradientTape() as tape:
            judged = self.loss_fn(labels, self.judge(both))
        gradients = tape.gradient(judged, self.judge.trainable_weights)
        self.judge_optimizer.apply_gradients(zip(gradients, self.judge.trainable_weights, strict=True))
        with tf.GradientTape() as tape:
            made = self.loss_fn(tf.zeros((count, 1)), self.judge(self.maker(noise)))
        gradients = tape.gradient(made, self.maker.trainable_weights)
        self.maker_optimizer.apply_gradients(zip(gradients, self.maker.trainable_weights, strict=True))
        self.judged.update_state(judged)
        self.made.update_state(made)
        return {"judged": self.judged.result(), "made": self.made.result()}


@program
def adversarial() -> Any:
    model = Adversarial(
        keras.Sequential([keras.Input((8,)), dense(1)]), keras.Sequential([keras.Input((3,)), dense(8)])
    )
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(3e-3), keras.optimizers.Adam(3e-3), loss)
    return history(model, X, None, batch_size=16)


class Smooth(keras.Model):
    """A penalty on the gradient by the inputs, clipped gradients, a variable among the logs."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = dense(6, activation="tanh"), dense(1)
        self.steps = tf.Variable(0.0, trainable=False)

    def call(self, inputs: Any, training: bool = False) -> Any:
        return self.last(self.first(inputs) * (2.0 if training else 1.0))

    def train_step(self, data: Any) -> Any:
        x, y = data
        with tf.GradientTape() as tape:
            with tf.GradientTape() as inner:
                inner.watch(x)
                y_pred = self(x, training=True)
            slope = inner.gradient(y_pred, x)
            loss = tf.reduce_mean(tf.square(y - y_pred)) + 0.1 * tf.reduce_mean(tf.reduce_sum(slope**2, axis=1))
        gradients, norm = tf.clip_by_global_norm(tape.gradient(loss, self.trainable_variables), 0.5)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        self.steps.assign_add(1.0)
        return {"loss": loss, "norm": norm, "steps": self.steps}


@program
def smooth() -> Any:
    model = Smooth()
    model.compile("adam")
    return history(model)


@program
def loop_by_hand() -> Any:
    inputs = keras.Input((8,))
    model = keras.Model(inputs, dense(2)(dense(4, activation="relu")(inputs)))
    optimizer, accuracy = keras.optimizers.SGD(0.1), keras.metrics.SparseCategoricalAccuracy()
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            loss = loss_fn(y, logits)
        gradients = tape.gradient(loss, model.trainable_weights)
        optimizer.apply_gradients(zip(gradients, model.trainable_weights, strict=True))
        accuracy.update_state(y, logits)
        return loss

    found = []
    for _ in range(2):
        for x, y in tf.data.Dataset.from_tensor_slices((X, LABELS)).batch(16):
            found.append(float(train_step(x, y)))
        found.append(float(accuracy.result()))
        accuracy.reset_states()
    return found


class Endpoint(keras.layers.Layer):
    """Adds loss and metric of the targets that it is called on."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name=name)
        self.loss_fn = keras.losses.BinaryCrossentropy(from_logits=True)
        self.accuracy_fn = keras.metrics.BinaryAccuracy()

    def call(self, targets: Any, logits: Any) -> Any:
        self.add_loss(self.loss_fn(targets, logits))
        self.add_metric(self.accuracy_fn(targets, logits), name="accuracy")
        return tf.nn.softmax(logits)


@program
def endpoint() -> Any:
    inputs, targets = keras.Input((8,), name="inputs"), keras.Input((1,), name="targets")
    model = keras.Model([inputs, targets], Endpoint()(targets, dense(1)(inputs)))
    model.compile("adam")
    return history(model, {"inputs": X, "targets": LABELS[:, None].astype("float32")}, None)


class Momentum(keras.optimizers.Optimizer):
    """An optimizer of today's kind."""

    def __init__(self, learning_rate: float = 0.01, name: str = "Momentum", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self._learning_rate = self._build_learning_rate(learning_rate)

    def build(self, var_list: Any) -> None:
        super().build(var_list)
        if not getattr(self, "_built", False):
            self.moments = [self.add_variable_from_reference(model_variable=one, variable_name="m") for one in var_list]
            self._built = True

    def update_step(self, gradient: Any, variable: Any) -> None:
        moment = self.moments[self._index_dict[self._var_key(variable)]]
        moment.assign(0.5 * moment + gradient)
        variable.assign_add(-tf.cast(self.learning_rate, variable.dtype) * moment)


class WarmUp(keras.optimizers.schedules.LearningRateSchedule):
    def __call__(self, step: Any) -> Any:
        step = tf.cast(step, tf.float32) + 1.0
        return 0.3 * tf.math.minimum(tf.math.rsqrt(step), step * 4.0**-1.5)


@program
def optimizers() -> Any:
    found = []
    for optimizer in (
        Momentum(),
        keras.optimizers.Adam(WarmUp(), epsilon=1e-9),
        keras.optimizers.SGD(0.1, clipnorm=0.01),
    ):
        model = keras.Sequential([dense(3, input_shape=(8,), activation="tanh"), dense(1)])
        model.compile(optimizer, "mse")
        found.append(history(model))
    return found


class Seen(keras.callbacks.Callback):
    """Every hook, with what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[Any] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.told.append([batch, logs["loss"]])

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self.told.append([batch, sorted(logs)])

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.told.append([epoch, sorted(logs)])
        keras.backend.set_value(self.model.optimizer.lr, 0.5 * float(keras.backend.get_value(self.model.optimizer.lr)))

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        self.told.append([batch, list(np.shape(logs["outputs"]))])


@program
def callbacks() -> Any:
    seen = Seen()
    model = keras.Sequential([dense(1, input_shape=(8,))])
    model.compile("sgd", "mse")
    history(model, validation_data=(X[:40], Y[:40]), callbacks=[seen])
    model.predict(X, verbose=0, callbacks=[seen])
    return seen.told


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value if isinstance(value, str | int) else float(value)


if __name__ == "__main__":
    print(json.dumps({one.__name__: plain(one()) for one in PROGRAMS}))
