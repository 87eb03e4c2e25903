"""Configs: a model's architecture as plain data, and back. Classes come from nnstack and `custom_objects`, never from
the data.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nnstack.engine.nodes import Node, history_of
from nnstack.utils import nest
from nnstack.utils.generic_utils import CustomObjectScope, get_registered_name, get_registered_object

KERAS_VERSION = "2.21.0"  # the version whose layout and defaults the files follow


def class_name(layer: Any) -> str:
    """The name by which a file calls a layer's class; `Functional` for a plain model with a graph."""
    from nnstack.engine.model import Model

    return "Functional" if type(layer) is Model else get_registered_name(type(layer))


def layer_config(layer: Any) -> dict[str, Any]:
    """`{'class_name', 'config'}` of one layer or model."""
    return {"class_name": class_name(layer), "config": layer.get_config()}


def known_classes() -> dict[str, Any]:
    """All layer classes a file may name without custom objects."""
    from nnstack import layers
    from nnstack.engine.layer import Layer
    from nnstack.engine.model import Model
    from nnstack.engine.sequential import Sequential

    found = {name: value for name, value in vars(layers).items() if inspect.isclass(value) and issubclass(value, Layer)}
    return {**found, "Sequential": Sequential, "Functional": Model, "Model": Model}


def layer_from_config(entry: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
    """A layer or model from `layer_config`'s result; `ValueError` lists every class that is not known."""
    if not isinstance(entry, Mapping) or "class_name" not in entry:
        raise ValueError(f"config: expected a dict with class_name and config, got {entry!r}")
    known = known_classes()
    missing = sorted(set(_missing(entry, known, custom_objects)))
    if missing:
        raise ValueError(f"config: unknown classes {', '.join(missing)}. Pass them: custom_objects={{name: class}}")
    cls = _find(entry["class_name"], known, custom_objects)
    with CustomObjectScope(dict(custom_objects or {})):
        return _instance(cls, adapt_config(entry.get("config", {})))


def _instance(cls: Any, config: Any) -> Any:
    return cls.from_config(config)


def _find(name: str, known: Mapping[str, Any], custom_objects: Mapping[str, Any] | None) -> Any:
    return get_registered_object(name, custom_objects, known) or get_registered_object(
        name.split(">")[-1], custom_objects, known
    )


def _missing(entry: Any, known: Mapping[str, Any], custom_objects: Mapping[str, Any] | None) -> list[str]:
    """Names of layer classes anywhere inside that nobody knows."""
    found = [] if _find(entry["class_name"], known, custom_objects) else [entry["class_name"]]
    config = entry.get("config")
    inner = config.get("layers", []) if isinstance(config, Mapping) else config if isinstance(config, list) else []
    for one in inner:
        if isinstance(one, Mapping) and "class_name" in one:
            found += _missing(one, known, custom_objects)
    return found


def adapt_config(config: Any) -> Any:
    """Keys of other dialects in this one's words."""
    if not isinstance(config, Mapping):
        return config
    config = dict(config)
    if "batch_shape" in config and "batch_input_shape" not in config:
        config["batch_input_shape"] = config.pop("batch_shape")
    return config


# -- functional graphs ------------------------------------------------------------------------------------------------
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


def to_plain(value: Any) -> Any:
    """Numbers, strings, lists and dicts only."""
    if hasattr(value, "numpy"):
        value = value.numpy()
    return json.loads(json.dumps(value, default=json_default))


def graph_from_config(
    config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> tuple[Any, Any, str | None]:
    """(inputs, outputs, name) of a functional model: layers are made first, then called as soon as their inputs
    exist.
    """
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
    return _tensors(config["input_layers"], tensor), _tensors(config["output_layers"], tensor), config.get("name")


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


# -- JSON and YAML ----------------------------------------------------------------------------------------------------
def json_default(value: Any) -> Any:
    """Numpy numbers and arrays, tuples in dicts and named functions as JSON has them."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if hasattr(value, "get_config"):
        return {"class_name": get_registered_name(type(value)), "config": value.get_config()}
    if callable(value):
        return get_registered_name(value)
    raise TypeError(f"config: {value!r} of type {type(value).__name__} cannot be written; give it a get_config")


def model_config(model: Any) -> dict[str, Any]:
    """What `to_json` writes and HDF5 files hold as `model_config`."""
    return {**layer_config(model), "keras_version": KERAS_VERSION, "backend": "tensorflow"}


def model_from_config(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """A model, weights freshly drawn, from the dict in `to_json`; `TypeError` for a bare list, `ValueError` for
    unknown classes.
    """
    if isinstance(config, list):
        raise TypeError(
            "model_from_config: expected a dict, got a list. Use Sequential.from_config for a list of layers"
        )
    return layer_from_config(config, custom_objects)


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """A model from `model.to_json()`'s text."""
    return model_from_config(json.loads(json_string), custom_objects)


def model_from_yaml(yaml_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """A model from `model.to_yaml()`'s text, read with a loader that makes plain data only."""
    return model_from_config(yaml_module().load(yaml_string, _plain_loader()), custom_objects)


def _plain_loader() -> Any:
    """PyYAML's safe loader, which makes plain data only, and Keras 2's tags for tuples and text read as such data."""
    yaml = yaml_module()

    class PlainLoader(yaml.SafeLoader):  # type: ignore[name-defined,misc]
        pass

    PlainLoader.add_constructor("tag:yaml.org,2002:python/tuple", lambda loader, node: loader.construct_sequence(node))
    PlainLoader.add_constructor("tag:yaml.org,2002:python/unicode", lambda loader, node: loader.construct_scalar(node))
    return PlainLoader


def yaml_module() -> Any:
    """PyYAML, or an `ImportError` with the pip command."""
    try:
        import yaml
    except ImportError:
        raise ImportError("YAML needs the package PyYAML: pip install pyyaml") from None
    return yaml


def clone_model(model: Any, input_tensors: Any = None, clone_function: Callable[[Any], Any] | None = None) -> Any:
    """A model with the same architecture, new layers and new weights.

    `clone_function(layer)` gives each new layer (default: from its config). Raises `ValueError` for subclassed models.
    """
    from nnstack.engine.inputs import InputLayer
    from nnstack.engine.sequential import Sequential

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
    graph = model._graph
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
    return type(model)(nest.map_structure(now, graph.inputs), nest.map_structure(now, graph.outputs), name=model.name)
