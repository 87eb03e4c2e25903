"""Layers that pass their input on: Masking marks time steps, Identity does nothing."""

from __future__ import annotations

from typing import Any

from nnstack import backend
from nnstack.engine.layer import Layer
from nnstack.layers.arguments import label


class Masking(Layer):
    """Marks time steps to be skipped: those whose features all equal `mask_value` (default 0). They become 0.

    Input (batch, steps, ..., features), output of the same shape with a mask (batch, steps, ...).

    >>> Masking(mask_value=9.0).compute_mask(np.array([[[1.0, 9.0], [9.0, 9.0]]])).numpy()
    array([[ True, False]])
    """

    def __init__(self, mask_value: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(mask_value, str):
            raise ValueError(f"{label(self)}: expected a number as mask_value, got {mask_value!r}")
        self.mask_value = mask_value
        self.supports_masking = True

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return backend.any(backend.not_equal(inputs, self.mask_value), axis=-1)

    def call(self, inputs: Any) -> Any:
        kept = backend.any(backend.not_equal(inputs, self.mask_value), axis=-1, keepdims=True)
        return inputs * backend.cast(kept, inputs.dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mask_value": self.mask_value}


class Identity(Layer):
    """Its output is its input, of any structure; a mask ends here, as it does in tf.keras 2."""

    def call(self, inputs: Any) -> Any:
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape
