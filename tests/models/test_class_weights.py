"""Class weights with labels, one-hot vectors and sequences of either, beside sample weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnstack.layers import Dense, Input
from nnstack.models import Model

RNG = np.random.default_rng(0)
STEPS = RNG.normal(size=(8, 4, 3)).astype("float32")
LABELS = RNG.integers(0, 3, (8, 4))
WEIGHTS = {0: 0.5, 1: 2.0, 2: 1.25}


def losses(x: np.ndarray, y: np.ndarray, loss: str, **options: Any) -> float:
    image = Input(x.shape[1:])
    kernel = np.linspace(-1, 1, 9).reshape(3, 3)
    model = Model(image, Dense(3, activation="softmax", weights=[kernel, np.zeros(3)])(image))
    model.compile("sgd", loss)
    return float(model.fit(x, y, verbose=0, shuffle=False, batch_size=8, **options).history["loss"][0])


def expected(x: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> float:
    scores = x @ np.linspace(-1, 1, 9).reshape(3, 3)
    scores = scores - scores.max(-1, keepdims=True)
    logarithms = scores - np.log(np.exp(scores).sum(-1, keepdims=True))
    each = -np.take_along_axis(logarithms, labels[..., None], -1)[..., 0]
    return float((each * weights).mean())


@pytest.mark.parametrize("sample", [None, np.linspace(0.1, 2, 8), np.linspace(0.1, 2, 32).reshape(8, 4)])
@pytest.mark.parametrize("one_hot", [False, True])
def test_sequences(one_hot: bool, sample: Any) -> None:
    weights = np.vectorize(WEIGHTS.get)(LABELS)
    if sample is not None:
        weights = weights * (sample if sample.ndim == 2 else sample[:, None])
    y, loss = (np.eye(3)[LABELS], "categorical_crossentropy") if one_hot else (
        LABELS[..., None], "sparse_categorical_crossentropy")  # fmt: skip
    found = losses(STEPS, y, loss, class_weight=WEIGHTS, sample_weight=sample)
    assert found == pytest.approx(expected(STEPS, LABELS, weights), rel=1e-5)


@pytest.mark.parametrize("form", ["(n,)", "(n, 1)", "one-hot", "floats"])
def test_single_targets(form: str) -> None:
    x, labels = STEPS[:, 0], LABELS[:, 0]
    y = {"(n,)": labels, "(n, 1)": labels[:, None], "one-hot": np.eye(3)[labels], "floats": labels.astype(float)}[form]
    loss = "categorical_crossentropy" if form == "one-hot" else "sparse_categorical_crossentropy"
    sample = np.linspace(0.5, 1, 8)
    found = losses(x, y, loss, class_weight=WEIGHTS, sample_weight=sample)
    assert found == pytest.approx(expected(x, labels, np.vectorize(WEIGHTS.get)(labels) * sample), rel=1e-5)


def test_a_class_without_a_weight() -> None:
    with pytest.raises(ValueError, match=r"class_weight: no weight for classes \[2\]; given for \[0, 1\]"):
        losses(STEPS, np.eye(3)[LABELS], "categorical_crossentropy", class_weight={0: 1.0, 1: 2.0})
