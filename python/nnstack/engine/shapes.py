"""Shapes as users write them: tuples of sizes and None, alone or in lists and dicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np


def is_shape(value: Any) -> bool:
    """True for a list or tuple of ints and None."""
    return isinstance(value, list | tuple) and all(size is None or isinstance(size, int | np.integer) for size in value)


def map_shapes(function: Callable[[tuple[int | None, ...]], Any], structure: Any) -> Any:
    """`function` applied to every shape of a structure of shapes."""
    if is_shape(structure):
        return function(tuple(None if size is None else int(size) for size in structure))
    if isinstance(structure, Mapping):
        return {key: map_shapes(function, value) for key, value in structure.items()}
    if isinstance(structure, list | tuple):
        return [map_shapes(function, value) for value in structure]
    raise ValueError(f"expected a shape (a tuple of ints and None) or a list or dict of shapes, got {structure!r}")


def declared_shape(keywords: Mapping[str, Any]) -> tuple[int | None, ...] | None:
    """The input shape, batch axis included, that a layer's keywords declare, or None."""
    if keywords.get("batch_input_shape") is not None:
        return tuple(keywords["batch_input_shape"])
    shape = keywords.get("input_shape")
    if shape is None and keywords.get("input_dim") is not None:
        shape = (keywords["input_dim"],)
    if shape is None:
        return None
    return (keywords.get("batch_size"), *((shape,) if isinstance(shape, int) else shape))
