"""An optimizer's state in TensorFlow's checkpoints, as tf.keras writes it.

Optimizers since 2.11 are objects with variables: `_iterations`, `_learning_rate`, and all of them again in the list
`_variables`, and by kind in lists such as `_momentums`. Older ones have `iter`, a variable for each setting, and slots,
which lie beside the weight: `layer_with_weights-0/kernel/.OPTIMIZER_SLOT/optimizer/m`.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from nnstack import backend, optimizers
from nnstack.saving import tensor_bundle
from nnstack.saving.checkpoint_graph import Object, Slot, Writer

# What tf.keras calls the list of a slot: by slot, where a class does not say otherwise.
_LISTS = {
    "m": "_momentums", "v": "_velocities", "vhat": "_velocity_hats", "average": "_model_variables_moving_average",
    "velocity": "_velocities", "momentum": "_momentums", "average_gradient": "_average_gradients",
    "accumulator": "_accumulators", "accumulated_grad": "_accumulated_grads", "linear": "_linears",
    "accumulated_delta_var": "_accumulated_delta_vars", "r": "_r", "c": "_c",
}  # fmt: skip
_LISTS_OF = {
    "SGD": {"m": "momentums"},
    "Lion": {"m": "momentums"},
    "Adamax": {"m": "_m", "u": "_u"},
    "Adafactor": {"v": "_v"},
}

# Settings that older optimizers keep as variables, where they have them.
_SETTINGS = (
    "decay", "momentum", "rho", "beta_1", "beta_2", "learning_rate_power", "l1_regularization_strength",
    "l2_regularization_strength", "beta",
)  # fmt: skip


def _is_old(optimizer: Any) -> bool:
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    return isinstance(inner, optimizers.legacy.Optimizer)


def _numbers(optimizer: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """(road from the optimizer, variable) of all but the slots of older optimizers."""
    rate = optimizer.learning_rate
    old = _is_old(optimizer)
    yield ("iter",) if old else ("_iterations",), optimizer.iterations
    if isinstance(rate, backend.Variable):
        yield ("learning_rate",) if old else ("_learning_rate",), rate
    scaled = hasattr(optimizer, "inner_optimizer") and optimizer.dynamic
    if scaled:
        yield ("loss_scale", "current_loss_scale"), optimizer._scale
        yield ("loss_scale", "good_steps"), optimizer._counter
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    for attribute, name in (("_momentum_product", "_u_product"), ("_momentum_cache", "momentum_cache")):
        if hasattr(inner, attribute):
            yield (name,), getattr(inner, attribute)
    if not old:
        for number, variable in enumerate(optimizer.variables):
            yield ("_variables", str(number)), variable


def _lists(optimizer: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """(road, variable) of the slots once more, by kind. Adafactor has a zero where a weight has no such slot."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    named = {**_LISTS, **_LISTS_OF.get(type(inner).__name__, {})}
    for slot, by_variable in inner._slots.items():
        for number, variable in enumerate(inner._var_list):
            if slot in named:
                yield (named[slot], str(number)), by_variable.get(id(variable), np.zeros((), np.int32))


# -- writing ----------------------------------------------------------------------------------------------------------
def write(optimizer: Any, writer: Writer, root: int, weights: dict[int, tuple[int, str]]) -> None:
    """Adds the optimizer as a child of the root; `weights`: id(weight) -> its node and its road."""
    number = writer.add()
    writer.link(root, "optimizer", number)
    nodes: dict[int, int] = {}
    groups: dict[str, int] = {}

    def add(road: tuple[str, ...], variable: Any) -> None:
        parent = number
        for name in road[:-1]:
            if name not in groups:
                groups[name] = writer.add()
                writer.link(parent, name, groups[name])
            parent = groups[name]
        if id(variable) not in nodes or isinstance(variable, np.ndarray):
            label = variable.name if isinstance(variable, backend.Variable) else road[-1]
            nodes[id(variable)] = writer.add_variable("/".join(("optimizer", *road)), label, variable)
        writer.link(parent, road[-1], nodes[id(variable)])

    for road, variable in _numbers(optimizer):
        add(road, variable)
    if not _is_old(optimizer):
        for road, variable in _lists(optimizer):
            add(road, variable)
        if not isinstance(optimizer.learning_rate, backend.Variable):
            rate = backend.eval(optimizer.current_learning_rate(backend.floatx()))
            add(("_current_learning_rate",), np.asarray(rate, np.float32))
        return
    for name, value in _settings(optimizer).items():
        add((name,), np.asarray(value, np.float32))
    for slot, by_variable in optimizer._slots.items():
        for variable in optimizer._var_list:
            if id(variable) in by_variable and id(variable) in weights:
                node, place = weights[id(variable)]
                value = by_variable[id(variable)]
                stored = writer.add_variable(f"{place}/.OPTIMIZER_SLOT/optimizer/{slot}", value.name, value)
                writer.add_slot(number, Slot(slot, node, stored))


