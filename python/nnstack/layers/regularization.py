"""ActivityRegularization: a penalty on what passes through."""

from __future__ import annotations

from typing import Any

from nnstack import regularizers
from nnstack.engine.layer import Layer


class ActivityRegularization(Layer):
    """Passes its input on and adds l1 * sum|x| + l2 * sum(x^2), divided by the batch size, to the losses."""

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=regularizers.L1L2(l1=l1, l2=l2), **kwargs)
        self.l1 = l1
        self.l2 = l2
        self.supports_masking = True

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "l1": self.l1, "l2": self.l2}
