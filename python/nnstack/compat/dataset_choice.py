"""Data sets made of several ones, groups by a key, and what `tf.data.experimental` has beside."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.compat.elements import INFINITE_CARDINALITY, DatasetBase, called
from nnstack.utils import nest


class Choice(DatasetBase):
    """Elements of several data sets, and elements grouped by what a function says of them."""

    @classmethod
    def sample_from_datasets(
        cls, datasets: Any, weights: Any = None, seed: Any = None, stop_on_empty_dataset: bool = False, **_: Any
    ) -> Any:
        """The next element of one of the sets, drawn by its weight, until all (or the first) are at their ends."""
        sets = list(datasets)

        def make() -> Iterator[Any]:
            generator = np.random.default_rng(backend.next_seed() if seed is None else int(seed))
            chances = np.ones(len(sets)) if weights is None else np.asarray(backend.convert(weights).numpy(), float)
            turns: list[Any] = [one._make() for one in sets]
            while chances.sum() > 0:
                place = int(generator.choice(len(sets), p=chances / chances.sum()))
                try:
                    yield next(turns[place])
                except StopIteration:
                    if stop_on_empty_dataset:
                        return
                    chances[place] = 0.0

        return cls(make)

    @classmethod
    def choose_from_datasets(cls, datasets: Any, choice_dataset: Any, stop_on_empty_dataset: bool = True) -> Any:
        """The next element of the set whose number `choice_dataset` says."""

        def make() -> Iterator[Any]:
            turns = [one._make() for one in datasets]
            for place in choice_dataset._make():
                try:
                    yield next(turns[int(place)])
                except StopIteration:
                    if stop_on_empty_dataset:
                        return

        return cls(make)

    @classmethod
    def counter(cls, start: int = 0, step: int = 1, dtype: Any = "int64", name: Any = None) -> Any:
        """start, start + step, ... without end."""
        return cls(lambda: (np.int64(one) for one in itertools.count(int(start), int(step))), INFINITE_CARDINALITY)

    @classmethod
    def random(cls, seed: Any = None, rerandomize_each_iteration: Any = None, name: Any = None) -> Any:
        """Whole numbers below 2^32 without end."""

        def make() -> Iterator[Any]:
            generator = np.random.default_rng(backend.next_seed() if seed is None else int(seed))
            while True:
                yield generator.integers(2**32)

        return cls(make, INFINITE_CARDINALITY)

    def group_by_window(
        self, key_func: Callable[..., Any], reduce_func: Callable[..., Any], window_size: Any = None,
        window_size_func: Any = None, name: Any = None,
    ) -> Any:  # fmt: skip
        """`reduce_func(key, set of window_size elements with that key)`, one such set after another."""

        def make() -> Iterator[Any]:
            groups: dict[int, list[Any]] = {}

            def reduced(key: int) -> Iterator[Any]:
                rows = groups.pop(key)
                return iter(reduce_func(backend.convert(np.int64(key)), self._of(rows.__iter__, len(rows)))._make())

            for element in self._make():
                key = int(called(key_func, element))
                groups.setdefault(key, []).append(element)
                size = window_size if window_size is not None else window_size_func(backend.convert(np.int64(key)))
                if len(groups[key]) == int(size):
                    yield from reduced(key)
            for key in sorted(groups):
                yield from reduced(key)

        return self._of(make)

    def bucket_by_sequence_length(
        self, element_length_func: Callable[..., Any], bucket_boundaries: Any, bucket_batch_sizes: Any,
        padded_shapes: Any = None, padding_values: Any = None, pad_to_bucket_boundary: bool = False,
        no_padding: bool = False, drop_remainder: bool = False, name: Any = None,
    ) -> Any:  # fmt: skip
        """Batches of elements of about one length, filled up to the longest of them."""
        borders = [int(one) for one in bucket_boundaries]

        def key(*element: Any) -> Any:
            return np.int64(np.searchsorted(borders, int(element_length_func(*element)), side="right"))

        def batch(number: Any, rows: Any) -> Any:
            size = int(bucket_batch_sizes[int(number)])
            if no_padding:
                return rows.batch(size, drop_remainder)
            return rows.padded_batch(size, padded_shapes, padding_values, drop_remainder)

        return self.group_by_window(key, batch, window_size_func=lambda number: bucket_batch_sizes[int(number)])

    def unique(self, name: Any = None) -> Any:
        """Each value once, in the order of its first time."""

        def make() -> Iterator[Any]:
            seen = set()
            for element in self._make():
                key = tuple(np.asarray(leaf).tobytes() if np.asarray(leaf).dtype.kind != "O" else str(leaf)
                            for leaf in nest.flatten(element))  # fmt: skip
                if key not in seen:
                    seen.add(key)
                    yield element

        return self._of(make)

    def ignore_errors(self, log_warning: bool = False, name: Any = None) -> Any:
        """Without the elements whose making raises an error."""

        def make() -> Iterator[Any]:
            source = self._make()
            while True:
                try:
                    yield next(source)
                except StopIteration:
                    return
                except Exception:  # whatever the program's function raises
                    continue

        return self._of(make)

    def options(self) -> Any:
        """Settings, which change nothing."""
        from nnstack.compat.dataset import Options

        return Options()

    def save(self, path: Any, *_: Any, **__: Any) -> None:
        """Writes all elements, arrays of numbers, into a folder."""
        folder = Path(str(path))
        folder.mkdir(parents=True, exist_ok=True)
        rows = list(self._make())
        structure = nest.map_structure(lambda leaf: 0, rows[0]) if rows else None
        arrays: dict[str, Any] = {
            f"{i}_{j}": np.asarray(leaf) for i, row in enumerate(rows) for j, leaf in enumerate(nest.flatten(row))
        }
        np.savez(folder / "elements.npz", structure=np.array(repr(structure)), **arrays)

    @classmethod
    def load(cls, path: Any, *_: Any, **__: Any) -> Any:
        """What `save` wrote. ValueError for elements that are no numbers."""
        import ast

        with np.load(Path(str(path)) / "elements.npz", allow_pickle=False) as stored:
            structure = ast.literal_eval(str(stored["structure"]))
            width = len(nest.flatten(structure))
            count = (len(stored.files) - 1) // width if width else 0
            rows = [nest.pack_as(structure, iter([stored[f"{i}_{j}"] for j in range(width)])) for i in range(count)]
        return cls(rows.__iter__, len(rows))


def counter(start: int = 0, step: int = 1, dtype: Any = "int64") -> Any:
    """start, start + step, ... without end."""
    from nnstack.compat.dataset import Dataset

    return Dataset.counter(start, step)


def sample_from_datasets(datasets: Any, weights: Any = None, seed: Any = None, **options: Any) -> Any:
    """See `Dataset.sample_from_datasets`."""
    from nnstack.compat.dataset import Dataset

    return Dataset.sample_from_datasets(datasets, weights, seed, **options)


def choose_from_datasets(datasets: Any, choice_dataset: Any, stop_on_empty_dataset: bool = False) -> Any:
    """See `Dataset.choose_from_datasets`."""
    from nnstack.compat.dataset import Dataset

    return Dataset.choose_from_datasets(datasets, choice_dataset, stop_on_empty_dataset)


def _applied(method: str) -> Callable[..., Any]:
    def transformation(*args: Any, **kwargs: Any) -> Callable[[Any], Any]:
        return lambda dataset: getattr(dataset, method)(*args, **kwargs)

    transformation.__doc__ = f"A function for `Dataset.apply`: `Dataset.{method}` with these arguments."
    return transformation


group_by_window = _applied("group_by_window")
bucket_by_sequence_length = _applied("bucket_by_sequence_length")
ignore_errors = _applied("ignore_errors")
unique = _applied("unique")
unbatch = _applied("unbatch")
enumerate_dataset = _applied("enumerate")
take_while = _applied("take_while")
scan = _applied("scan")
