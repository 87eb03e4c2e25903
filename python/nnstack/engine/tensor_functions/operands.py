"""Arguments as files hold them, numbers and lists among tensors, as operands of the backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nnstack import backend as K
from nnstack.backend.tensor import binary, unary
from nnstack.utils import nest


def tensor(value: Any, like: Any = None) -> Any:
    """A tensor of what a file holds: numbers, nested lists of numbers, lists with tensors among them."""
    if K.is_tensor(value):
        return value if K.is_tensor(value) and not hasattr(value, "read_value") else K.convert(value)
    if isinstance(value, list | tuple) and any(K.is_tensor(leaf) for leaf in nest.flatten(value)):
        return K.stack(alike([tensor(one) for one in value]))
    numbers = np.asarray(value)
    if like is not None:
        return K.convert(numbers.astype(like.dtype) if numbers.dtype.kind in "biuf" else numbers)
    return K.convert(value if isinstance(value, int | float | bool) else numbers)


def alike(values: list[Any]) -> list[Any]:
    """Tensors of one type: whole numbers of the widest, constants of what the others have."""
    kinds = {one.dtype for one in values if not one.concrete} or {one.dtype for one in values}
    kind = next((one for one in kinds if one.startswith(("float", "bfloat"))), sorted(kinds)[-1])
    return [one if one.dtype == kind else K.cast(one, kind) for one in values]


def two(op: str) -> Callable[..., Any]:
    def compute(x: Any, y: Any) -> Any:
        return binary(op, *pair(x, y))

    return compute


def pair(x: Any, y: Any) -> tuple[Any, Any]:
    """Both as tensors of one type; a number takes the type of the tensor beside it."""
    first, second = K.is_tensor(x), K.is_tensor(y)
    a = tensor(x, y if second and not first else None)
    b = tensor(y, a if not second else None)
    if a.dtype != b.dtype and (a.concrete or b.concrete):
        return (K.cast(a, b.dtype), b) if a.concrete else (a, K.cast(b, a.dtype))
    return a, b


def one_operand(op: str) -> Callable[[Any], Any]:
    return lambda x: unary(op, tensor(x))


def with_pair(op: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    return lambda x, y: op(*pair(x, y))


def reduction(reduce: Callable[..., Any]) -> Callable[..., Any]:
    def compute(input_tensor: Any, axis: Any = None, keepdims: Any = False) -> Any:
        return reduce(tensor(input_tensor), axis=axes_of(axis), keepdims=bool(keepdims))

    return compute


def axes_of(axis: Any) -> Any:
    if axis is None or isinstance(axis, int):
        return axis
    axes = [int(one) for one in np.ravel(np.asarray(K.get_value(axis) if K.is_tensor(axis) else axis))]
    return axes[0] if len(axes) == 1 else axes


def sizes_of(shape: Any) -> Any:
    """A shape: a tensor, or a list of numbers and tensors."""
    if K.is_tensor(shape):
        return shape
    return [one if K.is_tensor(one) else int(one) for one in ([shape] if isinstance(shape, int) else list(shape))]
