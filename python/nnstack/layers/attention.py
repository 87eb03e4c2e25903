"""Attention and AdditiveAttention: every query takes a weighted mean of the values."""

from __future__ import annotations

import functools
from typing import Any

from nnstack import backend, initializers
from nnstack.engine.layer import Layer
from nnstack.layers.arguments import choice, label
from nnstack.layers.noise import random_state, rate_within


class _DenseAttention(Layer):
    """Scores -> mask -> softmax -> dropout -> weighted mean of the values. Subclasses say how the scores are made."""

    def __init__(self, dropout: float = 0.0, **kwargs: Any) -> None:
        self.causal = bool(kwargs.pop("causal", False))  # tf.keras before 2.10 had it here
        super().__init__(**kwargs)
        self.dropout = rate_within(dropout, label(self), "dropout")
        self._random: Any = None
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        self._check(input_shape)
        if self.dropout:
            self._random = random_state(self)
        super().build(input_shape)

    def _check(self, shapes: Any) -> None:
        listed = isinstance(shapes, list | tuple) and all(isinstance(shape, list | tuple) for shape in shapes)
        if not listed or len(shapes) not in (2, 3):
            raise ValueError(
                f"{label(self)}: expected a list of inputs [query, value] or [query, value, key], got shapes {shapes}"
            )
        query, value, *rest = shapes
        key = rest[0] if rest else value
        wrong = any(len(shape) < 2 for shape in (query, value, key)) or _differ(query[-1], key[-1])
        if wrong or _differ(value[-2], key[-2]):
            raise ValueError(
                f"{label(self)}: expected query (batch, Tq, dim), value (batch, Tv, depth) and key (batch, Tv, dim), "
                f"got {', '.join(str(tuple(shape)) for shape in (query, value, key))}"
            )

    def _scores(self, query: Any, key: Any) -> Any:
        """(batch, Tq, Tv): how much each query cares for each key."""
        raise NotImplementedError(f"{label(self)}: a subclass defines _scores(query, key)")

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: Any = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        query, value, *rest = inputs
        key = rest[0] if rest else value
        query_mask, value_mask = (mask[0], mask[1]) if mask else (None, None)
        scores = self._scores(query, key)
        allowed = [] if value_mask is None else [backend.expand_dims(backend.cast(value_mask, "bool"), -2)]
        if self.causal or use_causal_mask:
            allowed.append(causal_mask(query, value))
        if allowed:
            banned = backend.cast(~functools.reduce(lambda a, b: a & b, allowed), scores.dtype)
            scores = scores - banned * (65504.0 if scores.dtype == "float16" else 1e9)
        weights = backend.softmax(scores)
        if self.dropout:
            weights = backend.in_train_phase(
                lambda: backend.dropout(weights, self.dropout, state=self._random), weights, training=training
            )
        result = weights @ value
        if query_mask is not None:
            result = result * backend.cast(backend.expand_dims(query_mask, -1), result.dtype)
        return (result, weights) if return_attention_scores else result

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return mask[0] if mask else None

    def compute_output_shape(self, input_shape: Any) -> Any:
        self._check(input_shape)
        return (*tuple(input_shape[0])[:-1], input_shape[1][-1])

    def get_config(self) -> dict[str, Any]:
        causal = {"causal": True} if self.causal else {}
        return {**super().get_config(), "dropout": self.dropout, **causal}


class Attention(_DenseAttention):
    """Dot-product attention (Luong): softmax(query . key^T) . value.

    Called on [query, value] or [query, value, key]: (batch, Tq, dim), (batch, Tv, depth), (batch, Tv, dim) ->
    (batch, Tq, depth). Masks of query and value are respected; `use_causal_mask=True` in the call hides later places;
    `return_attention_scores=True` gives the softmax too.

    `use_scale` multiplies the scores by a trained scalar (weight `scale`). `score_mode` "dot", or "concat" for
    `concat_score_weight * sum(tanh(scale * (query + key)))`. `dropout` on the softmax while training.

    >>> query = np.ones((1, 2, 3), "float32")
    >>> Attention()([query, query]).shape
    (1, 2, 3)

    Source: Luong, Pham, Manning 2015 (arXiv:1508.04025)
    """

    def __init__(self, use_scale: bool = False, score_mode: str = "dot", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.use_scale = bool(use_scale)
        self.score_mode = choice(score_mode, ("dot", "concat"), label(self), "score_mode")

    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight("scale", (), initializer="ones") if self.use_scale else None
        self.concat_score_weight = None
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight("concat_score_weight", (), initializer="ones")
        super().build(input_shape)

    def _scores(self, query: Any, key: Any) -> Any:
        if self.score_mode == "dot":
            scores = backend.emit("matmul", query, key, transpose_b=True)
            return scores if self.scale is None else scores * self.scale
        both = backend.expand_dims(query, -2) + backend.expand_dims(key, -3)
        both = both if self.scale is None else both * self.scale
        return backend.sum(backend.tanh(both), -1) * self.concat_score_weight

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "use_scale": self.use_scale, "score_mode": self.score_mode}


class AdditiveAttention(_DenseAttention):
    """Additive attention (Bahdanau): softmax(sum(scale * tanh(query + key))) . value.

    Inputs, output, masks and `dropout` as in Attention. `use_scale`, default True: a trained weight `scale` of size
    dim.

    Source: Bahdanau, Cho, Bengio 2015 (arXiv:1409.0473)
    """

    def __init__(self, use_scale: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.use_scale = bool(use_scale)

    def build(self, input_shape: Any) -> None:
        self._check(input_shape)
        dim = input_shape[1][-1]  # the value's, as tf.keras has it also where the key's is another one
        self.scale = (
            self.add_weight("scale", (dim,), initializer=initializers.get("glorot_uniform")) if self.use_scale else None
        )
        super().build(input_shape)

    def _scores(self, query: Any, key: Any) -> Any:
        both = backend.tanh(backend.expand_dims(query, -2) + backend.expand_dims(key, -3))
        return backend.sum(both if self.scale is None else both * self.scale, -1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "use_scale": self.use_scale}


def causal_mask(query: Any, value: Any) -> Any:
    """(1, Tq, Tv) of bool: place i may look at places up to i."""
    rows, columns = positions(query, 1), positions(value, 1)
    return backend.expand_dims(backend.greater_equal(backend.expand_dims(rows, 1), backend.expand_dims(columns, 0)), 0)


def positions(x: Any, axis: int) -> Any:
    """0, 1, 2, ... along `axis` of `x`, int64, also where the size is only known when the program runs.

    There the rows of an identity matrix are asked where their one is; and n rows (1, 0, ..., 0) of length n + 1, read
    as rows of length n, are that matrix and a row of zeros.
    """
    size = x.shape[axis]
    if size is not None:
        return backend.arange(size, dtype="int64")
    count = backend.shape(x)[axis]
    rows = backend.concatenate(
        [backend.shapes.fill((count, 1), 1, "float32"), backend.shapes.fill((count, count), 0, "float32")], 1
    )
    return backend.argmax(backend.reshape(rows, (-1, count))[:-1], -1)


def _differ(a: int | None, b: int | None) -> bool:
    return None not in (a, b) and a != b
