"""`tf.data.Dataset`: elements made one after another in Python, structures of arrays; `fit` takes it as it is."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.compat.dataset_choice import Choice
from nnstack.compat.dataset_groups import Groups
from nnstack.compat.dataset_order import Order
from nnstack.compat.dataset_sources import Sources
from nnstack.compat.elements import (
    INFINITE_CARDINALITY as INFINITE_CARDINALITY,
)
from nnstack.compat.elements import (
    UNKNOWN_CARDINALITY as UNKNOWN_CARDINALITY,
)
from nnstack.compat.elements import (
    called,
    from_user,
    map_arrays,
    to_user,
)
from nnstack.compat.functions.strings import StringArray, is_text
from nnstack.compat.specs import TensorSpec
from nnstack.utils import nest

AUTOTUNE = -1


class Dataset(Sources, Groups, Order, Choice):
    """Elements that can be gone through again and again; every method gives a new data set.

    An element is a tensor, or a tuple or dict of them. Inside they are numpy arrays; who iterates gets tensors, and so
    do the functions given to `map` and `filter`, which compute on numbers.

    >>> [int(x) for x in Dataset.range(5).map(lambda x: x * 2).batch(2).unbatch()]
    [0, 2, 4, 6, 8]
    """

    # ---- what is done to each element

    def map(self, map_func: Callable[..., Any], *_: Any, **__: Any) -> Dataset:
        """`map_func(element)`, a tuple's parts as its arguments."""
        # A generator would end at the first error, which `ignore_errors` passes over.
        return Dataset(lambda: map(partial(_mapped, map_func), self._make()), self._length)

    def filter(self, predicate: Callable[..., Any], name: Any = None) -> Dataset:
        """The elements for which `predicate` holds."""
        return Dataset(lambda: (element for element in self._make() if bool(called(predicate, element))))

    def flat_map(self, map_func: Callable[..., Any], name: Any = None) -> Dataset:
        """The elements of the data sets that `map_func` gives, one set after another."""
        return Dataset(lambda: (one for element in self._make() for one in called(map_func, element)._make()))

    def interleave(self, map_func: Callable[..., Any], cycle_length: int | None = None, **_: Any) -> Dataset:
        """As `flat_map`, one element from each of `cycle_length` sets in turn."""

        def make() -> Iterator[Any]:
            waiting = (called(map_func, element)._make() for element in self._make())
            turns = list(itertools.islice(waiting, cycle_length if cycle_length and cycle_length > 0 else 4))
            while turns:
                for place, turn in enumerate(list(turns)):
                    try:
                        yield next(turn)
                    except StopIteration:
                        following = next(waiting, None)
                        turns[place] = iter(()) if following is None else following
                        if following is None:
                            turns = [one for one in turns if one is not turn and one is not turns[place]]
                            break

        return Dataset(make)

    def enumerate(self, start: int = 0, name: Any = None) -> Dataset:
        """(number, element)"""
        return Dataset(lambda: ((np.int64(i), one) for i, one in enumerate(self._make(), start)), self._length)

    def reduce(self, initial_state: Any, reduce_func: Callable[[Any, Any], Any], name: Any = None) -> Any:
        """reduce_func(...reduce_func(reduce_func(initial_state, first), second)...)"""
        state = nest.map_structure(backend.convert, initial_state)
        for element in self:
            state = reduce_func(state, element)
        return state

    def scan(self, initial_state: Any, scan_func: Callable[[Any, Any], Any], name: Any = None) -> Dataset:
        """What `scan_func(state, element)` -> (state, result) gives."""

        def make() -> Iterator[Any]:
            state = nest.map_structure(backend.convert, initial_state)
            for element in self:
                state, result = scan_func(state, element)
                yield from_user(result)

        return Dataset(make, self._length)

    def prefetch(self, buffer_size: Any = AUTOTUNE, name: Any = None) -> Dataset:
        """The same elements: `fit` reads ahead by itself."""
        return self

    def with_options(self, options: Any = None, name: Any = None) -> Dataset:
        """The same elements."""
        return self

    def apply(self, transformation_func: Callable[[Dataset], Dataset]) -> Dataset:
        """What the function makes of the data set."""
        return transformation_func(self)

    def snapshot(self, path: str = "", **_: Any) -> Any:
        """Same as `cache`."""
        return self.cache(path)

    # ---- looking at them

    def __iter__(self) -> Iterator[Any]:
        return Elements(self._make())

    def as_numpy_iterator(self) -> Iterator[Any]:
        """The elements as numpy arrays."""
        return (map_arrays(lambda x: x.numpy() if isinstance(x, StringArray) else x, one) for one in self._make())

    def get_single_element(self) -> Any:
        """The only element; ValueError if there is none or more than one."""
        found = list(itertools.islice(iter(self), 2))
        if len(found) != 1:
            raise ValueError(
                f"Dataset.get_single_element: expected one element, found {'none' if not found else 'more'}"
            )
        return found[0]

    def cardinality(self) -> Any:
        """The number of elements, -1 for no end, -2 if not known."""
        return backend.convert(np.int64(self._length))

    def __len__(self) -> int:
        if self._length < 0:
            raise TypeError(
                "len(dataset): the number of elements is " + ("infinite" if self._length == -1 else "unknown")
            )
        return self._length

    def __bool__(self) -> bool:
        return True

    @property
    def element_spec(self) -> Any:
        """Shapes and types of the first element, the first axis of batches being unknown."""
        first = next(self._make(), None)
        return map_arrays(lambda x: TensorSpec(np.shape(x), "string" if is_text(x) else np.asarray(x).dtype), first)

    def __repr__(self) -> str:
        return f"<Dataset of {self._length if self._length >= 0 else 'unknown many'} elements>"


def cardinality(dataset: Dataset) -> Any:
    """The number of elements, -1 for no end, -2 if not known."""
    return dataset.cardinality()


def _mapped(function: Callable[..., Any], element: Any) -> Any:
    return from_user(called(function, element))


class Elements:
    """One way through a data set."""

    def __init__(self, elements: Iterator[Any]) -> None:
        self._elements = elements

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return to_user(next(self._elements))

    def get_next(self) -> Any:
        """The same as `next`."""
        return next(self)


class Options:
    """Settings that change nothing here; any attribute may be set."""

    def __getattr__(self, name: str) -> Any:
        value = Options()
        object.__setattr__(self, name, value)
        return value
