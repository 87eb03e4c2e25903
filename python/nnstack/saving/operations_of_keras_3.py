"""Operations of Keras 3 between layers, told by one table in both directions.

Keras 3 writes a layer per operation, of the operation's class, with some arguments in its config and the others in the
call; tf.keras, and nnstack, write a `TFOpLambda` that names a function, with all arguments in the call.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from nnstack.engine.tensor_functions import GETITEM


class Operation(NamedTuple):
    """A class of Keras 3: its module, the function, arguments of the call in order, and config key -> argument."""

    module: str
    function: str
    call: tuple[str, ...]
    config: dict[str, str]


def _row(module: str, function: str, call: str, config: str = "") -> Operation:
    """`config` as 'key' or 'key=argument', separated by spaces."""
    pairs = [one.split("=") for one in config.split()]
    return Operation(f"keras.src.ops.{module}", function, tuple(call.split()), {one[0]: one[-1] for one in pairs})


_AXIS = "axis keepdims"
KERAS_3: dict[str, Operation] = {
    "Add": _row("numpy", "math.add", "x y"),
    "Subtract": _row("numpy", "math.subtract", "x y"),
    "Multiply": _row("numpy", "math.multiply", "x y"),
    "Divide": _row("numpy", "math.truediv", "x y"),
    "TrueDivide": _row("numpy", "math.truediv", "x y"),
    "DivideNoNan": _row("numpy", "math.divide_no_nan", "x y"),
    "FloorDivide": _row("numpy", "math.floordiv", "x y"),
    "Mod": _row("numpy", "math.floormod", "x y"),
    "Power": _row("numpy", "math.pow", "x y"),
    "Maximum": _row("numpy", "math.maximum", "x y"),
    "Minimum": _row("numpy", "math.minimum", "x y"),
    "Greater": _row("numpy", "math.greater", "x y"),
    "GreaterEqual": _row("numpy", "math.greater_equal", "x y"),
    "Less": _row("numpy", "math.less", "x y"),
    "LessEqual": _row("numpy", "math.less_equal", "x y"),
    "Equal": _row("numpy", "math.equal", "x y"),
    "NotEqual": _row("numpy", "math.not_equal", "x y"),
    "LogicalAnd": _row("numpy", "math.logical_and", "x y"),
    "LogicalOr": _row("numpy", "math.logical_or", "x y"),
    "LogicalXor": _row("numpy", "math.logical_xor", "x y"),
    "LogicalNot": _row("numpy", "math.logical_not", "x"),
    "Absolute": _row("numpy", "math.abs", "x"),
    "Abs": _row("numpy", "math.abs", "x"),
    **{
        name: _row("numpy", f"math.{function}", "x")
        for name, function in (
            ("Ceil", "ceil"), ("Cos", "cos"), ("Cosh", "cosh"), ("Exp", "exp"), ("Expm1", "expm1"), ("Floor", "floor"),
            ("Isfinite", "is_finite"), ("Isinf", "is_inf"), ("Isnan", "is_nan"), ("Log", "log"), ("Log1p", "log1p"),
            ("Negative", "negative"), ("Reciprocal", "reciprocal"), ("Sign", "sign"), ("Sin", "sin"),
            ("Sinh", "sinh"), ("Sqrt", "sqrt"), ("Square", "square"), ("Tan", "tan"), ("Tanh", "tanh"),
        )
    },
    "Round": _row("numpy", "math.round", "x", "decimals"),
    "Erf": _row("math", "math.erf", "x"),
    "Rsqrt": _row("math", "math.rsqrt", "x"),
    "Logsumexp": _row("math", "math.reduce_logsumexp", "x", _AXIS),
    "TopK": _row("math", "math.top_k", "x", "k sorted"),
    "Sum": _row("numpy", "math.reduce_sum", "x", _AXIS),
    "Mean": _row("numpy", "math.reduce_mean", "x", _AXIS),
    "Max": _row("numpy", "math.reduce_max", "x", _AXIS + " initial"),
    "Amax": _row("numpy", "math.reduce_max", "x", _AXIS),
    "Min": _row("numpy", "math.reduce_min", "x", _AXIS + " initial"),
    "Amin": _row("numpy", "math.reduce_min", "x", _AXIS),
    "Prod": _row("numpy", "math.reduce_prod", "x", _AXIS + " dtype"),
    "Std": _row("numpy", "math.reduce_std", "x", _AXIS),
    "Var": _row("numpy", "math.reduce_variance", "x", _AXIS),
    "Any": _row("numpy", "math.reduce_any", "x", _AXIS),
    "All": _row("numpy", "math.reduce_all", "x", _AXIS),
    "Norm": _row("linalg", "norm", "x", "ord axis keepdims"),
    "Argmax": _row("numpy", "experimental.numpy.argmax", "x", _AXIS),
    "Argmin": _row("numpy", "experimental.numpy.argmin", "x", _AXIS),
    "Cumsum": _row("numpy", "math.cumsum", "x", "axis dtype"),
    "Cumprod": _row("numpy", "math.cumprod", "x", "axis dtype"),
    "Matmul": _row("numpy", "linalg.matmul", "a b"),
    "Dot": _row("numpy", "experimental.numpy.dot", "a b"),
    "Einsum": _row("numpy", "einsum", "first second", "subscripts=equation"),
    "Concatenate": _row("numpy", "concat", "values", "axis"),
    "Stack": _row("numpy", "stack", "values", "axis"),
    "Unstack": _row("core", "unstack", "value", "num axis"),
    "Split": _row("numpy", "experimental.numpy.split", "value", "indices_or_sections axis"),
    "Reshape": _row("numpy", "reshape", "tensor", "newshape=shape"),
    "Transpose": _row("numpy", "transpose", "a", "axes=perm"),
    "Swapaxes": _row("numpy", "experimental.numpy.swapaxes", "a", "axis1 axis2"),
    "Moveaxis": _row("numpy", "experimental.numpy.moveaxis", "a", "source destination"),
    "ExpandDims": _row("numpy", "expand_dims", "input", "axis"),
    "Squeeze": _row("numpy", "squeeze", "input", "axis"),
    "Cast": _row("core", "cast", "x", "dtype"),
    "Identity": _row("numpy", "identity", "input"),
    "StopGradient": _row("core", "stop_gradient", "input"),
    "Where": _row("numpy", "where", "condition x y"),
    "Take": _row("numpy", "experimental.numpy.take", "params indices", "axis"),
    "OneHot": _row("nn", "one_hot", "indices", "num_classes=depth axis dtype sparse"),
    "Pad": _row("numpy", "pad", "tensor constant_values", "pad_width=paddings mode"),
    "Flip": _row("numpy", "reverse", "tensor", "axis"),
    "Clip": _row("numpy", "clip_by_value", "t", "x_min=clip_value_min x_max=clip_value_max"),
    "BroadcastTo": _row("numpy", "broadcast_to", "input", "shape"),
    "Tile": _row("numpy", "tile", "input", "repeats=multiples"),
    "Repeat": _row("numpy", "repeat", "input", "repeats axis"),
    "ZerosLike": _row("numpy", "zeros_like", "input", "dtype"),
    "OnesLike": _row("numpy", "ones_like", "input", "dtype"),
    "GetItem": _row("numpy", GETITEM, "tensor slice_spec"),
    "Relu": _row("nn", "nn.relu", "features"),
    "Relu6": _row("nn", "nn.relu6", "features"),
    "LeakyRelu": _row("nn", "nn.leaky_relu", "features", "negative_slope=alpha"),
    "Elu": _row("nn", "nn.elu", "features", "alpha"),
    "Selu": _row("nn", "nn.selu", "features"),
    "Gelu": _row("nn", "nn.gelu", "features", "approximate"),
    "Silu": _row("nn", "nn.silu", "features"),
    "HardSigmoid": _row("nn", "keras3.hard_sigmoid", "x"),
    "Sigmoid": _row("nn", "math.sigmoid", "x"),
    "LogSigmoid": _row("nn", "math.log_sigmoid", "x"),
    "Softplus": _row("nn", "math.softplus", "features"),
    "Softsign": _row("nn", "nn.softsign", "features"),
    "Softmax": _row("nn", "nn.softmax", "logits", "axis"),
    "LogSoftmax": _row("nn", "nn.log_softmax", "logits", "axis"),
    "Normalize": _row("nn", "math.l2_normalize", "x", "axis order epsilon"),
    "MaxPool": _row("nn", "nn.max_pool", "input", "pool_size=ksize strides padding data_format"),
    "AveragePool": _row("nn", "nn.avg_pool", "input", "pool_size=ksize strides padding data_format"),
    "Resize": _row("image", "image.resize", "images", "size interpolation=method data_format"),
}  # fmt: skip

# Settings of Keras 3's operations that say nothing under these values.
_NEUTRAL: dict[str, tuple[Any, ...]] = {
    "decimals": (0, None), "initial": (None,), "dtype": (None,), "order": (2, None), "sparse": (False,),
    "antialias": (False,), "crop_to_aspect_ratio": (False,), "pad_to_aspect_ratio": (False,),
    "fill_mode": ("constant",),
    "fill_value": (0.0,), "data_format": (None, "channels_last"), "sorted": (True,), "epsilon": (None,),
}  # fmt: skip


def _is_operation(entry: Mapping[str, Any], config: Mapping[str, Any], operation: Operation) -> bool:
    """Operations share names with layers; only layers say if they are trainable, and merging layers take one list."""
    module = entry.get("module")
    if module:
        return str(module).startswith("keras.src.ops.")
    calls = entry.get("inbound_nodes") or [{}]
    args = calls[0].get("args") if isinstance(calls[0], Mapping) else None
    operands = 2 if operation.call[1:] in (("y",), ("b",)) else 1
    return "trainable" not in config and isinstance(args, list) and len(args) >= operands


def function_entry(entry: Mapping[str, Any], name: str, function: str, calls: list[Any]) -> dict[str, Any]:
    """The entry of a layer that calls a function."""
    return {
        "class_name": "SlicingOpLambda" if function == GETITEM else "TFOpLambda",
        "config": {"name": name, "trainable": True, "dtype": "float32", "function": function},
        "name": entry.get("name", name),
        "inbound_nodes": calls,
    }


def modern(entry: Mapping[str, Any], config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The entry of a layer; an operation as a `TFOpLambda`."""
    operation = KERAS_3.get(entry["class_name"])
    if operation is None or not _is_operation(entry, config, operation):
        return entry
    name = str(config.get("name"))
    named = {}
    for key, value in config.items():
        if key in operation.config and not (key in _NEUTRAL and value in _NEUTRAL[key]):
            named[operation.config[key]] = value
        elif key != "name" and value is not None and value not in _NEUTRAL.get(key, (value,)):
            raise ValueError(f'config (layer "{name}"): {entry["class_name"]} with {key}={value!r} has no counterpart')
    calls = []
    for call in entry.get("inbound_nodes") or []:
        if not isinstance(call, Mapping) or not isinstance(call.get("args"), list):
            return entry
        given = dict(zip(operation.call, call["args"], strict=False))
        kwargs = {_renamed(operation, key): value for key, value in dict(call.get("kwargs") or {}).items()}
        given = {**given, **kwargs}
        first = given.pop(operation.call[0], None)
        calls.append({"args": [first], "kwargs": {**given, **named}})
    return function_entry(entry, name, operation.function, calls)


