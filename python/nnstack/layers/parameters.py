"""The three options that Keras gives every weight: initializer, regularizer, constraint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnstack import backend, constraints, initializers, regularizers


def set_options(layer: Any, part: str, initializer: Any, regularizer: Any = None, constraint: Any = None) -> None:
    """Sets `layer.<part>_initializer`, `_regularizer` and `_constraint` from names, dicts or callables."""
    setattr(layer, f"{part}_initializer", initializers.get(initializer))
    setattr(layer, f"{part}_regularizer", regularizers.get(regularizer))
    setattr(layer, f"{part}_constraint", constraints.get(constraint))


def add_parameter(layer: Any, part: str, shape: Sequence[int], name: str | None = None, **kwargs: Any) -> Any:
    """A new weight of `layer` called `name` (default `part`), with the options of `set_options`."""
    return layer.add_weight(
        name=name or part,
        shape=tuple(shape),
        initializer=getattr(layer, f"{part}_initializer"),
        regularizer=getattr(layer, f"{part}_regularizer"),
        constraint=getattr(layer, f"{part}_constraint"),
        **kwargs,
    )


def options_config(layer: Any, *parts: str, activity: bool = True) -> dict[str, Any]:
    """The options of all `parts` as plain data, in Keras's order: initializers, regularizers, constraints."""
    config = {f"{part}_initializer": initializers.serialize(getattr(layer, f"{part}_initializer")) for part in parts}
    for part in parts:
        config[f"{part}_regularizer"] = regularizers.serialize(getattr(layer, f"{part}_regularizer"))
    if activity:
        config["activity_regularizer"] = regularizers.serialize(layer.activity_regularizer)
    for part in parts:
        config[f"{part}_constraint"] = constraints.serialize(getattr(layer, f"{part}_constraint"))
    return config


def along(variable: Any, axes: Sequence[int], rank: int) -> Any:
    """A weight whose axes are the input's `axes`, in a shape that broadcasts with an input of `rank` axes."""
    if variable is None or list(axes) == list(range(rank - len(axes), rank)):
        return variable
    sizes = [1] * rank
    for axis, size in zip(axes, variable.shape, strict=True):
        sizes[axis] = size
    return backend.reshape(variable, sizes)
