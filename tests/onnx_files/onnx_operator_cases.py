"""Operators of ONNX, one row per form: operator, inputs (given at run time), constants, attributes, opset."""

from __future__ import annotations

from typing import Any

import numpy as np

_GENERATOR = np.random.default_rng(3)


def f(*shape: int) -> np.ndarray:
    return _GENERATOR.normal(size=shape).astype(np.float32)


def positive(*shape: int) -> np.ndarray:
    return _GENERATOR.uniform(0.2, 2.0, shape).astype(np.float32)


def b(*shape: int) -> np.ndarray:
    return _GENERATOR.integers(0, 2, shape).astype(bool)


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def row(
    operator: str,
    inputs: list[Any],
    constants: list[Any] | None = None,
    opset: int = 18,
    outputs: int = 1,
    **attributes: Any,
) -> tuple[Any, ...]:
    """`constants` stand behind the inputs; None leaves an operand out."""
    return operator, inputs, constants or [], attributes, opset, outputs


UNARY = [
    "Abs", "Ceil", "Cos", "Erf", "Exp", "Floor", "HardSwish", "Identity", "Mish", "Neg", "Relu", "Round", "Sigmoid",
    "Sign", "Sin", "Softplus", "Softsign", "Tanh", "Elu", "Selu", "Celu", "LeakyRelu", "HardSigmoid",
    "ThresholdedRelu", "Gelu", "Softmax", "LogSoftmax", "IsInf", "IsNaN",
]  # fmt: skip
BINARY = [
    "Add", "Sub", "Mul", "Div", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Max", "Min", "Mean",
    "Sum",
]  # fmt: skip
REDUCTIONS = [
    "ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare",
    "ReduceLogSum", "ReduceLogSumExp",
]  # fmt: skip

