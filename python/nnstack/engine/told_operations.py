"""The core's ops in the words of TensorFlow's functions, so that arithmetic between layers is saved as tf.keras does.

`tell` gives the calls that make a value from its operands: the first takes the operand, each next the result before it.
What has no such function (random numbers, loops, the learning phase, gradients) gives None.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from nnstack.engine.tensor_functions import GETITEM
from nnstack.engine.tensor_functions.arrays import slice_spec

_UNARY = {
    **{
        name: f"math.{name}"
        for name in (
            "abs", "ceil", "cos", "erf", "exp", "expm1", "floor", "is_finite", "is_inf", "is_nan", "log", "log1p",
            "logical_not", "negative", "reciprocal", "round", "rsqrt", "sigmoid", "sign", "sin", "softplus", "sqrt",
            "square", "tanh",
        )
    },
    "identity": "identity", "log_softmax": "nn.log_softmax", "relu": "nn.relu", "softmax": "nn.softmax",
    "stop_gradient": "stop_gradient",
}  # fmt: skip
_BINARY = {
    "add": "math.add", "subtract": "math.subtract", "multiply": "math.multiply", "divide": "math.truediv",
    "floor_divide": "math.floordiv", "modulo": "math.floormod", "power": "math.pow", "maximum": "math.maximum",
    "minimum": "math.minimum", "equal": "math.equal", "not_equal": "math.not_equal", "greater": "math.greater",
    "greater_equal": "math.greater_equal", "less": "math.less", "less_equal": "math.less_equal",
    "logical_and": "math.logical_and", "logical_or": "math.logical_or", "logical_xor": "math.logical_xor",
}  # fmt: skip
_COMMUTES = frozenset(
    {"add", "multiply", "maximum", "minimum", "equal", "not_equal", "logical_and", "logical_or", "logical_xor"}
)
_REDUCTIONS = {"sum", "mean", "max", "min", "prod", "any", "all"}


class Call(NamedTuple):
    """One call: the function, its operand (None: the result of the call before), the other arguments, and which of
    several results counts (None: there is one).
    """

    function: str
    operand: Any
    named: dict[str, Any]
    result: int | None = None


def tell(value: Any, is_graph: Callable[[Any], bool]) -> list[Call] | None:
    """The calls that make `value`; `is_graph` says which operands come from the model's inputs."""
    if value.op == "sort":
        return _sort(value)
    op, inputs, attributes = value.op, list(value.inputs), dict(value.attributes)
    if op in _UNARY:
        return [Call(_UNARY[op], inputs[0], {})]
    if op in _BINARY:
        if op in _COMMUTES and not is_graph(inputs[0]):
            inputs.reverse()
        return [Call(_BINARY[op], inputs[0], {"y": inputs[1]})]
    if op in _REDUCTIONS:
        named = {"axis": list(attributes["axes"]), "keepdims": bool(attributes["keepdims"])}
        return [Call(f"math.reduce_{op}", inputs[0], named)]
    rule = _RULES.get(op)
    return None if rule is None else rule(inputs, attributes)


def _argument(name: str) -> Callable[..., list[Call]]:
    return lambda inputs, attributes: [Call(f"math.{name}", inputs[0], {"axis": int(attributes["axis"])})]


def _cumulative(name: str) -> Callable[..., list[Call] | None]:
    def rule(inputs: list[Any], attributes: dict[str, Any]) -> list[Call] | None:
        named = {
            "axis": int(attributes["axis"]),
            "exclusive": attributes["order"] == "before",
            "reverse": bool(attributes["reverse"]),
        }
        return [Call(f"math.{name}", inputs[0], named)] if attributes["order"] in ("after", "before") else None

    return rule


def _slice(inputs: list[Any], attributes: dict[str, Any]) -> list[Call]:
    parts = zip(attributes["begins"], attributes["ends"], attributes["steps"], strict=True)
    key = tuple(slice(begin, end, None if step == 1 else step) for begin, end, step in parts)
    return [Call(GETITEM, inputs[0], {"slice_spec": slice_spec(key)})]


def _one_by_one(inputs: list[Any], attributes: dict[str, Any]) -> list[Call]:
    rank = len(inputs[0].shape) + len(attributes["axes"])
    axes = sorted(int(one) % rank for one in attributes["axes"])
    return [Call("expand_dims", None if n else inputs[0], {"axis": axis}) for n, axis in enumerate(axes)]


def _count(inputs: list[Any], attributes: dict[str, Any]) -> list[Call]:
    return [
        Call("shape", inputs[0], {"out_type": "int64"}),
        Call("gather", None, {"indices": [int(one) % len(inputs[0].shape) for one in attributes["axes"]], "axis": 0}),
        Call("math.reduce_prod", None, {"axis": 0, "keepdims": False}),
        Call("cast", None, {"dtype": str(attributes["dtype"])}),
    ]


def _sort(value: Any) -> list[Call] | None:
    """By TensorFlow's top_k, which sorts downwards and numbers places with int32."""
    x, attributes = value.inputs[0], dict(value.attributes)
    count = attributes["count"] if attributes["count"] >= 0 else x.shape[-1]
    if count is None:
        return None
    up = not attributes["descending"]
    calls = [Call("math.negative", x, {})] if up else []
    calls.append(Call("math.top_k", None if up else x, {"k": int(count)}, value.index))
    if value.index == 1:
        calls.append(Call("cast", None, {"dtype": "int64"}))
    elif up:
        calls.append(Call("math.negative", None, {}))
    return calls


_RULES: dict[str, Callable[..., list[Call] | None]] = {
    "argmax": _argument("argmax"),
    "argmin": _argument("argmin"),
    "broadcast_to": lambda inputs, _: [Call("broadcast_to", inputs[0], {"shape": inputs[1]})],
    "cast": lambda inputs, attributes: [Call("cast", inputs[0], {"dtype": str(attributes["dtype"])})],
    "concat": lambda inputs, attributes: [Call("concat", inputs, {"axis": int(attributes["axis"])})],
    "count": _count,
    "cumulative_product": _cumulative("cumprod"),
    "cumulative_sum": _cumulative("cumsum"),
    "expand_dims": _one_by_one,
    "gather": lambda inputs, attributes: [
        Call("gather", inputs[0], {"indices": inputs[1], "axis": int(attributes["axis"])})
    ],
    "matmul": lambda inputs, attributes: [
        Call(
            "linalg.matmul",
            inputs[0],
            {
                "b": inputs[1],
                "transpose_a": bool(attributes["transpose_a"]),
                "transpose_b": bool(attributes["transpose_b"]),
            },
        )
    ],
    "pad": lambda inputs, attributes: [
        Call(
            "pad",
            inputs[0],
            {
                "paddings": [[int(n) for n in pair] for pair in zip(*[iter(attributes["paddings"])] * 2, strict=True)],
                "constant_values": attributes["value"],
            },
        )
    ],
    "reshape": lambda inputs, _: [Call("reshape", inputs[0], {"shape": inputs[1]})],
    "select": lambda inputs, _: [Call("where", inputs[0], {"x": inputs[1], "y": inputs[2]})],
    "shape_of": lambda inputs, _: [Call("shape", inputs[0], {"out_type": "int64"})],
    "slice": _slice,
    "squeeze": lambda inputs, attributes: [Call("squeeze", inputs[0], {"axis": [int(n) for n in attributes["axes"]]})],
    "transpose": lambda inputs, attributes: [
        Call("transpose", inputs[0], {"perm": [int(n) for n in attributes["permutation"]]})
    ],
}
