"""Weights, and the optimizer's state, in TensorFlow's checkpoints, by the graph of objects that tf.keras writes into
them.

A model's layers with weights are its children `layer_with_weights-0`, `layer_with_weights-1`, ...; a layer's weights
and inner layers are children by the name of the attribute that holds them. See checkpoint_graph.py and
checkpoint_optimizer.py.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from typing import Any

from nnstack.saving import checkpoint_graph, checkpoint_optimizer, hdf5_weights, tensor_bundle, weight_tree
from nnstack.saving.checkpoint_graph import Object
from nnstack.saving.hdf5_files import forget, may_write, path_to_write, replace_files


class LoadStatus:
    """What loading a checkpoint gives. All weights of the model have been found by then."""

    def __init__(self, left: Sequence[str] = ()) -> None:
        self._left = left

    def assert_consumed(self) -> LoadStatus:
        """The status; `AssertionError` names tensors of the checkpoint that nothing in the model took."""
        if self._left:
            raise AssertionError(
                f"load_weights: the checkpoint also has {', '.join(self._left[:20])}"
                f"{', ...' if len(self._left) > 20 else ''}, which the model does not take"
                + ("; compile the model first" if any("optimizer" in one.lower() for one in self._left) else "")
            )
        return self

    def assert_existing_objects_matched(self) -> LoadStatus:
        """The status."""
        return self

    assert_nontrivial_match = expect_partial = assert_existing_objects_matched


def find_prefix(filepath: Any) -> str | None:
    """The prefix of the checkpoint that a path means: itself, its index file, or a SavedModel's folder; else None."""
    if not isinstance(filepath, str | bytes | os.PathLike):
        return None
    path = os.fsdecode(filepath)
    candidates = [path, path.removesuffix(".index"), os.path.join(path, "variables", "variables")]
    return next((one for one in candidates if os.path.isfile(f"{one}.index")), None)


# -- reading ----------------------------------------------------------------------------------------------------------
def load_weights(model: Any, prefix: str, title: str) -> LoadStatus:
    """All weights of the model from the checkpoint; nothing is written unless all are found and fit.

    The optimizer's state goes into the optimizer of a compiled model; it waits for `compile` where there is none yet.
    """
    reader = tensor_bundle.Reader(prefix)
    objects = checkpoint_graph.read(reader)
    root = _root(objects, model)
    pairs: list[tuple[Any, int]] = []
    missing: list[str] = []
    _match(model, root, objects, pairs, missing, set(), "")
    if missing:
        has = [name for name in sorted(reader.entries) if name != checkpoint_graph.KEY and "OPTIMIZER" not in name]
        raise ValueError(
            f"{title}: the checkpoint {prefix} lacks {hdf5_weights.all_of(missing)}. It has {hdf5_weights.all_of(has)}"
        )
    keys = [(variable, str(objects[node].key)) for variable, node in pairs]
    told = [hdf5_weights.Pair(model, key, v, key, reader.array(key)) for v, key in keys]
    hdf5_weights.require_fit(told, title)
    for _, key in keys:
        reader.verify(key)
    for pair in told:
        pair.array.fill(pair.variable)
    used = {key for _, key in keys}
    model._awaited_optimizer = None
    node = next((objects[one.children["optimizer"]] for one in (root, objects[0]) if "optimizer" in one.children), None)
    if node is not None:
        weights = {id(variable): number for variable, number in pairs}

        def read_optimizer() -> set[str]:
            return checkpoint_optimizer.read(model, reader, objects, node, weights)

        if model.optimizer is None:
            model._awaited_optimizer = read_optimizer
        else:
            used |= read_optimizer()
    own = ("/.ATTRIBUTES/OBJECT_CONFIG_JSON", checkpoint_graph.KEY)
    return LoadStatus([name for name in sorted(reader.entries) if name not in used and not name.endswith(own)])


def _root(objects: list[Object], model: Any) -> Object:
    """The model in the graph: the root, or its child where tf.train.Checkpoint(model=...) wrote it."""
    root = objects[0]
    if weight_tree.holds_graph(model) and "layer_with_weights-0" not in root.children:
        for name in ("model", "root", "net"):
            if name in root.children:
                return objects[root.children[name]]
    return root


def _match(
    layer: Any,
    node: Object,
    objects: list[Object],
    pairs: list[tuple[Any, int]],
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
        if child is None or objects[child].key is None:
            missing.append(f"{path}{names[0]}")
        else:
            pairs.append((variable, child))
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
def save_weights(model: Any, filepath: Any, overwrite: bool, title: str, with_optimizer: bool = True) -> None:
    """`PREFIX.index`, `PREFIX.data-00000-of-00001`, and the file `checkpoint` that names the latest prefix.

    The index names its shards by their count: new numbers go to `...-of-00002` where the old ones lie in
    `...-of-00001`, so that until the new index takes the old one's place, in one step, the old checkpoint is whole.
    """
    if isinstance(filepath, str | bytes | os.PathLike):  # TensorFlow makes the folder around a checkpoint
        os.makedirs(os.path.dirname(os.fsdecode(filepath)) or ".", exist_ok=True)
    prefix = path_to_write(filepath, title, "a path")
    prefix = prefix.removesuffix(".index")
    if not may_write(f"{prefix}.index", overwrite, title):
        return
    writer = checkpoint_graph.Writer()
    roads: dict[int, tuple[int, str]] = {}
    root = _describe(model, "", writer, roads, {})
    if with_optimizer and model.optimizer is not None:
        checkpoint_optimizer.write(model.optimizer, writer, root, roads)
    tensors = {**writer.tensors, checkpoint_graph.KEY: writer.graph()}
    name = os.path.basename(prefix)
    latest = f'model_checkpoint_path: "{name}"\nall_model_checkpoint_paths: "{name}"\n'
    before = _shards_of(prefix)
    old = [f"{prefix}.data-{number:05d}-of-{before:05d}" for number in range(before or 0)]
    for path in old:
        forget(path)
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
    for path in old:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def _shards_of(prefix: str) -> int | None:
    """How many shards the checkpoint there has, None if there is none to keep."""
    try:
        return tensor_bundle.Reader(prefix).shards
    except (OSError, ValueError):
        return None


def _describe(
    layer: Any, path: str, writer: checkpoint_graph.Writer, roads: dict[int, tuple[int, str]], known: dict[int, int]
) -> int:
    """Appends the nodes of a layer, or of a list of layers, and of all inside; returns its number.

    `roads` is filled: id(weight) -> (its node, the road to it).
    """
    if id(layer) in known:
        return known[id(layer)]
    number = writer.add()
    if isinstance(layer, list):  # which is made for the occasion, and its id given to the next
        inside = [(str(position), one) for position, one in enumerate(layer)]
    else:
        known[id(layer)] = number
        inside = _named_parts(layer)
        for variable in weight_tree.own_weights(layer):
            name = weight_tree.weight_name(layer, variable)
            if id(variable) not in roads:
                roads[id(variable)] = writer.add_variable(f"{path}{name}", variable.name, variable), f"{path}{name}"
            writer.link(number, name, roads[id(variable)][0])
    for name, inner in inside:
        writer.link(number, name, _describe(inner, f"{path}{name}/", writer, roads, known))
    if not isinstance(layer, list) and weight_tree.holds_graph(layer):
        for position, one in enumerate(layer.layers):
            if id(one) in known:
                writer.link(number, f"layer-{position}", known[id(one)])
    return number