def _settings(optimizer: Any) -> dict[str, float]:
    config = optimizer.get_config()
    config = config.get("inner_optimizer", {}).get("config", config)
    return {name: float(config[name]) for name in _SETTINGS if isinstance(config.get(name), int | float)}


# -- reading ----------------------------------------------------------------------------------------------------------
def read(
    model: Any, reader: tensor_bundle.Reader, objects: list[Object], node: Object, weights: dict[int, int]
) -> set[str]:
    """Puts the state of a checkpoint into the model's optimizer; `weights`: id(weight) -> its node.

    Returns the keys that were used. Nothing is written, and a warning says so, if the optimizer is of another kind or
    its slots are of other shapes.
    """
    optimizer = model.optimizer
    slots = {(slot.name, slot.variable): objects[slot.value].key for slot in node.slots}
    if slots or _key(node, objects, ("_variables", "1")):
        optimizer.build(model.trainable_weights)
    found: list[tuple[Any, str]] = []
    missing: list[str] = []
    for road, variable in _numbers(optimizer):
        key = _key(node, objects, road)
        if key is not None:
            found.append((variable, key))
        elif road[-1] in ("iter", "_iterations") or road[0] == "_variables" and road[1] != "0":
            missing.append("/".join(road))
    if _is_old(optimizer):
        for name, by_variable in optimizer._slots.items():
            for variable in optimizer._var_list:
                key = slots.get((name, weights.get(id(variable), -1)))
                if id(variable) in by_variable:
                    found += [(by_variable[id(variable)], key)] if key else []
                    missing += [] if key else [f"{variable.name}/{name}"]
    wrong = [key for variable, key in found if tuple(variable.shape) != reader.shape(key)]
    if wrong or missing and _has_slots(optimizer):
        told = ", ".join([*wrong, *missing][:4])
        warnings.warn(
            f"load_weights: the optimizer starts anew, its state in {reader.prefix} does not fit "
            f"{type(optimizer).__name__}: {told}{', ...' if len(wrong) + len(missing) > 4 else ''}",
            stacklevel=6,
        )
        return set()
    values = [(variable, reader.read(key)) for variable, key in found]
    for variable, value in values:
        variable.assign(value.astype(variable.dtype, copy=False))
    return {key for _, key in found} | _read_settings(model, reader, objects, node) | _told_twice(node, objects, slots)


def _has_slots(optimizer: Any) -> bool:
    return len(optimizer.variables) > 1


def _key(node: Object, objects: list[Object], road: tuple[str, ...]) -> str | None:
    for name in road:
        if name not in node.children:
            return None
        node = objects[node.children[name]]
    return node.key


def _read_settings(model: Any, reader: tensor_bundle.Reader, objects: list[Object], node: Object) -> set[str]:
    """Settings of an older optimizer that were others when the file was written, as tf.keras puts them back."""
    if not _is_old(model.optimizer):
        return set()
    used = set()
    for name, own in _settings(model.optimizer).items():
        key = _key(node, objects, (name,))
        if key is None or reader.shape(key) != ():
            continue
        used.add(key)
        stored = np.float32(reader.read(key))
        if stored != np.float32(own) and hasattr(model.optimizer, name) and (name != "decay" or own):
            setattr(model.optimizer, name, float(stored))
            model._forget_programs()
    return used


def _told_twice(node: Object, objects: list[Object], slots: dict[Any, str | None]) -> set[str]:
    """Keys that say nothing more: the rate a schedule had, zeros in the lists of Adafactor."""
    keys = {_key(node, objects, ("_current_learning_rate",))}
    for name in ("_r", "_c"):
        inner = objects[node.children[name]] if name in node.children else None
        keys |= {objects[child].key for child in inner.children.values()} if inner else set()
    return {key for key in keys if key is not None}
