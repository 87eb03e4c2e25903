"""DenseFeatures: the columns of a table, texts among them, side by side as numbers."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.engine.front import Prepared, at_the_front, is_symbolic
from nnstack.engine.layer import Layer
from nnstack.engine.nodes import Node, history_of
from nnstack.layers.arguments import label
from nnstack.layers.preprocessing.categories import deserialize
from nnstack.layers.preprocessing.columns import Column, DenseColumn, EmbeddingColumn
from nnstack.utils import nest


class DenseFeatures(Layer):
    """A dict of columns of n rows -> (n, width): numbers, one-hot vectors and embeddings of `tf.feature_column`.

    `feature_columns`: dense columns, or one of them; they stand in the order of their names. What is looked up, hashed
    or sorted into buckets is computed in Python, before the native step, so in a model the layer stands behind Inputs
    (a Sequential makes its own from the data). Weights: `<column>/embedding_weights` (categories, dimension) for every
    embedding; columns of `shared_embeddings` have one table. Raises `ValueError` for columns of categories that
    stand in no indicator or embedding, and for missing columns.

    >>> from nnstack.compat import feature_column  # tf.feature_column in programs
    >>> column = feature_column.numeric_column("age")
    >>> buckets = feature_column.bucketized_column(column, [30, 50])
    >>> DenseFeatures([column, buckets])({"age": np.array([20.0, 60.0])}).numpy()
    array([[20.,  1.,  0.,  0.],
           [60.,  0.,  0.,  1.]], dtype=float32)

    Source: https://www.tensorflow.org/versions/r2.15/api_docs/python/tf/keras/layers/DenseFeatures
    """

    def __init__(self, feature_columns: Any, trainable: bool = True, name: str | None = None, **kwargs: Any) -> None:
        kwargs.pop("partitioner", None)
        super().__init__(name=name, trainable=trainable, **kwargs)
        given = [deserialize(one) if _is_config(one) else one for one in _listed(feature_columns)]
        for one in given:
            if not isinstance(one, DenseColumn | EmbeddingColumn):
                hint = (
                    "Put it in an indicator_column or embedding_column" if isinstance(one, Column) else "Give columns"
                )
                raise ValueError(f"{label(self)}: expected dense feature columns, got {one!r}. {hint}")
        self._feature_columns: list[Any] = sorted(given, key=lambda one: one.name)
        self._tables: dict[str, Any] = {}

    def build(self, input_shape: Any) -> None:
        for column in self._feature_columns:
            if isinstance(column, EmbeddingColumn) and (table := column.shared_name or column.name) not in self._tables:
                self._tables[table] = self.add_weight(
                    f"{table}/embedding_weights",
                    (column.categorical_column.num_buckets, column.dimension),
                    initializer=column.initializer,
                    trainable=column.trainable,
                )
        super().build(input_shape)

    def __call__(self, features: Any, *args: Any, **kwargs: Any) -> Any:
        """(n, width) for a dict of columns: arrays, or tensors of a graph that come straight from Inputs."""
        if isinstance(features, Prepared):
            return super().__call__(list(features), *args, **kwargs)
        if not isinstance(features, Mapping):
            raise ValueError(f"{label(self)}: expected a dict of columns, got {features!r}")
        if not any(map(is_symbolic, nest.flatten(features))):
            return super().__call__([backend.convert(one) for one in self.prepared(features)], *args, **kwargs)
        return self._symbolic(dict(features), *args, **kwargs)

    def prepared(self, features: Mapping[str, Any]) -> list[np.ndarray]:
        """What Python computes: numbers for dense columns, rows of the table and their factors for embeddings."""
        parts: list[np.ndarray] = []
        for column in self._feature_columns:
            parts += column.factors(features) if isinstance(column, EmbeddingColumn) else [column.dense(features)]
        return parts

    def _symbolic(self, features: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """The call in two parts, as engine/front.py has it: the first one is computed on each batch by Python."""
        read = {key: features[key] for column in self._feature_columns for key in column.keys if key in features}
        if not all(map(at_the_front, nest.flatten(read))):
            raise TypeError(
                f"{label(self)}: works on columns of data, so in a model it stands right behind Inputs; it was called "
                "on a tensor that the model computes"
            )
        stand_ins: list[Any] = []
        for column in self._feature_columns:
            if isinstance(column, EmbeddingColumn):
                stand_ins += [backend.placeholder((None, None), dtype=kind) for kind in ("int64", "float32")]
            else:
                stand_ins.append(backend.placeholder((None, column.width)))
        ahead = Node(_Preparation(self), (read,), {}, stand_ins)
        ahead.on_arrays = True
        outputs = self(Prepared(stand_ins), *args, **kwargs)
        node = self._inbound_nodes[-1]
        behind = copy.copy(node)
        behind.prepared = True
        node.parts = (ahead, behind)
        node.args = (read, *node.args[1:])
        node.keras_inputs = [leaf for leaf in nest.flatten((node.args, node.kwargs)) if history_of(leaf) is not None]
        return outputs

    def call(self, parts: Any) -> Any:
        waiting = iter(parts)
        found = []
        for column in self._feature_columns:
            part = next(waiting)
            found.append(self._embedded(column, part, next(waiting)) if isinstance(column, EmbeddingColumn) else part)
        return found[0] if len(found) == 1 else backend.concatenate(found, axis=-1)

    def _embedded(self, column: EmbeddingColumn, ids: Any, factors: Any) -> Any:
        """Rows of the table, combined: their sum with the factors over the factors' sum, or the root of that of their
        squares.
        """
        rows = backend.gather(backend.convert(self._tables[column.shared_name or column.name]), ids)
        if column.max_norm is not None:
            norms = backend.sqrt(backend.sum(backend.square(rows), axis=-1, keepdims=True))
            rows = rows * backend.divide_no_nan(backend.minimum(norms, column.max_norm), norms)
        total = backend.sum(rows * backend.expand_dims(factors, -1), axis=1)
        if column.combiner == "sum":
            return total
        squares = backend.sum(backend.square(factors), axis=1, keepdims=True)
        over = backend.sqrt(squares) if column.combiner == "sqrtn" else backend.sum(factors, axis=1, keepdims=True)
        return backend.divide_no_nan(total, over)

    def compute_output_shape(self, input_shape: Any) -> Any:
        shapes = list(input_shape.values()) if isinstance(input_shape, Mapping) else nest.as_list(input_shape)
        first = shapes[0][0] if shapes and isinstance(shapes[0], tuple | list) else None
        return (first, sum(column.width for column in self._feature_columns))

    def get_config(self) -> dict[str, Any]:
        columns = [column.serialized() for column in self._feature_columns]
        return {**super().get_config(), "feature_columns": columns, "partitioner": None}


class _Preparation(Layer):
    """The first part of the call: a dict of arrays -> the arrays that the second part takes."""

    def __init__(self, layer: DenseFeatures) -> None:
        super().__init__()
        self._layer = [layer]  # in a list: it is no part of this one

    def __call__(self, features: Any, **kwargs: Any) -> Any:
        return self._layer[0].prepared(features)


def _listed(feature_columns: Any) -> list[Any]:
    if isinstance(feature_columns, Mapping) and not _is_config(feature_columns):
        return list(feature_columns.values())
    return list(feature_columns) if isinstance(feature_columns, list | tuple) else [feature_columns]


def _is_config(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) >= {"class_name", "config"}
