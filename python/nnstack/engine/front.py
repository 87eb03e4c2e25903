"""The front of a graph: layers that look up texts in Python, on arrays, before the data reach the native step.

The core knows no strings. A graph from `Input(dtype="string")` over layers such as TextVectorization is cut where their
numbers come out: `Front.run` makes those arrays of each batch, and `Front.back` is the rest, a graph of numbers alone.
A model with a front that is called in another graph is cut there too: its call has two parts, which the front and the
back of the graph around it take.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack import backend
from nnstack.engine.nodes import Node, history_of
from nnstack.utils import nest


class Prepared(list[Any]):
    """What the back of a graph is called with: its inputs, which the front has made already."""


def is_text(tensor: Any) -> bool:
    """Whether a tensor of a graph stands for texts. Its numbers mean nothing; only layers of the front take it."""
    return getattr(tensor, "_is_text", False)


def refuse_texts(layer: Any, tensors: list[Any]) -> None:
    """`ValueError` if one of the tensors that a layer of numbers is called on stands for texts."""
    for tensor in tensors:
        if is_text(tensor):
            raise ValueError(
                f'{layer._kind} (layer "{layer.name}"): expected numbers, got the texts of '
                f'"{tensor._keras_history.layer.name}". Put StringLookup, TextVectorization or Hashing between them'
            )


def is_symbolic(tensor: Any) -> bool:
    """Whether a leaf of a call's arguments is a tensor without numbers."""
    return backend.is_tensor(tensor) and not isinstance(tensor, backend.Variable) and not tensor.concrete


def at_the_front(tensor: Any) -> bool:
    """Whether a tensor is an Input of a graph, or comes from such by layers that work on arrays alone."""
    origin = history_of(tensor)
    node = None if origin is None else origin.layer._inbound_nodes[origin.node_index]
    return node is not None and (node.is_input or node.on_arrays)


def calls_on_arrays(graph: Any) -> list[Node]:
    """The calls of a graph that belong to its front."""
    given = {id(tensor) for tensor in graph.flat_inputs}
    made = [node for node in graph.nodes if any(id(tensor) not in given for tensor in nest.flatten(node.outputs))]
    made = [node.parts[0] if node.parts else node for node in made]
    return [node for node in made if node.on_arrays]


def reached(node: Node, ends: set[int]) -> Node:
    """The part of a call that a walk meets which ends at the tensors of these ids: behind the cut, the second one."""
    if node.parts is None:
        return node
    first, second = node.parts
    return second if any(id(tensor) in ends for tensor in nest.flatten(first.outputs)) else node


class Front:
    """The calls of a graph that work on arrays. `ValueError` if texts are an output."""

    def __init__(self, graph: Any, nodes: list[Node]) -> None:
        from nnstack.engine.graph import Graph

        self.nodes = nodes
        self._graph = graph
        rest = [node.parts[1] if node.parts else node for node in graph.nodes if node not in nodes]
        for tensor in graph.flat_outputs:
            if is_text(tensor):
                raise ValueError(
                    f'model: expected outputs of numbers, got the texts of "{tensor._keras_history.layer.name}". '
                    "Look them up behind the model"
                )
        taken = {id(tensor) for node in rest for tensor in node.keras_inputs}
        taken |= {id(tensor) for tensor in graph.flat_outputs}
        made = [tensor for node in self.nodes for tensor in nest.flatten(node.outputs)]
        self.tensors = [tensor for tensor in [*graph.fed_inputs, *made] if id(tensor) in taken]
        self.back = Graph(self.tensors, graph.outputs)

    @property
    def inputs(self) -> list[Any]:
        """What the whole graph is fed."""
        return list(self._graph.fed_inputs)

    def run(self, inputs: list[Any]) -> list[np.ndarray]:
        """What the back is fed, from one array per input of the whole graph."""
        values = {id(tensor): array for tensor, array in zip(self.inputs, inputs, strict=True)}

        def now(leaf: Any) -> Any:
            return values.get(id(leaf), leaf)

        for node in self.nodes:
            args, kwargs = nest.map_structure(now, (node.args, node.kwargs))
            results = nest.flatten(node.layer(*args, **kwargs))
            for tensor, result in zip(nest.flatten(node.outputs), results, strict=True):
                values[id(tensor)] = result if isinstance(result, np.ndarray) else result.numpy()
        return [values[id(tensor)] for tensor in self.tensors]


_shown: dict[str, Any] = {"as": None}


def show_texts_as(kind: Any) -> None:
    """What layers that give texts make of arrays of them; None: nothing."""
    _shown["as"] = kind


def shown_texts(array: np.ndarray) -> Any:
    """An array of texts as programs want it."""
    return array if _shown["as"] is None else _shown["as"](array)


def text_array(value: Any) -> np.ndarray | None:
    """An array or a list of texts as an array of `str`; None for anything else."""
    listed = isinstance(value, list | tuple) and all(isinstance(one, str | bytes) for one in nest.flatten(value))
    array = np.asarray(value) if listed and value else value if isinstance(value, np.ndarray) else None
    if array is None or array.dtype.kind not in "USO":
        return None
    from nnstack.layers.preprocessing.base import as_array

    return as_array(array)
