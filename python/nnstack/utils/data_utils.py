"""Sequence: a data set that gives batch number i."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any


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
