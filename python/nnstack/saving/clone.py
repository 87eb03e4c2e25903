"""clone_model: the same architecture with new layers and new weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnstack.engine.nodes import history_of
from nnstack.utils import nest


def clone_model(model: Any, input_tensors: Any = None, clone_function: Callable[[Any], Any] | None = None) -> Any:
    """A model with the same architecture, new layers and new weights.

    `input_tensors`: graph tensors (made by `Input`) or plain symbolic ones to build on, one per input, in order or in a
    list. `clone_function(layer)` gives each new layer (default: from its config). A subclassed model is made from its
    config, and has weights when it is built. Raises `ValueError` for one with either of these arguments, and for
    another number of tensors.
    """
    from nnstack.engine.inputs import InputLayer
    from nnstack.engine.model import Model
    from nnstack.engine.sequential import Sequential

    if not isinstance(model, Model):
        raise TypeError(f"clone_model: expected a model, got {model!r} of type {type(model).__name__}")
    if model._graph is None and not isinstance(model, Sequential):
        if input_tensors is not None or clone_function is not None:
            raise ValueError(
                f'clone_model (model "{model.name}"): input_tensors and clone_function are for Sequential and '
                "functional models, got a subclassed one"
            )
        return type(model).from_config(model.get_config())
    clone = clone_function or _copy
    if isinstance(model, Sequential):
        copy = type(model)(name=model.name)
        given = iter(_input_layers(input_tensors, 1))
        for layer in model._stack:
            if isinstance(layer, InputLayer) and input_tensors is not None:
                continue
            if input_tensors is not None and not copy._stack:
                copy.add(next(given))
            copy.add(type(layer).from_config(layer.get_config()) if isinstance(layer, InputLayer) else clone(layer))
        return copy
    graph: Any = model._graph
    made = {
        id(layer): clone(layer) if not isinstance(layer, InputLayer) else InputLayer.from_config(layer.get_config())
        for layer in graph.layers
    }
    inputs = _input_layers(input_tensors, len(graph.flat_inputs)) or [
        made[id(tensor._keras_history.layer)] for tensor in graph.flat_inputs
    ]
    values: dict[int, Any] = {id(tensor): layer.output for tensor, layer in zip(graph.flat_inputs, inputs, strict=True)}

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


def _input_layers(tensors: Any, count: int) -> list[Any]:
    """The layers that `Input` made for these tensors; others are wrapped in one. None gives none."""
    from nnstack.engine.inputs import Input, InputLayer

    if tensors is None:
        return []
    flat = nest.flatten(tensors)
    if len(flat) != count:
        raise ValueError(f"clone_model: expected {count} input_tensors, got {len(flat)}")
    layers: list[Any] = []
    for tensor in flat:
        origin = history_of(tensor)
        made = origin is not None and isinstance(origin.layer, InputLayer)
        layers.append((tensor if made else Input(tensor=tensor))._keras_history.layer)
    return layers


def _copy(layer: Any) -> Any:
    return type(layer).from_config(layer.get_config())
