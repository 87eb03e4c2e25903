"""Feeds: how a data set runs through a step. Arrays run many batches per native call, streams one batch at a time."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

import numpy as np

from nnstack.data.arrays import Arrays, prepare
from nnstack.data.order import SampleOrder
from nnstack.data.queue import Reading, read_items, read_stream
from nnstack.data.structure import unpack
from nnstack.utils.data_utils import Sequence


class Feed(Protocol):
    """What the loop asks of a data set."""

    @property
    def steps(self) -> int | None:
        """Batches per epoch, None if not known."""

    @property
    def samples(self) -> int | None:
        """Samples per epoch, None if not known."""

    @property
    def batch_size(self) -> int | None:
        """Samples per batch, None if not known."""

    def start_epoch(self, epoch: int) -> None:
        """Makes the order of this epoch."""

    def advance(self, first: int, count: int) -> int:
        """Runs up to `count` batches from batch `first` of the epoch; 0 when the data have run out."""

    def next_batch(self, index: int) -> Arrays | None:
        """Batch `index` of the epoch itself, None when the data have run out."""

    def end_epoch(self) -> None:
        """Called after the last batch of an epoch."""

    def close(self) -> None:
        """Called when no more batches are wanted."""

    def skip_epochs(self, count: int) -> None:
        """A run goes on that has had `count` epochs before."""

    def skip_batches(self, count: int) -> None:
        """The epoch goes on after `count` batches; makes the step, so that its metrics exist."""


class ArrayFeed:
    """Arrays in memory: shuffled rows are gathered natively, the last batch may be short."""

    def __init__(
        self,
        arrays: Any,  # Arrays or LazyArrays
        batch_size: int,
        step_for: Callable[[Arrays], Any],
        steps: int | None = None,
        passes: int = 1,
        sample_order: SampleOrder | None = None,  # None: as they come
        whole_batches: bool = False,  # the order is one of batches
    ) -> None:
        self.arrays = arrays
        self.batch_size = batch_size
        self.samples = len(arrays)
        self._per_pass = -(-self.samples // batch_size)
        self._limited = steps is not None
        self.steps: int | None = steps if steps is not None else self._per_pass
        self._sample_order = None if self._limited else sample_order
        self._whole_batches = whole_batches
        self._passes = passes
        self._available = self._per_pass * passes
        self._position = 0  # batches used in earlier epochs, where steps_per_epoch cuts the data anew
        self._order: np.ndarray | None = None
        self._step_for = step_for
        self._step: Any = None

    def start_epoch(self, epoch: int) -> None:
        if self._sample_order is None:
            return
        self._order = None  # its memory serves for the next one
        if self._whole_batches:
            whole = self._sample_order.permutation(self.samples // self.batch_size)
            self._order = _in_batches(whole, self.samples, self.batch_size)
        else:
            self._order = self._sample_order.permutation(self.samples)

    def advance(self, first: int, count: int) -> int:
        if self._step is None:
            self._step = self._step_for(self.arrays)
        if not self._limited:
            return int(
                self._step.run_steps(
                    self.arrays, self._order, first, self.batch_size, min(count, self._per_pass - first)
                )
            )
        place = self._position + first
        if place >= self._available:
            return 0
        inside = place % self._per_pass
        return int(
            self._step.run_steps(self.arrays, None, inside, self.batch_size, min(count, self._per_pass - inside))
        )

    def next_batch(self, index: int) -> Arrays | None:
        if self._limited:
            index = self._position + index
            if index >= self._available:
                return None
            index %= self._per_pass
        begin, end = index * self.batch_size, min((index + 1) * self.batch_size, self.samples)
        if begin >= end:
            return None
        rows: Arrays = self.arrays.rows(begin, end) if self._order is None else self.arrays.take(self._order[begin:end])
        return rows

    def end_epoch(self) -> None:
        self.skip_epochs(1)

    def close(self) -> None:
        pass

    def skip_epochs(self, count: int) -> None:
        if self._limited and self.steps is not None and self._passes > 1:
            self._position += self.steps * count

    def skip_batches(self, count: int) -> None:
        self._step = self._step_for(self.arrays)


class RowsFeed(ArrayFeed):
    """Data that are read batch by batch, see `LazyArrays`."""

    arrays: Any

    def advance(self, first: int, count: int) -> int:
        return _run_one(self, self._step_for, first)

    def skip_batches(self, count: int) -> None:
        batch = self.next_batch(count)
        if batch is not None:
            self._step_for(batch)


def _in_batches(whole: np.ndarray, samples: int, batch: int) -> np.ndarray:
    """Whole batches in the given order, the short rest last: rows that lie together stay together, as HDF5 likes it."""
    count = len(whole) * batch
    order = np.arange(count, dtype=np.int64).reshape(len(whole), batch)[whole].reshape(-1)
    return np.concatenate([order, np.arange(count, samples, dtype=np.int64)])


class StreamFeed:
    """Generators, iterables and Sequences of (x, y) or (x, y, sample_weight), read ahead by threads or processes."""

    batch_size: int | None = None

    def __init__(
        self,
        model: Any,
        source: Any,
        step_for: Callable[[Arrays], Any],
        steps: int | None = None,
        class_weight: Mapping[int, float] | None = None,
        what: str = "fit",
        reading: Reading | None = None,
        batch_order: SampleOrder | None = None,  # of a Sequence; None: as they come
    ) -> None:
        self._model = model
        self._source = source
        self._step_for = step_for
        self._class_weight = class_weight
        self._what = what
        self._batch_order = batch_order
        self._reading = Reading() if reading is None else reading
        length = len(source) if isinstance(source, Sequence) else None
        self._limited = steps is not None
        self.steps = steps if steps is not None else length
        self.samples: int | None = None
        self._items: Iterator[Any] | None = None  # of an iterable, over epochs where `steps` cuts them
        self._iterator: Iterator[Any] | None = None  # batches of this epoch, read ahead

    def start_epoch(self, epoch: int) -> None:
        if isinstance(self._source, Sequence):
            if self._iterator is None or not self._limited:
                self._iterator = self._sequence_batches(self._source)
            return
        self.close()
        if self._items is None or not self._limited:
            self._items = iter(self._source)
        self._iterator = read_stream(self._items, self.steps if self._limited else None, self._reading, self._title)

    @property
    def _title(self) -> str:
        return f'{self._what} (model "{self._model.name}")'

    def _sequence_batches(self, source: Sequence) -> Iterator[Any]:
        while True:
            yield from read_items(source.__getitem__, self._order_of(source), self._reading, self._title)
            if not self._limited:
                return
            source.on_epoch_end()

    def _order_of(self, source: Sequence) -> Any:
        count = len(source)
        return range(count) if self._batch_order is None else self._batch_order.permutation(count)

    def close(self) -> None:
        """Ends reading ahead; the next epoch begins it again."""
        if self._iterator is not None:
            closing, self._iterator = self._iterator, None
            if hasattr(closing, "close"):
                closing.close()

    def next_batch(self, index: int) -> Arrays | None:
        assert self._iterator is not None
        try:
            item = next(self._iterator)
        except StopIteration:
            if self.steps is None:
                self.steps = index
            return None
        return self._prepared(item)

    def _prepared(self, item: Any) -> Arrays:
        x, y, weight = unpack(item)
        own = self._model._step_is_custom("train")
        if isinstance(x, Mapping):
            self._model._build_for_data(x)  # a Sequential that begins with DenseFeatures
        return prepare(self._model, x, y, weight, self._class_weight, self._what, any_lengths=own)

    def advance(self, first: int, count: int) -> int:
        return _run_one(self, self._step_for, first)

    def skip_epochs(self, count: int) -> None:
        """A Sequence is told of its epochs, without its batches; all other batches are drawn and discarded."""
        for epoch in range(count):
            if isinstance(self._source, Sequence) and not self._limited:
                self._order_of(self._source)
                self._source.on_epoch_end()
            else:
                self.start_epoch(epoch)
                self.steps = self._discard(self.steps)

    def _discard(self, count: int | None) -> int:
        """Draws `count` batches, all if it is None; returns how many there were."""
        assert self._iterator is not None
        return sum(1 for _ in itertools.islice(self._iterator, count))

    def skip_batches(self, count: int) -> None:
        assert self._iterator is not None
        self._discard(count)
        item = next(self._iterator, None)
        if item is not None:
            self._iterator = _again(item, self._iterator)
            self._step_for(self._prepared(item))

    def end_epoch(self) -> None:
        if isinstance(self._source, Sequence) and not self._limited:
            self._source.on_epoch_end()


def _run_one(feed: Feed, step_for: Callable[[Arrays], Any], index: int) -> int:
    """Runs batch `index`; 0 when the data have run out."""
    batch = feed.next_batch(index)
    if batch is None:
        return 0
    step_for(batch).run(batch)
    return 1


def _again(item: Any, rest: Iterator[Any]) -> Iterator[Any]:
    yield item
    yield from rest


def is_stream(x: Any) -> bool:
    """True for generators, Sequences, iterators and iterables of batches (not arrays, lists, dicts or frames)."""
    if isinstance(x, Sequence | Iterator):
        return True
    if isinstance(x, list | tuple | Mapping | np.ndarray) or hasattr(x, "__array__") or hasattr(x, "__dlpack__"):
        return False
    return isinstance(x, Iterable) and not hasattr(x, "shape") and not isinstance(x, str | bytes)
