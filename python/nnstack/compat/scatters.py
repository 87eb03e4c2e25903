"""`scatter_update` and its kind: rows and elements of a variable, changed where indices say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnstack import backend as K
from nnstack.compat.functions.arrays import (
    gather_nd,
    tensor_scatter_nd_add,
    tensor_scatter_nd_update,
)


def _elements(change: Callable[[Any, Any, Any], Any]) -> Callable[..., Any]:
    def method(self: Any, indices: Any, updates: Any, name: Any = None) -> Any:
        return self.assign(change(K.convert(self), K.convert(indices), K.convert_like(updates, K.convert(self))))

    return method


def _rows(change: Callable[[Any, Any, Any], Any]) -> Callable[..., Any]:
    def method(self: Any, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        places = K.expand_dims(K.cast(K.convert(sparse_delta.indices), "int64"), -1)
        return self.assign(change(K.convert(self), places, K.convert_like(sparse_delta.values, K.convert(self))))

    return method


def _subtracted(x: Any, indices: Any, updates: Any) -> Any:
    return tensor_scatter_nd_add(x, indices, -updates)


def _multiplied(x: Any, indices: Any, updates: Any) -> Any:
    return tensor_scatter_nd_update(x, indices, gather_nd(x, indices) * updates)


def _divided(x: Any, indices: Any, updates: Any) -> Any:
    return tensor_scatter_nd_update(x, indices, gather_nd(x, indices) / updates)


MEMBERS: dict[str, Any] = {
    "scatter_nd_update": _elements(tensor_scatter_nd_update),
    "scatter_nd_add": _elements(tensor_scatter_nd_add),
    "scatter_nd_sub": _elements(_subtracted),
    "scatter_update": _rows(tensor_scatter_nd_update),
    "scatter_add": _rows(tensor_scatter_nd_add),
    "scatter_sub": _rows(_subtracted),
    "scatter_mul": _rows(_multiplied),
    "scatter_div": _rows(_divided),
}
