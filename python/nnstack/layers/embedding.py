"""Embedding: rows of a table, looked up by number."""

from __future__ import annotations

from typing import Any

from nnstack import backend, constraints, initializers, regularizers
from nnstack.engine.layer import Layer
from nnstack.layers.arguments import label, positive_int


class Embedding(Layer):
    """Whole numbers of shape (batch, ...) -> their rows of the table, (batch, ..., output_dim).

    `input_dim` number of rows (largest number + 1); `output_dim` length of a row; `mask_zero` makes 0 a padding value
    that later layers skip; `input_length` the fixed length of sequences, None if it varies. Weight: `embeddings`
    (input_dim, output_dim), drawn uniformly in [-0.05, 0.05] by default.
    Raises `ValueError` for sizes below 1. Source: https://keras.io/2.16/api/layers/core_layers/embedding/
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        activity_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        input_length: Any = None,
        **kwargs: Any,
    ) -> None:
        if "input_shape" not in kwargs and "batch_input_shape" not in kwargs:
            lengths = input_length if isinstance(input_length, list | tuple) else (input_length,)
            kwargs["batch_input_shape"] = (kwargs.pop("batch_size", None), *lengths)
        super().__init__(activity_regularizer=activity_regularizer, autocast=False, **kwargs)
        what = f'embedding (layer "{self.name}")'
        self.input_dim = positive_int(input_dim, what, "input_dim")
        self.output_dim = positive_int(output_dim, what, "output_dim")
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = bool(mask_zero)
        self.input_length = input_length
        self.supports_masking = self.mask_zero

    def build(self, input_shape: Any) -> None:
        self.embeddings = self.add_weight(
            "embeddings",
            (self.input_dim, self.output_dim),
            initializer=self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
        )
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        return backend.gather(self.embeddings, backend.cast(inputs, "int32"))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return backend.not_equal(inputs, 0) if self.mask_zero else None

    def compute_output_shape(self, input_shape: Any) -> Any:
        given = tuple(input_shape)
        if self.input_length is None:
            return (*given, self.output_dim)
        lengths = list(self.input_length) if isinstance(self.input_length, list | tuple) else [self.input_length]
        fits = len(lengths) == len(given) - 1 and all(
            None in (wanted, size) or wanted == size for wanted, size in zip(lengths, given[1:], strict=True)
        )
        if not fits:
            raise ValueError(
                f"{label(self)}: expected sequences of input_length {self.input_length}, got input shape {given}"
            )
        known = [size if wanted is None else wanted for wanted, size in zip(lengths, given[1:], strict=True)]
        return (given[0], *known, self.output_dim)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            "embeddings_initializer": initializers.serialize(self.embeddings_initializer),
            "embeddings_regularizer": regularizers.serialize(self.embeddings_regularizer),
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            "embeddings_constraint": constraints.serialize(self.embeddings_constraint),
            "mask_zero": self.mask_zero,
            "input_length": self.input_length,
        }
