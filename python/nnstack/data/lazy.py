"""Data read batch by batch: HDF5 datasets, and large arrays whose order or type must change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.data.arrays import Arrays, prepare
from nnstack.data.check import check_lengths
from nnstack.data.structure import to_array
from nnstack.utils import nest

_LARGE = 1 << 24  # bytes; smaller arrays are converted at once


def is_lazy(value: Any) -> bool:
    """True if reading or converting all of it at once is to be avoided."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "USO":
            return True  # texts: a batch is as wide as its longest, and no wider
        converted = not value.flags.c_contiguous or value.dtype in (np.float16, np.longdouble)
        return value.ndim > 0 and converted and value.nbytes > _LARGE
    if backend.is_tensor(value) or hasattr(value, "to_numpy") or hasattr(value, "__dlpack__"):
        return False
    return all(hasattr(value, name) for name in ("shape", "dtype", "__getitem__", "__len__"))


def has_lazy(*structures: Any) -> bool:
    """Whether any of x, y and sample_weight holds such data."""
    return any(is_lazy(leaf) for structure in structures for leaf in nest.flatten(structure))


class Rows:
    """Rows `begin` to `end` of a data set that is read by slices, as if it were one of its own."""

    def __init__(self, source: Any, begin: int, end: int) -> None:
        self._source = source
        self._begin = begin
        self.shape = (end - begin, *tuple(source.shape)[1:])
        self.dtype = source.dtype
        self.ndim = len(self.shape)

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            begin, end, step = key.indices(len(self))
            return self._source[self._begin + begin : self._begin + max(begin, end) : step]
        return self._source[np.asarray(key) + self._begin]


def part(structure: Any, begin: int, end: int, title: str) -> Any:
    """Rows `begin` to `end` of every data set, read only if they are arrays."""

    def cut(leaf: Any) -> Any:
        if leaf is None:
            return None
        if is_lazy(leaf) and not isinstance(leaf, np.ndarray):
            return Rows(leaf, begin, end)
        return (leaf if is_lazy(leaf) else to_array(leaf, title))[begin:end]

    return _by_leaf(cut, structure)


def _by_leaf(function: Any, structure: Any) -> Any:
    """`function` on every data set; a nested list of numbers is one."""
    if isinstance(structure, list) and not any(hasattr(leaf, "shape") for leaf in nest.flatten(structure)):
        return function(np.asarray(structure))
    return nest.map_structure(function, structure)


class LazyArrays:
    """x, y and sample weights that become `Arrays` a few rows at a time; see `prepare`."""

    def __init__(
        self, model: Any, x: Any, y: Any, sample_weight: Any, class_weight: Mapping[int, float] | None, what: str
    ) -> None:
        self._model = model
        self._class_weight = class_weight
        self._what = what
        title = f'{what} (model "{model.name}")'

        def settled(leaf: Any) -> Any:
            return leaf if leaf is None or is_lazy(leaf) else to_array(leaf, title)

        self._data = tuple(None if one is None else _by_leaf(settled, one) for one in (x, y, sample_weight))
        found = {
            name: [leaf for leaf in nest.flatten(one) if leaf is not None]
            for name, one in zip(("x", "y", "sample_weight"), self._data, strict=True)
        }
        check_lengths({name: given for name, given in found.items() if given}, title)
        self._length = len(found["x"][0])

    def __len__(self) -> int:
        return self._length

    def rows(self, begin: int, end: int) -> Arrays:
        """Samples `begin` to `end`."""
        return self._prepared(slice(begin, min(end, self._length)))

    def take(self, order: np.ndarray) -> Arrays:
        """Samples in the order given."""
        return self._prepared(order)

    def _prepared(self, rows: slice | np.ndarray) -> Arrays:
        def pick(leaf: Any) -> Any:
            return None if leaf is None else np.asarray(_pick(leaf, rows))

        x, y, weight = (None if one is None else nest.map_structure(pick, one) for one in self._data)
        return prepare(self._model, x, y, weight, self._class_weight, self._what)


def _pick(leaf: Any, rows: slice | np.ndarray) -> Any:
    """These rows. A data set in a file wants them in rising order."""
    if isinstance(rows, slice) or isinstance(leaf, np.ndarray):
        return leaf[rows]
    rising = np.argsort(rows, kind="stable")
    picked = np.asarray(leaf[rows[rising]])
    result = np.empty_like(picked)
    result[rising] = picked
    return result
