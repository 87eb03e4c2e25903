"""Reading ahead by hand: what `fit` does with `workers`, as the objects that older loops call."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np

from nnstack.utils.data_utils import Sequence


class SequenceEnqueuer(ABC):
    """Base class: `start` begins to read ahead, `get` gives the items, `stop` ends it.

    >>> enqueuer = OrderedEnqueuer(sequence)
    >>> enqueuer.start(workers=2, max_queue_size=10)
    >>> items = enqueuer.get()
    >>> x, y = next(items)
    >>> enqueuer.stop()
    """

    def __init__(self, sequence: Any, use_multiprocessing: bool = False) -> None:
        self.sequence = sequence
        self.use_multiprocessing = use_multiprocessing
        self._items: Iterator[Any] | None = None

    def is_running(self) -> bool:
        """Between `start` and `stop`."""
        return self._items is not None

    def start(self, workers: int = 1, max_queue_size: int = 10) -> None:
        """Begins to read with so many threads or processes, at most `max_queue_size` items ahead."""
        from nnstack.data.queue import Reading

        self.stop()
        self._items = self._read(Reading(workers, self.use_multiprocessing, max_queue_size))

    @abstractmethod
    def _read(self, reading: Any) -> Iterator[Any]:
        """The items, read ahead."""

    def get(self) -> Iterator[Any]:
        """The items in order; an error in the data reaches the caller. `RuntimeError` before `start`."""
        if self._items is None:
            raise RuntimeError(f"{type(self).__name__}: get() before start(). Call start(workers) first")
        return self._items

    def stop(self, timeout: float | None = None) -> None:
        """Ends reading; what was read ahead is thrown away."""
        items, self._items = self._items, None
        if items is not None and hasattr(items, "close"):
            items.close()


class OrderedEnqueuer(SequenceEnqueuer):
    """Batches of a `Sequence` over and over, in order or with `shuffle` in a new order each time round."""

    def __init__(self, sequence: Sequence, use_multiprocessing: bool = False, shuffle: bool = False) -> None:
        super().__init__(sequence, use_multiprocessing)
        self.shuffle = shuffle

    def _read(self, reading: Any) -> Iterator[Any]:
        from nnstack.data.queue import read_items

        while True:
            count = len(self.sequence)
            order = np.random.permutation(count) if self.shuffle else range(count)
            yield from read_items(self.sequence.__getitem__, order, reading, type(self).__name__)
            self.sequence.on_epoch_end()


class GeneratorEnqueuer(SequenceEnqueuer):
    """Items of a generator; `ValueError` for a Sequence, which has an order of its own."""

    def __init__(
        self,
        generator: Any = None,
        use_multiprocessing: bool = False,
        wait_time: float | None = None,
        random_seed: int | None = None,
        sequence: Any = None,
    ) -> None:
        # wait_time: how long Keras 2 slept between looks at its queue. sequence: Keras 2.3's name of the generator.
        generator = generator if sequence is None else sequence
        if isinstance(generator, Sequence):
            raise ValueError("GeneratorEnqueuer: got a Sequence; use OrderedEnqueuer, which keeps its order")
        super().__init__(generator, use_multiprocessing)
        self.random_seed = random_seed

    def _read(self, reading: Any) -> Iterator[Any]:
        from nnstack.data.queue import read_stream

        if self.random_seed is not None:
            np.random.seed(self.random_seed)
        return read_stream(iter(self.sequence), None, reading, type(self).__name__)
