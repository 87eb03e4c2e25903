"""Writing a model's prediction as an ONNX file."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from nnstack import __version__, _core, backend
from nnstack.onnx.package import onnx_module
from nnstack.onnx.writing.operators import EXPORTERS
from nnstack.onnx.writing.translate import Translation
from nnstack.onnx.writing.writer import Writer, element_type
from nnstack.saving.hdf5_files import path_to_write, replace_files
from nnstack.utils import nest

LEAST_OPSET = 18
_LARGEST = 1_500_000_000  # bytes of weights in one file; protobuf ends at 2 GB


def export_model(model: Any, filepath: Any, opset: int, external_data: bool | None) -> None:
    """See `nnstack.onnx.writing.export_model`."""
    title = f'export (model "{model.name}")'
    onnx = onnx_module()
    path = path_to_write(filepath, title, "a path")
    newest = onnx.defs.onnx_opset_version()
    if isinstance(opset, bool) or not isinstance(opset, int) or not LEAST_OPSET <= opset <= newest:
        raise ValueError(f"{title}: expected an opset from {LEAST_OPSET} to {newest}, got {opset!r}")
    proto, arrays = _model(model, title, opset)
    total = sum(array.nbytes for array in arrays.values())
    if external_data is None:
        external_data = total > _LARGEST
    paths = [path + ".data", path] if external_data else [path]
    with replace_files(paths) as files:
        if external_data:
            _add_external(proto, arrays, files[0], os.path.basename(path) + ".data")
        else:
            proto.graph.initializer.extend(onnx.numpy_helper.from_array(array, name) for name, array in arrays.items())
            onnx.checker.check_model(proto)
        files[-1].write(proto.SerializeToString())


def _model(model: Any, title: str, opset: int) -> tuple[Any, dict[str, np.ndarray]]:
    """The file's content without weights, and these."""
    helper = onnx_module().helper
    inputs, outputs = _trace(model, title)
    writer = Writer()
    translation = Translation(writer, EXPORTERS)
    translation.probe = lambda values: _example(inputs, values)
    layers = list(model._flatten_layers())
    counts = Counter(layer.name for layer in layers)
    translation.layers = {layer.name: layer for layer in layers if counts[layer.name] == 1}
    input_names = [writer.unique(tensor.name) for tensor in inputs]
    for tensor, name in zip(inputs, input_names, strict=True):
        translation.bind(tensor, name)
    output_names = _output_names(model, writer, len(outputs))
    translation.write(outputs)
    if translation.unsupported:
        _refuse(translation.unsupported, title)
    writer.scope = ""
    made = [translation.name(value) for value in outputs]
    for number, name in enumerate(output_names):
        if made.count(made[number]) > 1 or not _rename(writer, made[number], name):
            writer.named_node("Identity", [made[number]], [name], name)
    nodes, arrays = _needed(writer.nodes, writer.initializers, output_names)
    graph = helper.make_graph(
        nodes,
        model.name,
        [_info(name, value) for name, value in zip(input_names, inputs, strict=True)],
        [_info(name, value) for name, value in zip(output_names, outputs, strict=True)],
    )
    opsets = [helper.make_opsetid("", opset)]
    proto = helper.make_model(graph, opset_imports=opsets, producer_name="nnstack", producer_version=__version__)
    proto.ir_version = helper.find_min_ir_version_for(opsets)
    return proto, arrays


