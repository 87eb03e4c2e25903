"""Every loss at outputs of 0, +-100, +-1e4, against its definition in float64; the gradients stay finite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nnstack import backend, losses

NUMBERS = [1e4, -1e4, 100.0, -100.0, 30.0, -17.0, 1.0, 0.0, -1e-3]
P = np.array([[a, b, c] for a in NUMBERS for b in NUMBERS for c in NUMBERS], np.float32)
HOT = np.eye(3, dtype=np.float32)[np.arange(len(P)) % 3]
EPSILON = 1e-7
Float64 = Callable[[np.ndarray, np.ndarray], np.ndarray]


def sigmoid(z: np.ndarray) -> np.ndarray:
    return np.where(z >= 0, 1 / (1 + np.exp(-np.abs(z))), np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z))))


def softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True))


def clipped(p: np.ndarray) -> np.ndarray:
    return np.clip(p, EPSILON, 1 - EPSILON)


def of_logits(y: np.ndarray, z: np.ndarray) -> np.ndarray:
    return np.asarray(np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z))))


def log_softmax(z: np.ndarray) -> np.ndarray:
    shifted = z - z.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def cosine(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    y, p = (one / np.sqrt(np.maximum((one**2).sum(-1, keepdims=True), 1e-12)) for one in (y, p))
    return np.asarray(-(y * p).sum(-1))


def binary_cross_entropy(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    return -(y * np.log(clipped(p) + EPSILON) + (1 - y) * np.log(1 - clipped(p) + EPSILON))


def binary_focal(y: np.ndarray, p: np.ndarray, cross_entropy: np.ndarray) -> np.ndarray:
    away = 1 - (y * p + (1 - y) * (1 - p))
    return np.asarray((away**2 * cross_entropy).mean(-1))


def categorical_focal(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.asarray((0.25 * (1 - p) ** 2 * -y * np.log(p)).sum(-1))


SMOOTH = 0.1
LOGITS: dict[str, tuple[Any, Float64]] = {
    "binary": (losses.BinaryCrossentropy, lambda y, z: of_logits(y, z).mean(-1)),
    "categorical": (losses.CategoricalCrossentropy, lambda y, z: -(y * log_softmax(z)).sum(-1)),
}
PLAIN: dict[str, tuple[Any, Float64]] = {
    "mse": (losses.MeanSquaredError, lambda y, p: ((p - y) ** 2).mean(-1)),
    "mae": (losses.MeanAbsoluteError, lambda y, p: np.abs(p - y).mean(-1)),
    "mape": (losses.MeanAbsolutePercentageError,
             lambda y, p: 100 * (np.abs(p - y) / np.maximum(np.abs(y), EPSILON)).mean(-1)),
    "msle": (losses.MeanSquaredLogarithmicError,
             lambda y, p: ((np.log1p(np.maximum(p, EPSILON)) - np.log1p(np.maximum(y, EPSILON))) ** 2).mean(-1)),
    "log cosh": (losses.LogCosh,
                 lambda y, p: (np.abs(p - y) + np.log1p(np.exp(-2 * np.abs(p - y))) - np.log(2)).mean(-1)),
    "huber": (losses.Huber, lambda y, p: np.where(np.abs(p - y) <= 1, (p - y) ** 2 / 2, np.abs(p - y) - 0.5).mean(-1)),
    "hinge": (losses.Hinge, lambda y, p: np.maximum(1 - (2 * y - 1) * p, 0).mean(-1)),
    "squared hinge": (losses.SquaredHinge, lambda y, p: (np.maximum(1 - (2 * y - 1) * p, 0) ** 2).mean(-1)),
    "categorical hinge": (losses.CategoricalHinge,
                          lambda y, p: np.maximum(((1 - y) * p).max(-1) - (y * p).sum(-1) + 1, 0)),
    "cosine": (losses.CosineSimilarity, cosine),
    "kld": (losses.KLDivergence, lambda y, p: (np.clip(y, EPSILON, 1) * np.log(
        np.clip(y, EPSILON, 1) / np.clip(p, EPSILON, 1))).sum(-1)),
}  # fmt: skip
PROBABILITIES: dict[str, tuple[Any, Float64]] = {
    "binary": (losses.BinaryCrossentropy, lambda y, p: binary_cross_entropy(y, p).mean(-1)),
    "binary focal": (losses.BinaryFocalCrossentropy, lambda y, p: binary_focal(y, p, binary_cross_entropy(y, p))),
    "poisson": (losses.Poisson, lambda y, p: (p - y * np.log(p + EPSILON)).mean(-1)),
}  # fmt: skip


def value_and_slope(loss: Any, y: np.ndarray, p: np.ndarray, alike: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Compiled; the loss op by op must be near if `alike`."""
    targets, outputs = backend.placeholder(shape=y.shape, dtype=y.dtype.name), backend.placeholder(shape=p.shape)
    value = loss(targets, outputs)
    gradient = backend.gradients(backend.sum(value), [outputs])[0]
    found, slope = backend.function([targets, outputs], [value, gradient])([y, p])
    if alike:
        np.testing.assert_allclose(loss(backend.constant(y), backend.constant(p)).numpy(), found, rtol=1e-5, atol=1e-5)
    return found, slope


