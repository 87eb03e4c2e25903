"""Preparing labels and data with numpy."""

from typing import Any

import numpy as np


def to_categorical(y: Any, num_classes: int | None = None, dtype: str = "float32") -> np.ndarray:
    """Class numbers to rows of zeros with a single one.

    y: integers of any shape; a last axis of size 1 is dropped. num_classes: default max(y) + 1. Returns
    y.shape + (num_classes,). ValueError if a class number is negative or not below num_classes.

    >>> to_categorical([0, 2], 3)
    array([[1., 0., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    labels = np.asarray(y, dtype="int64")
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels.reshape(labels.shape[:-1])
    classes = int(num_classes or labels.max(initial=-1) + 1)
    if labels.size and (labels.min() < 0 or labels.max() >= classes):
        raise ValueError(f"to_categorical: expected classes 0 to {classes - 1}, got {labels.min()} to {labels.max()}")
    result = np.zeros((labels.size, classes), dtype=dtype)
    result[np.arange(labels.size), labels.ravel()] = 1
    return result.reshape((*labels.shape, classes))


def normalize(x: Any, axis: int = -1, order: int = 2) -> np.ndarray:
    """x divided by its norm of `order` along `axis`; a norm of zero counts as one.

    >>> normalize([[3.0, 4.0]])
    array([[0.6, 0.8]])
    """
    lengths = np.atleast_1d(np.linalg.norm(x, order, axis))
    lengths[lengths == 0] = 1
    return np.asarray(x / np.expand_dims(lengths, axis))


def to_ordinal(y: Any, num_classes: int | None = None, dtype: str = "float32") -> np.ndarray:
    """Class numbers 0 to num_classes - 1 as rows of num_classes - 1 numbers, of which the first y are 1.

    num_classes: default max(y) + 1. A last axis of size 1 is dropped. For ordinal regression (Cheng et al. 2008).

    >>> to_ordinal([0, 2, 1])
    array([[0., 0.],
           [1., 1.],
           [1., 0.]], dtype=float32)
    """
    labels = np.asarray(y, dtype=np.int64)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    classes = int(labels.max()) + 1 if num_classes is None else num_classes
    return (np.arange(classes - 1) < labels[..., np.newaxis]).astype(dtype)
