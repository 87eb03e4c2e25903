"""BatchNormalization in training and out of it, frozen, masked and renormalized; normalization per sample; noise."""

import numpy as np
import pytest

from nnstack import backend, layers, utils
from nnstack.layers import Input
from nnstack.models import Model, Sequential

RNG = np.random.default_rng(6)
X = RNG.normal(2.0, 3.0, size=(64, 5)).astype(np.float32)
IMAGES = RNG.normal(1.0, 2.0, size=(4, 3, 3, 2)).astype(np.float32)


def test_batch_statistics_and_moving_averages() -> None:
    layer = layers.BatchNormalization(momentum=0.9, epsilon=1e-2)
    y = layer(X, training=True).numpy()
    np.testing.assert_allclose(y, (X - X.mean(0)) / np.sqrt(X.var(0) + 1e-2), rtol=1e-4, atol=1e-5)
    gamma, beta, mean, variance = layer.get_weights()
    np.testing.assert_allclose(mean, 0.1 * X.mean(0), rtol=1e-5)
    np.testing.assert_allclose(variance, 0.9 + 0.1 * X.var(0), rtol=1e-5)
    expected = (X - mean) / np.sqrt(variance + 1e-2)
    np.testing.assert_allclose(layer(X, training=False).numpy(), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(gamma, np.ones(5))
    np.testing.assert_array_equal(beta, np.zeros(5))


@pytest.mark.parametrize(("fused", "correction"), [(None, 36 / 35), (True, 36 / 35), (False, 1.0)])
def test_which_variance_of_images_is_followed(fused: bool | None, correction: float) -> None:
    layer = layers.BatchNormalization(momentum=0.0, fused=fused)
    layer(IMAGES, training=True)
    np.testing.assert_allclose(layer.get_weights()[3], IMAGES.var((0, 1, 2)) * correction, rtol=1e-5)


def test_fit_moves_the_averages_and_predict_uses_them() -> None:
    model = Sequential([Input((5,)), layers.BatchNormalization(momentum=0.5)])
    model.compile("sgd", "mse")
    model.fit(X, X, epochs=30, batch_size=64, verbose=0)
    np.testing.assert_allclose(model.get_weights()[2], X.mean(0), rtol=1e-3)
    np.testing.assert_allclose(model.get_weights()[3], X.var(0), rtol=1e-3)
    before = model.get_weights()
    model.predict(X, verbose=0), model.evaluate(X, X, verbose=0)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_frozen_it_is_in_inference_mode() -> None:
    layer = layers.BatchNormalization(trainable=False)
    np.testing.assert_allclose(layer(X, training=True).numpy(), X / np.sqrt(1.001), rtol=1e-5)
    assert not layer.trainable_weights and len(layer.non_trainable_weights) == 4
    model = Sequential([Input((5,)), layers.BatchNormalization(), layers.Dense(1)])
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    model.fit(X, X[:, :1], verbose=0)
    for weight, start in zip(model.layers[0].get_weights(), (1, 0, 0, 1), strict=True):
        np.testing.assert_array_equal(weight, np.full(5, start))


def test_masked_steps_do_not_count() -> None:
    x = RNG.normal(size=(4, 6, 3)).astype(np.float32)
    x[:, 4:] = 0
    i = Input((6, 3))
    model = Model(i, layers.BatchNormalization(momentum=0.0)(layers.Masking()(i)))
    model.compile("sgd", "mse")
    model.train_on_batch(x, x)
    np.testing.assert_allclose(model.get_weights()[2], x[:, :4].mean((0, 1)), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(model.get_weights()[3], x[:, :4].var((0, 1)), rtol=1e-4)


def test_renormalization() -> None:
    layer = layers.BatchNormalization(
        renorm=True, renorm_clipping={"rmax": 1.5, "rmin": 0.5, "dmax": 0.3}, momentum=0.9
    )
    y = layer(X, training=True).numpy()
    deviation = np.sqrt(X.var(0) + 1e-3)
    r, d = np.clip(deviation, 0.5, 1.5), np.clip(X.mean(0), -0.3, 0.3)  # the averages start at 0 and 1
    np.testing.assert_allclose(y, (X - X.mean(0)) / deviation * r + d, rtol=1e-4, atol=1e-5)
    names = [weight.name.split("/")[-1] for weight in layer.weights]
    assert names[4:] == ["moving_stddev:0", "renorm_mean:0", "renorm_stddev:0"]
    np.testing.assert_allclose(layer.renorm_mean.numpy(), 0.01 * X.mean(0), rtol=1e-4)
    moved = 0.9 + 0.1 * deviation
    np.testing.assert_allclose(layer.moving_variance.numpy(), moved**2 - 1e-3, rtol=1e-4)


def test_per_sample() -> None:
    x = RNG.normal(size=(3, 4, 6)).astype(np.float32)
    y = layers.LayerNormalization(axis=[2, 1], gamma_initializer="glorot_uniform")
    result = y(x).numpy()
    gamma = y.get_weights()[0]
    assert gamma.shape == (6, 4)
    expected = (x - x.mean((1, 2), keepdims=True)) / np.sqrt(x.var((1, 2), keepdims=True) + 1e-3) * gamma.T
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5)
    grouped = x.reshape(3, 4, 3, 2)
    expected = (grouped - grouped.mean((1, 3), keepdims=True)) / np.sqrt(grouped.var((1, 3), keepdims=True) + 1e-3)
    np.testing.assert_allclose(layers.GroupNormalization(3)(x).numpy(), expected.reshape(x.shape), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(layers.UnitNormalization(axis=[1, 2])(x), axis=(1, 2)), 1, rtol=1e-5)


def test_spectral_normalization() -> None:
    utils.set_random_seed(1)  # iterations converge slowly where the two largest singular values are close
    layer = layers.SpectralNormalization(layers.Dense(3), power_iterations=30)
    layer(X[:2, :4], training=False)
    before = layer.get_weights()[0]
    layer(X[:2, :4], training=True)
    np.testing.assert_allclose(layer.get_weights()[0], before / np.linalg.norm(before, 2), rtol=1e-3)
    assert [w.name for w in layer.weights][0] == f"{layer.name}/kernel:0"


def test_whole_channels_are_dropped() -> None:
    utils.set_random_seed(3)
    x = np.ones((50, 4, 4, 6), np.float32)
    for layer, data in ((layers.SpatialDropout2D(0.4), x), (layers.SpatialDropout1D(0.4), x[:, 0])):
        y = layer(data, training=True).numpy().reshape(50, -1, 6)
        assert (y == y[:, :1]).all() and set(np.unique(y)) == {0.0, np.float32(1 / 0.6)}
        assert (y[:, 0] == 0).mean() == pytest.approx(0.4, abs=0.08)
    first = layers.SpatialDropout2D(0.4, data_format="channels_first")(x, training=True).numpy()
    assert (first == first[:, :, :1, :1]).all()


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    utils.set_random_seed(4)
    x = RNG.normal(size=(400, 300)).astype(np.float32)
    y = layers.AlphaDropout(0.3)(x, training=True).numpy()
    assert y.mean() == pytest.approx(0, abs=0.02) and y.std() == pytest.approx(1, abs=0.02)
    values, counts = np.unique(y, return_counts=True)
    assert counts.max() / y.size == pytest.approx(0.3, abs=0.01) and values[counts.argmax()] < -0.5


@pytest.mark.parametrize("options", [{}, {"center": False}, {"center": False, "scale": False}])
def test_second_derivatives_of_group_normalization(options):
    """What stands for the mean's part in the gradient is right at every order."""
    rng = np.random.default_rng(0)
    weights, direction, point = rng.normal(size=(3, 2, 3, 4))
    x = backend.placeholder((2, 3, 4), dtype="float64")
    y = layers.GroupNormalization(2, dtype="float64", **options)(x)
    (first,) = backend.gradients(backend.sum(backend.square(y) * weights), [x])
    (second,) = backend.gradients(backend.sum(first * direction), [x])
    run = backend.function([x], [first, second])
    found = run([point])[1]
    step = 1e-5
    ahead, behind = run([point + step * direction])[0], run([point - step * direction])[0]
    np.testing.assert_allclose(found, (ahead - behind) / (2 * step), rtol=1e-6, atol=1e-7)
