"""Operations between layers as tf.keras 2.0 to 2.3 writes them, as `TFOpLambda`.

A layer `TensorFlowOpLayer` holds TensorFlow's own description of a node (NodeDef) as JSON, and constants by the number
of the input. Source: tensorflow/core/framework/node_def.proto and the definitions of the ops, as formats.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from nnstack.engine.tensor_functions import GETITEM
from nnstack.saving.operations_of_keras_3 import function_entry

# TensorFlow's node: the function here and its arguments in the order of the node's inputs.
NODES: dict[str, tuple[str, str]] = {
    "Add": ("math.add", "x y"), "AddV2": ("math.add", "x y"), "Sub": ("math.subtract", "x y"),
    "Mul": ("math.multiply", "x y"), "RealDiv": ("math.truediv", "x y"), "Div": ("math.truediv", "x y"),
    "DivNoNan": ("math.divide_no_nan", "x y"), "FloorDiv": ("math.floordiv", "x y"),
    "FloorMod": ("math.floormod", "x y"), "Pow": ("math.pow", "x y"), "Maximum": ("math.maximum", "x y"),
    "Minimum": ("math.minimum", "x y"), "SquaredDifference": ("math.squared_difference", "x y"),
    "Greater": ("math.greater", "x y"), "GreaterEqual": ("math.greater_equal", "x y"), "Less": ("math.less", "x y"),
    "LessEqual": ("math.less_equal", "x y"), "Equal": ("math.equal", "x y"), "NotEqual": ("math.not_equal", "x y"),
    "LogicalAnd": ("math.logical_and", "x y"), "LogicalOr": ("math.logical_or", "x y"),
    "LogicalNot": ("math.logical_not", "x"), "Abs": ("math.abs", "x"), "Neg": ("math.negative", "x"),
    "Ceil": ("math.ceil", "x"), "Cos": ("math.cos", "x"), "Erf": ("math.erf", "x"), "Exp": ("math.exp", "x"),
    "Expm1": ("math.expm1", "x"), "Floor": ("math.floor", "x"), "Log": ("math.log", "x"),
    "Log1p": ("math.log1p", "x"), "Reciprocal": ("math.reciprocal", "x"), "Inv": ("math.reciprocal", "x"),
    "Round": ("math.round", "x"), "Rsqrt": ("math.rsqrt", "x"), "Sign": ("math.sign", "x"), "Sin": ("math.sin", "x"),
    "Sqrt": ("math.sqrt", "x"), "Square": ("math.square", "x"), "Tanh": ("math.tanh", "x"),
    "Sigmoid": ("math.sigmoid", "x"), "Softplus": ("math.softplus", "features"),
    "Softsign": ("nn.softsign", "features"),
    "Relu": ("nn.relu", "features"), "Relu6": ("nn.relu6", "features"), "Elu": ("nn.elu", "features"),
    "Selu": ("nn.selu", "features"), "LeakyRelu": ("nn.leaky_relu", "features"), "Softmax": ("nn.softmax", "logits"),
    "LogSoftmax": ("nn.log_softmax", "logits"), "Sum": ("math.reduce_sum", "input_tensor axis"),
    "Mean": ("math.reduce_mean", "input_tensor axis"), "Max": ("math.reduce_max", "input_tensor axis"),
    "Min": ("math.reduce_min", "input_tensor axis"), "Prod": ("math.reduce_prod", "input_tensor axis"),
    "Any": ("math.reduce_any", "input_tensor axis"), "All": ("math.reduce_all", "input_tensor axis"),
    "ArgMax": ("math.argmax", "input axis"), "ArgMin": ("math.argmin", "input axis"),
    "Cumsum": ("math.cumsum", "x axis"), "Cumprod": ("math.cumprod", "x axis"), "MatMul": ("linalg.matmul", "a b"),
    "BatchMatMul": ("linalg.matmul", "a b"), "BatchMatMulV2": ("linalg.matmul", "a b"),
    "ConcatV2": ("concat", "*values axis"), "Pack": ("stack", "*values"), "AddN": ("math.add_n", "*inputs"),
    "Unpack": ("unstack", "value"), "Split": ("split", "axis value"),
    "SplitV": ("split", "value num_or_size_splits axis"),
    "Reshape": ("reshape", "tensor shape"), "Transpose": ("transpose", "a perm"),
    "ExpandDims": ("expand_dims", "input axis"), "Squeeze": ("squeeze", "input"), "Cast": ("cast", "x"),
    "Identity": ("identity", "input"), "StopGradient": ("stop_gradient", "input"),
    "Select": ("compat.v1.where", "condition x y"), "SelectV2": ("where", "condition x y"),
    "GatherV2": ("gather", "params indices axis"), "OneHot": ("one_hot", "indices depth on_value off_value"),
    "Pad": ("pad", "tensor paddings"), "PadV2": ("pad", "tensor paddings constant_values"),
    "ReverseV2": ("reverse", "tensor axis"), "BroadcastTo": ("broadcast_to", "input shape"),
    "Tile": ("tile", "input multiples"), "Shape": ("shape", "input"), "BiasAdd": ("nn.bias_add", "value bias"),
    "ZerosLike": ("zeros_like", "input"), "OnesLike": ("ones_like", "input"), "TopKV2": ("math.top_k", "input k"),
    "StridedSlice": (GETITEM, "tensor begin end strides"),
}  # fmt: skip
_ATTRIBUTES = {
    "keep_dims": "keepdims", "transpose_a": "transpose_a", "transpose_b": "transpose_b", "adj_x": "transpose_a",
    "adj_y": "transpose_b", "alpha": "alpha", "exclusive": "exclusive", "reverse": "reverse",
    "num_split": "num_or_size_splits", "num": "num", "squeeze_dims": "axis", "DstT": "dtype",
}  # fmt: skip
_TYPES = {
    "DT_FLOAT": "float32", "DT_DOUBLE": "float64", "DT_HALF": "float16", "DT_INT32": "int32", "DT_INT64": "int64",
    "DT_UINT8": "uint8", "DT_INT8": "int8", "DT_INT16": "int16", "DT_BOOL": "bool", "DT_BFLOAT16": "bfloat16",
}  # fmt: skip


def modern(entry: Mapping[str, Any], config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The entry of a `TensorFlowOpLayer` as that of a `TFOpLambda`; `ValueError` for a node without a counterpart."""
    name = str(entry.get("name") or config.get("name"))
    try:
        node = json.loads(config["node_def"])
        op, attributes = node["op"], {key: _value(one) for key, one in node.get("attr", {}).items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f'config (layer "{name}"): the node of TensorFlow is broken: {error}') from None
    if op not in NODES:
        raise ValueError(f'config (layer "{name}"): TensorFlow\'s {op} between layers has no counterpart here')
    function, names = NODES[op]
    constants = {int(key): value for key, value in dict(config.get("constants") or {}).items()}
    settings = {new: attributes[old] for old, new in _ATTRIBUTES.items() if attributes.get(old) not in (None, [])}
    if op in ("Pack", "Unpack", "OneHot") and "axis" in attributes:
        settings["axis"] = attributes["axis"]
    calls = [_node_call(call, names.split(), constants, settings) for call in entry.get("inbound_nodes") or []]
    if function == GETITEM:
        for call in calls:
            call["kwargs"] = {"slice_spec": _index(call["kwargs"], attributes, name)}
    return function_entry({"name": name}, name, function, calls)


