"""`tf.feature_column`: descriptions of columns for `keras.layers.DenseFeatures`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from nnstack import initializers
from nnstack.compat.dtypes import as_dtype
from nnstack.layers.preprocessing.categories import (
    CrossedColumn,
    HashedColumn,
    IdentityColumn,
    VocabularyColumn,
    WeightedColumn,
)
from nnstack.layers.preprocessing.columns import (
    BucketizedColumn,
    CategoricalColumn,
    Column,
    EmbeddingColumn,
    IndicatorColumn,
    NumericColumn,
)


def numeric_column(
    key: str,
    shape: Any = (1,),
    default_value: Any = None,
    dtype: Any = "float32",
    normalizer_fn: Callable[[Any], Any] | None = None,
) -> NumericColumn:
    """Numbers as they are, or what `normalizer_fn`, called on float32 numbers, makes of them."""
    sizes = (shape,) if isinstance(shape, int) else tuple(int(size) for size in shape)
    if not all(size > 0 for size in sizes):
        raise ValueError(f"numeric_column {key!r}: expected positive sizes as shape, got {shape!r}")
    return NumericColumn(key, sizes, default_value, as_dtype(dtype).name, normalizer_fn)


def bucketized_column(source_column: NumericColumn, boundaries: Sequence[float]) -> BucketizedColumn:
    """Which bucket a number falls into: below the first boundary 0; a boundary itself belongs to the bucket above."""
    if not isinstance(source_column, NumericColumn):
        raise ValueError(f"bucketized_column: expected a numeric_column, got {source_column!r}")
    borders = tuple(float(one) for one in boundaries)
    if not borders or any(a >= b for a, b in zip(borders, borders[1:], strict=False)):
        raise ValueError(f"bucketized_column: expected boundaries in rising order, got {boundaries!r}")
    return BucketizedColumn(source_column, borders)


def categorical_column_with_vocabulary_list(
    key: str, vocabulary_list: Iterable[Any], dtype: Any = None, default_value: int = -1, num_oov_buckets: int = 0
) -> VocabularyColumn:
    """The place of a text or number in a list; others get `default_value` (-1: none), or one of `num_oov_buckets` by a
    hash. ValueError for an empty list, one with doubles, or both.
    """
    words = [
        one.decode("utf-8") if isinstance(one, bytes) else one.item() if isinstance(one, np.generic) else one
        for one in vocabulary_list
    ]
    if not words or len(set(words)) < len(words):
        raise ValueError(f"categorical_column_with_vocabulary_list {key!r}: expected different values, got {words!r}")
    if num_oov_buckets and default_value != -1:
        raise ValueError("categorical_column_with_vocabulary_list: give default_value or num_oov_buckets, not both")
    kind = as_dtype(dtype).name if dtype is not None else "string" if isinstance(words[0], str) else "int64"
    return VocabularyColumn(key, tuple(words), kind, int(default_value), int(num_oov_buckets or 0))


def categorical_column_with_vocabulary_file(
    key: str,
    vocabulary_file: str,
    vocabulary_size: int | None = None,
    dtype: Any = "string",
    default_value: int | None = None,
    num_oov_buckets: int = 0,
) -> VocabularyColumn:
    """As a vocabulary list, the lines of a file, or the first `vocabulary_size` of them."""
    with open(vocabulary_file, encoding="utf-8") as file:
        lines: list[Any] = file.read().splitlines()[:vocabulary_size]
    words = lines if as_dtype(dtype) == "string" else [int(one) for one in lines]
    other = -1 if default_value is None else default_value
    return categorical_column_with_vocabulary_list(key, words, dtype, other, num_oov_buckets)


def categorical_column_with_hash_bucket(key: str, hash_bucket_size: int, dtype: Any = "string") -> HashedColumn:
    """One of `hash_bucket_size` numbers by FarmHash, as TensorFlow has it."""
    if hash_bucket_size is None or hash_bucket_size < 1:
        raise ValueError(
            f"categorical_column_with_hash_bucket {key!r}: expected a positive size, got {hash_bucket_size}"
        )
    return HashedColumn(key, int(hash_bucket_size), as_dtype(dtype).name)


def categorical_column_with_identity(key: str, num_buckets: int, default_value: int | None = None) -> IdentityColumn:
    """Numbers below `num_buckets`; others get `default_value`, and are an error without one."""
    if num_buckets < 1:
        raise ValueError(
            f"categorical_column_with_identity {key!r}: expected a positive num_buckets, got {num_buckets}"
        )
    return IdentityColumn(key, int(num_buckets), default_value)


def weighted_categorical_column(
    categorical_column: CategoricalColumn, weight_feature_key: str, dtype: Any = "float32"
) -> WeightedColumn:
    """Categories with factors from another column."""
    return WeightedColumn(categorical_column, weight_feature_key, as_dtype(dtype).name)


def crossed_column(keys: Iterable[Any], hash_bucket_size: int, hash_key: int | None = None) -> CrossedColumn:
    """One of `hash_bucket_size` numbers for each combination of values; keys of raw columns, bucketized columns, or
    columns of categories that are not hashed. ValueError for fewer than two, and for others.
    """
    given = tuple(keys)
    if len(given) < 2:
        raise ValueError(f"crossed_column: expected at least two keys, got {given!r}")
    for one in given:
        if isinstance(one, HashedColumn) or not isinstance(one, str | CategoricalColumn):
            raise ValueError(
                "crossed_column: expected keys of columns, bucketized columns or columns of categories that are not "
                f"hashed, got {one!r}"
            )
    return CrossedColumn(given, int(hash_bucket_size), hash_key)


def indicator_column(categorical_column: CategoricalColumn) -> IndicatorColumn:
    """A vector with the number of times of each category."""
    return IndicatorColumn(_categorical(categorical_column, "indicator_column"))


def embedding_column(
    categorical_column: CategoricalColumn,
    dimension: int,
    combiner: str = "mean",
    initializer: Any = None,
    ckpt_to_load_from: Any = None,
    tensor_name_in_ckpt: Any = None,
    max_norm: float | None = None,
    trainable: bool = True,
    use_safe_embedding_lookup: bool = True,
) -> EmbeddingColumn:
    """A row of a table for each category, several ones combined: 'mean', 'sqrtn' or 'sum'. `initializer`: default a
    truncated normal one with deviation 1 / sqrt(dimension). `max_norm`: longer rows are scaled down to it.
    """
    return _embedding(categorical_column, dimension, combiner, initializer, max_norm, trainable, None)


def shared_embeddings(
    categorical_columns: Sequence[CategoricalColumn],
    dimension: int,
    combiner: str = "mean",
    initializer: Any = None,
    shared_embedding_collection_name: str | None = None,
    ckpt_to_load_from: Any = None,
    tensor_name_in_ckpt: Any = None,
    max_norm: float | None = None,
    trainable: bool = True,
    use_safe_embedding_lookup: bool = True,
) -> list[EmbeddingColumn]:
    """Embedding columns that read one table."""
    names = sorted(_categorical(one, "shared_embeddings").name for one in categorical_columns)
    table = shared_embedding_collection_name or "_".join(names) + "_shared_embedding"
    return [
        _embedding(one, dimension, combiner, initializer, max_norm, trainable, table) for one in categorical_columns
    ]


def _embedding(
    column: Any, dimension: int, combiner: str, initializer: Any, max_norm: Any, trainable: bool, shared: str | None
) -> EmbeddingColumn:
    if dimension is None or dimension < 1:
        raise ValueError(f"embedding_column: expected a positive dimension, got {dimension}")
    if combiner not in ("mean", "sqrtn", "sum"):
        raise ValueError(f"embedding_column: expected combiner 'mean', 'sqrtn' or 'sum', got {combiner!r}")
    start = initializer or initializers.TruncatedNormal(mean=0.0, stddev=float(dimension) ** -0.5)
    kept = _categorical(column, "embedding_column")
    return EmbeddingColumn(kept, int(dimension), combiner, start, max_norm, bool(trainable), shared)


def _categorical(column: Any, what: str) -> CategoricalColumn:
    if not isinstance(column, CategoricalColumn):
        raise ValueError(f"{what}: expected a column of categories, got {column!r}")
    return column


def make_parse_example_spec(feature_columns: Iterable[Column]) -> dict[str, Any]:
    """Key -> what `tf.io.parse_example` is to read for these columns."""
    from nnstack.compat.examples import FixedLenFeature, VarLenFeature

    spec: dict[str, Any] = {}
    for column in feature_columns:
        for key, kind in column.keys.items():
            sources = [one for one in _inner(column) if isinstance(one, NumericColumn) and one.key == key]
            spec[key] = (
                FixedLenFeature(sources[0].shape, sources[0].dtype, sources[0].default_value)
                if sources
                else VarLenFeature(kind or "string")
            )
    return spec


def _inner(column: Any) -> list[Any]:
    if isinstance(column, list | tuple):
        return [one for part in column for one in _inner(part)]
    return (
        [column, *[one for part in vars(column).values() for one in _inner(part)]] if isinstance(column, Column) else []
    )
