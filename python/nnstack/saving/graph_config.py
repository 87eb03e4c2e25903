"""Configs of functional graphs: which layer is called on which tensors, as plain data, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nnstack.engine.nodes import Node, history_of
from nnstack.saving.config import layer_config, layer_from_config, to_plain
from nnstack.utils import nest


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
        return to_plain(leaf)

    kwargs = nest.map_structure(plain, node.kwargs)
    first = node.args[0]
    leaves = [first] if not nest.is_nested(first) else first
    if isinstance(leaves, Mapping):
        return {key: [*place(tensor), kwargs] for key, tensor in leaves.items()}
    calls = []
    for leaf in nest.flatten(leaves):
        calls.append(
            [*place(leaf), kwargs] if history_of(leaf) is not None else ["_CONSTANT_VALUE", -1, to_plain(leaf), kwargs]
        )
    return calls


def graph_from_config(
    config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> tuple[Any, Any, list[Any]]:
    """(inputs, outputs, added losses and metrics) of a functional model: layers are made first, then called as soon as
    their inputs exist.
    """
    from nnstack.layers.additions import AddLoss, AddMetric

    layers: dict[str, Any] = {}
    waiting: list[tuple[Any, Any]] = []
    for entry in config["layers"]:
        layer = layer_from_config(entry, custom_objects)
        layers[entry.get("name", layer.name)] = layer
        waiting += [(layer, call) for call in entry.get("inbound_nodes", [])]
    made: dict[tuple[str, int], list[Any]] = {}
    for name, layer in layers.items():
        if layer._inbound_nodes:
            made[name, 0] = nest.flatten(layer._inbound_nodes[0].outputs)

    def tensor(place: Any) -> Any:
        name, node, index = place[0], place[1], place[2]
        return made[name, node - _first_number(layers[name])][index]

    names = {id(layer): name for name, layer in layers.items()}
    while waiting:
        later = []
        for layer, call in waiting:
            try:
                inputs, kwargs = _arguments(call, tensor)
            except KeyError:
                later.append((layer, call))
                continue
            count = sum(1 for name, _ in made if name == names[id(layer)])
            made[names[id(layer)], count] = nest.flatten(layer(inputs, **kwargs))
        if len(later) == len(waiting):
            stuck = ", ".join(sorted({layer.name for layer, _ in later}))
            raise ValueError(f"config: the inputs of {stuck} are made nowhere; the file's graph is broken")
        waiting = later
    added = [made[name, 0][0] for name, layer in layers.items() if isinstance(layer, AddLoss | AddMetric)]
    return _tensors(config["input_layers"], tensor), _tensors(config["output_layers"], tensor), added


def _is_place(value: Any) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) in (3, 4)
        and isinstance(value[0], str)
        and isinstance(value[1], int)
    )


def _tensors(structure: Any, tensor: Callable[[Any], Any]) -> Any:
    if _is_place(structure):
        return tensor(structure)
    if isinstance(structure, Mapping):
        return {key: _tensors(value, tensor) for key, value in structure.items()}
    found = [_tensors(value, tensor) for value in structure]
    return found[0] if len(found) == 1 else found


def _arguments(call: Any, tensor: Callable[[Any], Any]) -> tuple[Any, dict[str, Any]]:
    """Input structure and keywords of one call; `KeyError` while an input is not made yet."""

    def one(place: Any) -> Any:
        return place[2] if place[0] == "_CONSTANT_VALUE" else tensor(place)

    entries = list(call.values()) if isinstance(call, Mapping) else [call] if _is_place(call) else list(call)
    kwargs = dict(entries[0][3]) if entries and len(entries[0]) > 3 else {}
    kwargs = {key: tensor(value) if _is_place(value) else value for key, value in kwargs.items()}
    if isinstance(call, Mapping):
        return {key: one(place) for key, place in call.items()}, kwargs
    inputs = [one(place) for place in entries]
    return (inputs[0] if len(inputs) == 1 else inputs), kwargs
