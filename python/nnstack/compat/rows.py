"""Rows of the tables: from "module:name renamed=ours" to the function that a program calls."""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any


def resolve(row: str) -> Any:
    """What a row stands for.

    "pkg.module:name" is that object; "pkg.module" the module. Pairs `theirs=ours` behind it say what arguments are
    called here. Functions of the backend and of `nnstack.compat.functions` also take `name=`, as TensorFlow's do.
    """
    place, *renamed = row.split()
    module, _, name = place.partition(":")
    found: Any = importlib.import_module(module)
    if not name:
        return found
    for part in name.split("."):
        found = getattr(found, part)
    takes_no_name = module.startswith(("nnstack.backend", "nnstack.compat.functions", "nnstack.activations"))
    if takes_no_name and inspect.isfunction(found):
        return adapted(found, dict(pair.split("=") for pair in renamed))
    return found


# What arguments were called in TensorFlow 1.
_FORMER = {
    "keep_dims": "keepdims",
    "reduction_indices": "axis",
    "dim": "axis",
    "dimension": "axis",
    "squeeze_dims": "axis",
    "value": "input",
}


def as_tensorflow_1() -> None:
    """See `tensors.as_tensorflow_1`."""
    from nnstack.compat import tensors

    tensors.as_tensorflow_1()


def adapted(function: Callable[..., Any], renamed: Mapping[str, str]) -> Callable[..., Any]:
    """`function` with some arguments under other names, and an argument `name`, which does nothing."""
    taken = inspect.signature(function).parameters
    former = {old: new for old, new in _FORMER.items() if new in taken and old not in taken}
    renamed = {**former, **renamed}

    @functools.wraps(function)
    def call(*args: Any, name: Any = None, **kwargs: Any) -> Any:
        if not kwargs.keys().isdisjoint(former):
            as_tensorflow_1()
        return function(*args, **{renamed.get(key, key): value for key, value in kwargs.items()})

    return call
