"""Layers that only move numbers: Flatten, Reshape, Permute, RepeatVector."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from nnstack import backend
from nnstack.engine.layer import Layer
from nnstack.engine.spec import InputSpec
from nnstack.layers.arguments import is_whole, positive_int


class Flatten(Layer):
    """(batch, a, b, ...) -> (batch, a * b * ...). Channels come first in the row order when `data_format` is
    'channels_first'.
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = backend.normalize_data_format(data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Any:
        rank = len(inputs.shape)
        if self.data_format == "channels_first" and rank > 2:
            inputs = backend.permute_dimensions(inputs, (0, *range(2, rank), 1))
        if rank == 1:
            return backend.expand_dims(inputs, -1)
        sizes = inputs.shape[1:]
        if None not in sizes:
            return backend.reshape(inputs, (-1, math.prod(sizes)))
        return backend.batch_flatten(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        sizes = tuple(input_shape)[1:]
        return (input_shape[0], None if None in sizes else math.prod(sizes))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}


class Reshape(Layer):
    """(batch, ...) -> (batch, *target_shape); one size may be -1. Raises `ValueError` if the sizes cannot match."""

    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(target_shape, list | tuple) or not all(
            is_whole(size) and size >= -1 for size in target_shape
        ):
            raise ValueError(
                f'reshape (layer "{self.name}"): expected a tuple of sizes, one of which may be -1, as target_shape, '
                f"got {target_shape!r}"
            )
        self.target_shape = tuple(int(size) for size in target_shape)
        if sum(size == -1 for size in self.target_shape) > 1:
            raise ValueError(
                f'reshape (layer "{self.name}"): expected at most one -1 in target_shape, got {self.target_shape}'
            )

    def compute_output_shape(self, input_shape: Any) -> Any:
        sizes = tuple(input_shape)[1:]
        if None in sizes:
            return (input_shape[0], *(None if size == -1 else size for size in self.target_shape))
        total = math.prod(sizes)
        known = math.prod(size for size in self.target_shape if size != -1)
        if (-1 in self.target_shape and (known == 0 or total % known)) or (
            -1 not in self.target_shape and total != known
        ):
            raise ValueError(
                f'reshape (layer "{self.name}"): {total} numbers per sample do not fit target_shape '
                f"{self.target_shape}; "
                f"input shape {tuple(input_shape)}"
            )
        return (input_shape[0], *(total // known if size == -1 else size for size in self.target_shape))

    def call(self, inputs: Any) -> Any:
        sizes = self.compute_output_shape(tuple(inputs.shape))[1:]
        if None in sizes:
            return backend.reshape(inputs, (backend.shape(inputs)[0], *self.target_shape))
        return (
            backend.reshape(inputs, (-1, *sizes))
            if 0 not in sizes
            else backend.reshape(inputs, (backend.shape(inputs)[0], *sizes))
        )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "target_shape": self.target_shape}


class Permute(Layer):
    """Reorders the axes after the batch axis: `dims` counts from 1, (2, 1) swaps two."""

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(
                f'permute (layer "{self.name}"): expected each of 1 to {len(self.dims)} once in dims, got {self.dims}'
            )
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Any) -> Any:
        return backend.permute_dimensions(inputs, (0, *self.dims))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], *(input_shape[axis] for axis in self.dims))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dims": self.dims}


class RepeatVector(Layer):
    """(batch, features) -> (batch, n, features)."""

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = positive_int(n, f'repeat_vector (layer "{self.name}")', "n")
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Any) -> Any:
        return backend.repeat(inputs, self.n)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], self.n, input_shape[1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "n": self.n}