def _trace(model: Any, title: str) -> tuple[list[Any], list[Any]]:
    """Placeholders and outputs of one call for inference."""
    graph = model._graph
    if graph is None:
        raise ValueError(f"{title}: the model has no fixed inputs yet. Build it, or call it on data, first")
    stateful = [layer.name for layer in model._flatten_layers() if getattr(layer, "stateful", False)]
    if stateful:
        raise ValueError(
            f"{title}: {', '.join(stateful)} keep states between calls, which an ONNX file cannot. Build them with "
            "stateful=False, with states as inputs (initial_state) and outputs (return_state=True)"
        )
    inputs = [
        backend.placeholder(shape=tuple(t.shape), dtype=t.dtype, name=name)
        for t, name in zip(graph.flat_inputs, graph.input_names, strict=True)
    ]
    packed = (
        inputs[0]
        if len(inputs) == 1 and not isinstance(graph.inputs, dict)
        else nest.pack_as(graph.inputs, iter(inputs))
    )
    with backend.trace():
        outputs = [backend.convert(leaf) for leaf in nest.flatten(model(packed, training=False))]
    return inputs, outputs


def _example(inputs: Sequence[Any], values: Sequence[Any]) -> list[np.ndarray]:
    """Values for zeros of sizes that leave room for pools and windows."""
    arrays = [
        np.zeros([1 if axis == 0 else 64 if size is None else size for axis, size in enumerate(x.shape)], x.dtype)
        for x in inputs
    ]
    return list(_core.interpret(list(inputs), list(values), arrays, learning_phase=False))


def _output_names(model: Any, writer: Writer, count: int) -> list[str]:
    names = list(getattr(model, "output_names", None) or [])
    if len(names) != count:
        names = [f"output_{index}" for index in range(count)]
    return [writer.unique(name) for name in names]


def _rename(writer: Writer, made: str, name: str) -> bool:
    """Gives a node's output another name; False for inputs and weights, and for what the body of a loop reads."""
    producer = next((node for node in writer.nodes if made in node.output), None)
    readers = [node for node in writer.nodes if made in _read_by(node)]
    if producer is None or any(made not in node.input for node in readers):
        return False
    for names in (producer.output, *(node.input for node in readers)):
        for position, one in enumerate(names):
            if one == made:
                names[position] = name
    return True


def _refuse(unsupported: dict[str, set[str]], title: str) -> None:
    parts = [f"{what} (in {', '.join(sorted(layers))})" for what, layers in sorted(unsupported.items())]
    raise ValueError(f"{title}: ONNX has nothing for {'; '.join(parts)}. Leave these layers out of what is exported")


def _needed(
    nodes: list[Any], arrays: dict[str, np.ndarray], outputs: Sequence[str]
) -> tuple[list[Any], dict[str, np.ndarray]]:
    """The nodes and initializers that the outputs depend on."""
    wanted, kept = set(outputs), []
    for node in reversed(nodes):
        if any(name in wanted for name in node.output):
            kept.append(node)
            wanted |= _read_by(node)
    return kept[::-1], {name: array for name, array in arrays.items() if name in wanted}


def _read_by(node: Any) -> set[str]:
    """Names that a node reads, those that its bodies take from around included."""
    names = set(node.input)
    for attribute in node.attribute:
        if attribute.HasField("g"):
            for inner in attribute.g.node:
                names |= _read_by(inner)
    return names


def _info(name: str, value: Any) -> Any:
    """Type and shape; sizes that are not known have names, and the first is the batch."""
    shape = [
        ("batch" if axis == 0 else f"{name}_{axis}") if size is None else size for axis, size in enumerate(value.shape)
    ]
    return onnx_module().helper.make_tensor_value_info(name, element_type(value.dtype), shape)


def _add_external(proto: Any, arrays: dict[str, np.ndarray], file: Any, location: str) -> None:
    """Initializers whose bytes lie in `file`, each at a multiple of 4096."""
    onnx = onnx_module()
    for name, array in arrays.items():
        if array.nbytes <= 4096:
            proto.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
            continue
        start = -(-file.tell() // 4096) * 4096
        file.write(b"\0" * (start - file.tell()))
        file.write(np.ascontiguousarray(array).data)
        tensor = onnx.TensorProto(name=name, data_type=element_type(array.dtype.name), dims=array.shape)
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, text in (("location", location), ("offset", str(start)), ("length", str(array.nbytes))):
            tensor.external_data.add(key=key, value=text)
        proto.graph.initializer.append(tensor)
