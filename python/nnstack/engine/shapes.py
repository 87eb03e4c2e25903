"""Shapes as users write them: tuples of sizes and None, alone or in lists and dicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

_settings = {"tuples": False}


def build_for_tuples(on: bool) -> None:
    """Whether `build` is given what Keras up to 2.3 gave it: tuples even where a tensor's shape is of a class of its
    own, and the shapes of an RNN's constants.
    """
    _settings["tuples"] = bool(on)


def builds_for_tuples() -> bool:
    """What was given to `build_for_tuples`; False at first."""
    return _settings["tuples"]


def shape_of(leaf: Any) -> Any:
    """The shape of a tensor, as `build` is given it: a tuple, of the class that the tensor has for it; None for no
    tensor.
    """
    shape = getattr(leaf, "shape", None)
    if shape is None:
        return None
    return (
        shape
        if isinstance(shape, tuple) and not _settings["tuples"]
        else tuple(None if n is None else int(n) for n in shape)
    )


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


def checked_sizes(shape: Any, what: str) -> tuple[int | None, ...]:
    """The shape as a tuple; one size alone is a shape too. `ValueError` for anything but sizes of at least 0 and
    None.
    """
    sizes = (shape,) if isinstance(shape, int | np.integer) else shape
    if not is_shape(sizes) or any(size is not None and size < 0 for size in sizes):
        raise ValueError(f"{what}: expected a shape of whole numbers and None, such as (64,), got {shape!r}")
    return tuple(None if size is None else int(size) for size in sizes)


def declared_shape(keywords: Mapping[str, Any], what: str) -> tuple[int | None, ...] | None:
    """The input shape, batch axis included, that a layer's keywords declare, or None."""
    if keywords.get("batch_input_shape") is not None:
        return checked_sizes(keywords["batch_input_shape"], what)
    shape = keywords.get("input_shape")
    if shape is None and keywords.get("input_dim") is not None:
        shape = (keywords["input_dim"],)
    if shape is None:
        return None
    return (keywords.get("batch_size"), *checked_sizes(shape, what))
