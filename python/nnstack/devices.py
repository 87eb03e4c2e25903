"""Which device and how many threads."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from nnstack import _core


def list_devices() -> list[str]:
    """Names of the devices that can be used: 'cpu', and 'cuda:0', ... where there are any."""
    return _core.list_devices()


def set_device(name: str) -> None:
    """Default device of new variables and programs. `RuntimeError` says what was looked for if a CUDA device is not
    there.
    """
    _core.set_device(_checked(name))


def _checked(name: str) -> str:
    if not isinstance(name, str):
        raise TypeError(f"set_device: expected a name such as 'cpu' or 'cuda:0', got {name!r}")
    return name


def get_device() -> str:
    """The default device."""
    return _core.get_device()


@contextlib.contextmanager
def device(name: str) -> Iterator[None]:
    """Models built inside the block live on this device."""
    previous = _core.get_device()
    set_device(name)
    try:
        yield
    finally:
        _core.set_device(previous)


def set_num_threads(count: int) -> None:
    """Threads that one computation may use, at least 1."""
    if isinstance(count, bool) or not isinstance(count, int):
        raise TypeError(f"set_num_threads: expected a whole number, got {count!r}")
    _core.set_num_threads(count)


def get_num_threads() -> int:
    """Threads that one computation may use."""
    return _core.get_num_threads()
