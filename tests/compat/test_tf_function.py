"""`tf.function` gives what the function gives, compiled where it can be."""

from typing import Any

import numpy as np
import pytest


def test_it_is_traced_once_for_every_kind_of_arguments(tf: Any) -> None:
    traced = []
    total = tf.Variable(0.0)

    @tf.function
    def step(x: Any, factor: float = 2.0) -> Any:
        traced.append(tuple(x.shape))
        total.assign_add(tf.reduce_sum(x))
        return {"scaled": x * factor, "shape": (tf.shape(x)[0], "text")}

    for _ in range(3):
        result = step(tf.ones((2, 3)))
    assert traced == [(2, 3)] and float(total) == 18.0
    np.testing.assert_array_equal(result["scaled"], np.full((2, 3), 2.0))
    assert int(result["shape"][0]) == 2 and result["shape"][1] == "text"
    step(tf.ones((1, 3)))
    step(tf.ones((1, 3)), factor=3.0)
    assert traced == [(2, 3), (1, 3), (1, 3)] and float(total) == 24.0


def test_a_signature_spares_tracing(tf: Any) -> None:
    traced = []

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def double(x: Any) -> Any:
        traced.append(x.shape)
        return x * 2

    assert double(tf.constant([1.0])).numpy().tolist() == [2.0]
    assert double(tf.constant([1.0, 2.0])).numpy().tolist() == [2.0, 4.0]
    assert len(traced) == 1
    with pytest.raises(ValueError, match="incompatible"):
        double(tf.ones((2, 2)))


def test_python_that_needs_numbers_is_called(tf: Any) -> None:
    @tf.function
    def collatz(n: Any) -> int:
        steps = 0
        while n > 1:
            n = n // 2 if n % 2 == 0 else 3 * n + 1
            steps += 1
        return steps

    assert [collatz(tf.constant(n)) for n in (6, 7)] == [8, 16]


def test_training_with_it_is_training_without(tf: Any) -> None:
    x = np.random.default_rng(0).normal(size=(32, 3)).astype(np.float32)
    kernels = []
    for compiled in (True, False):
        tf.keras.utils.set_random_seed(3)
        model = tf.keras.Sequential([tf.keras.layers.Dense(4, activation="tanh"), tf.keras.layers.Dense(1)])
        optimizer, mean = tf.keras.optimizers.Adam(0.05), tf.keras.metrics.Mean()

        def step(batch: Any, model: Any = model, optimizer: Any = optimizer, mean: Any = mean) -> Any:
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(batch, training=True) - batch[:, :1]))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
            mean.update_state(loss)
            return loss

        run = tf.function(step) if compiled else step
        losses = [float(run(tf.constant(x))) for _ in range(6)]
        assert float(mean.result()) == pytest.approx(np.mean(losses), rel=1e-5) and losses[-1] < losses[0]
        kernels.append(model.get_weights()[0])
    np.testing.assert_allclose(kernels[0], kernels[1], rtol=1e-4, atol=1e-6)


def test_methods_are_functions_of_their_object(tf: Any) -> None:
    class Scaled(tf.Module):
        def __init__(self, factor: float) -> None:
            super().__init__()
            self.factor = tf.Variable(factor)

        @tf.function
        def __call__(self, x: Any) -> Any:
            return x * self.factor

    assert [float(Scaled(f)(tf.constant(2.0))) for f in (3.0, 5.0)] == [6.0, 10.0]
    assert len(Scaled(1.0).trainable_variables) == 1


def test_a_tensor_array_is_filled_in_a_loop(tf: Any) -> None:
    @tf.function
    def squares(x: Any) -> Any:
        found = tf.TensorArray(tf.float32, size=3)
        for i in tf.range(3):
            found = found.write(i, x * tf.cast(i * i, tf.float32))
        return found.stack()

    assert squares(tf.constant([1.0, 2.0])).numpy().tolist() == [[0, 0], [1, 2], [4, 8]]
    with pytest.raises(ValueError, match="nothing was written at 1"):
        tf.TensorArray(tf.float32, size=2).write(0, 1.0).stack()


def test_build_is_given_a_tensor_shape(tf: Any) -> None:
    class Scale(tf.keras.layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.scale = self.add_weight("scale", shape=input_shape.as_list()[1:], initializer="ones")

        def call(self, inputs: Any) -> Any:
            return inputs * self.scale

    model = tf.keras.Sequential([Scale(input_shape=(3,)), tf.keras.layers.Dense(2)])
    assert model.layers[0].get_weights()[0].shape == (3,) and model.predict(np.ones((2, 3)), verbose=0).shape == (2, 2)


def test_a_summary_writer_writes_an_event_file(tf: Any, tmp_path: Any) -> None:
    writer = tf.summary.create_file_writer(str(tmp_path))
    assert not tf.summary.scalar("loss", 0.5, step=1)  # no writer is in use
    with writer.as_default():
        assert tf.summary.scalar("loss", tf.constant(0.5), step=1)
        with pytest.raises(ValueError, match="no step for 'loss'"):
            tf.summary.scalar("loss", 0.5)
    with writer.as_default(step=2):
        assert tf.summary.image("pictures", np.zeros((1, 4, 4, 3))) and tf.summary.text("note", "hello")
    writer.close()
    (file,) = tmp_path.iterdir()
    assert b"loss" in file.read_bytes() and b"hello" in file.read_bytes()


def test_what_a_branch_assigns_is_assigned_where_it_is_taken(tf: Any) -> None:
    total, calls = tf.Variable(1.0), tf.Variable(0)

    def add(x: Any) -> None:
        total.assign_add(x)
        calls.assign_add(1)

    @tf.function
    def step(x: Any) -> Any:
        tf.cond(x > 0, lambda: add(x), lambda: None)
        return tf.cond(x > 2, lambda: {"now": total.assign(total * 10.0)}, lambda: {"now": total})["now"]

    assert [float(step(tf.constant(x))) for x in (1.0, -5.0, 3.0)] == [2.0, 2.0, 50.0]
    assert float(total) == 50.0 and int(calls) == 2
