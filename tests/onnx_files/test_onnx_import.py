"""Every operator that can be read, in a file of one node, against ONNX Runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx_operator_cases import ROWS

import nnstack
from nnstack import backend


def one_node(onnx: Any, case: tuple[Any, ...], batch: bool) -> bytes:
    """A file of one node; with `batch` the first size of inputs of two and more axes is unknown."""
    operator, inputs, constants, attributes, opset, outputs = case
    helper = onnx.helper
    names = [f"x{k}" for k in range(len(inputs))]
    infos = []
    for name, array in zip(names, inputs, strict=True):
        shape = list(np.shape(array))
        if batch and len(shape) > 1:
            shape[0] = "batch"
        infos.append(
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.asarray(array).dtype), shape)
        )
    given = {f"c{k}": np.asarray(array) for k, array in enumerate(constants) if array is not None}
    operands = names + [f"c{k}" if array is not None else "" for k, array in enumerate(constants)]
    results = [f"y{k}" for k in range(outputs)]
    node = helper.make_node(operator, operands, results, "the_node", **attributes)
    initializers = [onnx.numpy_helper.from_array(array, name) for name, array in given.items()]
    infos_out = [helper.make_empty_tensor_value_info(name) for name in results]
    graph = helper.make_graph([node], "one", infos, infos_out, initializers)
    opsets = [helper.make_opsetid("", opset)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=max(helper.find_min_ir_version_for(opsets), 4))
    inferred = onnx.shape_inference.infer_shapes(model)
    types = {one.name: one for one in inferred.graph.output}
    del model.graph.output[:]
    model.graph.output.extend(types[name] for name in results)
    return bytes(model.SerializeToString())


@pytest.mark.parametrize("case", ROWS, ids=[f"{number}-{case[0]}" for number, case in enumerate(ROWS)])
@pytest.mark.parametrize("batch", [False, True], ids=["known", "batch"])
def test_operator(case: tuple[Any, ...], batch: bool, onnx: Any, runtime: Any) -> None:
    inputs = [np.asarray(array) for array in case[1]]
    data = one_node(onnx, case, batch)
    expected = runtime(data, inputs)
    model = nnstack.onnx.import_model(data)
    for one, other in zip(backend.function(model.inputs, model.outputs)(inputs), expected, strict=True):
        assert one.dtype == other.dtype
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=2e-5, atol=2e-5)


def graph_of(
    onnx: Any, inputs: Any, outputs: list[str], nodes: list[Any], constants: dict[str, Any], opset: int = 18
) -> bytes:
    """A file of several nodes; `inputs` are names, arrays and shapes to declare."""
    helper = onnx.helper
    infos = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), shape)
        for name, array, shape in inputs
    ]
    initializers = [onnx.numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()]
    made = [
        helper.make_node(kind, given, results, f"node_{k}", **attributes)
        for k, (kind, given, results, attributes) in enumerate(nodes)
    ]
    results = [helper.make_empty_tensor_value_info(name) for name in outputs]
    opsets = [helper.make_opsetid("", opset)]
    model = helper.make_model(
        helper.make_graph(made, "several", infos, results, initializers),
        opset_imports=opsets, ir_version=helper.find_min_ir_version_for(opsets),
    )  # fmt: skip
    types = {one.name: one for one in onnx.shape_inference.infer_shapes(model).graph.output}
    del model.graph.output[:]
    model.graph.output.extend(types[name] for name in outputs)
    return bytes(model.SerializeToString())


def test_shapes_computed_in_the_graph(onnx: Any, runtime: Any) -> None:
    """As exporters write views of tensors whose batch is not known."""
    x = np.random.default_rng(0).normal(size=(3, 4, 6)).astype(np.float32)
    vectors = {"first": 0, "upto": 1, "two": 2, "six": 6, "eleven": 11, "twelve": 12}
    constants = {name: np.array([number]) for name, number in vectors.items()}
    constants |= {"zero": np.int64(0), "one": np.int64(1)}
    nodes = [
        ("Shape", ["x"], ["shape"], {}),
        ("Gather", ["shape", "zero"], ["n"], {"axis": 0}),
        ("Unsqueeze", ["n", "first"], ["n1"], {}),
        ("Concat", ["n1", "two", "twelve"], ["target"], {"axis": 0}),
        ("Reshape", ["x", "target"], ["reshaped"], {}),
        ("Range", ["zero", "n", "one"], ["counted"], {}),
        ("ConstantOfShape", ["target"], ["filled"], {}),
        ("Concat", ["n1", "upto", "six"], ["wide"], {"axis": 0}),
        ("Slice", ["x", "first", "upto", "upto"], ["row"], {}),
        ("Expand", ["row", "wide"], ["expanded"], {}),
        ("Concat", ["n1", "two", "eleven"], ["sizes"], {"axis": 0}),
        ("Resize", ["reshaped", "", "", "sizes"], ["resized"], {"mode": "linear"}),
        ("Slice", ["x", "first", "n1", "first"], ["all_rows"], {}),
        ("Shape", ["x"], ["end_of_shape"], {"start": 1}),
        ("Cast", ["shape"], ["shape_out"], {"to": 1}),
    ]
    outputs = ["reshaped", "counted", "filled", "expanded", "resized", "all_rows", "shape_out", "end_of_shape"]
    data = graph_of(onnx, [("x", x, ["batch", 4, 6])], outputs, nodes, constants)
    model = nnstack.onnx.import_model(data)
    found = backend.function(model.inputs, model.outputs)([x])
    for one, other in zip(found, runtime(data, [x]), strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_every_reader_has_a_row() -> None:
    from nnstack.onnx.reading.operators import READERS

    elsewhere = {"Scan", "Range", "ConstantOfShape", "Shape"}  # loops of test_onnx_layers.py, shapes of the graph above
    assert {case[0] for case in ROWS} | elsewhere == set(READERS)
