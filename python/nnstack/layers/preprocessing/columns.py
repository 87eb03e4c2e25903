"""Feature columns: how the columns of a table become numbers, as `tf.feature_column` describes them.

Dense columns (`numeric_column`, `bucketized_column`, `indicator_column`, `embedding_column`) are what `DenseFeatures`
takes; categorical ones give whole numbers, and stand in an indicator, an embedding or a cross.
Source: https://www.tensorflow.org/versions/r2.15/api_docs/python/tf/feature_column
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.layers.preprocessing.base import as_array


def raw(features: Mapping[str, Any], key: str) -> np.ndarray:
    """(n, m) of a column; ValueError if it is not there."""
    if key not in features:
        raise ValueError(f"DenseFeatures: expected a column {key!r}, got {', '.join(map(str, features))}")
    array = as_array(features[key])
    return array[:, None] if array.ndim == 1 else array


@dataclass(frozen=True, eq=False)
class Column:
    """What all columns have: a name, and the keys of the table's columns that they read."""

    @property
    def name(self) -> str:
        """What columns are sorted by, and what weights are called by."""
        raise TypeError(f"{type(self).__name__} has no name")

    @property
    def keys(self) -> dict[str, str]:
        """Key -> type of the numbers or texts under it."""
        parts = [getattr(self, field.name) for field in dataclasses.fields(self)]
        flat = [one for part in parts for one in (part if isinstance(part, tuple) else (part,))]
        return {key: kind for one in flat if isinstance(one, Column) for key, kind in one.keys.items()}

    def serialized(self) -> dict[str, Any]:
        """Class and fields as plain data; functions and initializers by name."""
        return {"class_name": type(self).__name__, "config": self.get_config()}

    def get_config(self) -> dict[str, Any]:
        """Fields as plain data."""

        def plain(value: Any) -> Any:
            if isinstance(value, Column):
                return value.serialized()
            if isinstance(value, tuple):
                return [plain(one) for one in value]
            if hasattr(value, "get_config"):
                from nnstack import initializers

                return initializers.serialize(value)
            return value.__name__ if callable(value) else value

        return {field.name: plain(getattr(self, field.name)) for field in dataclasses.fields(self)}


class OfOneKey:
    """Mixed into columns that read one column of the table and are called by its key."""

    key: str
    dtype: str

    @property
    def name(self) -> str:
        """The key."""
        return self.key

    @property
    def keys(self) -> dict[str, str]:
        """The key and its type."""
        return {self.key: self.dtype}


class DenseColumn(Column):
    """A column that gives `width` numbers for each row."""

    width: int

    def dense(self, features: Mapping[str, Any]) -> np.ndarray:
        """(n, width) float32"""
        raise TypeError(f"{type(self).__name__} has no numbers")


class CategoricalColumn(Column):
    """A column of whole numbers below `num_buckets`."""

    num_buckets: int

    def ids(self, features: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
        """(n, m) int64, and whether there is a value: no text is empty, no number -1. Values that the column does not
        know are -1.
        """
        raise TypeError(f"{type(self).__name__} has no numbers of categories")

    def weights(self, features: Mapping[str, Any]) -> Any:
        """Factors of the categories."""
        return np.float32(1)


@dataclass(frozen=True, eq=False)
class NumericColumn(OfOneKey, DenseColumn):
    """See `numeric_column`."""

    key: str
    shape: tuple[int, ...]
    default_value: Any
    dtype: str
    normalizer_fn: Callable[[Any], Any] | None

    @property
    def width(self) -> int:  # type: ignore[override]
        return int(np.prod(self.shape))

    def dense(self, features: Mapping[str, Any]) -> np.ndarray:
        x = raw(features, self.key).astype(np.float32)
        if self.normalizer_fn is not None:
            x = backend.convert(self.normalizer_fn(backend.convert(x))).numpy()
        return x.reshape(-1, self.width).astype(np.float32)


@dataclass(frozen=True, eq=False)
class BucketizedColumn(DenseColumn, CategoricalColumn):
    """See `bucketized_column`."""

    source_column: NumericColumn
    boundaries: tuple[float, ...]

    @property
    def name(self) -> str:
        return f"{self.source_column.name}_bucketized"

    @property
    def num_buckets(self) -> int:  # type: ignore[override]
        return (len(self.boundaries) + 1) * self.source_column.width

    width = num_buckets

    def ids(self, features: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
        found = np.searchsorted(np.asarray(self.boundaries, np.float32), self.source_column.dense(features), "right")
        found = found + np.arange(self.source_column.width) * (len(self.boundaries) + 1)
        return found.astype(np.int64), np.ones(found.shape, bool)

    def dense(self, features: Mapping[str, Any]) -> np.ndarray:
        return counted(*self.ids(features), np.float32(1), self.num_buckets)


@dataclass(frozen=True, eq=False)
class IndicatorColumn(DenseColumn):
    """See `indicator_column`."""

    categorical_column: CategoricalColumn

    @property
    def name(self) -> str:
        return f"{self.categorical_column.name}_indicator"

    @property
    def width(self) -> int:  # type: ignore[override]
        return self.categorical_column.num_buckets

    def dense(self, features: Mapping[str, Any]) -> np.ndarray:
        column = self.categorical_column
        return counted(*column.ids(features), column.weights(features), column.num_buckets)


@dataclass(frozen=True, eq=False)
class EmbeddingColumn(Column):
    """See `embedding_column` and `shared_embeddings`, whose columns have one `shared_name`."""

    categorical_column: CategoricalColumn
    dimension: int
    combiner: str
    initializer: Any
    max_norm: float | None
    trainable: bool
    shared_name: str | None = None

    @property
    def name(self) -> str:
        return f"{self.categorical_column.name}_{'shared_embedding' if self.shared_name else 'embedding'}"

    @property
    def width(self) -> int:
        """Numbers for each row."""
        return self.dimension

    def factors(self, features: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
        """(n, m) numbers of rows of the table, and their factors, 0 where there is no value."""
        ids, present = self.categorical_column.ids(features)
        weights = np.where(present & (ids >= 0), self.categorical_column.weights(features), 0.0)
        return np.maximum(ids, 0), weights.astype(np.float32)


def present_in(values: np.ndarray) -> np.ndarray:
    """Where there is a value: empty texts and -1 are none."""
    return np.asarray(values != ("" if values.dtype.kind == "U" else -1))


def each(values: np.ndarray, function: Callable[[Any], int]) -> np.ndarray:
    """`function` of every entry, computed once per different one."""
    different, places = np.unique(values, return_inverse=True)
    return np.array([function(one.item()) for one in different], np.int64)[places].reshape(values.shape)


def counted(ids: np.ndarray, present: np.ndarray, weights: Any, depth: int) -> np.ndarray:
    """(n, depth) sums of the weights of each category."""
    out = np.zeros((len(ids), depth), np.float32)
    rows, places = np.nonzero(present & (ids >= 0))
    np.add.at(out, (rows, ids[rows, places]), np.broadcast_to(weights, ids.shape)[rows, places])
    return out