def check(loss: Any, wanted: Float64, y: np.ndarray, p: np.ndarray, rtol: float = 3e-6) -> None:
    found, slope = value_and_slope(loss, y, p)
    assert np.isfinite(slope).all()
    np.testing.assert_allclose(found, wanted(y.astype(np.float64), p.astype(np.float64)), rtol=rtol, atol=2e-6)


@pytest.mark.parametrize("name", PLAIN)
def test_of_any_outputs(name: str) -> None:
    make, wanted = PLAIN[name]
    check(make(reduction="none"), wanted, HOT, P)


@pytest.mark.parametrize("smooth", [0.0, SMOOTH])
@pytest.mark.parametrize("name", LOGITS)
def test_of_logits(name: str, smooth: float) -> None:
    make, wanted = LOGITS[name]
    classes = 2 if name == "binary" else 3
    loss = make(from_logits=True, label_smoothing=smooth, reduction="none")
    check(loss, lambda y, z: wanted(y * (1 - smooth) + smooth / classes, z), HOT, P)


def test_focal_of_logits() -> None:
    """Op by op through probabilities, which Keras clips; compiled, the binary one goes back to the logits, as there."""
    loss: Any = losses.CategoricalFocalCrossentropy(from_logits=True, reduction="none")
    check(loss, lambda y, z: categorical_focal(y, clipped(softmax(z))), HOT, P, 2e-2)
    loss = losses.BinaryFocalCrossentropy(from_logits=True, reduction="none")
    found, slope = value_and_slope(loss, HOT, P, alike=False)
    y, z = HOT.astype(np.float64), P.astype(np.float64)
    assert np.isfinite(slope).all()
    np.testing.assert_allclose(found, binary_focal(y, sigmoid(z), of_logits(y, z)), rtol=3e-6, atol=2e-6)
    eager = loss(backend.constant(HOT), backend.constant(P)).numpy()
    np.testing.assert_allclose(eager, binary_focal(y, sigmoid(z), binary_cross_entropy(y, sigmoid(z))), rtol=2e-2)


@pytest.mark.parametrize("name", PROBABILITIES)
def test_of_probabilities(name: str) -> None:
    """0 and 1 and numbers beside them, as saturated activations give them."""
    make, wanted = PROBABILITIES[name]
    values = [0.0, 1.0, 1e-7, 1e-30, 1e-45, 0.5, 1 - 1e-7]
    p = np.array([[a, b, c] for a in values for b in values for c in values], np.float32)
    y = np.eye(3, dtype=np.float32)[np.arange(len(p)) % 3]
    found, slope = value_and_slope(make(reduction="none"), y, p)
    assert np.isfinite(slope).all()
    np.testing.assert_allclose(found, wanted(y.astype(np.float64), p.astype(np.float64)), rtol=2e-2, atol=1e-6)


def test_sparse_of_logits() -> None:
    loss = losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")
    found, slope = value_and_slope(loss, np.arange(len(P)) % 3, P)
    assert np.isfinite(slope).all()
    np.testing.assert_allclose(found, -(HOT * log_softmax(P.astype(np.float64))).sum(-1), rtol=3e-6, atol=2e-6)


def test_every_loss_is_here() -> None:
    tested = {make for table in (PLAIN, LOGITS, PROBABILITIES) for make, _ in table.values()}
    tested |= {losses.SparseCategoricalCrossentropy, losses.CategoricalFocalCrossentropy}
    classes = {getattr(losses, name) for name in losses.__all__ if name[0].isupper()}
    public = {one for one in classes if isinstance(one, type) and issubclass(one, losses.Loss)}
    assert public - {losses.Loss, getattr(losses, "LossFunctionWrapper", losses.Loss)} == tested
