"""Mixing, repeating, choosing and remembering the elements of a data set."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.compat.elements import INFINITE_CARDINALITY, UNKNOWN_CARDINALITY, DatasetBase, called


class Order(DatasetBase):
    """Which elements come, in which order and how often; the elements stay as they are."""

    def shuffle(
        self, buffer_size: int, seed: int | None = None, reshuffle_each_iteration: bool | None = True, name: Any = None
    ) -> Any:
        """Mixed: each element is drawn from the next `buffer_size` that are left; anew each time gone through."""
        rounds = itertools.count()
        start = backend.next_seed() if seed is None else int(seed)

        def make() -> Iterator[Any]:
            number = next(rounds) if reshuffle_each_iteration is not False else 0
            generator = np.random.default_rng([start, number])
            source = self._make()
            waiting = list(itertools.islice(source, int(buffer_size)))
            for element in source:
                place = int(generator.integers(len(waiting)))
                yield waiting[place]
                waiting[place] = element
            for place in generator.permutation(len(waiting)):
                yield waiting[place]

        return self._of(make, self._length)

    def repeat(self, count: int | None = None, name: Any = None) -> Any:
        """Gone through `count` times, without end if it is None or -1."""
        endless = count is None or count < 0

        def make() -> Iterator[Any]:
            for _ in itertools.count() if endless else range(int(count or 0)):
                empty = True
                for element in self._make():
                    empty = False
                    yield element
                if empty:
                    return

        length = self._length * (count or 0) if self._length >= 0 else self._length
        return self._of(make, INFINITE_CARDINALITY if endless else length)

    def take(self, count: int, name: Any = None) -> Any:
        """The first `count`, all if it is -1."""
        if count < 0:
            return self
        length = int(count) if self._length == INFINITE_CARDINALITY else min(int(count), self._length)
        return self._of(lambda: itertools.islice(self._make(), int(count)), max(length, UNKNOWN_CARDINALITY))

    def skip(self, count: int, name: Any = None) -> Any:
        """All but the first `count`."""
        length = max(self._length - int(count), 0) if self._length >= 0 else self._length
        return self._of(lambda: itertools.islice(self._make(), int(count), None), length)

    def take_while(self, predicate: Callable[..., Any], name: Any = None) -> Any:
        """Up to the first for which `predicate` does not hold."""
        return self._of(lambda: itertools.takewhile(lambda one: bool(called(predicate, one)), self._make()))

    def shard(self, num_shards: int, index: int, name: Any = None) -> Any:
        """Every num_shards-th element, from number `index`."""
        return self._of(lambda: itertools.islice(self._make(), int(index), None, int(num_shards)))

    def concatenate(self, dataset: Any, name: Any = None) -> Any:
        """These, then those."""
        lengths = (self._length, dataset._length)
        length = sum(lengths) if min(lengths) >= 0 else min(lengths)
        return self._of(lambda: itertools.chain(self._make(), dataset._make()), length)

    def cache(self, filename: str = "", name: Any = None) -> Any:
        """Kept in memory from the first time that all were gone through."""
        kept: list[Any] = []

        def make() -> Iterator[Any]:
            if kept:
                yield from kept[0]
                return
            seen = []
            for element in self._make():
                seen.append(element)
                yield element
            kept.append(seen)

        return self._of(make, self._length)
