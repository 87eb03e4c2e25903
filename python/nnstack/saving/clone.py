"""clone_model: the same architecture with new layers and new weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnstack.engine.nodes import history_of
from nnstack.utils import nest


def clone_model(model: Any, input_tensors: Any = None, clone_function: Callable[[Any], Any] | None = None) -> Any:
    """A model with the same architecture, new layers and new weights.

    `clone_function(layer)` gives each new layer (default: from its config). Raises `ValueError` for subclassed models.
    """
    from nnstack.engine.inputs import InputLayer
    from nnstack.engine.model import Model
    from nnstack.engine.sequential import Sequential

    if not isinstance(model, Model):
        raise TypeError(f"clone_model: expected a model, got {model!r} of type {type(model).__name__}")
    if model._graph is None and not isinstance(model, Sequential):
        raise ValueError(
            f'clone_model (model "{model.name}"): expected a Sequential or functional model, got a subclassed one'
        )
    if input_tensors is not None:
        raise ValueError("clone_model: input_tensors is not supported; call the clone on them instead")
    clone = clone_function or (lambda layer: type(layer).from_config(layer.get_config()))
    if isinstance(model, Sequential):
        copy = type(model)(name=model.name)
        for layer in model._stack:
            copy.add(type(layer).from_config(layer.get_config()) if isinstance(layer, InputLayer) else clone(layer))
        return copy
    graph: Any = model._graph
    made = {
        id(layer): clone(layer) if not isinstance(layer, InputLayer) else InputLayer.from_config(layer.get_config())
        for layer in graph.layers
    }
    values: dict[int, Any] = {id(t): made[id(t._keras_history.layer)].output for t in graph.flat_inputs}

    def now(leaf: Any) -> Any:
        return values[id(leaf)] if history_of(leaf) is not None else leaf

    for node in graph.nodes:
        produced = nest.flatten(node.outputs)
        if not all(id(tensor) in values for tensor in produced):
            args, kwargs = nest.map_structure(now, (node.args, node.kwargs))
            values.update(
                {id(t): v for t, v in zip(produced, nest.flatten(made[id(node.layer)](*args, **kwargs)), strict=True)}
            )
    copied = type(model)(nest.map_structure(now, graph.inputs), nest.map_structure(now, graph.outputs), name=model.name)
    for tensor in model._added_tensors:
        copied._include(values[id(tensor)])
    return copied
