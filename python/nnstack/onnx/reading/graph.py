"""The graph of an ONNX file as plain data: nodes, constants, types of inputs.

Files are data from anywhere: sizes are checked against the bytes that are there before anything is made of them, and
weights in other files are read from the file's folder alone.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnstack.onnx.package import onnx_module

_MOST_BYTES = 1 << 31  # protobuf's own limit
_MOST_DEPTH = 8  # of graphs in graphs


@dataclass
class Node:
    """One operator: names of operands ("" where left out) and results, attributes as plain data."""

    kind: str
    name: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass
class Graph:
    """Nodes in order of computation; inputs as (name, dtype, shape or None)."""

    inputs: list[tuple[str, str, tuple[Any, ...] | None]]
    outputs: list[str]
    nodes: list[Node]
    constants: dict[str, np.ndarray]

    def config(self) -> dict[str, Any]:
        """As data that JSON can hold; of the body of a loop."""
        return {
            "inputs": [[name, dtype, None] for name, dtype, _ in self.inputs],
            "outputs": self.outputs,
            "nodes": [[n.kind, n.name, n.inputs, n.outputs, plain(n.attributes)] for n in self.nodes],
            "constants": {name: plain(array) for name, array in self.constants.items()},
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Graph:
        return cls(
            [(name, dtype, None) for name, dtype, _ in config["inputs"]],
            list(config["outputs"]),
            [Node(kind, name, i, o, unplain(attributes)) for kind, name, i, o, attributes in config["nodes"]],
            {name: unplain(array) for name, array in config["constants"].items()},
        )


def plain(value: Any) -> Any:
    """Attributes as JSON has them; arrays as dicts."""
    if isinstance(value, np.ndarray):
        return {"array": value.tolist(), "dtype": value.dtype.name, "shape": list(value.shape)}
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value


def unplain(value: Any) -> Any:
    """The opposite of `plain`."""
    if isinstance(value, Mapping):
        if "array" in value and "dtype" in value:
            return np.asarray(value["array"], value["dtype"]).reshape(value["shape"])
        return {key: unplain(one) for key, one in value.items()}
    return [unplain(one) for one in value] if isinstance(value, list | tuple) else value


def read(source: Any, title: str) -> tuple[Graph, int]:
    """The graph of a file and the version of its operators."""
    onnx = onnx_module()
    data, folder = _bytes_of(source, title)
    proto = onnx.ModelProto()
    try:
        proto.ParseFromString(data)
    except Exception as error:  # protobuf's DecodeError, whose class depends on its implementation
        raise ValueError(f"{title} is no ONNX file, or a broken one: {error}") from None
    if not proto.HasField("graph") or not proto.opset_import:
        raise ValueError(f"{title} is no ONNX file, or a broken one: it has no graph")
    if proto.functions:
        proto = onnx.inliner.inline_local_functions(proto)
    versions = {one.domain: int(one.version) for one in proto.opset_import}
    opset = versions.get("", versions.get("ai.onnx", 0))
    try:
        return _Reader(folder, title).graph(proto.graph, 0), opset
    except (TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"{title} is broken: {error}") from None


def _bytes_of(source: Any, title: str) -> tuple[bytes, str | None]:
    if isinstance(source, bytes):
        return source, None
    if hasattr(source, "read"):
        return source.read(_MOST_BYTES), None
    path = os.fsdecode(source)
    if os.path.isdir(path):
        raise IsADirectoryError(f"{title}: expected a file, {path} is a folder")
    if not os.path.isfile(path):
        raise FileNotFoundError(f"{title}: no file at {path}")
    if os.path.getsize(path) > _MOST_BYTES:
        raise ValueError(f"{title} is larger than an ONNX file can be")
    with open(path, "rb") as file:
        return file.read(), os.path.dirname(os.path.abspath(path))


class _Reader:
    """Reads graphs of one file."""

    def __init__(self, folder: str | None, title: str) -> None:
        self.folder, self.title = folder, title
        self.onnx = onnx_module()

    def graph(self, proto: Any, depth: int) -> Graph:
        if depth > _MOST_DEPTH:
            raise ValueError(f"{self.title}: graphs in graphs, more than {_MOST_DEPTH} deep")
        constants = {tensor.name: self.array(tensor) for tensor in proto.initializer}
        if proto.sparse_initializer:
            raise ValueError(f"{self.title}: sparse weights have no counterpart")
        inputs = [self._input(one) for one in proto.input if one.name not in constants]
        nodes = []
        for number, node in enumerate(proto.node):
            if node.op_type == "Constant" and not node.domain:
                constants[node.output[0]] = self._constant(node)
            else:
                nodes.append(self._node(node, number, depth))
        outputs = [one.name for one in proto.output]
        self._check_names([*outputs, *constants, *(name for name, _, _ in inputs)])
        return Graph(inputs, outputs, nodes, constants)

    def _check_names(self, names: list[Any]) -> None:
        """Protobuf gives text that is no UTF-8 as bytes."""
        if not all(isinstance(name, str) for name in names):
            raise ValueError(f"{self.title} is broken: a name in it is no text")

    def _node(self, node: Any, number: int, depth: int) -> Node:
        kind = node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}"
        attributes: dict[str, Any] = {}
        captured: list[str] = []
        for attribute in node.attribute:
            value = self._attribute(attribute, depth)
            if isinstance(value, Graph):
                captured += [name for name in _from_around(value) if name not in captured]
                value = value.config()
            attributes[attribute.name] = value
        if captured:
            attributes["captured"] = captured
        self._check_names([kind, node.name, *node.input, *node.output, *attributes])
        return Node(kind, node.name or f"{node.op_type}_{number}", list(node.input), list(node.output), attributes)

    def _attribute(self, attribute: Any, depth: int) -> Any:
        if attribute.type == self.onnx.AttributeProto.GRAPH:
            return self.graph(attribute.g, depth + 1)
        value = self.onnx.helper.get_attribute_value(attribute)
        if isinstance(value, self.onnx.TensorProto):
            return self.array(value)
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")
        if attribute.name == "to":
            return self._dtype(value)
        if hasattr(value, "__iter__") and not isinstance(value, str):
            return [one.decode("utf-8", "replace") if isinstance(one, bytes) else one for one in value]
        return value

    def _constant(self, node: Any) -> np.ndarray:
        for attribute in node.attribute:
            value = self._attribute(attribute, 0)
            if attribute.name == "value":
                return np.asarray(value)
            if attribute.name in ("value_float", "value_floats"):
                return np.asarray(value, np.float32)
            if attribute.name in ("value_int", "value_ints"):
                return np.asarray(value, np.int64)
        raise ValueError(f'{self.title}: the constant "{node.name}" is no tensor of numbers')

    def _input(self, info: Any) -> tuple[str, str, tuple[Any, ...] | None]:
        kind = info.type.tensor_type
        if not info.type.HasField("tensor_type"):
            raise ValueError(f'{self.title}: input "{info.name}" is no tensor')
        shape = None
        if kind.HasField("shape"):
            shape = tuple(int(d.dim_value) if d.HasField("dim_value") else None for d in kind.shape.dim)
        return info.name, self._dtype(kind.elem_type), shape

    def _dtype(self, number: int) -> str:
        try:
            return str(self.onnx.helper.tensor_dtype_to_np_dtype(number).name)
        except (KeyError, ValueError):
            raise ValueError(f"{self.title}: the type number {number} is not known") from None

    def array(self, tensor: Any) -> np.ndarray:
        """The numbers of a tensor, checked against the bytes that are there."""
        shape = tuple(int(size) for size in tensor.dims)
        if any(size < 0 for size in shape):
            raise ValueError(f'{self.title}: tensor "{tensor.name}" has shape {shape}')
        dtype = self._dtype(tensor.data_type)
        wanted = math.prod(shape) * np.dtype(dtype).itemsize if dtype != "object" else 0
        if tensor.data_location == self.onnx.TensorProto.EXTERNAL:
            return self._external(tensor, shape, np.dtype(dtype), wanted)
        if tensor.HasField("raw_data") and len(tensor.raw_data) != wanted and np.dtype(dtype).kind in "fiub":
            raise ValueError(
                f'{self.title}: tensor "{tensor.name}" of shape {shape} needs {wanted} bytes, the file has '
                f"{len(tensor.raw_data)}"
            )
        try:
            return np.array(self.onnx.numpy_helper.to_array(tensor))
        except Exception as error:
            raise ValueError(f'{self.title}: tensor "{tensor.name}" is broken: {error}') from None

    def _external(self, tensor: Any, shape: tuple[int, ...], dtype: np.dtype, wanted: int) -> np.ndarray:
        entries = {one.key: one.value for one in tensor.external_data}
        location = entries.get("location", "")
        what = f'{self.title}: tensor "{tensor.name}"'
        if self.folder is None:
            raise ValueError(f"{what} lies in another file, {location}; give the path of the model")
        path = os.path.realpath(os.path.join(self.folder, location))
        inside = os.path.commonpath([os.path.realpath(self.folder), path]) == os.path.realpath(self.folder)
        if not location or os.path.isabs(location) or not inside:
            raise ValueError(f"{what} names a file outside the model's folder: {location!r}")
        if not os.path.isfile(path):
            raise FileNotFoundError(f"{what}: no file at {path}")
        offset = int(entries.get("offset", 0) or 0)
        length = int(entries.get("length", wanted) or wanted)
        if offset < 0 or length != wanted or offset + length > os.path.getsize(path):
            raise ValueError(f"{what} of shape {shape} needs {wanted} bytes, {location} has others at {offset}")
        with open(path, "rb") as file:
            file.seek(offset)
            return np.frombuffer(file.read(length), dtype.newbyteorder("<")).reshape(shape).astype(dtype)


def _from_around(graph: Graph) -> list[str]:
    """Names that a body reads but does not make."""
    own = {name for name, _, _ in graph.inputs} | set(graph.constants)
    found: list[str] = []
    for node in graph.nodes:
        for name in [*node.inputs, *node.attributes.get("captured", ())]:
            if name and name not in own and name not in found:
                found.append(name)
        own.update(node.outputs)
    return found + [name for name in graph.outputs if name not in own and name not in found]
