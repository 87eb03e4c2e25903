"""What a file may ask for beside its weights: memory for states, tables and constants within bounds; no other file."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

_NUMBERS = 32 << 20  # together; no model that fits a file needs more of them


class _Left(threading.local):
    numbers: int | None = None


_left = _Left()


@contextlib.contextmanager
def from_a_file() -> Iterator[None]:
    """What is made in the block is made because a file says so."""
    before, _left.numbers = _left.numbers, _NUMBERS
    try:
        yield
    finally:
        _left.numbers = before


def take(count: int, what: str) -> None:
    """Called before `count` numbers are allocated; `ValueError` if a file asks for more than any model needs."""
    if _left.numbers is None:
        return
    _left.numbers -= int(count)
    if _left.numbers < 0:
        raise ValueError(f"{what}: the file asks for memory for {count} numbers, more than any model needs")


def refuse_path(path: object, what: str) -> None:
    """Called before a file or URL that a config names is opened; `ValueError` if the config came from a file."""
    if _left.numbers is not None:
        raise ValueError(
            f"{what}: the file names another file, {str(path)!r}, which is not opened. Save the model again with the "
            "contents in it, as nnstack and Keras do for lists"
        )
