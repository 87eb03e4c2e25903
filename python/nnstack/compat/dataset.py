"""`tf.data.Dataset`: elements made one after another in Python, structures of arrays; `fit` takes it as it is."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.compat.dtypes import as_dtype
from nnstack.compat.elements import (
    DatasetBase,
    Row,
    batches_of,
    called,
    from_user,
    map_arrays,
    padded_batch_of,
    padded_shapes_of,
    parts_of,
    stacked,
    structured,
    to_user,
    typed_array,
)
from nnstack.compat.functions.strings import StringArray, is_text
from nnstack.compat.specs import TensorSpec
from nnstack.utils import nest

AUTOTUNE = -1
INFINITE_CARDINALITY, UNKNOWN_CARDINALITY = -1, -2


class Dataset(DatasetBase):
    """Elements that can be gone through again and again; every method gives a new data set.

    An element is a tensor, or a tuple or dict of them. Inside they are numpy arrays; who iterates gets tensors, and so
    do the functions given to `map` and `filter`, which compute on numbers.

    >>> [int(x) for x in Dataset.range(5).map(lambda x: x * 2).batch(2).unbatch()]
    [0, 2, 4, 6, 8]
    """

    def __init__(self, make: Callable[[], Iterator[Any]], length: int = UNKNOWN_CARDINALITY) -> None:
        self._make, self._length = make, length

    # ---- sources

    @staticmethod
    def from_tensor_slices(tensors: Any, name: Any = None) -> Dataset:
        """One element for each place of the first axis of all arrays."""
        arrays = map_arrays(np.asarray, structured(tensors))
        leaves = nest.flatten(arrays)
        if not leaves or any(leaf.ndim == 0 for leaf in leaves):
            raise ValueError("Dataset.from_tensor_slices: expected arrays of at least one axis")
        lengths = {len(leaf) for leaf in leaves}
        if len(lengths) > 1:
            raise ValueError(f"Dataset.from_tensor_slices: the arrays have different lengths {sorted(lengths)}")

        def make() -> Iterator[Any]:
            if not nest.is_nested(arrays):
                return iter(arrays)
            if isinstance(arrays, tuple) and not any(nest.is_nested(part) for part in arrays):
                return iter(zip(*arrays, strict=True))
            return (nest.map_structure(Row(i), arrays) for i in range(len(leaves[0])))

        return Dataset(make, lengths.pop())

    @staticmethod
    def from_tensors(tensors: Any, name: Any = None) -> Dataset:
        """One element, the whole."""
        element = map_arrays(np.asarray, structured(tensors))
        return Dataset(lambda: iter([element]), 1)

    @staticmethod
    def from_generator(
        generator: Callable[..., Iterable[Any]],
        output_types: Any = None,
        output_shapes: Any = None,
        args: Any = None,
        output_signature: Any = None,
        name: Any = None,
    ) -> Dataset:
        """What the generator function yields, in the types of `output_signature` or `output_types`."""
        kinds = (
            output_types if output_signature is None else nest.map_structure(lambda spec: spec.dtype, output_signature)
        )

        def typed(element: Any) -> Any:
            if kinds is None:
                return map_arrays(np.asarray, element)
            flat = [
                typed_array(leaf, kind)
                for leaf, kind in zip(parts_of(element, kinds), nest.flatten(kinds), strict=True)
            ]
            return nest.pack_as(kinds, iter(flat))

        return Dataset(lambda: map(typed, generator(*(args or ()))))

    @staticmethod
    def range(*args: Any, **kwargs: Any) -> Dataset:
        """int64 numbers; arguments as Python's range takes them, and `output_type`."""
        numbers = np.arange(*[int(one) for one in args], dtype=as_dtype(kwargs.get("output_type", "int64")).name)
        return Dataset(lambda: iter(numbers), len(numbers))

    @staticmethod
    def zip(*args: Any, datasets: Any = None, name: Any = None) -> Dataset:
        """Elements of several data sets side by side, as many as the shortest has."""
        parts = datasets if datasets is not None else (args[0] if len(args) == 1 else args)
        sets = nest.flatten(parts)
        known = [one._length for one in sets if one._length != INFINITE_CARDINALITY]
        length = UNKNOWN_CARDINALITY if UNKNOWN_CARDINALITY in known else min(known, default=INFINITE_CARDINALITY)

        def make() -> Iterator[Any]:
            for leaves in zip(*[one._make() for one in sets], strict=False):
                yield nest.pack_as(parts, iter(leaves)) if nest.is_nested(parts) else leaves[0]

        return Dataset(make, length)

    @staticmethod
    def list_files(file_pattern: Any, shuffle: bool | None = None, seed: int | None = None) -> Dataset:
        """Names of the files that a pattern (or several) matches, mixed unless shuffle=False."""
        import glob

        patterns = [file_pattern] if isinstance(file_pattern, str) else list(file_pattern)
        found = sorted(name for pattern in patterns for name in glob.glob(str(pattern)))
        files = Dataset.from_tensor_slices(np.array(found, dtype=object))
        return files if shuffle is False else files.shuffle(len(found), seed)

    # ---- what is done to them

    def map(self, map_func: Callable[..., Any], *_: Any, **__: Any) -> Dataset:
        """`map_func(element)`, a tuple's parts as its arguments."""
        return Dataset(lambda: (from_user(called(map_func, element)) for element in self._make()), self._length)

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

    def batch(self, batch_size: int, drop_remainder: bool = False, *_: Any, **__: Any) -> Dataset:
        """So many elements stacked into one; the last may hold fewer."""
        size = int(batch_size)
        return Dataset(lambda: batches_of(self._make(), size, drop_remainder, stacked), self._per(size, drop_remainder))

    def padded_batch(
        self, batch_size: int, padded_shapes: Any = None, padding_values: Any = None, drop_remainder: bool = False,
        name: Any = None,
    ) -> Dataset:  # fmt: skip
        """As `batch`, elements being filled up to the largest size along each axis, or to `padded_shapes`."""

        def stack(elements: list[Any]) -> Any:
            leaves = zip(*[nest.flatten(element) for element in elements], strict=True)
            count = len(nest.flatten(elements[0]))
            shapes = padded_shapes_of(padded_shapes, count)
            values = nest.flatten(padding_values) if padding_values is not None else [None]
            values = values * count if len(values) == 1 else values
            made = [
                padded_batch_of(list(one), shape, value)
                for one, shape, value in zip(leaves, shapes, values, strict=True)
            ]
            return nest.pack_as(elements[0], iter(made))

        size = int(batch_size)
        return Dataset(lambda: batches_of(self._make(), size, drop_remainder, stack), self._per(size, drop_remainder))

    def ragged_batch(self, *_: Any, **__: Any) -> Dataset:
        """ValueError: rows of different lengths are not there."""
        raise ValueError("Dataset.ragged_batch: ragged tensors are not there; use padded_batch")

    def unbatch(self, name: Any = None) -> Dataset:
        """The rows of every element."""

        def make() -> Iterator[Any]:
            for element in self._make():
                for place in range(len(nest.flatten(element)[0])):
                    yield nest.map_structure(Row(place), element)

        return Dataset(make)

    rebatch = batch

    def window(self, size: int, shift: int | None = None, stride: int = 1, drop_remainder: bool = False) -> Dataset:
        """Data sets of `size` neighbours, each beginning `shift` further on."""
        step, span = size if shift is None else shift, (size - 1) * stride + 1

        def make() -> Iterator[Any]:
            elements = list(self._make())
            for begin in range(0, len(elements), step):
                part = elements[begin : begin + span : stride]
                if len(part) == size or not drop_remainder:
                    parts: list[Any] = list(zip(*part, strict=True)) if isinstance(part[0], tuple) else [part]
                    sets = tuple(Dataset(p.__iter__, len(p)) for p in parts)
                    yield sets if isinstance(part[0], tuple) else sets[0]

        return Dataset(make)

    def shuffle(
        self, buffer_size: int, seed: int | None = None, reshuffle_each_iteration: bool | None = True, name: Any = None
    ) -> Dataset:
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

        return Dataset(make, self._length)

    def repeat(self, count: int | None = None, name: Any = None) -> Dataset:
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
        return Dataset(make, INFINITE_CARDINALITY if endless else length)

    def take(self, count: int, name: Any = None) -> Dataset:
        """The first `count`, all if it is -1."""
        if count < 0:
            return self
        length = int(count) if self._length == INFINITE_CARDINALITY else min(int(count), self._length)
        return Dataset(lambda: itertools.islice(self._make(), int(count)), max(length, UNKNOWN_CARDINALITY))

    def skip(self, count: int, name: Any = None) -> Dataset:
        """All but the first `count`."""
        length = max(self._length - int(count), 0) if self._length >= 0 else self._length
        return Dataset(lambda: itertools.islice(self._make(), int(count), None), length)

    def take_while(self, predicate: Callable[..., Any], name: Any = None) -> Dataset:
        """Up to the first for which `predicate` does not hold."""
        return Dataset(lambda: itertools.takewhile(lambda one: bool(called(predicate, one)), self._make()))

    def shard(self, num_shards: int, index: int, name: Any = None) -> Dataset:
        """Every num_shards-th element, from number `index`."""
        return Dataset(lambda: itertools.islice(self._make(), int(index), None, int(num_shards)))

    def concatenate(self, dataset: Dataset, name: Any = None) -> Dataset:
        """These, then those."""
        lengths = (self._length, dataset._length)
        length = sum(lengths) if min(lengths) >= 0 else min(lengths)
        return Dataset(lambda: itertools.chain(self._make(), dataset._make()), length)

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

    def cache(self, filename: str = "", name: Any = None) -> Dataset:
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

    def snapshot(self, path: str = "", **_: Any) -> Dataset:
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

    def _per(self, size: int, drop_remainder: bool) -> int:
        if self._length < 0:
            return self._length
        return self._length // size if drop_remainder else -(-self._length // size)

    def __repr__(self) -> str:
        return f"<Dataset of {self._length if self._length >= 0 else 'unknown many'} elements>"


def cardinality(dataset: Dataset) -> Any:
    """The number of elements, -1 for no end, -2 if not known."""
    return dataset.cardinality()


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
