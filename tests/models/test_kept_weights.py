"""Models whose programs keep what weights decide: predictions follow the weights; both layouts train alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import nnstack
from nnstack import layers as L
from nnstack import mixed_precision
from nnstack.models import Model, Sequential

DATA = np.random.default_rng(0)
IMAGES = DATA.normal(size=(6, 12, 12, 3)).astype(np.float32)
TARGETS = DATA.normal(size=(6, 3)).astype(np.float32)


@pytest.fixture(autouse=True)
def settings_as_before() -> Iterator[None]:
    yield
    mixed_precision.set_global_policy("float32")
    nnstack.backend.set_image_data_format("channels_last")


def assert_follows(model: Any, tolerance: float) -> None:
    """What predict gives, from kept values, is what eager layers give, from the weights."""
    predicted = np.asarray(model.predict(IMAGES, verbose=0), np.float32)
    eager = np.asarray(model(IMAGES, training=False).numpy(), np.float32)
    np.testing.assert_allclose(predicted, eager, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("policy", ["float32", "float64", "mixed_float16"])
def test_predictions_follow_the_weights(policy: str) -> None:
    mixed_precision.set_global_policy(policy)
    nnstack.utils.set_random_seed(1)
    x = L.Input((12, 12, 3))
    y = L.Activation("relu")(L.BatchNormalization()(L.Conv2D(8, 3)(x)))
    y = L.BatchNormalization(scale=False)(L.DepthwiseConv2D(3, depth_multiplier=2)(y))
    y = L.BatchNormalization(center=False)(L.Conv2DTranspose(4, 3, strides=2)(y))
    y = L.BatchNormalization()(L.Dense(7)(L.Flatten()(y)))
    model = Model(x, L.Dense(3, activation="softmax", dtype="float32")(y))
    model.compile("sgd", "mse")
    tolerance = 3e-2 if policy == "mixed_float16" else 2e-5
    assert_follows(model, tolerance)
    for _ in range(2):
        model.train_on_batch(IMAGES, TARGETS)
        assert_follows(model, tolerance)
    model.set_weights([np.abs(weight) * 1.5 + 0.1 for weight in model.get_weights()])
    assert_follows(model, tolerance)
    model.fit(IMAGES, TARGETS, validation_data=(IMAGES, TARGETS), epochs=2, verbose=0)
    assert_follows(model, tolerance)


def test_a_frozen_base_is_kept_while_the_head_trains() -> None:
    nnstack.utils.set_random_seed(2)
    base = Sequential([L.Input((12, 12, 3)), L.Conv2D(4, 3), L.BatchNormalization(), L.GlobalAveragePooling2D()])
    base.trainable = False
    model = Sequential([base, L.Dense(3)])
    model.compile("sgd", "mse")
    for factor in (1.0, 1.3):
        for weight in base.weights:
            weight.assign(weight.numpy() * factor)
        head = [weight.numpy() for weight in model.layers[-1].weights]
        seen = base(IMAGES, training=False).numpy()
        error = 2 * (seen @ head[0] + head[1] - TARGETS) / TARGETS.size
        model.train_on_batch(IMAGES, TARGETS)
        kernel, bias = (weight.numpy() for weight in model.layers[-1].weights)
        np.testing.assert_allclose(kernel, head[0] - 0.01 * seen.T @ error, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(bias, head[1] - 0.01 * error.sum(0), rtol=1e-5, atol=1e-6)


def trained(data_format: str) -> list[np.ndarray]:
    nnstack.backend.set_image_data_format(data_format)
    axis = 1 if data_format == "channels_first" else 3
    x = L.Input((3, 12, 12) if axis == 1 else (12, 12, 3))
    y = x
    for _ in range(2):
        y = L.Activation("relu")(L.BatchNormalization(axis=axis)(L.Conv2D(8, 3, padding="same")(y)))
    y = L.MaxPooling2D()(L.Concatenate(axis=axis)([y, y]))
    y = L.Cropping2D(1)(L.UpSampling2D()(L.ZeroPadding2D(1)(y)))
    model = Model(x, L.Dense(3)(L.GlobalAveragePooling2D()(L.SeparableConv2D(6, 3)(y))))
    model.compile("sgd", "mse")
    model.set_weights(
        [
            np.random.default_rng(k).normal(0.3, 0.2, w.shape).astype("float32")
            for k, w in enumerate(model.get_weights())
        ]
    )
    images = np.ascontiguousarray(IMAGES.transpose(0, 3, 1, 2)) if axis == 1 else IMAGES
    model.fit(images, TARGETS, epochs=3, batch_size=4, shuffle=False, verbose=0)
    return [*model.get_weights(), model.predict(images, verbose=0)]


def test_both_layouts_train_alike() -> None:
    for last, first in zip(trained("channels_last"), trained("channels_first"), strict=True):
        np.testing.assert_allclose(last, first, rtol=2e-4, atol=2e-5)