def _renamed(operation: Operation, key: str) -> str:
    known = {"x1": 0, "x2": 1, "x": 0, "xs": 0, "key": 1, "inputs": 0}
    if key in operation.call or key not in known or known[key] >= len(operation.call):
        return operation.config.get(key, key)
    return operation.call[known[key]]


# -- for Keras 3 ------------------------------------------------------------------------------------------------------
_BY_FUNCTION = {one.function: (name, one) for name, one in reversed(KERAS_3.items())}
_BY_FUNCTION |= {  # where Keras 3's operation does the same with other words for its arguments
    "__operators__.add": ("Add", KERAS_3["Add"]),
    "gather": ("Take", KERAS_3["Take"]),
    "math.argmax": ("Argmax", KERAS_3["Argmax"]._replace(call=("input",))),
    "math.argmin": ("Argmin", KERAS_3["Argmin"]._replace(call=("input",))),
}


def for_keras_3(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The entry of a `TFOpLambda` whose calls are already `{'args', 'kwargs'}`, as Keras 3's operation.

    `ValueError` for a function that Keras 3 has no operation for, and for tensors where it takes numbers.
    """
    config = entry["config"]
    name, function = config["name"], config["function"]
    if function not in _BY_FUNCTION:
        raise ValueError(
            f'save (layer "{name}"): Keras 3 has no operation for {function}. Save with dialect="tf_keras"'
        )
    class_name, operation = _BY_FUNCTION[function]
    (call,) = entry["inbound_nodes"]
    given = {operation.call[0]: call["args"][0], **call["kwargs"]}
    if function == "linalg.matmul" and (given.pop("transpose_a", False), given.pop("transpose_b", False)) != (0, 0):
        class_name, operation = _BY_FUNCTION["einsum"]  # Matmul of Keras 3 does not transpose
        first = "ji" if call["kwargs"].get("transpose_a") else "ij"
        second = "kj" if call["kwargs"].get("transpose_b") else "jk"
        given = {"first": given["a"], "second": given["b"], "equation": f"...{first},...{second}->...ik"}
    args = [
        (_with_slices if key == "slice_spec" else _with_arrays)(given.pop(key))
        for key in operation.call
        if key in given
    ]
    settings = {key: given.pop(argument) for key, argument in operation.config.items() if argument in given}
    left = [key for key, value in given.items() if value not in (None, False) and key not in ("name", "output_type")]
    if left or any("__keras_tensor__" in json.dumps(value) for value in settings.values()):
        what = left[0] if left else "an argument that is a tensor"
        raise ValueError(
            f'save (layer "{name}"): {class_name} of Keras 3 does not take {what} as {function} does. Save with '
            'dialect="tf_keras"'
        )
    return {
        "module": operation.module,
        "class_name": class_name,
        "config": {"name": name, **settings},
        "registered_name": class_name,
        "name": entry["name"],
        "inbound_nodes": [{"args": args, "kwargs": {}}],
    }


def _with_arrays(value: Any) -> Any:
    """Lists of numbers, which stand for constants, as Keras 3 writes arrays."""
    if not isinstance(value, list):
        return value
    if "class_name" in json.dumps(value):
        return [_with_arrays(one) for one in value]
    array = np.asarray(value)
    kind = {"f": "float32", "i": "int32"}.get(array.dtype.kind, str(array.dtype))
    return {"class_name": "__numpy__", "config": {"value": value, "dtype": kind}}


def _with_slices(spec: Any) -> Any:
    if isinstance(spec, list):
        return [_with_slices(one) for one in spec]
    if not isinstance(spec, Mapping):
        return spec
    if "class_name" in spec:
        return {"class_name": "__ellipsis__", "config": {}}
    return {"class_name": "__slice__", "config": dict(spec)}
