"""MultiHeadAttention: several attentions side by side, each in a projection of its own."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from nnstack import backend, regularizers
from nnstack.backend.einsum import einsum
from nnstack.engine.connections import mask_of
from nnstack.engine.layer import Layer
from nnstack.layers.activations import masked_softmax
from nnstack.layers.arguments import is_whole, label, positive_int
from nnstack.layers.attention import causal_mask
from nnstack.layers.einsum_dense import EinsumDense
from nnstack.layers.noise import random_state, rate_within
from nnstack.layers.parameters import options_config, set_options

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class MultiHeadAttention(Layer):
    """softmax(Q K^T / sqrt(key_dim)) V for each of `num_heads` heads, joined and projected again.

    Called as `layer(query, value, key=None, attention_mask=None, return_attention_scores=False, training=None,
    use_causal_mask=False)`: query (batch, T, ..., dim), value (batch, S, ..., dim_v), key like value (default the
    value) -> (batch, T, ..., output_shape or dim), and (batch, heads, T, S) where scores are asked for.
    `attention_mask` (batch, T, S): 1 where a query may look; masks that travel with the inputs join it.

    `num_heads`; `key_dim` size of a head's queries and keys; `value_dim` of its values, default key_dim; `dropout` on
    the softmax while training; `use_bias`; `output_shape` an int or several sizes; `attention_axes` the axes attention
    runs over, default all between batch and the last; `kernel_*` and `bias_*` options of all four projections;
    `softmax_robust_masking`. Weights: kernel and bias of query (dim, heads, key_dim), key, value and attention_output
    (heads, value_dim, output).

    >>> MultiHeadAttention(num_heads=2, key_dim=4)(np.ones((1, 5, 8)), np.ones((1, 3, 8))).shape
    (1, 5, 8)

    Source: Vaswani et al. 2017 (arXiv:1706.03762)
    """

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: Any = None,
        attention_axes: Any = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        softmax_robust_masking: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        what = label(self)
        self.num_heads = positive_int(num_heads, what, "num_heads")
        self.key_dim = positive_int(key_dim, what, "key_dim")
        self.value_dim = positive_int(value_dim, what, "value_dim") if value_dim else self.key_dim
        self.dropout = rate_within(dropout, what, "dropout")
        self.use_bias = bool(use_bias)
        self._output_sizes = list(output_shape) if isinstance(output_shape, list) else output_shape
        self._sizes = None if output_shape is None else _tuple(output_shape)
        self.attention_axes = None if attention_axes is None else _tuple(attention_axes)
        set_options(self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        set_options(self, "bias", bias_initializer, bias_regularizer, bias_constraint)
        self._projected_activity = activity_regularizer
        self.softmax_robust_masking = bool(softmax_robust_masking)
        self._shapes: tuple[Any, Any, Any] | None = None  # of query, key and value; the weights exist once it is set
        self._random: Any = None
        self.supports_masking = True

    def _build_from_shapes(self, query: Sequence[Any], value: Sequence[Any], key: Sequence[Any]) -> None:
        for name, shape in (("query", query), ("value", value), ("key", key)):
            if len(shape) < 3 or shape[-1] is None:
                raise ValueError(
                    f"{label(self)}: expected {name} (batch, length, ..., size) with a known last size, got "
                    f"{tuple(shape)}"
                )
        self._shapes = (tuple(query), tuple(key), tuple(value))
        rank = len(query)
        output = self._sizes or (query[-1],)
        axes = self.attention_axes or tuple(range(1, rank - 1))
        self.attention_axes = tuple(axis % rank for axis in axes)
        self._query_dense = self._projection("query", len(query) - 1, (self.key_dim,))
        self._key_dense = self._projection("key", len(key) - 1, (self.key_dim,))
        self._value_dense = self._projection("value", len(value) - 1, (self.value_dim,))
        free = _LETTERS[: rank - 1]
        heads, made = _LETTERS[rank - 1 : rank + 1], _LETTERS[rank + 1 : rank + 1 + len(output)]
        self._output_dense = self._dense(
            f"{free}{heads},{heads}{made}->{free}{made}", [None] * (rank - 2) + list(output), made, "attention_output"
        )
        self._score_equation, self._mix_equation = _equations(rank + 1, self.attention_axes)
        if self.dropout:
            self._random = random_state(self)

    def _projection(self, name: str, free: int, size: tuple[int]) -> EinsumDense:
        """(batch, ..., dim) -> (batch, ..., heads, size)."""
        kept, dim, made = _LETTERS[:free], _LETTERS[free], _LETTERS[free + 1 : free + 3]
        sizes = [None] * (free - 1) + [self.num_heads, *size]
        return self._dense(f"{kept}{dim},{dim}{made}->{kept}{made}", sizes, made, name)

    def _dense(self, equation: str, output_shape: list[Any], bias_axes: str, name: str) -> EinsumDense:
        options = options_config(self, "kernel", "bias", activity=False)  # by config: each draws numbers of its own
        return EinsumDense(
            equation,
            output_shape=output_shape,
            bias_axes=bias_axes if self.use_bias else None,
            activity_regularizer=self._projected_activity,
            name=name,
            dtype=self.dtype,
            **options,
        )

    def call(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: Any = None,
        use_causal_mask: bool = False,
    ) -> Any:
        key = value if key is None else key
        if self._shapes is None:
            self._build_from_shapes(tuple(query.shape), tuple(value.shape), tuple(key.shape))
        allowed = self._allowed(query, value, key, attention_mask, use_causal_mask)
        # The masks are dealt with here; the projections do not get to see them.
        query, key, value = (x if mask_of(x) is None else backend.identity(x) for x in (query, key, value))
        queries = self._query_dense(query) * (self.key_dim**-0.5)
        keys, values = self._key_dense(key), self._value_dense(value)
        scores = einsum(self._score_equation, keys, queries)
        axes = len(self.attention_axes or ())
        if allowed is not None:
            while len(allowed.shape) < len(scores.shape):  # the heads, and other axes attention does not run over
                allowed = backend.expand_dims(allowed, -2 * axes - 1)
        weights = masked_softmax(
            scores, list(range(len(scores.shape) - axes, len(scores.shape))), allowed, self.softmax_robust_masking
        )
        dropped = weights
        if self.dropout:
            dropped = backend.in_train_phase(
                lambda: backend.dropout(weights, self.dropout, state=self._random), weights, training=training
            )
        result = self._output_dense(einsum(self._mix_equation, dropped, values))
        return (result, weights) if return_attention_scores else result

    def _allowed(self, query: Any, value: Any, key: Any, given: Any, causal: bool) -> Any:
        """Where queries may look, (batch, T, S) of bool or numbers, or None for everywhere."""
        masks = []
        for tensor, axis in ((query, 2), (value, 1), (key, 1)):
            mask = mask_of(tensor)
            if mask is not None:
                masks.append(backend.expand_dims(backend.cast(mask, "bool"), axis))
        if causal:
            masks.append(causal_mask(query, value))
        if not masks:
            return None if given is None else backend.convert(given)
        if given is not None:
            masks.append(backend.cast(given, "bool"))
        return functools.reduce(lambda a, b: a & b, masks)

    def compute_output_shape(self, query_shape: Any, value_shape: Any = None, key_shape: Any = None) -> Any:
        if value_shape is not None and key_shape is not None and tuple(value_shape[1:-1]) != tuple(key_shape[1:-1]):
            raise ValueError(
                f"{label(self)}: expected value and key of one length, got {tuple(value_shape)} and {tuple(key_shape)}"
            )
        return (*tuple(query_shape)[:-1], *(self._sizes or (query_shape[-1],)))

    def get_config(self) -> dict[str, Any]:
        query, key, value = self._shapes or (None, None, None)
        options = options_config(self, "kernel", "bias")
        options["activity_regularizer"] = regularizers.serialize(regularizers.get(self._projected_activity))
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "key_dim": self.key_dim,
            "value_dim": self.value_dim,
            "dropout": self.dropout,
            "use_bias": self.use_bias,
            "output_shape": self._output_sizes,
            "attention_axes": self.attention_axes,
            **options,
            "query_shape": query,
            "key_shape": key,
            "value_shape": value,
            "softmax_robust_masking": self.softmax_robust_masking,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """A layer with its weights made, where the config knows the shapes it was built for."""
        config = dict(config)
        shapes = [config.pop(f"{name}_shape", None) for name in ("query", "value", "key")]
        layer = cls(**config)
        if None not in shapes:
            layer._build_from_shapes(*shapes)
        return layer


def _tuple(value: Any) -> tuple[int, ...]:
    return (int(value),) if is_whole(value) else tuple(int(one) for one in value)


def _equations(rank: int, attention_axes: Sequence[int]) -> tuple[str, str]:
    """Equations of keys,queries->scores and scores,values->result for projections (batch, ..., heads, size).

    Axes that attention does not run over are shared; the keys' attention axes get letters of their own.
    """
    queries = list(_LETTERS[:rank])
    keys = list(queries)
    for position, axis in enumerate(attention_axes):
        keys[axis] = _LETTERS[rank + position]
    shared = [queries[axis] for axis in range(rank - 1) if axis not in attention_axes]
    scores = "".join(shared + [queries[axis] for axis in attention_axes] + [keys[axis] for axis in attention_axes])
    return f"{''.join(keys)},{''.join(queries)}->{scores}", f"{scores},{''.join(keys)}->{''.join(queries)}"
