"""Metrics as Keras 2.1 and 2.2 had them: a layer that is called with (y_true, y_pred) and keeps its state itself."""

from __future__ import annotations

from typing import Any

from nnstack import backend
from nnstack.backend import Tensor, TensorLike, Variable
from nnstack.metrics.base import Metric


def keeps_its_state(identifier: Any) -> bool:
    """Whether this is such a layer: `stateful`, with `reset_states()`, and no Metric."""
    return not isinstance(identifier, Metric) and bool(
        getattr(identifier, "stateful", False) and hasattr(identifier, "reset_states")
    )


class FormerMetric(Metric):
    """The value that `layer(y_true, y_pred)` gave last: it counts the batches before by itself.

    Source: https://github.com/keras-team/keras/blob/2.2.4/tests/keras/metrics_test.py
    """

    def __init__(self, layer: Any) -> None:
        super().__init__(getattr(layer, "name", None) or getattr(layer, "__name__", None))
        self._layer = layer
        self._value = self.add_weight("value")
        self.variables += [own for own in vars(layer).values() if isinstance(own, Variable)]

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Takes in one batch; such layers know no weights."""
        self._value.assign(backend.cast(self._layer(y_true, y_pred), self.dtype))

    def result(self) -> Tensor:
        """What the layer gave last."""
        return backend.convert(self._value)

    def reset_states(self) -> None:
        """Back to the start, by the layer's own method."""
        self._layer.reset_states()
        backend.set_value(self._value, 0.0)
