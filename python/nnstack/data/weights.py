"""Class weights, sample weights and how they become one weight array per output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def class_weights(y: np.ndarray, class_weight: Mapping[int, float]) -> np.ndarray:
    """Weight of every target from its class: labels (n,) or (..., 1), or one-hot vectors (..., classes).

    Sequences of targets (n, time, classes) or (n, time, 1) give a weight for each step. Labels are rounded. Raises
    `ValueError` for a class without a weight.
    """
    if y.ndim > 1 and y.shape[-1] > 1:
        classes = np.argmax(y, axis=-1)
    else:
        classes = np.rint(y if y.ndim == 1 else y[..., 0]).astype(np.int64)
    labels, places = np.unique(classes, return_inverse=True)
    missing = [int(label) for label in labels if int(label) not in class_weight]
    if missing:
        raise ValueError(f"class_weight: no weight for classes {missing}; given for {sorted(class_weight)}")
    of_labels = np.array([class_weight[int(label)] for label in labels], np.float32)
    found: np.ndarray = of_labels[places].reshape(classes.shape)
    return found


def combined_weight(y: np.ndarray, sample_weight: Any, class_weight: Mapping[int, float] | None) -> np.ndarray | None:
    """Sample weight times class weight; None if neither is given. One of a sample counts for all of its steps."""
    if class_weight is None:
        return None if sample_weight is None else np.asarray(sample_weight)
    weight = class_weights(y, class_weight)
    if sample_weight is None:
        return weight
    given = np.asarray(sample_weight)
    rank = max(given.ndim, weight.ndim)
    combined: np.ndarray = _widened(given, rank) * _widened(weight, rank)
    return combined


def _widened(weight: np.ndarray, rank: int) -> np.ndarray:
    return weight.reshape(weight.shape + (1,) * (rank - weight.ndim))
