"""Numbers, texts, lists, dicts and arrays as JSON text beside a list of arrays; what comes back is nothing else."""

from __future__ import annotations

import json
from typing import Any

import numpy as np


def pack(value: Any) -> tuple[str, list[np.ndarray]]:
    """(JSON text, arrays it refers to; equal ones once). `TypeError` for what is no plain data.

    >>> pack({"a": np.zeros(2), "b": [1, None]})[0]
    '{"dict": {"a": {"array": 0}, "b": [1, null]}}'
    """
    arrays: list[np.ndarray] = []
    places: dict[tuple[str, tuple[int, ...], bytes], int] = {}

    def encode(one: Any) -> Any:
        if isinstance(one, np.ndarray):
            key = (one.dtype.str, one.shape, one.tobytes())
            if key not in places:
                places[key] = len(arrays)
                arrays.append(one)
            return {"array": places[key]}
        if isinstance(one, np.generic):
            return one.item()
        if isinstance(one, dict):
            return {"dict": {str(key): encode(inner) for key, inner in one.items()}}
        if isinstance(one, list | tuple):
            return [encode(inner) for inner in one]
        return one

    return json.dumps(encode(value)), arrays


def unpack(text: str, arrays: list[np.ndarray]) -> Any:
    """The value again, tuples as lists; `ValueError` for text that `pack` does not write."""

    def decode(one: Any) -> Any:
        if isinstance(one, dict):
            if isinstance(one.get("dict"), dict):
                return {key: decode(inner) for key, inner in one["dict"].items()}
            position = one.get("array")
            if not isinstance(position, int) or not 0 <= position < len(arrays):
                raise ValueError(f"array {position!r} does not exist; there are {len(arrays)}")
            return arrays[position]
        if isinstance(one, list):
            return [decode(inner) for inner in one]
        return one

    try:
        return decode(json.loads(text))
    except RecursionError:
        raise ValueError("nested too deep") from None
