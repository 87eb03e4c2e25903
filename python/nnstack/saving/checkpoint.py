"""Weights in TensorFlow's checkpoints, by the graph of objects that tf.keras writes into them.

Beside the tensors lies a TrackableObjectGraph: nodes, each with named children and, for a weight, its tensor's key. A
model's layers with weights are its children `layer_with_weights-0`, `layer_with_weights-1`, ...; a layer's weights and
inner layers are children by the name of the attribute that holds them.

Source: tensorflow/core/protobuf/trackable_object_graph.proto, as a format.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any, NamedTuple

import numpy as np

from nnstack.saving import hdf5_weights, protobuf, tensor_bundle, weight_tree
from nnstack.saving.hdf5_files import may_write, path_to_write, replace_files

_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_VALUE = "VARIABLE_VALUE"


class LoadStatus:
    """What loading a checkpoint gives: everything has been found and checked by then, so its methods return it."""

    def assert_consumed(self) -> LoadStatus:
        """The status."""
        return self

    assert_existing_objects_matched = assert_nontrivial_match = expect_partial = assert_consumed


class _Object(NamedTuple):
    children: dict[str, int]
    key: str | None


def find_prefix(filepath: Any) -> str | None:
    """The prefix of the checkpoint that a path means: itself, its index file, or a SavedModel's folder; else None."""
    if not isinstance(filepath, str | bytes | os.PathLike):
        return None
    path = os.fsdecode(filepath)
    candidates = [path, path.removesuffix(".index"), os.path.join(path, "variables", "variables")]
    return next((one for one in candidates if os.path.isfile(f"{one}.index")), None)


# -- reading ----------------------------------------------------------------------------------------------------------
def load_weights(model: Any, prefix: str, title: str) -> None:
    """All weights of the model from the checkpoint; nothing is written unless all are found and fit."""
    reader = tensor_bundle.Reader(prefix)
    objects = _objects(reader)
    root = _root(objects, model)
    pairs: list[tuple[Any, str]] = []
    missing: list[str] = []
    _match(model, root, objects, pairs, missing, set(), "")
    if missing:
        raise ValueError(
            f"{title}: the checkpoint {prefix} lacks {', '.join(missing[:8])}{', ...' if len(missing) > 8 else ''}. "
            "It has "
            f"{', '.join(name for name in sorted(reader.entries) if name != _GRAPH and 'OPTIMIZER' not in name)[:600]}"
        )
    told = [hdf5_weights.Pair(model, key, v, key, hdf5_weights.Shaped(reader.shape(key))) for v, key in pairs]
    hdf5_weights.require_fit(told, title)
    values = [(variable, reader.read(key)) for variable, key in pairs]
    for variable, value in values:
        variable.assign(value.astype(variable.dtype, copy=False))


def _objects(reader: tensor_bundle.Reader) -> list[_Object]:
    if _GRAPH not in reader.entries:
        raise ValueError(
            f"checkpoint: {reader.prefix} was written by name (TensorFlow 1), without the objects of Keras. "
            f"Its tensors: {', '.join(sorted(reader.entries))[:600]}"
        )
    found = []
    for node in protobuf.content(protobuf.grouped(reader.read(_GRAPH)), 1):
        message = protobuf.grouped(node)
        children = {}
        for child in protobuf.content(message, 1):
            reference = protobuf.grouped(child)
            children[protobuf.text(reference, 2)] = protobuf.number(reference, 1)
        key = None
        for attribute in protobuf.content(message, 2):
            tensor = protobuf.grouped(attribute)
            if protobuf.text(tensor, 1) == _VALUE and protobuf.text(tensor, 3) in reader.entries:
                key = protobuf.text(tensor, 3)
        found.append(_Object(children, key))
    if any(not 0 <= child < len(found) for one in found for child in one.children.values()) or not found:
        raise ValueError(f"checkpoint: the objects of {reader.prefix} name others that are not there")
    return found


def _root(objects: list[_Object], model: Any) -> _Object:
    """The model in the graph: the root, or its child where tf.train.Checkpoint(model=...) wrote it."""
    root = objects[0]
    if weight_tree.holds_graph(model) and "layer_with_weights-0" not in root.children:
        for name in ("model", "root", "net"):
            if name in root.children:
                return objects[root.children[name]]
    return root


