"""Class weights, sample weights and how they become one weight array per output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def class_weight_vector(y: np.ndarray, class_weight: Mapping[int, float]) -> np.ndarray:
    """Weight of every sample from its class: integer labels of shape (n,) or (n, 1), or one-hot rows.

    Raises `ValueError` for a class without a weight, or targets that carry no classes.
    """
    classes = np.argmax(y, axis=-1) if y.ndim > 1 and y.shape[-1] > 1 else y.reshape(len(y), -1)[:, 0]
    if y.ndim > 2:
        raise ValueError(
            f"class_weight: expected targets of rank 1 or 2, got shape {y.shape}. Pass sample_weight instead"
        )
    labels, places = np.unique(classes.astype(np.int64), return_inverse=True)
    missing = [int(label) for label in labels if int(label) not in class_weight]
    if missing:
        raise ValueError(f"class_weight: no weight for classes {missing}; given for {sorted(class_weight)}")
    return np.array([class_weight[int(label)] for label in labels], np.float32)[places]


def combined_weight(y: np.ndarray, sample_weight: Any, class_weight: Mapping[int, float] | None) -> np.ndarray | None:
    """Sample weight times class weight; None if neither is given."""
    if class_weight is None:
        return None if sample_weight is None else np.asarray(sample_weight)
    weight = class_weight_vector(y, class_weight)
    if sample_weight is None:
        return weight
    given = np.asarray(sample_weight)
    combined: np.ndarray = given * weight.reshape(weight.shape + (1,) * (given.ndim - 1))
    return combined
