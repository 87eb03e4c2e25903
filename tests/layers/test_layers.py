"""Layers: values against numpy, shapes, configs, weights, and the same numbers symbolic and at once."""

import json
from typing import Any

import numpy as np
import pytest

from nnstack import backend, layers, utils
from nnstack.layers import Dense, Input
from nnstack.models import Model, Sequential

RNG = np.random.default_rng(0)
X = RNG.normal(size=(5, 6)).astype(np.float32)
CUBE = RNG.normal(size=(2, 3, 4)).astype(np.float32)


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


CASES: list[tuple[str, Any, Any, Any]] = [
    ("activation", lambda: layers.Activation("tanh"), X, np.tanh(X)),
    ("softmax activation", lambda: layers.Activation("softmax"), X, softmax(X)),
    ("linear activation", lambda: layers.Activation("linear"), X, X),
    ("flatten", lambda: layers.Flatten(), CUBE, CUBE.reshape(2, 12)),
    ("flatten first", lambda: layers.Flatten("channels_first"), CUBE, CUBE.transpose(0, 2, 1).reshape(2, 12)),
    ("reshape", lambda: layers.Reshape((2, 3)), X, X.reshape(5, 2, 3)),
    ("reshape -1", lambda: layers.Reshape((-1, 2)), CUBE, CUBE.reshape(2, 6, 2)),
    ("permute", lambda: layers.Permute((2, 1)), CUBE, CUBE.transpose(0, 2, 1)),
    ("repeat", lambda: layers.RepeatVector(3), X, np.repeat(X[:, None], 3, 1)),
    ("relu", lambda: layers.ReLU(), X, np.maximum(X, 0)),
    (
        "relu options",
        lambda: layers.ReLU(0.5, 0.1, 0.2),
        X,
        np.where(X >= 0.5, 0.5, np.where(X >= 0.2, X, 0.1 * (X - 0.2))),
    ),
    ("leaky", lambda: layers.LeakyReLU(0.2), X, np.where(X > 0, X, 0.2 * X)),
    ("elu", lambda: layers.ELU(0.7), X, np.where(X > 0, X, 0.7 * np.expm1(X))),
    ("thresholded", lambda: layers.ThresholdedReLU(0.3), X, np.where(X > 0.3, X, 0)),
    ("softmax", lambda: layers.Softmax(), X, softmax(X)),
    ("softmax axis", lambda: layers.Softmax(axis=1), CUBE, softmax(CUBE.transpose(0, 2, 1)).transpose(0, 2, 1)),
    ("softmax axes", lambda: layers.Softmax(axis=[1, 2]), CUBE, softmax(CUBE.reshape(2, 12)).reshape(2, 3, 4)),
    ("dropout at rest", lambda: layers.Dropout(0.5), X, X),
    ("noise at rest", lambda: layers.GaussianNoise(1.0), X, X),
    ("gaussian dropout at rest", lambda: layers.GaussianDropout(0.5), X, X),
    ("activity", lambda: layers.ActivityRegularization(l1=1.0), X, X),
    ("add", lambda: layers.Add(), [X, 2 * X, X], 4 * X),
    ("subtract", lambda: layers.Subtract(), [X, 3 * X], -2 * X),
    ("multiply", lambda: layers.Multiply(), [X, X], X * X),
    ("average", lambda: layers.Average(), [X, 3 * X], 2 * X),
    ("maximum", lambda: layers.Maximum(), [X, -X], np.abs(X)),
    ("minimum", lambda: layers.Minimum(), [X, -X], -np.abs(X)),
    ("concatenate", lambda: layers.Concatenate(), [X, X[:, :2]], np.concatenate([X, X[:, :2]], 1)),
    ("concatenate axis", lambda: layers.Concatenate(axis=1), [CUBE, CUBE], np.concatenate([CUBE, CUBE], 1)),
]


