"""Sequence: a data set that gives batch number i."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any


class Sequence(ABC):
    """A data set in batches: define `__getitem__(index)` -> (x, y) or (x, y, sample_weight), and `__len__`.

    Every batch is used once per epoch. `on_epoch_end` is called after each epoch.
    Source: https://keras.io/2.16/api/utils/python_utils/
    """

    @abstractmethod
    def __getitem__(self, index: int) -> Any:
        """Batch number `index`."""

    @abstractmethod
    def __len__(self) -> int:
        """Number of batches."""

    def on_epoch_end(self) -> None:  # noqa: B027 - a hook, empty on purpose
        """Called at the end of every epoch."""

    def __iter__(self) -> Iterator[Any]:
        """The batches in order."""
        for index in range(len(self)):
            yield self[index]


class DatasetMethods:
    """Gives a `Sequence` the methods of `tf.data.Dataset` (`map`, `cache`, `take`, `unbatch`, ...), over its batches.

    Each of them gives a `nnstack.compat.dataset.Dataset`, which goes through the batches and ends the epoch after them.
    """

    if TYPE_CHECKING:

        def __len__(self) -> int: ...
        def __getitem__(self, index: int) -> Any: ...
        def on_epoch_end(self) -> None: ...

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            from nnstack.compat.dataset import Dataset

            if hasattr(Dataset, name):
                return getattr(Dataset(self._epoch, len(self)), name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _epoch(self) -> Iterator[Any]:
        for index in range(len(self)):
            yield self[index]
        self.on_epoch_end()


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """What a step is given: `x` alone where it is no tuple, list or dict, else `(x,)`, `(x, y)` or with weights."""
    if y is None:
        return (x,) if isinstance(x, tuple | list | dict) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """(x, y, sample_weight) of what a step is given, None for what is missing; `ValueError` for more than three.

    >>> unpack_x_y_sample_weight(([1.0], [0.0]))
    ([1.0], [0.0], None)
    """
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    if len(data) > 3:
        raise ValueError(f"data: expected x, (x, y) or (x, y, sample_weight), got a tuple of {len(data)}")
    return (*data, None, None)[:3]


def __getattr__(name: str) -> Any:
    """What else Keras 2 had in this module is in `nnstack.utils`."""
    from nnstack import utils

    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(utils, name)
