"""Configs of functional graphs: which layer is called on which tensors, as plain data, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nnstack import backend
from nnstack.engine.inputs import InputLayer
from nnstack.engine.nodes import Node, history_of
from nnstack.layers.operations import TFOpLambda
from nnstack.saving import dialects_graph
from nnstack.saving.config import layer_config, layer_from_config, to_plain
from nnstack.saving.dialects_graph import Place
from nnstack.utils import nest

_CONSTANT = ("_CONSTANT_VALUE", -1)


def graph_config(model: Any) -> dict[str, Any]:
    """Config of a functional model: its layers with their calls, and which tensors go in and out."""
    graph = model._graph
    number = _node_numbers(graph)

    def place(tensor: Any) -> list[Any]:
        origin = tensor._keras_history
        return [origin.layer.name, number[id(origin.layer._inbound_nodes[origin.node_index])], origin.tensor_index]

    layers = []
    for layer in graph.layers:
        calls = [_call_config(node, place) for node in layer._inbound_nodes if id(node) in number and not node.is_input]
        layers.append({**layer_config(layer), "name": layer.name, "inbound_nodes": calls})
    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": layers,
        "input_layers": _places(graph.inputs, place),
        "output_layers": _places(graph.outputs, place),
    }


def _places(structure: Any, place: Callable[[Any], list[Any]]) -> Any:
    """Places in the structure of the tensors; one tensor alone stands in a list."""
    placed = nest.map_structure(place, structure)
    return placed if nest.is_nested(structure) else [placed]


def _node_numbers(graph: Any) -> dict[int, int]:
    """Number of each call in the file: calls of a layer that belong to the graph, in order.

    Keras counts from 1 for nested models that have a graph of their own, for historic reasons.
    """
    inside = {id(node) for node in graph.nodes}
    numbers: dict[int, int] = {}
    for layer in graph.layers:
        count = _first_number(layer)
        for node in layer._inbound_nodes:
            if id(node) in inside:
                numbers[id(node)] = count
                count += 1
    return numbers


def _first_number(layer: Any) -> int:
    from nnstack.engine.model import Model

    return 1 if isinstance(layer, Model) and layer._graph is not None else 0


def _call_config(node: Node, place: Callable[[Any], list[Any]]) -> Any:
    """One call: `[[layer, node, tensor, kwargs], ...]` for its input tensors."""

    def plain(leaf: Any) -> Any:
        if history_of(leaf) is not None:
            return place(leaf)
        return to_plain(backend.get_value(leaf) if backend.is_tensor(leaf) else leaf)

    kwargs = nest.map_structure(plain, node.kwargs)
    first = node.args[0]
    leaves = [first] if not nest.is_nested(first) else first
    if isinstance(leaves, Mapping):
        return {key: [*place(tensor), kwargs] for key, tensor in leaves.items()}
    calls = []
    for leaf in nest.flatten(leaves):
        calls.append([*place(leaf), kwargs] if history_of(leaf) is not None else [*_CONSTANT, plain(leaf), kwargs])
    alone = isinstance(node.layer, TFOpLambda) and not nest.is_nested(first)
    return calls[0] if alone else calls  # for functions a list of one is not the one


def graph_from_config(
    config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> tuple[Any, Any, list[Any]]:
    """(inputs, outputs, added losses and metrics) of a functional model: layers are made first, then called as soon as
    their inputs exist. Raises `ValueError` for a graph that names layers or tensors it does not have.
    """
    from nnstack.layers.additions import AddLoss, AddMetric

    layers: dict[str, Any] = {}
    for entry in config["layers"]:
        layer = layer_from_config(entry, custom_objects)
        layers[entry.get("name", layer.name)] = layer
    waiting = [
        (name, *call)
        for entry, name in zip(config["layers"], layers, strict=True)
        for call in dialects_graph.calls(entry, layers)
    ]
    inputs, outputs = dialects_graph.places(config["input_layers"]), dialects_graph.places(config["output_layers"])
    number = _call_numbers([*waiting, inputs, outputs])
    made: dict[str, list[list[Any]]] = {name: [] for name in layers}
    for name, layer in layers.items():
        if isinstance(layer, InputLayer):
            made[name].append(nest.flatten(layer._inbound_nodes[0].outputs))

    def fill(value: Any) -> Any:
        """Tensors in the place of places; `_NotYet` while one is not made."""
        if isinstance(value, Place):
            if value.layer not in made:
                raise ValueError(f'config: the graph names a layer "{value.layer}" that is not in it')
            calls = made[value.layer]
            index = number[value]
            if index >= len(calls):
                raise _NotYet(value.layer)
            if not 0 <= value.tensor < len(calls[index]):
                raise ValueError(f'config: layer "{value.layer}" has no output number {value.tensor}')
            return calls[index][value.tensor]
        if isinstance(value, Mapping):
            return {key: fill(one) for key, one in value.items()}
        return [fill(one) for one in value] if isinstance(value, list) else value

    while waiting:
        later = []
        for call in waiting:
            name, args, kwargs = call
            try:
                args, kwargs = fill(args), fill(kwargs)
            except _NotYet:
                later.append(call)
                continue
            made[name].append(nest.flatten(layers[name](*args, **kwargs)))
        if len(later) == len(waiting):
            stuck = ", ".join(sorted({call[0] for call in later})[:8])
            raise ValueError(f"config: the inputs of {stuck} are made nowhere; the file's graph is broken")
        waiting = later
    added = [made[name][0][0] for name, layer in layers.items() if isinstance(layer, AddLoss | AddMetric)]
    try:
        return fill(inputs), fill(outputs), added
    except _NotYet as missing:
        raise ValueError(f'config: the output of layer "{missing}" that the graph names is made nowhere') from None


class _NotYet(Exception):
    """A tensor that a later call makes."""


def _call_numbers(tree: Any) -> dict[Place, int]:
    """Which of its layer's calls in the file a place means.

    Versions count differently: from 0, or from 1 for nested models, or with calls that lie outside the graph. What they
    share is the order, and that every call in a file is used by somebody.
    """
    used: dict[str, set[int]] = {}
    found: list[Place] = []
    stack = [tree]
    while stack:
        value = stack.pop()
        if isinstance(value, Place):
            found.append(value)
            used.setdefault(value.layer, set()).add(value.node)
        elif isinstance(value, Mapping):
            stack.extend(value.values())
        elif isinstance(value, list | tuple):
            stack.extend(value)
    order = {layer: {node: rank for rank, node in enumerate(sorted(nodes))} for layer, nodes in used.items()}
    return {place: order[place.layer][place.node] for place in found}
