"""Logs: numbers that are read from the device only when somebody looks, and found under Keras's former names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

# What Keras up to 2.2 called metrics that were given as the name behind it, and tf.keras calls by that name.
_SPELLINGS = (
    ("acc", "accuracy"),
    ("mean_squared_error", "mse"),
    ("mean_absolute_error", "mae"),
    ("mean_absolute_percentage_error", "mape"),
    ("mean_squared_logarithmic_error", "msle"),
)


def _stands_for_keras() -> bool:
    from nnstack.compat import importing

    return importing.is_installed()


def _other_spelling(names: Iterable[str], name: Any) -> str | None:
    """The one among `names` that is `name` in the other spelling, while nnstack stands for Keras; else None."""
    if not isinstance(name, str) or not _stands_for_keras():
        return None
    for pair in _SPELLINGS:
        for this, other in (pair, pair[::-1]):
            if name == this or name.endswith("_" + this):
                found = name.removesuffix(this) + other
                if found in names:
                    return found
    return None


class Logs(dict[str, Any]):
    """A dict by the names of metrics. To programs that run unchanged 'acc' is also 'accuracy', ..., and the other way
    round, where the name itself is not there; and a batch has its number and size in it, which no loop over it shows.
    """

    batch: int | None = None
    size: int | None = None

    def __missing__(self, key: str) -> Any:
        other = _other_spelling(dict.keys(self), key)
        if other is not None:
            return dict.__getitem__(self, other)
        found = getattr(self, key) if key in ("batch", "size") else None
        if found is None or not _stands_for_keras():
            raise KeyError(key)
        return found

    def __contains__(self, key: object) -> bool:
        return dict.__contains__(self, key) or _other_spelling(dict.keys(self), key) is not None

    def get(self, key: str, default: Any = None) -> Any:
        """The number, or `default`."""
        try:
            return self[key]
        except KeyError:
            return default

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)  # files hold a plain dict


class LazyLogs(Logs):
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
