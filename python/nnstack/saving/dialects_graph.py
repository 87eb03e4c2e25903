"""Other versions' ways to write how layers are joined, in one form.

Keras 1 puts a Merge layer with whole branches at the head of a Sequential; Keras 3 writes the arguments of each call as
a tree with tensors inside. `modern` rewrites the first into a functional model; `calls` reads all forms of a layer's
calls as (args, kwargs) with a `Place` for each tensor.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from nnstack.saving import operations_of_keras_3, operations_of_tf_1
from nnstack.saving.dialects import MERGE_MODES


class Place(NamedTuple):
    """A tensor in a config: output `tensor` of call number `node` of the layer."""

    layer: str
    node: int
    tensor: int


# -- Keras 1 -------------------------------------------------------------------------------------------------
def modern(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """The entry of a layer or model without Merge layers, operations between layers as layers of tf.keras."""
    config = entry.get("config")
    if isinstance(config, Mapping):
        entry = (operations_of_tf_1 if "node_def" in config else operations_of_keras_3).modern(entry, config)
    if entry["class_name"] == "Merge" and isinstance(config, Mapping):
        return _merged(entry, config)
    layers = config if isinstance(config, list) else config.get("layers") if isinstance(config, Mapping) else None
    if entry["class_name"] == "Sequential" and isinstance(layers, list) and layers:
        first = layers[0]
        if isinstance(first, Mapping) and first.get("class_name") == "Merge" and first.get("config", {}).get("layers"):
            return _branches(entry, layers)
    return entry


def _merged(entry: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    mode = config.get("mode")
    if mode not in MERGE_MODES:
        raise ValueError(
            f'config (layer "{config.get("name")}"): Merge with mode {mode!r} has no counterpart; known modes: '
            f"{', '.join(MERGE_MODES)}"
        )
    name, arguments = MERGE_MODES[mode]
    kept = {key: config[key] for key in ("name", "trainable") if key in config}
    return {**entry, "class_name": name, "config": {**kept, **arguments(config)}}


def _branches(entry: Mapping[str, Any], layers: list[Any]) -> dict[str, Any]:
    """A Sequential that begins with Merge([branch, ...]) as a functional model of the same layers."""
    found: list[dict[str, Any]] = []
    inputs: list[Any] = []

    def chain(entries: list[Any], place: list[Any] | None) -> list[Any]:
        for one in entries:
            inner = one.get("config")
            if place is None and one["class_name"] == "Sequential":
                place = chain(inner if isinstance(inner, list) else inner["layers"], None)
                continue
            if place is None and one["class_name"] != "InputLayer":
                shape = inner.get("batch_input_shape")
                if shape is None:
                    raise ValueError(f'config (layer "{inner.get("name")}"): a branch of Merge needs its input shape')
                name = f"{inner['name']}_input"
                dtype = "int32" if one["class_name"] == "Embedding" else inner.get("input_dtype")
                found.append(_node("InputLayer", {"batch_input_shape": shape, "dtype": dtype, "name": name}, []))
                inputs.append([name, 0, 0])
                place = [name, 0, 0]
            name = inner["name"]
            found.append(_node(one["class_name"], inner, [] if place is None else [[[*place, {}]]]))
            if place is None:
                inputs.append([name, 0, 0])
            place = [name, 0, 0]
        assert place is not None
        return place

    merge = layers[0]["config"]
    ends = [chain([branch], None) if branch["class_name"] == "Sequential" else chain([branch], None)
            for branch in merge["layers"]]  # fmt: skip
    merged = _merged(layers[0], merge)
    found.append({**_node(merged["class_name"], merged["config"], [[[*end, {}] for end in ends]])})
    last = chain(layers[1:], [merge["name"], 0, 0])
    outer = entry["config"]
    name = outer.get("name") if isinstance(outer, Mapping) else None
    return {
        **entry,
        "class_name": "Functional",
        "config": {"name": name or "sequential", "layers": found, "input_layers": inputs, "output_layers": [last]},
    }


def _node(class_name: str, config: Mapping[str, Any], calls: list[Any]) -> dict[str, Any]:
    return {"class_name": class_name, "config": dict(config), "name": config["name"], "inbound_nodes": calls}


# -- calls of a layer ----------------------------------------------------------------------------------------
def calls(entry: Mapping[str, Any], names: Mapping[str, Any]) -> list[tuple[list[Any], dict[str, Any]]]:
    """The calls of a layer as (args, kwargs); `names` are the layers of the graph."""
    return [_call(node, names) for node in entry.get("inbound_nodes") or []]


def _call(node: Any, names: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    if isinstance(node, Mapping) and "args" in node and "kwargs" in node:  # Keras 3
        kwargs = {key: value for key, value in _tensors(node["kwargs"]).items() if value is not None}
        return list(_tensors(node["args"])), kwargs
    if isinstance(node, Mapping):  # an input that is a dict of tensors
        entries = list(node.values())
        inputs: Any = {key: _input(one) for key, one in node.items()}
    elif _is_input(node):
        entries, inputs = [node], _input(node)
    else:
        entries = list(node)
        several = [_input(one) for one in entries]
        inputs = several[0] if len(several) == 1 else several
    named = [one for one in entries if _is_input(one)]
    if not named or not all(_is_input(one) or _is_constant(one) for one in entries):
        raise ValueError(f"config: expected calls as [layer, node, tensor], got {str(node)[:80]}")
    given = named[0][3] if len(named[0]) > 3 else {}
    if not isinstance(given, Mapping):
        raise ValueError(f"config: expected the keywords of a call as a dict, got {str(given)[:80]}")
    kwargs = {key: _in_keywords(value, names) for key, value in given.items() if value is not None}
    return [inputs], kwargs


def _is_input(value: Any) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) in (3, 4)
        and isinstance(value[0], str)
        and isinstance(value[1], int)
    )


def _is_constant(value: Any) -> bool:
    """A list among the inputs without tensors: empty, or of constants."""
    return isinstance(value, list) and all(_is_input(one) and one[0] == "_CONSTANT_VALUE" for one in value)


def _input(value: Any) -> Any:
    if _is_constant(value):
        return [one[2] for one in value]
    return value[2] if value[0] == "_CONSTANT_VALUE" else Place(value[0], value[1], value[2])


def _in_keywords(value: Any, names: Mapping[str, Any]) -> Any:
    """Keywords may hold tensors, as `[layer, node, tensor]`, among plain values."""
    if _is_input(value) and len(value) == 3 and value[0] in names and isinstance(value[2], int):
        return Place(*value)
    if isinstance(value, list) and len(value) == 3 and value[:2] == ["_CONSTANT_VALUE", -1]:
        return value[2]
    if isinstance(value, list):
        return [_in_keywords(one, names) for one in value]
    if isinstance(value, Mapping):
        return {key: _in_keywords(one, names) for key, one in value.items()}
    return value


def _tensors(value: Any) -> Any:
    """Keras 3's tree: tensors are dicts of class `__keras_tensor__`."""
    if isinstance(value, Mapping):
        if value.get("class_name") == "__keras_tensor__":
            return Place(*value["config"]["keras_history"])
        return {key: _tensors(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_tensors(one) for one in value]
    return value


def places(value: Any) -> Any:
    """`input_layers` or `output_layers`: a Place, or a list or dict of them; a list of one is the one."""
    if _is_input(value):
        return Place(*value[:3])
    if isinstance(value, Mapping):
        return {key: places(one) for key, one in value.items()}
    if not isinstance(value, list | tuple):
        raise ValueError(f"config: expected tensors as [layer, node, tensor], got {str(value)[:80]}")
    found = [places(one) for one in value]
    return found[0] if len(found) == 1 else found
