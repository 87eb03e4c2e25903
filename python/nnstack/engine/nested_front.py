"""A model that begins with layers for texts, called in another graph; see engine/front.py."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.engine.front import Front, Prepared, at_the_front, is_text
from nnstack.engine.layer import Layer
from nnstack.engine.nodes import Node, history_of
from nnstack.utils import nest


class NestedFront(Layer):
    """The front of such a model: arrays for the inputs that it reads -> the arrays that it makes for the back."""

    def __init__(self, model: Any, front: Front, read: list[Any], made: list[Any]) -> None:
        super().__init__()
        self._front, self._read, self._made = front, read, made
        self._what = f'{model._kind} (model "{model.name}")'

    def __call__(self, arrays: list[np.ndarray], **kwargs: Any) -> Any:
        from nnstack.data.check import fit_inputs

        names = [tensor._keras_history.layer.name for tensor in self._read]
        fitting = iter(fit_inputs(arrays, self._read, names, self._what))
        read = {id(tensor) for tensor in self._read}
        found = self._front.run([next(fitting) if id(tensor) in read else None for tensor in self._front.inputs])
        values = {id(tensor): array for tensor, array in zip(self._front.tensors, found, strict=True)}
        return [values[id(tensor)] for tensor in self._made]


def call_in_two_parts(model: Any, front: Front, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Calls a model with a front on the tensors of a graph. `ValueError` unless those that its front reads are at the
    front there, too; the others may come from anywhere.
    """
    outer = {id(own): given for own, given in zip(front.inputs, model._graph.in_order(args[0]), strict=True)}
    used = {id(tensor) for node in front.nodes for tensor in node.keras_inputs}
    read = [tensor for tensor in front.inputs if id(tensor) in used]
    for tensor in front.inputs:
        _check(model, tensor, outer[id(tensor)], id(tensor) in used)
    made = [tensor for tensor in front.tensors if id(tensor) not in outer]
    stand_ins = [backend.placeholder(tuple(tensor.shape), dtype=tensor.dtype) for tensor in made]
    ahead = Node(NestedFront(model, front, read, made), ([outer[id(tensor)] for tensor in read],), {}, stand_ins)
    ahead.on_arrays = True
    places = outer | {id(tensor): one for tensor, one in zip(made, stand_ins, strict=True)}
    outputs = model(Prepared([places[id(tensor)] for tensor in front.tensors]), *args[1:], **kwargs)
    node = model._inbound_nodes[-1]
    behind = copy.copy(node)
    behind.prepared = True
    node.parts = (ahead, behind)
    node.args = (args[0], *node.args[1:])
    node.keras_inputs = [leaf for leaf in nest.flatten((node.args, node.kwargs)) if history_of(leaf) is not None]
    return outputs


def _check(model: Any, own: Any, given: Any, used: bool) -> None:
    what = f'{model._kind} (model "{model.name}"): input "{own._keras_history.layer.name}"'
    if is_text(own) != is_text(given):
        kinds = ("numbers", "texts")
        raise ValueError(f"{what}: expected {kinds[is_text(own)]}, got {kinds[is_text(given)]}")
    if used and not at_the_front(given):
        raise ValueError(
            f"{what}: goes into layers that work on arrays, in Python, before the step. Expected an Input of the model "
            f"around it, got {given!r}, which that model computes. Give it an Input for this one"
        )
