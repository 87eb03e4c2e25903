"""Losses and metrics added to a finished functional model: tensors computed beside its outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnstack import backend
from nnstack.engine import context
from nnstack.engine.layer import Layer
from nnstack.engine.operations import adopt
from nnstack.utils import nest


class Additions(Layer):
    """The part of `Model` that takes tensors of its own graph in `add_loss` and `add_metric`."""

    if TYPE_CHECKING:

        @property
        def _graph(self) -> Any: ...
        def _forget_programs(self) -> None: ...

    def _init_additions(self) -> None:
        self._added_tensors: list[Any] = []  # outputs of AddLoss and AddMetric layers

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Adds to what training minimises: scalars, callables without arguments that give one, and, for a functional
        model, tensors computed from its inputs and layers.
        """
        from nnstack.layers.additions import AddLoss

        for loss in nest.as_list(losses):
            if self._is_of_graph(loss):
                self._include(AddLoss()(loss))
            else:
                super().add_loss(loss)

    def add_metric(self, value: Any, aggregation: str | None = None, name: str | None = None) -> None:
        """Reports the mean of `value`, in a functional model a tensor computed from its layers, under `name`."""
        from nnstack.layers.additions import AddMetric

        if self._is_of_graph(value) and name is not None:
            self._include(AddMetric(aggregation, name)(value))
        else:
            super().add_metric(value, aggregation, name)

    def _is_of_graph(self, value: Any) -> bool:
        return self._graph is not None and context.outermost() and backend.is_tensor(value) and adopt([value])

    def _include(self, tensor: Any) -> None:
        self._added_tensors.append(tensor)
        self._graph.include([tensor])
        self._forget_programs()
