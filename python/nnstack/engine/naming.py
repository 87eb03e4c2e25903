"""Default names: `dense`, `dense_1`, ...; inputs count from one: `input_1`."""

from __future__ import annotations

import functools
import re

from nnstack import backend


@functools.lru_cache(maxsize=1024)
def snake_case(class_name: str) -> str:
    """`BatchNormalization` -> `batch_normalization`; a leading underscore, which Keras forbids in names, becomes
    `private_`.
    """
    words = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", class_name)
    words = re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()
    return f"private{words}" if words.startswith("_") else words


def observe_name(name: str) -> None:
    """Remembers a name the user gave, so that no default name repeats it until `backend.reset_uids()`."""
    backend.get_uid(f"name:{name}")


def unique_name(prefix: str, from_one: bool = False) -> str:
    """The next default name for `prefix` that nobody has used."""
    while True:
        count = backend.get_uid(prefix) - (0 if from_one else 1)
        name = f"{prefix}_{count}" if count else prefix
        if backend.get_uid(f"name:{name}") == 1:
            return name
