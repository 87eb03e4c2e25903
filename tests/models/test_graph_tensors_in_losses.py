"""Losses of old programs: they use tensors of the model's graph, and integer labels beside float predictions."""

import numpy as np
import pytest

import nnstack as keras
from nnstack import backend as K


def test_a_loss_may_use_tensors_of_the_models_graph() -> None:
    keras.utils.set_random_seed(3)
    x = keras.Input((4,))
    hidden = keras.layers.Dense(3, activation="tanh", name="hidden")(x)
    encoder = keras.Model(x, keras.layers.Dense(2, name="mean")(hidden))
    mean = encoder.output
    model = keras.Model(x, keras.layers.Dense(4, name="out")(encoder(x)))

    def loss(y_true, y_pred):
        return K.mean(K.square(y_true - y_pred), axis=-1) + K.sum(K.square(mean) + K.mean(hidden), axis=-1)

    def penalty(y_true, y_pred):
        return K.sum(K.square(mean), axis=-1)

    model.compile(keras.optimizers.SGD(0.1), loss, metrics=[penalty])
    data = np.random.RandomState(0).randn(12, 4).astype(np.float32)
    h = keras.Model(x, hidden).predict(data, verbose=0)
    m = encoder.predict(data, verbose=0)
    first_output, first_out = model.predict(data, verbose=0), model.get_layer("out").get_weights()[0]
    expected = ((data - first_output) ** 2).mean(-1) + (m**2).sum(-1) + 2 * h.mean()
    values = model.evaluate(data, data, batch_size=12, verbose=0)
    np.testing.assert_allclose(values, [expected.mean(), (m**2).sum(-1).mean()], rtol=1e-5)
    kernel = encoder.get_layer("mean").get_weights()[0]
    model.train_on_batch(data, data)
    # what reaches the kernel through the two terms, worked out by hand
    through_output = (2 * (first_output - data) / 4) @ first_out.T
    expected_gradient = h.T @ (through_output + 2 * m) / 12
    np.testing.assert_allclose(
        encoder.get_layer("mean").get_weights()[0], kernel - 0.1 * expected_gradient, rtol=1e-4, atol=1e-6
    )


def test_a_loss_may_differentiate_by_a_tensor_of_the_graph() -> None:
    x = keras.Input((3,))
    middle = keras.layers.Lambda(lambda t: t * 2.0)(x)
    critic = keras.Sequential([keras.layers.Dense(4, activation="tanh", input_shape=(3,)), keras.layers.Dense(1)])
    model = keras.Model(x, critic(middle))

    def penalty(y_true, y_pred):
        gradient = K.gradients(y_pred, middle)[0]
        return K.mean(K.square(1.0 - K.sqrt(K.sum(K.square(gradient), axis=np.arange(1, 2)))))

    model.compile(keras.optimizers.SGD(0.05), penalty)
    data = np.random.RandomState(1).randn(8, 3).astype(np.float32)
    first, bias, second, _ = critic.get_weights()
    slope = (1 - np.tanh(2 * data @ first + bias) ** 2) * second[:, 0] @ first.T
    expected = np.mean((1 - np.sqrt((slope**2).sum(1))) ** 2)
    np.testing.assert_allclose(model.evaluate(data, np.zeros((8, 1)), verbose=0), expected, rtol=1e-5)
    with pytest.warns(UserWarning, match="no gradient"):  # the last bias moves no slope
        losses = model.fit(data, np.zeros((8, 1)), epochs=20, verbose=0).history["loss"]
    assert losses[-1] < 0.7 * losses[0]


def test_integer_labels_beside_float_predictions() -> None:
    model = keras.Sequential([keras.layers.Dense(1, use_bias=False, kernel_initializer="ones", input_shape=(1,))])

    def weighted(y_true, y_pred):
        return K.mean(y_true * y_pred + (1 - y_true) * K.square(y_pred))

    def product(y_true, y_pred):
        return K.sum(y_true * y_pred) / (K.sum(y_true) + 0.5)

    model.compile("sgd", weighted, metrics=[product])
    x, y = np.array([[2.0], [3.0], [4.0]]), np.array([1, 0, 1])
    np.testing.assert_allclose(model.evaluate(x, y, verbose=0), [(2 + 9 + 4) / 3, 6.0 / 2.5], rtol=1e-6)
    mixed = K.constant([1, 2], dtype="int32") * K.constant([0.5, 0.25])
    assert mixed.dtype == "float32"
    np.testing.assert_array_equal(mixed.numpy(), [0.5, 0.5])
    whole = K.constant([3, 4], dtype="int64")
    assert K.round(whole).dtype == K.floor(whole).dtype == "int64"
    np.testing.assert_array_equal(K.round(whole).numpy(), [3, 4])


@pytest.mark.filterwarnings("ignore:.*no gradient for:UserWarning")
def test_a_layer_may_add_a_loss_of_tensors_that_it_was_not_given() -> None:
    inputs = keras.Input((3,))
    hidden = keras.layers.Dense(2, kernel_initializer="ones")(inputs)
    outputs = keras.layers.Dense(1, kernel_initializer="ones")(hidden)

    class Judge(keras.layers.Layer):
        def call(self, inputs):
            self.add_loss(K.mean(K.square(hidden)) + 2.0)
            return inputs

    model = keras.Model(inputs, Judge()(outputs))
    model.compile("sgd")
    x = np.arange(6.0, dtype=np.float32).reshape(2, 3)
    expected = (x.sum(1) ** 2).mean() + 2
    assert model.evaluate(x, verbose=0) == pytest.approx(expected, rel=1e-6)
    assert model.fit(x, verbose=0).history["loss"][0] == pytest.approx(expected, rel=1e-6)
    assert model.layers[1].get_weights()[0].max() < 1
