"""Layers without weights keep whole numbers whole, as in tf_keras; those that need floats make them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nnstack import layers, models

ROW = np.arange(12).reshape(2, 6)
STEPS = np.arange(24).reshape(2, 4, 3)
IMAGE = np.arange(64).reshape(2, 4, 4, 2)

CASES: list[tuple[Callable[[], Any], np.ndarray, np.ndarray]] = [
    (lambda: layers.Dropout(0.3), ROW, ROW),
    (lambda: layers.SpatialDropout1D(0.3), STEPS, STEPS),
    (lambda: layers.GaussianNoise(0.3), ROW, ROW),
    (lambda: layers.GaussianDropout(0.3), ROW, ROW),
    (lambda: layers.AlphaDropout(0.3), ROW, ROW),
    (lambda: layers.MaxPooling1D(2), STEPS, STEPS[:, 1::2]),
    (lambda: layers.MaxPooling2D(2), IMAGE, IMAGE[:, 1::2, 1::2]),
    (lambda: layers.GlobalMaxPooling1D(), STEPS, STEPS.max(1)),
    (lambda: layers.GlobalAveragePooling1D(), STEPS, STEPS.sum(1) // 4),
    (lambda: layers.GlobalAveragePooling2D(), IMAGE, IMAGE.sum((1, 2)) // 16),
    (lambda: layers.ReLU(6), ROW, np.minimum(ROW, 6)),
    (lambda: layers.UpSampling1D(2), STEPS, STEPS.repeat(2, 1)),
]


@pytest.mark.parametrize("dtype", ["int64", "int32"])
@pytest.mark.parametrize("case", CASES, ids=[type(case[0]()).__name__ for case in CASES])
def test_whole_numbers_stay_whole(case: Any, dtype: str) -> None:
    make, x, expected = case
    inputs = layers.Input(x.shape[1:], dtype=dtype)
    outputs = make()(inputs)
    result = models.Model(inputs, outputs).predict(x.astype(dtype))
    assert outputs.dtype == result.dtype == dtype
    np.testing.assert_array_equal(result, expected)


def test_dot_of_whole_numbers() -> None:
    one, two = layers.Input((6,), dtype="int64"), layers.Input((6,), dtype="int64")
    result = models.Model([one, two], layers.Dot(1)([one, two])).predict([ROW, ROW + 1])
    assert result.dtype == "int64"
    np.testing.assert_array_equal(result[:, 0], (ROW * (ROW + 1)).sum(1))


@pytest.mark.parametrize("make", [lambda: layers.Dense(2), lambda: layers.ELU(), lambda: layers.Softmax()])
def test_layers_of_floats_make_them(make: Callable[[], Any]) -> None:
    layer = make()
    inputs = layers.Input((6,), dtype="int64")
    result = models.Model(inputs, layer(inputs)).predict(ROW)
    assert result.dtype == "float32"
    np.testing.assert_array_equal(result, layer(ROW.astype("float32")).numpy())


@pytest.mark.parametrize(("dtype", "wanted"), [("int32", "float64"), ("int64", "float64"), ("int8", "float32")])
def test_average_of_whole_numbers(dtype, wanted):
    a, b = layers.Input((2,), dtype=dtype), layers.Input((2,), dtype=dtype)
    model = models.Model([a, b], layers.average([a, b]))
    assert model.output.dtype == wanted
    result = model.predict([np.array([[1, 2]], dtype), np.array([[2, 5]], dtype)], verbose=0)
    assert (result.dtype.name, result.tolist()) == (wanted, [[1.5, 3.5]])
