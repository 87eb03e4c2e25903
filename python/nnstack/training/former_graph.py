"""What compiled models of Keras up to 2.3 held: placeholders of targets and weights, and the loss as their tensor."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from nnstack import backend
from nnstack.backend.numbers import falls_back_on_numbers


class Former(NamedTuple):
    """The graph of a compiled model's loss."""

    targets: list[Any]
    weights: list[Any]
    loss: Any


class _Unless:
    """A property that gives way to an attribute of that name which a model of one's own sets."""

    def __init__(self, get: Callable[[Any], Any]) -> None:
        self._get = get
        self.__doc__ = get.__doc__

    def __get__(self, model: Any, owner: Any = None) -> Any:
        return self if model is None else self._get(model)


class FormerGraph:
    """The part of `Model` that gives the graph of its loss, for `K.function` and `optimizer.get_gradients`.

    >>> model = Sequential([Dense(1, input_dim=2)])
    >>> model.compile("sgd", "mse")
    >>> slopes = model.optimizer.get_gradients(model.total_loss, model.trainable_weights)
    """

    if TYPE_CHECKING:
        _steps: dict[Any, Any]
        compiled_loss: Any

        @property
        def _graph(self) -> Any: ...
        @property
        def losses(self) -> list[Any]: ...
        @property
        def output_names(self) -> list[str]: ...
        def _require_compiled(self, what: str) -> None: ...

    @_Unless
    def targets(self) -> list[Any]:
        """A placeholder for the targets of each output."""
        return self._former().targets

    @property
    def sample_weights(self) -> list[Any]:
        """One None per output, for weights are given to fit; programs that run unchanged get a placeholder for each."""
        return self._former().weights if falls_back_on_numbers() else [None] * len(self.output_names)

    @_Unless
    def total_loss(self) -> Any:
        """What training minimises, of `inputs`, `targets` and `sample_weights`. RuntimeError before compile."""
        return self._former().loss

    def _former(self) -> Former:
        self._require_compiled("total_loss")
        if self._graph is None:
            raise RuntimeError("total_loss: the model has no graph yet. Give its first layer an input shape")
        if "former graph" not in self._steps:
            outputs = self._graph.flat_outputs
            targets = [backend.placeholder((None,) * len(one.shape), dtype=one.dtype) for one in outputs]
            weights = [backend.placeholder((None,), dtype=one.dtype) for one in outputs]
            alone = len(outputs) == 1
            with backend.trace():  # the means of losses stay as they are
                loss = self.compiled_loss(
                    targets[0] if alone else targets,
                    outputs[0] if alone else outputs,
                    weights[0] if alone else weights,
                    regularization_losses=self.losses,
                )
            self._steps["former graph"] = Former(targets, weights, loss)
        former: Former = self._steps["former graph"]
        return former