@pytest.mark.parametrize(("make", "x", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_values_shapes_and_config(make: Any, x: Any, expected: np.ndarray) -> None:
    arrays = x if isinstance(x, list) else [x]
    layer = make()
    inputs = [Input(array.shape[1:]) for array in arrays]
    model = Model(inputs, layer(inputs if isinstance(x, list) else inputs[0]))
    np.testing.assert_allclose(model.predict(x), expected, rtol=1e-5, atol=1e-6)
    eager = make()([backend.constant(array) for array in arrays] if isinstance(x, list) else x)
    np.testing.assert_allclose(eager.numpy(), expected, rtol=1e-5, atol=1e-6)
    assert model.output_shape == (None, *expected.shape[1:])
    shapes = [(None, *array.shape[1:]) for array in arrays]
    assert tuple(layer.compute_output_shape(shapes if isinstance(x, list) else shapes[0])) == (
        None,
        *expected.shape[1:],
    )
    again = layers.deserialize(layers.serialize(layer))
    assert again.get_config() == layer.get_config() and type(again) is type(layer)


@pytest.mark.parametrize("shape", [(4, 6), (2, 3, 6), (2, 2, 2, 6)])
@pytest.mark.parametrize("use_bias", [True, False])
def test_dense_on_any_rank(shape: tuple[int, ...], use_bias: bool) -> None:
    x = RNG.normal(size=shape).astype(np.float32)
    layer = Dense(3, activation="relu", use_bias=use_bias, bias_initializer="ones")
    model = Sequential([Input(shape[1:]), layer])
    kernel = layer.get_weights()[0]
    expected = np.maximum(x @ kernel + (1 if use_bias else 0), 0)
    np.testing.assert_allclose(model.predict(x), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(layer(x).numpy(), expected, rtol=1e-5, atol=1e-5)
    assert [w.shape for w in layer.weights] == [(6, 3), (3,)][: 1 + use_bias]
    assert model.output_shape == (None, *shape[1:-1], 3)


def test_dense_config_and_initial_weights() -> None:
    layer = Dense(
        2,
        "relu",
        kernel_initializer="he_normal",
        kernel_regularizer="l2",
        bias_regularizer="l1",
        kernel_constraint="maxnorm",
        bias_constraint="nonneg",
        activity_regularizer="l2",
        input_shape=(3,),
        name="d",
        trainable=False,
    )
    config = layer.get_config()
    assert list(config) == [
        "name",
        "trainable",
        "dtype",
        "batch_input_shape",
        "units",
        "activation",
        "use_bias",
        "kernel_initializer",
        "bias_initializer",
        "kernel_regularizer",
        "bias_regularizer",
        "activity_regularizer",
        "kernel_constraint",
        "bias_constraint",
    ]
    again = Dense.from_config(config)
    assert again.get_config() == config and again.trainable is False
    given = [np.arange(6.0).reshape(3, 2), np.array([1.0, 2.0])]
    layer = Dense(2, input_shape=(3,), weights=given)
    Sequential([layer])
    for mine, wanted in zip(layer.get_weights(), given, strict=True):
        np.testing.assert_array_equal(mine, wanted)


def test_penalties() -> None:
    layer = Dense(2, kernel_regularizer="l2", bias_regularizer="l1", activity_regularizer="l2", bias_initializer="ones")
    model = Sequential([Input((6,)), layer])
    model.compile("sgd", "mse")
    kernel, bias = layer.get_weights()
    y = X @ kernel + bias
    expected = (y**2).mean() + 0.01 * (kernel**2).sum() + 0.01 * np.abs(bias).sum() + 0.01 * (y**2).sum() / 5
    assert model.evaluate(X, np.zeros((5, 2)), verbose=0) == pytest.approx(float(expected), rel=1e-5)
    assert len(model.losses) == 3
    layer.trainable = False
    assert len(model.losses) == 3  # those of frozen weights stay, as in tf_keras


def test_dropout_in_training() -> None:
    utils.set_random_seed(1)
    x = np.ones((400, 50), np.float32)
    layer = layers.Dropout(0.25)
    first, second = layer(x, training=True).numpy(), layer(x, training=True).numpy()
    assert set(np.unique(first)) == {0.0, np.float32(1 / 0.75)}
    assert first.mean() == pytest.approx(1.0, abs=0.02) and not np.array_equal(first, second)
    shared = layers.Dropout(0.5, noise_shape=(None, 1))(x, training=True).numpy()
    assert (shared == shared[:, :1]).all()
    utils.set_random_seed(1)
    np.testing.assert_array_equal(layers.Dropout(0.25)(x, training=True).numpy(), first)
    np.testing.assert_array_equal(
        layers.Dropout(0.25, seed=9)(x, training=True), layers.Dropout(0.25, seed=9)(x, training=True)
    )


def test_noise_in_training() -> None:
    utils.set_random_seed(2)
    x = np.ones((500, 40), np.float32)
    noisy = layers.GaussianNoise(0.5)(x, training=True).numpy()
    assert noisy.mean() == pytest.approx(1.0, abs=0.02) and noisy.std() == pytest.approx(0.5, abs=0.02)
    scaled = layers.GaussianDropout(0.2)(x, training=True).numpy()
    assert scaled.mean() == pytest.approx(1.0, abs=0.02) and scaled.std() == pytest.approx(0.5, abs=0.02)


def test_unknown_sizes() -> None:
    i = Input((None, 4))
    model = Model(
        i, layers.Flatten()(layers.Reshape((-1, 2))(Dense(4, use_bias=False, kernel_initializer="identity")(i)))
    )
    assert model.predict(CUBE).shape == (2, 12)
    np.testing.assert_allclose(model.predict(CUBE), CUBE.reshape(2, 12), rtol=1e-6)
    np.testing.assert_allclose(model.predict(CUBE[:, :2]), CUBE[:, :2].reshape(2, 8), rtol=1e-6)


def test_lambda_round_trip() -> None:
    def double(x: Any) -> Any:
        return x * 2

    layer = layers.Lambda(double, name="l")
    np.testing.assert_allclose(layer(X).numpy(), X * 2)
    config = layers.serialize(layer)
    assert config["config"]["function"] == "double"
    with pytest.raises(
        ValueError, match="layers l .code in files is never run.. Pass them: custom_objects={'l': lambda"
    ):
        layers.deserialize(json.loads(json.dumps(config)))
    for again in (layers.deserialize(config), layers.deserialize(config, custom_objects={"double": double})):
        np.testing.assert_allclose(again(X).numpy(), X * 2)  # a config of this process knows the function


def test_embedding() -> None:
    ids = np.array([[1, 0, 3], [3, 3, 2]])
    layer = layers.Embedding(5, 2, mask_zero=True, input_length=3)
    model = Sequential([layer])
    table = layer.get_weights()[0]
    assert table.shape == (5, 2) and np.abs(table).max() <= 0.05 and model.output_shape == (None, 3, 2)
    np.testing.assert_array_equal(model.predict(ids), table[ids])
    np.testing.assert_array_equal(model.predict(ids.astype(np.float32)), table[ids])
    np.testing.assert_array_equal(layer(ids)._keras_mask.numpy(), ids != 0)
    plain = Sequential([layers.Embedding(5, 2)])
    plain.compile("sgd", "mse")
    plain.set_weights([table])
    plain.train_on_batch(ids, np.zeros((2, 3, 2)))
    counts = np.bincount(ids.ravel(), minlength=5)[:, None]  # a row moves once per use
    np.testing.assert_allclose(plain.get_weights()[0], table - 0.01 * counts * 2 * table / 12, rtol=1e-5)
    again = layers.deserialize(layers.serialize(layer))
    assert again.get_config() == layer.get_config()
    with pytest.raises(ValueError, match=r'embedding \(layer "e"\): expected a positive integer as input_dim, got 0'):
        layers.Embedding(0, 2, name="e")


def test_mask_travels_and_stops() -> None:
    i = Input((6,))
    i._keras_mask = i[:, 0] > 0
    h = Dense(3)(i)
    assert h._keras_mask is i._keras_mask
    reshape = layers.Reshape((3, 1), name="r")
    with pytest.warns(
        UserWarning, match=r'reshape \(layer "r"\): does not support masking; the mask of its input ends'
    ):
        assert getattr(reshape(h), "_keras_mask", None) is None
    with pytest.raises(
        TypeError, match=r'reshape \(layer "r"\): does not support masking, but was given an input mask'
    ):
        reshape.compute_mask(h, h._keras_mask)


@pytest.mark.parametrize(
    "make",
    [lambda: layers.Dense(2), layers.BatchNormalization, layers.LayerNormalization, layers.UnitNormalization,
     layers.LeakyReLU, layers.ELU, layers.ThresholdedReLU, layers.Softmax, lambda: layers.LSTM(2),
     lambda: layers.TimeDistributed(layers.Dense(2))],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["int32", "int64"])
def test_whole_numbers_into_layers_of_floats(make: Any, kind: str) -> None:
    """They are cast, in a graph and on arrays, to the type the layer computes in."""
    layer = make()
    x = np.arange(-6, 6).reshape(2, 3, 2)
    i = layers.Input((3, 2), dtype=kind)
    model = Model(i, layer(i))
    wanted = np.asarray(layer(x.astype("float32")))
    assert model.outputs[0].dtype == "float32"
    np.testing.assert_array_equal(np.asarray(layer(x.astype(kind))), wanted)
    np.testing.assert_allclose(model.predict(x.astype(kind), verbose=0), wanted, rtol=1e-6)
