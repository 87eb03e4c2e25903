"""Gradients that touch a few rows of a variable: those of `gather`, which an embedding is.

Such a gradient is a sum over rows, `scatter_add(indices, values, shape)`, and stays recognisable as one. The formulas
of optimizers take it as the dense tensor it is; only what Keras does differently for rows asks here.
"""

from collections.abc import Callable
from typing import NamedTuple

from nnstack import backend
from nnstack.backend import Tensor, Variable


class Rows(NamedTuple):
    """Row `indices[i]` of the gradient is the sum of all `values[i]`."""

    indices: Tensor  # (n,)
    values: Tensor  # (n, ...)
    shape: Tensor  # of the whole gradient


def rows_of(gradient: Tensor) -> Rows | None:
    """The rows that `gradient` consists of, None where it is dense. Several look-ups in one variable are one list."""
    if gradient.op == "scatter_add":
        indices, values, shape = (backend.convert(x) for x in gradient.inputs)
        flat = backend.reshape(indices, (-1,))
        inner = [backend.shape(gradient)[axis] for axis in range(1, len(gradient.shape))]
        return Rows(backend.cast(flat, "int64"), backend.reshape(values, [backend.size(flat), *inner]), shape)
    if gradient.op == "add":
        parts = [rows_of(backend.convert(x)) for x in gradient.inputs]
        first, second = (part for part in parts)
        if first is not None and second is not None:
            indices, values = (backend.concatenate([a, b], 0) for a, b in zip(first[:2], second[:2], strict=True))
            return Rows(indices, values, first.shape)
    return None


def on_values(function: Callable[[Tensor], Tensor], gradient: Tensor) -> Tensor:
    """`function` of a dense gradient, or of the values of its rows before equal rows are added up, as Keras clips."""
    rows = rows_of(gradient)
    if rows is None:
        return function(gradient)
    return backend.emit("scatter_add", rows.indices, function(rows.values), rows.shape)


def values_of(gradient: Tensor) -> Tensor:
    """The values of its rows, or the dense gradient itself."""
    rows = rows_of(gradient)
    return gradient if rows is None else rows.values


def touched(gradient: Tensor, variable: Variable) -> Tensor | None:
    """Which rows of `variable` the gradient is about, bool (rows, 1, ...); None where it is dense."""
    rows = rows_of(gradient)
    if rows is None:
        return None
    count = backend.emit(
        "scatter_add",
        rows.indices,
        backend.ones_like(rows.indices, "int32"),
        backend.constant([variable.shape[0]], "int64"),
    )
    return backend.reshape(count > 0, (-1,) + (1,) * (len(variable.shape) - 1))
