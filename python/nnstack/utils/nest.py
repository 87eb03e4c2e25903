"""Nested structures of tensors: lists, tuples and dicts, walked in one order (dicts by sorted key, as Keras does)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any


def _children(structure: Any) -> list[Any] | None:
    if isinstance(structure, Mapping):
        return [structure[key] for key in sorted(structure)]
    if isinstance(structure, list | tuple):
        return list(structure)
    return None


def is_nested(structure: Any) -> bool:
    """True for a list, tuple or mapping."""
    return isinstance(structure, list | tuple | Mapping)


def flatten(structure: Any) -> list[Any]:
    """All leaves from left to right; a leaf alone gives a list of one."""
    children = _children(structure)
    if children is None:
        return [structure]
    return [leaf for child in children for leaf in flatten(child)]


def pack_as(structure: Any, leaves: Iterator[Any]) -> Any:
    """The same structure with its leaves taken, in order, from `leaves`."""
    if isinstance(structure, Mapping):
        packed = {key: pack_as(structure[key], leaves) for key in sorted(structure)}
        return {key: packed[key] for key in structure}
    if isinstance(structure, tuple):
        values = [pack_as(child, leaves) for child in structure]
        return type(structure)(*values) if hasattr(structure, "_fields") else tuple(values)
    if isinstance(structure, list):
        return [pack_as(child, leaves) for child in structure]
    return next(leaves)


def map_structure(function: Callable[[Any], Any], structure: Any) -> Any:
    """`function` applied to every leaf; the structure stays."""
    return pack_as(structure, iter([function(leaf) for leaf in flatten(structure)]))


def renamed(value: Any, names: Mapping[str, str]) -> Any:
    """A mapping with its keys replaced where `names` has another one; anything else as it is."""
    if not names or not isinstance(value, Mapping):
        return value
    return {names.get(key, key): item for key, item in value.items()}


def as_list(value: Any) -> list[Any]:
    """None gives [], a list or tuple its items, a mapping its values in sorted order, anything else a list of one."""
    if value is None:
        return []
    children = _children(value)
    return [value] if children is None else children