ROWS = [
    *[row(name, [f(2, 3, 4)], opset=22) for name in UNARY],
    *[row(name, [positive(2, 3)]) for name in ("Log", "Sqrt", "Reciprocal")],
    *[row(name, [f(2, 3, 4), f(3, 1)]) for name in BINARY],
    *[row(name, [positive(2, 3, 4)], [ints(1, -1)], keepdims=0) for name in REDUCTIONS],
    row("ReduceSum", [f(2, 3, 4)]),
    row("ReduceSum", [f(2, 3, 4)], noop_with_empty_axes=1),
    row("ReduceMean", [f(2, 3, 4)], opset=13, axes=[1, 2]),
    *[row(name, [b(2, 3), b(3)]) for name in ("And", "Or", "Xor")],
    row("Not", [b(2, 3)]),
    row("Where", [b(2, 3), f(2, 3), f(3)]),
    row("Div", [ints(7, -7, 8, -9)], [ints(2, 2, -3, -3)]),
    row("Mod", [ints(7, -7, 8, -9)], [ints(2, 3, -3, -3)]),
    row("Mod", [f(5)], [positive(5)], fmod=1),
    row("Pow", [positive(2, 3)], [np.float32(2.5)]),
    row("Pow", [f(2, 3)], [ints(3)]),
    row("PRelu", [f(2, 3, 4)], [positive(3, 1)]),
    row("Gelu", [f(2, 3)], opset=20, approximate="tanh"),
    row("HardSigmoid", [f(2, 3)], alpha=0.1, beta=0.4),
    row("Softmax", [f(2, 3, 4)], opset=11, axis=1),
    row("Softmax", [f(2, 3, 4)], axis=1),
    row("Clip", [f(2, 3)], [np.float32(-0.5), np.float32(0.5)]),
    row("Clip", [f(2, 3)], [None, np.float32(0.5)]),
    row("Clip", [f(2, 3)], opset=7, min=-0.3, max=0.3),
    row("Cast", [f(2, 3)], to=7),
    row("CastLike", [f(2, 3)], [ints(1)]),
    row("Dropout", [f(2, 3)]),
    row("Swish", [f(2, 3)], opset=24, alpha=1.5),
    row("ArgMax", [f(2, 5, 3)], axis=1),
    row("ArgMin", [f(2, 5, 3)], axis=-1, keepdims=0),
    row("CumSum", [f(2, 5)], [np.int64(1)], exclusive=1, reverse=1),
    row("MatMul", [f(2, 3, 4), f(2, 4, 5)]),
    row("MatMul", [f(2, 3, 4), f(4, 5)]),
    row("MatMul", [f(6, 1, 3, 4), f(2, 4, 5)]),
    row("MatMul", [f(3, 4), f(2, 4, 5)]),
    row("MatMul", [f(4), f(2, 4, 5)]),
    row("MatMul", [f(2, 3, 4), f(4)]),
    row("Gemm", [f(3, 4)], [f(5, 4), f(5)], transB=1, alpha=0.5, beta=2.0),
    row("Gemm", [f(4, 3)], [f(4, 5)], transA=1),
    row("Einsum", [f(2, 3, 4), f(2, 4, 5)], equation="bij, bjk -> bik"),
    # shapes
    row("Reshape", [f(2, 3, 4)], [ints(0, -1)]),
    row("Reshape", [f(2, 3, 4)], [ints(4, 0, 2)]),
    row("Transpose", [f(2, 3, 4)], perm=[2, 0, 1]),
    row("Transpose", [f(2, 3, 4)]),
    row("Flatten", [f(2, 3, 4)], axis=2),
    row("Flatten", [f(2, 3, 4)], axis=0),
    row("Unsqueeze", [f(2, 3)], [ints(0, -1)]),
    row("Unsqueeze", [f(2, 3)], opset=11, axes=[1]),
    row("Squeeze", [f(2, 1, 3, 1)], [ints(1)]),
    row("Squeeze", [f(2, 1, 3, 1)]),
    row("Concat", [f(2, 3), f(2, 1)], axis=-1),
    row("Split", [f(2, 7)], [ints(3, 4)], outputs=2, axis=1),
    row("Split", [f(2, 7)], outputs=3, num_outputs=3, axis=-1),
    row("Slice", [f(5, 6)], [ints(1, -2), ints(4, -6), ints(0, 1), ints(2, -1)]),
    row("Slice", [f(5, 6)], opset=9, starts=[1], ends=[1 << 40], axes=[1]),
    row("Gather", [f(5, 3)], [ints(0, -1, 2)]),
    row("Gather", [f(2, 5), ints(0, -1)], axis=1),
    row("GatherElements", [f(4, 3), ints(0, -1, 2, 3, 1, 0).reshape(2, 3)]),
    row("GatherElements", [f(2, 3, 4), ints(3, -1, 2, 0, 1, 0).reshape(2, 3, 1)], axis=2),
    row("Expand", [f(3, 1)], [ints(2, 1, 4)]),
    row("Tile", [f(2, 3)], [ints(2, 1)]),
    row("Size", [f(2, 3, 4)]),
    row("Pad", [f(2, 3)], [ints(0, 1, 2, 3), np.float32(1.5)]),
    row("Pad", [f(2, 5)], [ints(0, 2, 0, 1)], mode="reflect"),
    row("Pad", [f(2, 5)], [ints(0, 2, 0, 1)], mode="edge"),
    row("Pad", [f(4, 5)], [ints(-1, 2, 0, -1)]),
    row("Pad", [f(2, 5)], opset=7, pads=[0, 1, 0, 1], value=0.5),
    row("DepthToSpace", [f(2, 8, 3, 2)], blocksize=2),
    row("DepthToSpace", [f(2, 8, 3, 2)], blocksize=2, mode="CRD"),
    row("SpaceToDepth", [f(2, 2, 4, 6)], blocksize=2),
    row("OneHot", [ints(0, 2, -1)], [np.int64(3), np.array([0.5, 2.0], np.float32)]),
    row("OneHot", [ints(0, 2, 1)], [ints(3), np.array([0.0, 1.0], np.float32)], axis=0),
    row("TopK", [f(2, 5, 3)], [ints(2)], outputs=2, axis=1, largest=0),
    row("ScatterND", [np.zeros((4, 2), np.float32), ints(1, 1, 3).reshape(3, 1), f(3, 2)], reduction="add"),
    row("Trilu", [f(2, 3, 4)], [np.int64(1)]),
    row("Trilu", [f(2, 3, 4)], upper=0),
    # windows
    row("Conv", [f(2, 3, 7, 8)], [f(4, 3, 3, 2), f(4)], strides=[2, 1], pads=[1, 0, 2, 1]),
    row("Conv", [f(2, 4, 9)], [f(6, 2, 3)], group=2, auto_pad="SAME_LOWER", strides=[2]),
    row("Conv", [f(1, 2, 4, 5, 3)], [f(3, 2, 2, 2, 2)], auto_pad="SAME_UPPER"),
    row(
        "ConvTranspose", [f(2, 3, 4, 5)], [f(3, 2, 3, 3), f(2)], strides=[2, 2], pads=[1, 1, 0, 1],
        output_padding=[1, 0],
    ),
    row("ConvTranspose", [f(2, 4, 5)], [f(4, 3, 2)], group=2, strides=[3]),
    row("ConvTranspose", [f(2, 3, 4)], [f(3, 2, 3)], strides=[2], auto_pad="SAME_UPPER"),
    row("ConvTranspose", [f(2, 3, 4)], [f(3, 2, 3)], strides=[2], output_shape=[8], auto_pad="SAME_LOWER"),
    row("ConvTranspose", [f(2, 3, 4)], [f(3, 2, 2)], dilations=[2]),
    row("MaxPool", [f(2, 3, 7, 8)], kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 1]),
    row("MaxPool", [f(2, 3, 8)], kernel_shape=[3], strides=[2], ceil_mode=1),
    row("AveragePool", [f(2, 3, 7, 8)], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
    row("AveragePool", [f(2, 3, 7, 8)], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1),
    row("AveragePool", [f(2, 3, 8)], opset=19, kernel_shape=[3], strides=[2], ceil_mode=1),
    row("AveragePool", [f(2, 3, 8)], kernel_shape=[3], strides=[2], auto_pad="SAME_UPPER"),
    row("GlobalAveragePool", [f(2, 3, 4, 5)]),
    row("GlobalMaxPool", [f(2, 3, 4, 5)]),
    row("BatchNormalization", [f(2, 3, 4)], [f(3), f(3), f(3), positive(3)], epsilon=1e-3),
    row("LayerNormalization", [f(2, 3, 4)], [f(4), f(4)]),
    row("LayerNormalization", [f(2, 3, 4)], [f(3, 4)], axis=1),
    row("InstanceNormalization", [f(2, 3, 5)], [f(3), f(3)]),
    row("GroupNormalization", [f(2, 6, 5)], [f(6), f(6)], opset=21, num_groups=3),
    row("GroupNormalization", [f(2, 6, 5)], [f(3), f(3)], opset=18, num_groups=3),
    row("LpNormalization", [f(2, 3)], axis=1, p=2),
    row("LpNormalization", [f(2, 3)], axis=1, p=1),
    row("Resize", [f(1, 2, 4, 5)], [None, None, ints(1, 2, 7, 9)], mode="linear"),
    row("Resize", [f(1, 2, 4, 5)], [None, np.array([1, 1, 2, 1.5], np.float32)], mode="nearest"),
    row(
        "Resize", [f(1, 2, 4, 5)], [None, None, ints(1, 2, 7, 3)], mode="cubic",
        coordinate_transformation_mode="align_corners",
    ),
    row(
        "Resize", [f(1, 2, 4, 5)], [None, None, ints(1, 2, 8, 3)], mode="nearest", nearest_mode="floor",
        coordinate_transformation_mode="asymmetric",
    ),
    row(
        "Resize", [f(1, 2, 4, 5)], [None, None, ints(1, 2, 6, 1)], mode="linear",
        coordinate_transformation_mode="pytorch_half_pixel",
    ),
    row("Upsample", [f(1, 2, 3, 4)], [np.array([1, 1, 2, 3], np.float32)], opset=9, mode="nearest"),
    # recurrent
    row("LSTM", [f(5, 2, 3)], [f(1, 16, 3), f(1, 16, 4), f(1, 32)], outputs=3, hidden_size=4),
    row("LSTM", [f(5, 2, 3)], [f(2, 16, 3), f(2, 16, 4)], outputs=3, hidden_size=4, direction="bidirectional"),
    row(
        "LSTM", [f(5, 2, 3)], [f(1, 16, 3), f(1, 16, 4), f(1, 32), None, f(1, 2, 4), f(1, 2, 4)], outputs=3,
        hidden_size=4, activations=["HardSigmoid", "Relu", "Relu"], activation_alpha=[0.2], activation_beta=[0.5],
    ),
    row("GRU", [f(5, 2, 3)], [f(1, 12, 3), f(1, 12, 4), f(1, 24)], outputs=2, hidden_size=4, direction="reverse"),
    row("GRU", [f(5, 2, 3)], [f(2, 12, 3), f(2, 12, 4), f(2, 24)], outputs=2, hidden_size=4, linear_before_reset=1,
        direction="bidirectional"),
    row("RNN", [f(5, 2, 3)], [f(1, 4, 3), f(1, 4, 4), f(1, 8)], outputs=2, hidden_size=4, activations=["Relu"]),
]  # fmt: skip
