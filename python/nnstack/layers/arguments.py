"""Checks of arguments that many layers share. Every message names the layer, what it expected and what came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def label(layer: Any) -> str:
    """How messages call a layer: `conv2d (layer "conv2d_1")`."""
    return f'{layer._kind} (layer "{layer.name}")'


def positive_int(value: Any, what: str, argument: str, least: int = 1) -> int:
    """`value` as an int of at least `least`; `ValueError` naming the argument otherwise."""
    if not is_whole(value) or int(value) < least:
        kind = "a positive integer" if least == 1 else f"an integer of at least {least}"
        raise ValueError(f"{what}: expected {kind} as {argument}, got {value!r}")
    return int(value)


def is_whole(value: Any) -> bool:
    """True for integers and for floats such as 3.0, which Keras takes as 3."""
    if isinstance(value, bool):
        return False
    return isinstance(value, int | np.integer) or (isinstance(value, float) and value.is_integer())


def int_tuple(value: Any, count: int, what: str, argument: str, least: int = 1) -> tuple[int, ...]:
    """One integer for all of `count` axes, or one per axis, as a tuple; each at least `least`."""
    values = list(value) if isinstance(value, list | tuple | np.ndarray) else [value] * count
    if len(values) != count or not all(is_whole(one) and int(one) >= least for one in values):
        shape = "an integer" if count == 1 else f"an integer or {count} integers"
        raise ValueError(f"{what}: expected {shape} of at least {least} as {argument}, got {value!r}")
    return tuple(int(one) for one in values)


def int_pairs(value: Any, count: int, what: str, argument: str) -> tuple[tuple[int, int], ...]:
    """(before, after) per axis from one integer, one per axis, or one pair per axis."""
    if count == 1 and isinstance(value, list | tuple) and len(value) == 2 and all(is_whole(one) for one in value):
        value = [value]
    values = list(value) if isinstance(value, list | tuple | np.ndarray) else [value] * count
    pairs = [tuple(one) if isinstance(one, list | tuple | np.ndarray) else (one, one) for one in values]
    fits = len(pairs) == count and all(len(pair) == 2 and all(is_whole(n) and n >= 0 for n in pair) for pair in pairs)
    if not fits:
        raise ValueError(
            f"{what}: expected as {argument} an integer, {count} integers or {count} pairs (before, after), none below "
            f"0, got {value!r}"
        )
    return tuple((int(pair[0]), int(pair[1])) for pair in pairs)


def choice(value: Any, known: Sequence[Any], what: str, argument: str) -> Any:
    """`value` (text in lower case) if it is one of `known`; `ValueError` that lists them otherwise."""
    found = value.lower() if isinstance(value, str) and value not in known else value
    if found not in known:
        raise ValueError(f"{what}: expected one of {', '.join(map(repr, known))} as {argument}, got {value!r}")
    return found


def axes_within(axis: Any, rank: int, what: str) -> list[int]:
    """Axes counted from the front, sorted as given; `ValueError` for one outside the rank or given twice."""
    given = list(axis) if isinstance(axis, list | tuple) else [axis]
    if not all(is_whole(one) and -rank <= one < rank for one in given):
        raise ValueError(f"{what}: expected axes within [{-rank}, {rank}), got {axis!r}; the input has rank {rank}")
    axes = [int(one) % rank for one in given]
    if len(set(axes)) != len(axes):
        raise ValueError(f"{what}: expected each axis once, got {axis!r}; the input has rank {rank}")
    return axes
