"""Two parts of a data set, for training and for validation."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np

from nnstack.utils import nest
from nnstack.utils.data_utils import Sequence


class Samples(Sequence):
    """Arrays, or a structure of arrays, of the same length, seen one sample at a time, or in batches (`batch`)."""

    def __init__(self, arrays: Any, batch_size: int | None = None) -> None:
        self.arrays, self.batch_size = arrays, batch_size
        self.count = len(nest.flatten(arrays)[0])

    def __len__(self) -> int:
        return self.count if self.batch_size is None else -(-self.count // self.batch_size)

    def __getitem__(self, index: int) -> Any:
        if not 0 <= index < len(self):
            raise IndexError(f"element {index} of {len(self)}")
        size = self.batch_size
        rows: Any = index if size is None else slice(index * size, (index + 1) * size)
        return nest.map_structure(lambda array: array[rows], self.arrays)

    def cardinality(self) -> int:
        """Number of samples, or of batches."""
        return len(self)

    def batch(self, batch_size: int) -> Samples:
        """The same samples in batches, the last one may be shorter."""
        if self.batch_size is not None:
            raise ValueError(f"batch: the samples are in batches of {self.batch_size} already")
        return Samples(self.arrays, batch_size)

    def prefetch(self, buffer_size: int | None = None) -> Samples:
        """Itself: `fit` reads ahead of the model anyway."""
        return self


def split_dataset(
    dataset: Any,
    left_size: int | float | None = None,
    right_size: int | float | None = None,
    shuffle: bool = False,
    seed: int | None = None,
) -> tuple[Samples, Samples]:
    """The first and the last samples of a data set, as two data sets.

    `dataset` an array, a list or tuple of arrays of the same length (samples are then tuples), or batches: a
    `utils.Sequence` or an iterable of them, whose parts come in batches of the same size. `left_size`, `right_size`:
    a number of samples, or a fraction between 0 and 1; one of them may be None and is the rest. `shuffle` mixes the
    samples before, the same way for the same `seed`. ValueError for sizes that do not fit, or arrays that differ in
    length; TypeError for other kinds of data.

    >>> left, right = split_dataset(np.arange(10), left_size=0.8)
    >>> len(left), int(right[1])
    (8, 9)

    Source: https://keras.io/2.16/api/utils/python_utils/
    """
    arrays, batch_size = _arrays(dataset)
    flat = nest.flatten(arrays)
    count = len(flat[0])
    left, right = _sizes(left_size, right_size, count)
    order = list(range(count))
    if shuffle:
        random.Random(seed).shuffle(order)

    def part(rows: list[int]) -> Samples:
        return Samples(nest.map_structure(lambda array: array[rows], arrays), batch_size)

    return part(order[:left]), part(order[count - right :])


def _arrays(dataset: Any) -> tuple[Any, int | None]:
    """The samples as one structure of arrays, and the size of the batches they came in."""
    arrays: Any
    batch_size: int | None
    what = "split_dataset"
    if isinstance(dataset, np.ndarray):
        arrays, batch_size = dataset, None
    elif isinstance(dataset, list | tuple) and dataset and all(hasattr(one, "shape") for one in dataset):
        arrays, batch_size = tuple(np.asarray(one) for one in dataset), None
        lengths = [len(one) for one in arrays]
        if len(set(lengths)) > 1:
            raise ValueError(f"{what}: expected arrays of the same length, got {lengths}")
    elif isinstance(dataset, Samples):
        arrays, batch_size = dataset.arrays, dataset.batch_size
    elif isinstance(dataset, Sequence | Iterator) or hasattr(dataset, "element_spec"):
        batches = list(dataset)
        if not batches:
            raise ValueError(f"{what}: the data set is empty")
        columns = zip(*(nest.flatten(batch) for batch in batches), strict=True)
        joined = (np.concatenate([np.asarray(one) for one in parts]) for parts in columns)
        arrays = nest.pack_as(batches[0], joined)
        batch_size = len(nest.flatten(batches[0])[0])
    else:
        raise TypeError(
            f"{what}: expected an array, a list or tuple of arrays, or batches, got {dataset!r} of type "
            f"{type(dataset).__name__}"
        )
    if len(nest.flatten(arrays)[0]) == 0:
        raise ValueError(f"{what}: the data set is empty")
    return arrays, batch_size


def _sizes(left: Any, right: Any, count: int) -> tuple[int, int]:
    what = "split_dataset"
    if left is None and right is None:
        raise ValueError(f"{what}: expected left_size or right_size, got neither")
    for name, size in (("left_size", left), ("right_size", right)):
        if size is not None and (isinstance(size, bool) or not isinstance(size, int | float)):
            raise TypeError(f"{what}: expected {name} as an int, a float or None, got {size!r}")
        if size is not None and not 0 < size < (1 if isinstance(size, float) else count):
            raise ValueError(
                f"{what}: expected {name} as a number of samples below {count}, or a fraction between 0 and 1, got "
                f"{size}"
            )
    parts = [round(size * count) if isinstance(size, float) else size for size in (left, right)]
    first = count - parts[1] if parts[0] is None else parts[0]
    second = count - first if parts[1] is None else parts[1]
    if first + second > count:
        raise ValueError(f"{what}: left_size {left} and right_size {right} are more than all {count} samples")
    return first, second
