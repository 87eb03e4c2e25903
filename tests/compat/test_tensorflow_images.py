"""tf.image and tf.random: colours, neighbours, angles and the gamma distribution, against numpy and scipy."""

import colorsys
import math
from typing import Any

import numpy as np
import pytest
from scipy import ndimage, stats

random = np.random.RandomState(0)
IMAGES = random.rand(2, 9, 8, 3).astype("float32")
IMAGES[0, 0, :4] = [[0, 0, 0], [0.5, 0.5, 0.5], [1, 0, 0], [0, 1, 1]]


def test_hues(tf: Any) -> None:
    expected = np.array([colorsys.rgb_to_hsv(*map(float, pixel)) for pixel in IMAGES.reshape(-1, 3)])
    found = tf.image.rgb_to_hsv(IMAGES).numpy()
    np.testing.assert_allclose(found.reshape(-1, 3), expected, atol=1e-5)
    np.testing.assert_allclose(tf.image.hsv_to_rgb(found).numpy(), IMAGES, atol=1e-5)
    turned = np.array([colorsys.hsv_to_rgb((h + 0.3) % 1.0, s, v) for h, s, v in expected])
    np.testing.assert_allclose(tf.image.adjust_hue(IMAGES, 0.3).numpy().reshape(-1, 3), turned, atol=2e-5)
    assert tf.image.random_hue(IMAGES, 0.2).shape == IMAGES.shape


def test_luma_and_back(tf: Any) -> None:
    yuv = tf.image.rgb_to_yuv(IMAGES).numpy()
    np.testing.assert_allclose(yuv[..., 0], IMAGES @ [0.299, 0.587, 0.114], rtol=1e-5)
    assert np.abs(yuv[0, 0, 1, 1:]).max() < 1e-6  # grey has no colour
    np.testing.assert_allclose(tf.image.yuv_to_rgb(yuv).numpy(), IMAGES, atol=1e-5)


def test_neighbours(tf: Any) -> None:
    down, across = tf.image.image_gradients(IMAGES)
    np.testing.assert_allclose(down.numpy()[:, :-1], np.diff(IMAGES, axis=1), rtol=1e-6)
    np.testing.assert_allclose(across.numpy()[:, :, :-1], np.diff(IMAGES, axis=2), rtol=1e-6)
    assert not down.numpy()[:, -1].any() and not across.numpy()[:, :, -1].any()
    edges = tf.image.sobel_edges(IMAGES).numpy()
    for place, axis in enumerate((0, 1)):
        expected = ndimage.sobel(IMAGES[0, ..., 1].astype("float64"), axis=axis, mode="mirror")
        np.testing.assert_allclose(edges[0, ..., 1, place], expected, atol=1e-5)


def test_ssim(tf: Any) -> None:
    x = random.rand(2, 14, 15, 2).astype("float32")
    y = np.clip(x + 0.1 * random.randn(*x.shape), 0, 1).astype("float32")
    places = np.arange(7) - 3
    window = np.exp(-0.5 * (places[:, None] ** 2 + places**2) / 1.5**2)
    window /= window.sum()

    def blurred(image: np.ndarray) -> np.ndarray:
        return ndimage.correlate(image, window[..., None])[3:-3, 3:-3]

    pairs = zip(x.astype("float64"), y.astype("float64"), strict=True)
    for found, (a, b) in zip(tf.image.ssim(x, y, 1.0, filter_size=7).numpy(), pairs, strict=True):
        mean_a, mean_b = blurred(a), blurred(b)
        var = blurred(a * a) + blurred(b * b) - mean_a**2 - mean_b**2
        first = (2 * mean_a * mean_b + 0.01**2) / (mean_a**2 + mean_b**2 + 0.01**2)
        second = (2 * (blurred(a * b) - mean_a * mean_b) + 0.03**2) / (var + 0.03**2)
        assert found == pytest.approx((first * second).mean(), abs=1e-5)
    np.testing.assert_allclose(tf.image.ssim(x, x, 1.0).numpy(), 1.0, atol=1e-6)