def _node_call(call: Any, names: list[str], constants: dict[int, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """The inputs of a node in order, tensors and constants, as arguments by name."""
    tensors = [_tensor(one) for one in ([call] if isinstance(call[0], str) else call)]
    inputs: list[Any] = []
    while tensors or len(inputs) in constants:
        inputs.append(constants[len(inputs)] if len(inputs) in constants else tensors.pop(0))
    if names[0].startswith("*"):
        rest = names[1:]
        values = inputs[: len(inputs) - len(rest)]
        given = {names[0][1:]: values, **dict(zip(rest, inputs[len(values) :], strict=True))}
        first = values
    else:
        given = dict(zip(names, inputs, strict=False))
        first = given["value"] if names[0] == "axis" else inputs[0]
    kwargs = {key: value for key, value in {**given, **settings}.items() if value is not first}
    return {"args": [first], "kwargs": kwargs}


def _tensor(place: Any) -> dict[str, Any]:
    return {"class_name": "__keras_tensor__", "config": {"keras_history": list(place[:3])}}


def _value(attribute: Mapping[str, Any]) -> Any:
    """An attribute of a node, as JSON of protocol buffers has it: whole numbers are texts."""
    for kind, value in attribute.items():
        if kind == "i":
            return int(value)
        if kind == "list":
            return [int(one) for one in value.get("i", [])]
        return _TYPES.get(value, value) if kind == "type" else value
    return None


def _index(given: Mapping[str, Any], attributes: Mapping[str, Any], name: str) -> list[Any]:
    """TensorFlow's strided slice, which says by bits what is left out, an ellipsis, a new axis or a single place."""
    bounds = [given.get(key) for key in ("begin", "end", "strides")]
    if not all(isinstance(one, list) for one in bounds):
        raise ValueError(f'config (layer "{name}"): a slice whose bounds are tensors has no counterpart here')
    masks = [int(attributes.get(f"{key}_mask") or 0) for key in ("ellipsis", "new_axis", "shrink_axis", "begin", "end")]
    spec: list[Any] = []
    for axis, (begin, end, step) in enumerate(zip(*bounds, strict=True)):
        dots, new, single, open_begin, open_end = (bool(mask >> axis & 1) for mask in masks)
        if dots:
            spec.append({"class_name": "__ellipsis__"})
        elif new:
            spec.append(None)
        elif single:
            spec.append(begin)
        else:
            ends = (None if open_begin else begin, None if open_end else end)
            spec.append({"start": ends[0], "stop": ends[1], "step": None if step == 1 else step})
    return spec
