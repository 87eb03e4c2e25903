"""The layer that stands for arithmetic written between layers."""

from __future__ import annotations

from typing import Any

from nnstack.engine import operations
from nnstack.engine.layer import Layer
from nnstack.utils import nest


class TensorOperations(Layer):
    """Repeats recorded core ops on its inputs; made by writing `x * 2 + y` on graph tensors, rarely by hand.

    `steps`: one dict per op, operands numbered from the inputs on (plain data, never code).
    """

    def __init__(self, steps: list[dict[str, Any]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._autocast = False
        self.steps = steps
        self.leaves: list[Any] = []

    def call(self, inputs: Any) -> Any:
        return operations.replay(self.steps, nest.flatten(inputs), self.leaves)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return None

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "steps": self.steps}