def test_angles_and_their_gradients(tf: Any) -> None:
    x = np.concatenate([np.linspace(-5, 5, 41), [1e6, -1e6]]).astype("float32")
    np.testing.assert_allclose(tf.atan(x).numpy(), np.arctan(x), atol=3e-7)
    y = np.resize([1.0, -0.5, 0.0, -2.0, 3.0], x.shape).astype("float32")
    np.testing.assert_allclose(tf.atan2(y, x).numpy(), np.arctan2(y, x), atol=5e-7)
    unit = np.linspace(-1, 1, 21, dtype="float32")
    np.testing.assert_allclose(tf.math.asin(unit).numpy(), np.arcsin(unit), atol=5e-7)
    np.testing.assert_allclose(tf.acos(unit).numpy(), np.arccos(unit), atol=5e-7)
    with tf.GradientTape() as tape:
        point = tf.constant(x)
        tape.watch(point)
        angle = tf.atan(point)
    np.testing.assert_allclose(tape.gradient(angle, point).numpy(), 1 / (1 + x.astype("float64") ** 2), atol=2e-6)


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.5])
def test_gamma(tf: Any, alpha: float) -> None:
    tf.random.set_seed(3)
    drawn = tf.random.gamma([4000], alpha, beta=2.0).numpy()
    assert stats.kstest(drawn, stats.gamma(alpha, scale=0.5).cdf).pvalue > 1e-3
    assert tf.random.gamma([5], [0.3, 2.0]).shape == (5, 2)


def test_activations_and_convolutions_of_nn(tf: Any) -> None:
    near = sum(np.pad(IMAGES**2, [(0, 0)] * 3 + [(1, 1)])[..., place : place + 3] for place in range(3))
    expected = IMAGES / (2 + 0.1 * near) ** 0.75
    np.testing.assert_allclose(tf.nn.lrn(IMAGES, 1, 2.0, 0.1, 0.75).numpy(), expected, rtol=1e-5)
    halves = tf.nn.crelu(IMAGES - 0.5).numpy()
    np.testing.assert_allclose(halves[..., :3] - halves[..., 3:], IMAGES - 0.5, atol=1e-7)
    kernel = random.rand(2, 2, 3, 4).astype("float32")
    holes = np.zeros((3, 3, 3, 4), "float32")
    holes[::2, ::2] = kernel
    plain = tf.nn.conv2d(IMAGES, holes, 1, "VALID").numpy()
    np.testing.assert_allclose(tf.nn.atrous_conv2d(IMAGES, kernel, 2, "VALID").numpy(), plain, rtol=1e-5)
    deep, point = random.rand(3, 3, 3, 2).astype("float32"), random.rand(1, 1, 6, 4).astype("float32")
    layer = tf.keras.layers.SeparableConv2D(4, 3, depth_multiplier=2, padding="same", use_bias=False)
    layer.build((None, 9, 8, 3))
    layer.set_weights([deep, point])
    found = tf.nn.separable_conv2d(IMAGES, deep, point, [1, 1, 1, 1], "SAME").numpy()
    np.testing.assert_allclose(found, layer(IMAGES).numpy(), rtol=1e-5)


def test_names_at_the_edge_of_programs(tf: Any) -> None:
    assert tf.compat.as_str(b"text") == "text" and tf.compat.as_bytes("text") == b"text"
    with pytest.raises(tf.errors.NotFoundError):
        raise FileNotFoundError
    policy = tf.keras.mixed_precision.experimental
    assert policy.set_policy is tf.keras.mixed_precision.set_global_policy
    assert tf.keras.optimizers.experimental.AdamW is tf.keras.optimizers.AdamW
    assert math.isclose(float(tf.vectorized_map(lambda row: tf.reduce_sum(row), tf.constant([[1.0, 2.0]]))[0]), 3.0)


def test_an_activation_may_be_taken_away(tf: Any) -> None:
    """As programs do that look at what a class depends on: `model.layers[-1].activation = None`."""
    layers = tf.keras.layers
    for layer, shape in ((layers.Dense(2, "relu"), (1, 3)), (layers.Conv1D(2, 1, activation="relu"), (1, 4, 3))):
        x = random.randn(*shape).astype("float32")
        layer(x)
        layer.activation = None
        np.testing.assert_allclose(layer(x).numpy(), x @ layer.get_weights()[0].reshape(3, 2), rtol=1e-5, atol=1e-6)
        assert layer.get_config()["activation"] is None
