"""Lists of names as HDF5 attributes, cut into pieces where they exceed what an object header holds."""

from __future__ import annotations

from typing import Any

import numpy as np

_LIMIT = 64512  # bytes in one attribute, as Keras has it


def write_attribute(group: Any, name: str, values: list[str]) -> None:
    """Writes a list of names; a long one as `name0`, `name1`, ..."""
    if not values:
        group.attrs[name] = np.zeros(0)
        return
    if sum(len(value.encode()) + 16 for value in values) <= _LIMIT:
        group.attrs[name] = values
        return
    pieces: list[list[str]] = [[]]
    size = 0
    for value in values:
        cost = len(value.encode()) + 16  # a reference to a string of variable length takes 16 bytes
        if cost > _LIMIT:
            raise ValueError(f"save: the name {value[:40]!r}... is too long for HDF5 ({cost} bytes)")
        if size + cost > _LIMIT:
            pieces.append([])
            size = 0
        pieces[-1].append(value)
        size += cost
    for number, piece in enumerate(pieces):
        group.attrs[f"{name}{number}"] = piece


def read_attribute(group: Any, name: str) -> list[str]:
    """A list of names, put together again if it was cut."""
    if name in group.attrs:
        found = list(group.attrs[name])
    else:
        found = []
        number = 0
        while f"{name}{number}" in group.attrs:
            found += list(group.attrs[f"{name}{number}"])
            number += 1
    return [value.decode() if isinstance(value, bytes) else str(value) for value in found]
