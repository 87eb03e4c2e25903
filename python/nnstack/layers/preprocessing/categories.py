"""Columns of categories: whole numbers from texts and numbers, by a vocabulary, a hash, as they are, or crossed."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnstack.layers.preprocessing import columns
from nnstack.layers.preprocessing.columns import CategoricalColumn, Column, OfOneKey, each, present_in, raw
from nnstack.layers.preprocessing.fingerprints import fingerprint64, joined

_CROSS_KEY = 0xDECAFCAFFE  # what TensorFlow's crossing starts from


@dataclass(frozen=True, eq=False)
class VocabularyColumn(OfOneKey, CategoricalColumn):
    """See `categorical_column_with_vocabulary_list`."""

    key: str
    vocabulary_list: tuple[Any, ...]
    dtype: str
    default_value: int
    num_oov_buckets: int

    @property
    def num_buckets(self) -> int:  # type: ignore[override]
        return len(self.vocabulary_list) + self.num_oov_buckets

    def ids(self, features: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
        values = raw(features, self.key)
        number = {value: place for place, value in enumerate(self.vocabulary_list)}
        return each(values, lambda value: number[value] if value in number else self._other(value)), present_in(values)

    def _other(self, value: Any) -> int:
        if not self.num_oov_buckets:
            return self.default_value
        return len(self.vocabulary_list) + fingerprint64(str(value).encode()) % self.num_oov_buckets


@dataclass(frozen=True, eq=False)
class HashedColumn(OfOneKey, CategoricalColumn):
    """See `categorical_column_with_hash_bucket`."""

    key: str
    hash_bucket_size: int
    dtype: str

    @property
    def num_buckets(self) -> int:  # type: ignore[override]
        return self.hash_bucket_size

    def ids(self, features: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
        values = raw(features, self.key)
        return each(values, lambda one: fingerprint64(str(one).encode()) % self.hash_bucket_size), present_in(values)


@dataclass(frozen=True, eq=False)
class IdentityColumn(OfOneKey, CategoricalColumn):
    """See `categorical_column_with_identity`."""

    dtype = "int64"
    key: str
    number_buckets: int
    default_value: int | None

    @property
    def num_buckets(self) -> int:  # type: ignore[override]
        return self.number_buckets

    def ids(self, features: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
        values = raw(features, self.key).astype(np.int64)
        present = present_in(values)
        outside = present & ((values < 0) | (values >= self.number_buckets))
        if outside.any() and self.default_value is None:
            raise ValueError(
                f"categorical_column_with_identity {self.key!r}: expected numbers from 0 to {self.number_buckets - 1}, "
                f"got {values[outside][0]}. Give default_value for others"
            )
        return np.where(outside, self.default_value or 0, values), present


@dataclass(frozen=True, eq=False)
class WeightedColumn(CategoricalColumn):
    """See `weighted_categorical_column`."""

    categorical_column: CategoricalColumn
    weight_feature_key: str
    dtype: str

    @property
    def name(self) -> str:
        return f"{self.categorical_column.name}_weighted_by_{self.weight_feature_key}"

    @property
    def keys(self) -> dict[str, str]:
        return {**self.categorical_column.keys, self.weight_feature_key: self.dtype}

    @property
    def num_buckets(self) -> int:  # type: ignore[override]
        return self.categorical_column.num_buckets

    def ids(self, features: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
        return self.categorical_column.ids(features)

    def weights(self, features: Mapping[str, Any]) -> Any:
        return raw(features, self.weight_feature_key).astype(np.float32)


@dataclass(frozen=True, eq=False)
class CrossedColumn(CategoricalColumn):
    """See `crossed_column`."""

    crossed: tuple[Any, ...]  # columns and keys
    hash_bucket_size: int
    hash_key: int | None

    @property
    def leaves(self) -> list[Any]:
        """Columns and keys, those of crosses in the place of crosses."""
        return [leaf for one in self.crossed for leaf in (one.leaves if isinstance(one, CrossedColumn) else [one])]

    @property
    def name(self) -> str:
        return "_X_".join(sorted(one.name if isinstance(one, Column) else one for one in self.leaves))

    @property
    def keys(self) -> dict[str, str]:
        return {**{one: "" for one in self.leaves if isinstance(one, str)}, **super().keys}

    @property
    def num_buckets(self) -> int:  # type: ignore[override]
        return self.hash_bucket_size

    def ids(self, features: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
        # TensorFlow crosses columns of numbers of categories first, those of raw values behind them.
        leaves = sorted(self.leaves, key=lambda one: isinstance(one, str))
        parts = []
        for leaf in leaves:
            values = raw(features, leaf) if isinstance(leaf, str) else None
            parts.append((values, np.ones(values.shape, bool)) if values is not None else leaf.ids(features))
        rows = []
        for row in range(len(parts[0][0])):
            kept = [values[row][present[row]] for values, present in parts]
            rows.append([self._bucket(combination) for combination in itertools.product(*kept)])
        width = max(map(len, rows), default=0)
        ids = np.array([one + [-1] * (width - len(one)) for one in rows], np.int64).reshape(len(rows), width)
        return ids, ids >= 0

    def _bucket(self, values: Sequence[Any]) -> int:
        mixed = _CROSS_KEY if self.hash_key is None else self.hash_key
        for value in values:
            text = isinstance(value, str)
            mixed = joined(mixed, fingerprint64(str(value).encode()) if text else int(value) & (1 << 64) - 1)
        return mixed % self.hash_bucket_size


_CLASSES = {
    one.__name__: one
    for one in (columns.NumericColumn, columns.BucketizedColumn, VocabularyColumn, HashedColumn, IdentityColumn,
                WeightedColumn, CrossedColumn, columns.IndicatorColumn, columns.EmbeddingColumn)
}  # fmt: skip


def deserialize(config: Mapping[str, Any]) -> Any:
    """The column that `Column.serialized` told of. ValueError for what is none, and for functions not registered."""
    if config["class_name"] not in _CLASSES:
        raise ValueError(f"feature column: expected one of {', '.join(_CLASSES)}, got {config['class_name']!r}")

    def lively(name: str, value: Any) -> Any:
        from nnstack import initializers
        from nnstack.utils import get_registered_object

        if name == "initializer":
            return initializers.get(value)
        if name == "normalizer_fn" and value is not None:
            found = get_registered_object(value)
            if found is None:
                raise ValueError(f"feature column: function {value!r} is not known; give it in custom_objects")
            return found
        if isinstance(value, Mapping):
            return deserialize(value)
        return tuple(lively("", one) for one in value) if isinstance(value, list) else value

    return _CLASSES[config["class_name"]](**{name: lively(name, value) for name, value in config["config"].items()})
