"""One of two expressions: by a condition, or by whether this is training."""

from typing import Any

import numpy as np

from nnstack.backend.modes import learning_phase
from nnstack.backend.shapes import expand_dims
from nnstack.backend.tensor import Tensor, TensorLike, convert, emit, pair


def _expression(value: Any) -> Any:
    return value() if callable(value) else value


def switch(condition: TensorLike, then_expression: Any, else_expression: Any) -> Tensor:
    """One of two expressions of one shape (tensors or functions giving them).

    A scalar condition chooses a whole branch, and only that one is computed. Otherwise the choice is element by
    element: a condition of fewer axes than the expressions is filled up on the right. ValueError if it has more.

    >>> switch(constant([True, False], "bool"), constant([[1.0], [2.0]]), constant([[0.0], [0.0]]))
    <Tensor shape=(2, 1) dtype=float32 numpy=
    [[1.],
     [0.]]>
    """
    truth = convert(condition, "bool")
    if truth.concrete and not truth.shape:
        return convert(_expression(then_expression) if truth.numpy() else _expression(else_expression))
    a, b = pair(_expression(then_expression), _expression(else_expression))
    if not truth.shape:
        return emit("switch", truth, a, b)
    rank = max(len(a.shape), len(b.shape))
    if len(truth.shape) > rank:
        raise ValueError(
            f"switch: expected a condition of at most {rank} axes, as the expressions have, got shape {truth.shape}; "
            f"expressions {a.shape} and {b.shape}"
        )
    while len(truth.shape) < rank:
        truth = expand_dims(truth)
    return emit("select", truth, a, b)


def in_train_phase(x: Any, alt: Any, training: Any = None) -> Tensor:
    """`x` in training, `alt` otherwise (tensors or functions). training: True, False, a bool tensor, or None for the
    learning phase."""
    flag = learning_phase() if training is None else training
    if isinstance(flag, (bool, int, np.bool_)):
        return convert(_expression(x) if flag else _expression(alt))
    return switch(flag, x, alt)


def in_test_phase(x: Any, alt: Any, training: Any = None) -> Tensor:
    """`x` outside training, `alt` in training; see `in_train_phase`."""
    return in_train_phase(alt, x, training)
