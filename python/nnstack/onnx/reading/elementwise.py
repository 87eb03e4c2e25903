"""Operators that compute each element by itself, activations, reductions and products."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from nnstack import activations, backend
from nnstack.backend.einsum import einsum
from nnstack.backend.tensor import emit
from nnstack.onnx.reading.operator import Operator, Reader, axis_of, known_sizes, literal, operand, sizes_of

# Operators that one of our ops computes alike.
_SAME = {
    "Abs": "abs", "Add": "add", "And": "logical_and", "Ceil": "ceil", "Cos": "cos", "Div": "divide", "Equal": "equal",
    "Erf": "erf", "Exp": "exp", "Floor": "floor", "Greater": "greater", "GreaterOrEqual": "greater_equal",
    "IsInf": "is_inf", "IsNaN": "is_nan", "Less": "less", "LessOrEqual": "less_equal", "Log": "log", "Mul": "multiply",
    "Neg": "negative", "Not": "logical_not", "Or": "logical_or", "Reciprocal": "reciprocal", "Relu": "relu",
    "Round": "round", "Sigmoid": "sigmoid", "Sign": "sign", "Sin": "sin", "Softplus": "softplus", "Sqrt": "sqrt",
    "Sub": "subtract", "Tanh": "tanh", "Where": "select", "Xor": "logical_xor",
}  # fmt: skip


def _same(op: Operator, x: list[Any]) -> Any:
    return emit(_SAME[op.kind], *x)


def _like(number: float, x: Any) -> Any:
    return literal(np.asarray(number, x.dtype))


def _floating(x: Any) -> bool:
    return str(x.dtype).startswith(("float", "bfloat"))


def _divide(op: Operator, x: list[Any]) -> Any:
    if _floating(x[0]):
        return emit("divide", *x)
    if all(_is_size(one) for one in x):
        return emit("floor_divide", *x)  # through which sizes are followed
    size = emit("floor_divide", emit("abs", x[0]), emit("abs", x[1]))  # integers: rounded towards zero
    return size * emit("sign", x[0]) * emit("sign", x[1])


def _is_size(x: Any) -> bool:
    """Whether an integer is a known number that counts something."""
    if x.concrete:
        return x.dtype == "int64" and bool((x.numpy() >= 0).all())
    return x.dtype == "int64" and len(x.shape) == 0 and None not in known_sizes(backend.expand_dims(x, 0))


def _power(op: Operator, x: list[Any]) -> Any:
    return emit("power", x[0], x[1] if x[1].dtype == x[0].dtype else backend.cast(x[1], x[0].dtype))


def _mod(op: Operator, x: list[Any]) -> Any:
    if not op.get("fmod", 0):
        return emit("modulo", *x)
    return emit("sign", x[0]) * emit("modulo", emit("abs", x[0]), emit("abs", x[1]))  # sign of the dividend


def _fold(name: str) -> Reader:
    return lambda op, x: reduce(lambda a, b: emit(name, a, b), x)


def _mean(op: Operator, x: list[Any]) -> Any:
    return reduce(lambda a, b: emit("add", a, b), x) / _like(len(x), x[0])


def _clip(op: Operator, x: list[Any]) -> Any:
    low, high = operand(x, 1), operand(x, 2)
    low = _like(op.get("min"), x[0]) if low is None and op.get("min") is not None else low
    high = _like(op.get("max"), x[0]) if high is None and op.get("max") is not None else high
    result = x[0] if low is None else emit("maximum", x[0], low)
    return result if high is None else emit("minimum", result, high)


def _cast(op: Operator, x: list[Any]) -> Any:
    target = x[1].dtype if op.kind == "CastLike" else op.get("to")
    return backend.cast(x[0], target)


def _first(op: Operator, x: list[Any]) -> Any:
    return x[0]


def _gelu(op: Operator, x: list[Any]) -> Any:
    return activations.gelu(x[0], approximate=op.get("approximate", "none") == "tanh")


def _hard_sigmoid(op: Operator, x: list[Any]) -> Any:
    line = x[0] * _like(op.get("alpha", 0.2), x[0]) + _like(op.get("beta", 0.5), x[0])
    return backend.clip(line, 0.0, 1.0)


def _hard_swish(op: Operator, x: list[Any]) -> Any:
    return x[0] * backend.clip(x[0] / _like(6, x[0]) + _like(0.5, x[0]), 0.0, 1.0)


def _prelu(op: Operator, x: list[Any]) -> Any:
    return emit("select", emit("less", x[0], _like(0, x[0])), x[0] * x[1], x[0])


def _leaky(op: Operator, x: list[Any]) -> Any:
    return backend.relu(x[0], alpha=float(op.get("alpha", 0.01)))


def _elu(op: Operator, x: list[Any]) -> Any:
    return backend.elu(x[0], float(op.get("alpha", 1.0)))


def _celu(op: Operator, x: list[Any]) -> Any:
    alpha = _like(op.get("alpha", 1.0), x[0])
    below = alpha * (emit("exp", emit("minimum", x[0], _like(0, x[0])) / alpha) - _like(1, x[0]))
    return emit("relu", x[0]) + below


def _selu(op: Operator, x: list[Any]) -> Any:
    alpha, gamma = op.get("alpha", 1.67326319217681884765625), op.get("gamma", 1.05070102214813232421875)
    return backend.elu(x[0], float(alpha)) * _like(gamma, x[0])


def _thresholded(op: Operator, x: list[Any]) -> Any:
    zero = _like(0, x[0])
    return emit(
        "select", emit("greater", x[0], _like(op.get("alpha", 1.0), x[0])), x[0], backend.zeros_like(x[0]) + zero
    )


def _mish(op: Operator, x: list[Any]) -> Any:
    return x[0] * emit("tanh", emit("softplus", x[0]))


def _swish(op: Operator, x: list[Any]) -> Any:
    return x[0] * emit("sigmoid", x[0] * _like(op.get("alpha", 1.0), x[0]))


def _softmax(op: Operator, x: list[Any]) -> Any:
    function = {"Softmax": backend.softmax, "LogSoftmax": backend.log_softmax}[op.kind]
    rank = len(x[0].shape)
    axis = axis_of(op.get("axis", 1 if op.opset < 13 else -1), x[0], op)
    if op.opset >= 13 or axis == rank - 1:
        return function(x[0], axis)
    sizes = sizes_of(x[0])  # before version 13 over all axes from this one on
    flat = backend.reshape(x[0], [*sizes[:axis], -1])
    return backend.reshape(function(flat, -1), sizes)


# -- reductions -------------------------------------------------------------------------------------------------------
_REDUCTIONS: dict[str, Callable[[Any, Any, bool], Any]] = {
    "ReduceSum": lambda x, axes, keep: backend.sum(x, axes, keep),
    "ReduceMean": lambda x, axes, keep: backend.mean(x, axes, keep),
    "ReduceMax": lambda x, axes, keep: backend.max(x, axes, keep),
    "ReduceMin": lambda x, axes, keep: backend.min(x, axes, keep),
    "ReduceProd": lambda x, axes, keep: backend.prod(x, axes, keep),
    "ReduceL1": lambda x, axes, keep: backend.sum(backend.abs(x), axes, keep),
    "ReduceL2": lambda x, axes, keep: backend.sqrt(backend.sum(backend.square(x), axes, keep)),
    "ReduceSumSquare": lambda x, axes, keep: backend.sum(backend.square(x), axes, keep),
    "ReduceLogSum": lambda x, axes, keep: backend.log(backend.sum(x, axes, keep)),
    "ReduceLogSumExp": lambda x, axes, keep: backend.logsumexp(x, axes, keep),
}


def _reduce(op: Operator, x: list[Any]) -> Any:
    axes = op.integers(x, 1, "axes")
    if not axes:
        if op.get("noop_with_empty_axes", 0):
            return x[0]
        axes = list(range(len(x[0].shape)))
    source = backend.cast(x[0], "int32") if x[0].dtype == "bool" else x[0]
    made = _REDUCTIONS[op.kind](source, [axis_of(axis, x[0], op) for axis in axes], bool(op.get("keepdims", 1)))
    return backend.cast(made, x[0].dtype)


def _arg_reduce(op: Operator, x: list[Any]) -> Any:
    axis = axis_of(op.get("axis", 0), x[0], op)
    if op.get("select_last_index", 0):
        raise op.fail("select_last_index is not known here")
    made = emit({"ArgMax": "argmax", "ArgMin": "argmin"}[op.kind], x[0], axis=axis)
    made = backend.expand_dims(made, axis) if op.get("keepdims", 1) else made
    return backend.cast(made, "int64")


def _cumulative(op: Operator, x: list[Any]) -> Any:
    axis = int(op.numbers(x[1], "axis"))
    return backend.cumsum(x[0], axis_of(axis, x[0], op), bool(op.get("exclusive", 0)), bool(op.get("reverse", 0)))


# -- products ---------------------------------------------------------------------------------------------------------
def _matmul(op: Operator, x: list[Any]) -> Any:
    """numpy's matmul: vectors, and batches of any number of axes that are broadcast against each other."""
    a, b = x
    if len(b.shape) == 2 and len(a.shape) >= 2:
        return emit("matmul", a, b)
    left, right = len(a.shape) == 1, len(b.shape) == 1
    a = backend.expand_dims(a, 0) if left else a
    b = backend.expand_dims(b, -1) if right else b
    batches = max(len(a.shape), len(b.shape)) - 2
    sizes_a = [1] * (batches + 2 - len(a.shape)) + sizes_of(a)
    sizes_b = [1] * (batches + 2 - len(b.shape)) + sizes_of(b)
    common = [n if not isinstance(m, int) or m == 1 else m for m, n in zip(sizes_a, sizes_b, strict=True)][:batches]
    common = [m if n == 1 else n for m, n in zip(sizes_a, common, strict=False)]
    made = emit("matmul", _broadcast(a, sizes_a, common), _broadcast(b, sizes_b, common))
    made = backend.squeeze(made, len(made.shape) - 2) if left else made
    return backend.squeeze(made, len(made.shape) - 1) if right else made


