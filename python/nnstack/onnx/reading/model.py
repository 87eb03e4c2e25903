"""An ONNX file as a functional model."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np

from nnstack.engine.inputs import Input
from nnstack.engine.model import Model
from nnstack.engine.nodes import history_of
from nnstack.onnx.reading.graph import Graph, Node, plain, read
from nnstack.onnx.reading.layer import OnnxOperator
from nnstack.onnx.reading.operators import FROZEN, READERS, SETTINGS
from nnstack.onnx.reading.run import fold
from nnstack.saving.hdf5_files import describe

_LARGE = 1024  # elements: constants with more are weights that are not trained, so that a config stays small


def import_model(filepath: Any, name: str | None) -> Any:
    """See `nnstack.onnx.import_model`."""
    title = "import_model: the bytes" if isinstance(filepath, bytes) else f"import_model: {describe(filepath)}"
    graph, opset = read(filepath, title)
    _check(graph, opset, title)
    build = _Build(graph, opset, title)
    for node in graph.nodes:
        build.add(node)
    return build.model(name)


def _check(graph: Graph, opset: int, title: str) -> None:
    """`ValueError` for operators that are not known, all at once, and for names that nothing makes."""
    unknown = Counter(kind for kind in _kinds(graph) if kind not in READERS)
    if unknown:
        listed = ", ".join(f"{kind} ({count}x)" for kind, count in sorted(unknown.items()))
        raise ValueError(f"{title} has operators without a counterpart: {listed}")
    if opset < 7:
        raise ValueError(f"{title} uses version {opset} of ONNX's operators; 7 (2018) and later are known")
    made = {name for name, _, _ in graph.inputs} | set(graph.constants)
    for node in graph.nodes:
        missing = [one for one in [*node.inputs, *node.attributes.get("captured", ())] if one and one not in made]
        if missing:
            raise ValueError(
                f'{title} is broken: node "{node.name}" reads {missing[0]!r}, which nothing before it makes'
            )
        made.update(node.outputs)
    missing = [one for one in graph.outputs if one not in made]
    if missing or not graph.outputs or not graph.inputs:
        raise ValueError(f"{title} is broken: it has no inputs or no outputs, or nothing makes {missing}")


def _kinds(graph: Graph) -> list[str]:
    kinds = []
    for node in graph.nodes:
        kinds.append(node.kind)
        body = node.attributes.get("body")
        if isinstance(body, dict) and "nodes" in body:
            kinds += _kinds(Graph.from_config(body))
    return kinds


class _Build:
    """Tensors and constants by name, while nodes become layers."""

    def __init__(self, graph: Graph, opset: int, title: str) -> None:
        self.graph, self.opset, self.title = graph, opset, title
        self.arrays: dict[str, np.ndarray] = dict(graph.constants)
        self.learned = {name for name, array in graph.constants.items() if array.dtype.kind == "f" and array.ndim}
        self.names: set[str] = set()
        self.tensors: dict[str, Any] = {}
        for label, dtype, shape in graph.inputs:
            if shape is None:
                raise ValueError(f'{title}: the rank of input "{label}" is not known')
            own = self._name(label)
            self.tensors[label] = Input(batch_shape=shape, dtype=dtype, name=own)
        wanted = [name for node in graph.nodes for name in [*node.inputs, *node.attributes.get("captured", ())]]
        self.wanted = {*wanted, *graph.outputs}

    @staticmethod
    def _clean(wanted: str) -> str:
        return re.sub(r"[^\w/.-]", "_", wanted).strip("/") or "node"

    def _name(self, wanted: str) -> str:
        own = self._clean(wanted)
        name, count = own, 0
        while name in self.names:
            count += 1
            name = f"{own}_{count}"
        self.names.add(name)
        return name

    def add(self, node: Node) -> None:
        """One node: computed at once where it follows from constants alone, else a layer."""
        names = [*node.inputs, *node.attributes.get("captured", ())]
        if all(name in self.arrays or not name for name in names):
            self._fold(node, names)
            return
        tensors: list[Any] = []
        weights: list[np.ndarray] = []
        types: list[dict[str, Any]] = []
        operands: list[dict[str, Any] | None] = []
        for position, name in enumerate(names):
            if not name:
                operands.append(None)
            elif name in self.tensors:
                operands.append({"input": len(tensors)})
                tensors.append(self.tensors[name])
            elif self._is_weight(node.kind, position, name):
                operands.append({"weight": len(weights)})
                trained = name in self.learned and position not in FROZEN.get(node.kind, ())
                array = self.arrays[name]
                weights.append(array)
                label = re.sub(r"[^\w.-]", "_", name.split("/")[-1]) or f"weight_{position}"
                types.append(
                    {"name": label, "shape": list(array.shape), "dtype": array.dtype.name, "trainable": trained}
                )
            else:
                operands.append(plain(self.arrays[name]))
        read = [k for k, name in enumerate(node.outputs) if name in self.wanted] or [0]
        shown = node.outputs[read[0]]  # what an output is called counts more than what its node is called
        own = self._name(shown if len(read) == 1 and shown in self.graph.outputs else node.name)
        layer = OnnxOperator(node.kind, node.attributes, operands, types, len(node.outputs), read, self.opset, name=own)
        made = layer(tensors[0] if len(tensors) == 1 else tensors)
        if weights:
            layer.set_weights(_in_order(layer, weights))
        for k, tensor in zip(read, made if isinstance(made, list) else [made], strict=True):
            if tensor.concrete:  # the shape of a tensor whose sizes are all known
                self.arrays[node.outputs[k]] = tensor.numpy()
            else:
                self.tensors[node.outputs[k]] = tensor

    def _is_weight(self, kind: str, position: int, name: str) -> bool:
        if position in SETTINGS.get(kind, ()):
            return False
        return name in self.learned or self.arrays[name].size > _LARGE

    def _fold(self, node: Node, names: list[str]) -> None:
        results = fold(node, [self.arrays[name] if name else None for name in names], self.opset)
        learned = any(name in self.learned for name in names)
        for name, array in zip(node.outputs, results, strict=False):
            self.arrays[name] = array
            if learned and array.dtype.kind == "f" and array.ndim:
                self.learned.add(name)

    def model(self, name: str | None) -> Any:
        outputs = []
        for label in self.graph.outputs:
            if label not in self.tensors:
                raise ValueError(f'{self.title}: output "{label}" does not depend on the inputs')
            tensor = self.tensors[label]
            history = history_of(tensor)
            if history is None or history.layer.name != self._clean(label):
                layer = OnnxOperator("Identity", {}, [{"input": 0}], [], name=self._name(label))
                tensor = layer(tensor)
            outputs.append(tensor)
        inputs = [self.tensors[label] for label, _, _ in self.graph.inputs]
        return Model(inputs[0] if len(inputs) == 1 else inputs, outputs[0] if len(outputs) == 1 else outputs, name=name)


def _in_order(layer: OnnxOperator, arrays: list[np.ndarray]) -> list[np.ndarray]:
    """The arrays in the order of `layer.weights`: trained ones come first there."""
    place = {id(variable): number for number, variable in enumerate(layer._own)}
    return [arrays[place[id(variable)]] for variable in layer.weights]
