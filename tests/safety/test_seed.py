"""utils.set_random_seed covers everything that draws."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

import nnstack
from nnstack import backend, initializers
from nnstack import layers as L
from nnstack.models import Sequential
from nnstack.preprocessing.image import ImageDataGenerator

X = np.random.default_rng(0).normal(size=(40, 6, 6, 1)).astype(np.float32)
Y = np.arange(40) % 2


def drawn(seed: int) -> list[Any]:
    """Everything that draws, once."""
    nnstack.utils.set_random_seed(seed)
    found: list[Any] = [random.random(), np.random.normal(size=3)]
    found += [backend.eval(draw((3,))) for draw in (backend.random_normal, backend.random_uniform)]
    found += [backend.eval(backend.dropout(backend.ones((9,)), 0.5)), backend.eval(backend.random_binomial((9,), 0.5))]
    kinds = ("glorot_uniform", "he_normal", "orthogonal", "random_normal", "truncated_normal", "variance_scaling")
    found += [backend.eval(initializers.get(kind)((4, 3))) for kind in kinds]
    noisy = [L.GaussianNoise(0.1), L.SpatialDropout2D(0.2), L.Flatten(), L.Dropout(0.3), L.AlphaDropout(0.1)]
    model = Sequential([L.Conv2D(4, 3, input_shape=(6, 6, 1)), *noisy, L.Dense(2, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    found.append(model.fit(X, Y, 8, 2, 0).history["loss"])
    flow = ImageDataGenerator(rotation_range=20, horizontal_flip=True).flow(X, Y, batch_size=8)
    found.append(model.fit(flow, epochs=1, verbose=0, workers=0).history["loss"])
    found += model.get_weights()
    found.append(model(X[:4], training=True).numpy())
    return found


def test_the_same_seed_draws_the_same_and_another_others() -> None:
    first, again, other = drawn(5), drawn(5), drawn(6)
    constant = 0
    for number, (one, two, three) in enumerate(zip(first, again, other, strict=True)):
        np.testing.assert_array_equal(one, two, err_msg=str(number))
        constant += np.array_equal(one, three)
    assert constant <= 1  # half of nine draws of zero and one may agree by chance
