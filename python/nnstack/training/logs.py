"""Logs: numbers that are read from the device only when somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


class LazyLogs(dict[str, Any]):
    """A dict of plain floats, filled by one call of `read` at the first look at its content."""

    def __init__(self, read: Callable[[], dict[str, float]], extra: dict[str, Any] | None = None) -> None:
        super().__init__(extra or {})
        self._read: Callable[[], dict[str, float]] | None = read

    def _fill(self) -> LazyLogs:
        if self._read is not None:
            read, self._read = self._read, None
            for key, value in read().items():
                super().setdefault(key, value)
        return self

    def __getitem__(self, key: str) -> Any:
        return super(LazyLogs, self._fill()).__getitem__(key)

    def __iter__(self) -> Iterator[str]:
        return super(LazyLogs, self._fill()).__iter__()

    def __len__(self) -> int:
        return super(LazyLogs, self._fill()).__len__()

    def __contains__(self, key: object) -> bool:
        return super(LazyLogs, self._fill()).__contains__(key)

    def __eq__(self, other: object) -> bool:
        return super(LazyLogs, self._fill()).__eq__(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __bool__(self) -> bool:
        return len(self) > 0

    def __repr__(self) -> str:
        return super(LazyLogs, self._fill()).__repr__()

    def get(self, key: str, default: Any = None) -> Any:
        return super(LazyLogs, self._fill()).get(key, default)

    def keys(self) -> Any:
        return super(LazyLogs, self._fill()).keys()

    def values(self) -> Any:
        return super(LazyLogs, self._fill()).values()

    def items(self) -> Any:
        return super(LazyLogs, self._fill()).items()

    def copy(self) -> dict[str, Any]:
        return dict(self.items())

    def pop(self, *args: Any) -> Any:
        return super(LazyLogs, self._fill()).pop(*args)
