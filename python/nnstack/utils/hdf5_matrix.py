"""HDF5Matrix: a part of an HDF5 dataset as training data."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np


class HDF5Matrix:
    """Rows `start` to `end` of the dataset called `dataset` in the file `datapath`, read when they are asked for.

    `normalizer` is a function applied to every piece that is read. `fit`, `evaluate` and `predict` read it batch by
    batch; with shuffle='batch' in chunks that lie together. Raises `ImportError` without h5py, `IndexError` beyond the
    end, `OSError` and `KeyError` where file or dataset are missing.

    >>> x = HDF5Matrix("data.h5", "features", end=1000)
    """

    def __init__(
        self,
        datapath: Any,
        dataset: str,
        start: int = 0,
        end: int | None = None,
        normalizer: Callable[[Any], Any] | None = None,
    ) -> None:
        try:
            import h5py
        except ImportError:
            raise ImportError("HDF5Matrix: needs h5py: pip install h5py") from None
        path = os.fspath(datapath)
        if path not in _FILES or not _FILES[path]:  # one open file for all parts of it
            _FILES[path] = h5py.File(path, "r")
        self.data = _FILES[path][dataset]
        self.start = start
        self.end = self.data.shape[0] if end is None else end
        self.normalizer = normalizer
        first = self.data[0:1]
        self._base = first if normalizer is None else np.asarray(normalizer(first))

    def __len__(self) -> int:
        return self.end - self.start

    @property
    def shape(self) -> tuple[int, ...]:
        """(rows, ...) of this part."""
        return (len(self), *self._base.shape[1:])

    @property
    def dtype(self) -> Any:
        """Type of the numbers that reading gives."""
        return self._base.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return int(self._base.ndim)

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape))

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            start, stop, step = key.indices(len(self))
            found = self.data[self.start + start : self.start + max(start, stop) : step]
        elif isinstance(key, int | np.integer):
            if not -len(self) <= key < len(self):
                raise IndexError(f"HDF5Matrix: row {key} of {len(self)}")
            found = self.data[self.start + key % len(self)]
        else:
            rows = np.asarray(key)
            if rows.size and (rows.min() < 0 or rows.max() >= len(self)):
                raise IndexError(f"HDF5Matrix: rows {rows.min()} to {rows.max()} of {len(self)}")
            rising, back = np.unique(rows, return_inverse=True)  # h5py wants rising rows, each once
            found = self.data[rising + self.start][back.reshape(rows.shape)]
        return found if self.normalizer is None else self.normalizer(found)


_FILES: dict[str, Any] = {}