def _broadcast(x: Any, own: list[Any], batch: list[Any]) -> Any:
    if len(x.shape) == len(own) and all(
        m is n or m == n or not isinstance(m, int) for m, n in zip(own, batch, strict=False)
    ):
        return x
    return backend.broadcast_to(backend.reshape(x, own), [*batch, *own[len(batch) :]])


def _gemm(op: Operator, x: list[Any]) -> Any:
    a, b = x[0], x[1]
    made = emit("matmul", a, b, transpose_a=bool(op.get("transA", 0)), transpose_b=bool(op.get("transB", 0)))
    alpha, beta = op.get("alpha", 1.0), op.get("beta", 1.0)
    made = made if alpha == 1 else made * _like(alpha, made)
    c = operand(x, 2)
    if c is None:
        return made
    return made + (c if beta == 1 else c * _like(beta, c))


def _einsum(op: Operator, x: list[Any]) -> Any:
    equation = str(op.get("equation", "")).replace(" ", "")
    if len(x) != 2 or "->" not in equation:
        raise op.fail(f"expected two operands and a result, got {equation!r} of {len(x)}")
    return einsum(equation, x[0], x[1])


READERS: dict[str, Reader] = {
    **dict.fromkeys(_SAME, _same),
    **dict.fromkeys(_REDUCTIONS, _reduce),
    "ArgMax": _arg_reduce, "ArgMin": _arg_reduce, "Cast": _cast, "CastLike": _cast, "Celu": _celu, "Clip": _clip,
    "CumSum": _cumulative, "Div": _divide, "Dropout": _first, "Einsum": _einsum, "Elu": _elu, "Gelu": _gelu,
    "Gemm": _gemm, "HardSigmoid": _hard_sigmoid, "HardSwish": _hard_swish, "Identity": _first, "LeakyRelu": _leaky,
    "LogSoftmax": _softmax, "MatMul": _matmul, "Max": _fold("maximum"), "Mean": _mean, "Min": _fold("minimum"),
    "Mish": _mish, "Mod": _mod, "PRelu": _prelu, "Pow": _power, "Selu": _selu, "Softmax": _softmax,
    "Softsign": lambda op, x: backend.softsign(x[0]), "Sum": _fold("add"), "Swish": _swish,
    "ThresholdedRelu": _thresholded,
}  # fmt: skip