def _match(
    layer: Any,
    node: _Object,
    objects: list[_Object],
    pairs: list[tuple[Any, str]],
    missing: list[str],
    seen: set[int],
    path: str,
) -> None:
    if id(layer) in seen:
        return
    seen.add(id(layer))
    own = weight_tree.own_weights(layer)
    for variable in own:
        names = weight_tree.spellings(weight_tree.weight_name(layer, variable))
        names += weight_tree.spellings(variable.name.rsplit("/", 1)[-1].split(":")[0])
        child = next((node.children[name] for name in names if name in node.children), None)
        key = None if child is None else objects[child].key
        if key is None:
            missing.append(f"{path}{names[0]}")
        else:
            pairs.append((variable, key))
    for name, inner in _named_parts(layer):
        if not _weights(inner):
            continue
        child = next((node.children[one] for one in weight_tree.spellings(name) if one in node.children), None)
        if child is None:
            missing.append(f"{path}{name}")
        elif isinstance(inner, list):
            for number, one in enumerate(inner):
                following = objects[child].children.get(str(number))
                if following is None:
                    missing.append(f"{path}{name}/{number}")
                else:
                    _match(one, objects[following], objects, pairs, missing, seen, f"{path}{name}/{number}/")
        else:
            _match(inner, objects[child], objects, pairs, missing, seen, f"{path}{name}/")


def _weights(inner: Any) -> bool:
    return any(one.weights for one in (inner if isinstance(inner, list) else [inner]))


def _named_parts(layer: Any) -> list[tuple[str, Any]]:
    """(child's name, layer or list) in the graph of objects."""
    if weight_tree.holds_graph(layer):
        weighty = [inner for inner in layer.layers if inner.weights]
        return [(f"layer_with_weights-{number}", inner) for number, inner in enumerate(weighty)]
    return list(weight_tree.parts(layer))


# -- writing ----------------------------------------------------------------------------------------------------------
def save_weights(model: Any, filepath: Any, overwrite: bool, title: str) -> None:
    """`PREFIX.index`, `PREFIX.data-00000-of-00001`, and the file `checkpoint` that names the latest prefix.

    The index names its shards by their count: new numbers go to `...-of-00002` where the old ones lie in
    `...-of-00001`, so that until the new index takes the old one's place, in one step, the old checkpoint is whole.
    """
    prefix = path_to_write(filepath, title, "a path")
    prefix = prefix.removesuffix(".index")
    if not may_write(f"{prefix}.index", overwrite, title):
        return
    tensors: dict[str, np.ndarray | bytes] = {}
    nodes: list[tuple[list[tuple[int, str]], bytes]] = []
    _describe(model, "", tensors, nodes, {})
    graph = b"".join(
        protobuf.bytes_field(
            1,
            b"".join(
                protobuf.bytes_field(1, protobuf.number_field(1, number) + protobuf.bytes_field(2, name))
                for number, name in children
            )
            + attribute,
        )
        for children, attribute in nodes
    )
    tensors[_GRAPH] = graph
    name = os.path.basename(prefix)
    latest = f'model_checkpoint_path: "{name}"\nall_model_checkpoint_paths: "{name}"\n'
    before = _shards_of(prefix)
    count = 2 if before == 1 else 1
    with replace_files(
        [
            f"{prefix}.data-00000-of-{count:05d}",
            f"{prefix}.index",
            os.path.join(os.path.dirname(prefix), "checkpoint"),
        ]
    ) as (data, index, state):
        index.write(tensor_bundle.write(tensors, data, count))
        state.write(latest.encode())
    for number in range(before or 0):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{prefix}.data-{number:05d}-of-{before:05d}")


def _shards_of(prefix: str) -> int | None:
    """How many shards the checkpoint there has, None if there is none to keep."""
    try:
        return tensor_bundle.Reader(prefix).shards
    except (OSError, ValueError):
        return None


def _describe(
    layer: Any, path: str, tensors: dict[str, Any], nodes: list[Any], known: dict[int, int], is_list: bool = False
) -> int:
    """Appends the nodes of a layer and of all inside it; returns the layer's number."""
    if id(layer) in known:
        return known[id(layer)]
    number = len(nodes)
    known[id(layer)] = number
    children: list[tuple[int, str]] = []
    nodes.append((children, b""))
    if is_list:
        inside = [(str(position), one) for position, one in enumerate(layer)]
    else:
        inside = _named_parts(layer)
        for variable in weight_tree.own_weights(layer):
            name = weight_tree.weight_name(layer, variable)
            key = f"{path}{name}/.ATTRIBUTES/{_VALUE}"
            tensors[key] = variable.numpy()
            attribute = (
                protobuf.bytes_field(1, _VALUE)
                + protobuf.bytes_field(2, variable.name.split(":")[0])
                + protobuf.bytes_field(3, key)
            )
            children.append((len(nodes), name))
            nodes.append(([], protobuf.bytes_field(2, attribute)))
    for name, inner in inside:
        child = _describe(inner, f"{path}{name}/", tensors, nodes, known, isinstance(inner, list))
        children.append((child, name))
    if not is_list and weight_tree.holds_graph(layer):
        children += [
            (known[id(one)], f"layer-{position}") for position, one in enumerate(layer.layers) if id(one) in known
        ]
    return number
