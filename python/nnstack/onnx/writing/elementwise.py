"""Ops that compute each element by itself, and reductions and products."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.backend.tensor import emit
from nnstack.onnx.writing.translate import Exporter, Translation
from nnstack.onnx.writing.writer import Order, Stored, Unsupported, element_type

_SAME = {
    "abs": "Abs", "add": "Add", "ceil": "Ceil", "cos": "Cos", "divide": "Div", "equal": "Equal", "erf": "Erf",
    "exp": "Exp", "floor": "Floor", "greater": "Greater", "greater_equal": "GreaterOrEqual", "is_inf": "IsInf",
    "is_nan": "IsNaN", "less": "Less", "less_equal": "LessOrEqual", "log": "Log", "logical_and": "And",
    "logical_not": "Not", "logical_or": "Or", "logical_xor": "Xor", "maximum": "Max", "minimum": "Min",
    "multiply": "Mul", "negative": "Neg", "power": "Pow", "reciprocal": "Reciprocal", "relu": "Relu",
    "round": "Round", "select": "Where", "sigmoid": "Sigmoid", "sign": "Sign", "sin": "Sin", "softplus": "Softplus",
    "sqrt": "Sqrt", "subtract": "Sub", "switch": "Where", "tanh": "Tanh",
}  # fmt: skip
_SMALL_INTEGERS = ("int8", "uint8", "int16", "uint16")  # which few operators of ONNX Runtime take

# Writes nodes on names of operands; gets the dtype of the op's operands.
_Composed = Callable[[Translation, Sequence[str], str], str]


def _one(dtype: str, number: float = 1.0) -> np.ndarray:
    return np.asarray(number, dtype)


def _square(t: Translation, x: Sequence[str], dtype: str) -> str:
    return str(t.writer.node("Mul", [x[0], x[0]]))


def _rsqrt(t: Translation, x: Sequence[str], dtype: str) -> str:
    return str(t.writer.node("Reciprocal", [t.writer.node("Sqrt", x)]))


def _log1p(t: Translation, x: Sequence[str], dtype: str) -> str:
    return str(t.writer.node("Log", [t.writer.node("Add", [x[0], t.writer.constant(_one(dtype), "one")])]))


def _expm1(t: Translation, x: Sequence[str], dtype: str) -> str:
    return str(t.writer.node("Sub", [t.writer.node("Exp", x), t.writer.constant(_one(dtype), "one")]))


def _not_equal(t: Translation, x: Sequence[str], dtype: str) -> str:
    return str(t.writer.node("Not", [t.writer.node("Equal", x)]))


def _is_finite(t: Translation, x: Sequence[str], dtype: str) -> str:
    either = t.writer.node("Or", [t.writer.node("IsInf", x), t.writer.node("IsNaN", x)])
    return str(t.writer.node("Not", [either]))


def _modulo(t: Translation, x: Sequence[str], dtype: str) -> str:
    """With the sign of the divisor, as in Python; ONNX has that for integers alone."""
    if not dtype.startswith("float"):
        return str(t.writer.node("Mod", x))
    return str(t.writer.node("Sub", [x[0], t.writer.node("Mul", [_floor_divide(t, x, dtype), x[1]])]))


def _floor_divide(t: Translation, x: Sequence[str], dtype: str) -> str:
    """Rounded down; ONNX rounds quotients of integers towards zero, so the remainder goes first."""
    if dtype.startswith("float"):
        return str(t.writer.node("Floor", [t.writer.node("Div", x)]))
    return str(t.writer.node("Div", [t.writer.node("Sub", [x[0], t.writer.node("Mod", x)]), x[1]]))


_COMPOSED: dict[str, _Composed] = {
    "expm1": _expm1,
    "floor_divide": _floor_divide,
    "is_finite": _is_finite,
    "log1p": _log1p,
    "modulo": _modulo,
    "not_equal": _not_equal,
    "rsqrt": _rsqrt,
    "square": _square,
}


def _operands(t: Translation, values: Sequence[Any]) -> tuple[list[str], Order | None]:
    """Names of the operands, in the order in which they lie already where they agree."""
    order = t.common_order(values)
    if order is None:
        return [t.name(value) for value in values], None
    return [t.broadcastable(value, order) for value in values], order


def _by_element(t: Translation, value: Any) -> Stored:
    inputs = value.inputs
    names, order = _operands(t, inputs)
    dtype = inputs[-1].dtype
    wide = dtype in _SMALL_INTEGERS and value.op not in ("select", "switch")
    if wide:
        names = [t.writer.node("Cast", [name], to=element_type("int32")) for name in names]
        dtype = "int32"
    made = _COMPOSED[value.op](t, names, dtype) if value.op in _COMPOSED else t.writer.node(_SAME[value.op], names)
    if wide and value.dtype != "bool":
        made = t.writer.node("Cast", [made], to=element_type(value.dtype))
    return Stored(made, order)


def _cast(t: Translation, value: Any) -> Stored:
    stored = t.stored(value.inputs[0])
    return Stored(t.writer.node("Cast", [stored.name], to=element_type(value.dtype)), stored.order)


def _identity(t: Translation, value: Any) -> Stored:
    return t.stored(value.inputs[0])


# -- reductions -------------------------------------------------------------------------------------------------------
_REDUCTIONS = {
    "sum": "ReduceSum", "mean": "ReduceMean", "max": "ReduceMax", "min": "ReduceMin", "prod": "ReduceProd",
    "any": "ReduceMax", "all": "ReduceMin",
}  # fmt: skip


def _reduce(t: Translation, value: Any) -> Stored:
    source = value.inputs[0]
    rank, attributes = len(source.shape), value.attributes
    axes = sorted({int(axis) % rank for axis in attributes["axes"]} if rank else set())
    stored = t.stored(source)
    if not axes:
        return stored
    order = stored.order or tuple(range(rank))
    there = sorted(order[axis] for axis in axes)
    boolean = source.dtype == "bool"
    name = t.writer.node("Cast", [stored.name], to=element_type("int32")) if boolean else stored.name
    keep = bool(attributes["keepdims"])
    made = t.writer.node(
        _REDUCTIONS[value.op], [name, t.writer.constant(np.asarray(there, np.int64), "axes")], keepdims=int(keep)
    )
    made = t.writer.node("Cast", [made], to=element_type("bool")) if boolean else made
    if keep:
        return Stored(made, stored.order)
    left = [order[axis] for axis in range(rank) if axis not in axes]
    return Stored(made, tuple(sorted(left).index(axis) for axis in left))


def _arg_reduce(t: Translation, value: Any) -> str:
    operator = {"argmax": "ArgMax", "argmin": "ArgMin"}[value.op]
    made = t.writer.node(operator, [t.name(value.inputs[0])], axis=value.attributes["axis"], keepdims=0)
    return str(made if value.dtype == "int64" else t.writer.node("Cast", [made], to=element_type(value.dtype)))


def _softmax(t: Translation, value: Any) -> Stored:
    stored = t.stored(value.inputs[0])
    axis = stored.order[-1] if stored.order else -1
    operator = {"softmax": "Softmax", "log_softmax": "LogSoftmax"}[value.op]
    return Stored(t.writer.node(operator, [stored.name], axis=axis), stored.order)


def _normalize(t: Translation, value: Any) -> Sequence[Stored | None]:
    """As the composition it stands for."""
    x, gamma, beta = value.inputs
    others = len(x.shape) - len(gamma.shape)
    by_column = value.attributes["by_column"]
    axes = [axis for axis in range(len(x.shape)) if (axis < others) == by_column]

    def composed() -> list[Any]:
        mean = backend.mean(x, axes, True)
        variance = backend.mean(backend.square(x - mean), axes, True)
        scale = emit("rsqrt", variance + value.attributes["epsilon"])
        return [
            (x - mean) * (scale * gamma) + beta,
            emit("squeeze", mean, axes=axes),
            emit("squeeze", variance, axes=axes),
        ]

    return t.rewritten(composed)


def _matmul(t: Translation, value: Any) -> str:
    names = []
    for source, side in zip(value.inputs, ("transpose_a", "transpose_b"), strict=True):
        order = tuple(range(len(source.shape)))
        if value.attributes[side]:
            order = (*order[:-2], order[-1], order[-2])
        names.append(t.in_order(source, order))
    return str(t.writer.node("MatMul", names))


def _cumulative_sum(t: Translation, value: Any) -> str:
    source, attributes = value.inputs[0], value.attributes
    axis = t.writer.constant(np.asarray(attributes["axis"] % len(source.shape), np.int64), "axis")
    exclusive = {"after": 0, "before": 1}.get(attributes["order"])
    if exclusive is None:
        raise Unsupported(f"{value.op} with order={attributes['order']!r}")
    return str(t.writer.node("CumSum", [t.name(source), axis], exclusive=exclusive, reverse=int(attributes["reverse"])))


EXPORTERS: dict[str, Exporter] = {
    **dict.fromkeys([*_SAME, *_COMPOSED], _by_element),
    **dict.fromkeys(_REDUCTIONS, _reduce),
    "argmax": _arg_reduce,
    "argmin": _arg_reduce,
    "cast": _cast,
    "cumulative_sum": _cumulative_sum,
    "identity": _identity,
    "log_softmax": _softmax,
    "matmul": _matmul,
    "normalize": _normalize,
    "print": _identity,
    "softmax": _softmax,
    "stop_gradient": _identity,
}
