"""The table of names: arguments as TensorFlow calls them, and what computes the function here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from nnstack import activations
from nnstack import backend as K
from nnstack.engine.tensor_functions import arrays, windows
from nnstack.engine.tensor_functions.operands import (
    axes_of,
    one_operand,
    pair,
    reduction,
    sizes_of,
    tensor,
    two,
    with_pair,
)

GETITEM = "__operators__.getitem"


class Function(NamedTuple):
    """What a name stands for: the names of its arguments in order, and what computes it."""

    arguments: tuple[str, ...]
    compute: Callable[..., Any]


# name: (arguments as TensorFlow names them, what computes them here)
_TABLE: dict[str, tuple[str, Callable[..., Any]]] = {
    GETITEM: ("tensor slice_spec", arrays.getitem),
    "__operators__.add": ("x y", two("add")),
    "math.add": ("x y", two("add")),
    "math.subtract": ("x y", two("subtract")),
    "math.multiply": ("x y", two("multiply")),
    "math.truediv": ("x y", with_pair(K.divide)),
    "math.divide_no_nan": ("x y", with_pair(K.divide_no_nan)),
    "math.floordiv": ("x y", two("floor_divide")),
    "math.floormod": ("x y", two("modulo")),
    "math.pow": ("x y", with_pair(K.pow)),
    "math.maximum": ("x y", two("maximum")),
    "math.minimum": ("x y", two("minimum")),
    "math.squared_difference": ("x y", lambda x, y: K.square(two("subtract")(x, y))),
    "math.greater": ("x y", two("greater")),
    "math.greater_equal": ("x y", two("greater_equal")),
    "math.less": ("x y", two("less")),
    "math.less_equal": ("x y", two("less_equal")),
    "math.equal": ("x y", two("equal")),
    "math.not_equal": ("x y", two("not_equal")),
    "__operators__.eq": ("self other", lambda self, other: two("equal")(self, other)),
    "__operators__.ne": ("self other", lambda self, other: two("not_equal")(self, other)),
    "math.logical_and": ("x y", two("logical_and")),
    "math.logical_or": ("x y", two("logical_or")),
    "math.logical_xor": ("x y", two("logical_xor")),
    "math.logical_not": ("x", one_operand("logical_not")),
    **{
        f"math.{name}": ("x", one_operand(op))
        for name, op in (
            ("abs", "abs"),
            ("ceil", "ceil"),
            ("cos", "cos"),
            ("erf", "erf"),
            ("exp", "exp"),
            ("expm1", "expm1"),
            ("floor", "floor"),
            ("is_finite", "is_finite"),
            ("is_inf", "is_inf"),
            ("is_nan", "is_nan"),
            ("log", "log"),
            ("log1p", "log1p"),
            ("negative", "negative"),
            ("reciprocal", "reciprocal"),
            ("round", "round"),
            ("rsqrt", "rsqrt"),
            ("sign", "sign"),
            ("sin", "sin"),
            ("sqrt", "sqrt"),
            ("square", "square"),
            ("tanh", "tanh"),
        )
    },
    "math.sigmoid": ("x", one_operand("sigmoid")),
    "math.log_sigmoid": ("x", lambda x: -one_operand("softplus")(-x)),
    "math.softplus": ("features", lambda features: K.softplus(tensor(features))),
    "math.tan": ("x", lambda x: one_operand("sin")(x) / one_operand("cos")(x)),
    "math.sinh": ("x", lambda x: (K.exp(x) - K.exp(-x)) / 2.0),
    "math.cosh": ("x", lambda x: (K.exp(x) + K.exp(-x)) / 2.0),
    "nn.relu": ("features", lambda features: K.relu(tensor(features))),
    "nn.relu6": ("features", lambda features: K.relu(tensor(features), max_value=6.0)),
    "nn.leaky_relu": ("features alpha", arrays.leaky_relu),
    "nn.elu": ("features alpha", arrays.elu),
    "nn.selu": ("features", lambda features: activations.selu(tensor(features))),
    "nn.gelu": ("features approximate", arrays.gelu),
    "nn.silu": ("features beta", arrays.swish),
    "nn.softsign": ("features", lambda features: K.softsign(tensor(features))),
    "nn.softmax": ("logits axis", arrays.softmax),
    "nn.log_softmax": ("logits axis", arrays.log_softmax),
    "nn.bias_add": ("value bias data_format", windows.bias),
    "nn.convolution": ("input filters stride padding data_format dilations", windows.convolved),
    "nn.max_pool1d": ("input ksize strides padding data_format", windows.pooled(1, "max")),
    "nn.max_pool2d": ("input ksize strides padding data_format", windows.pooled(2, "max")),
    "nn.max_pool": ("input ksize strides padding data_format", windows.pooled(None, "max")),
    "nn.avg_pool1d": ("input ksize strides padding data_format", windows.pooled(1, "avg")),
    "nn.avg_pool2d": ("input ksize strides padding data_format", windows.pooled(2, "avg")),
    "nn.avg_pool": ("input ksize strides padding data_format", windows.pooled(None, "avg")),
    "nn.moments": ("x axes keepdims", arrays.moments),
    "math.l2_normalize": ("x axis epsilon", arrays.normalize),
    "norm": ("tensor ord axis keepdims", arrays.norm),
    "math.reduce_sum": ("input_tensor axis keepdims", reduction(K.sum)),
    "math.reduce_mean": ("input_tensor axis keepdims", reduction(K.mean)),
    "math.reduce_max": ("input_tensor axis keepdims", reduction(K.max)),
    "math.reduce_min": ("input_tensor axis keepdims", reduction(K.min)),
    "math.reduce_prod": ("input_tensor axis keepdims", reduction(K.prod)),
    "math.reduce_any": ("input_tensor axis keepdims", reduction(K.any)),
    "math.reduce_all": ("input_tensor axis keepdims", reduction(K.all)),
    "math.reduce_std": ("input_tensor axis keepdims", reduction(K.std)),
    "math.reduce_variance": ("input_tensor axis keepdims", reduction(K.var)),
    "math.reduce_logsumexp": ("input_tensor axis keepdims", reduction(K.logsumexp)),
    "math.argmax": ("input axis output_type keepdims", arrays.argument(K.argmax)),
    "math.argmin": ("input axis output_type keepdims", arrays.argument(K.argmin)),
    "math.cumsum": ("x axis exclusive reverse", arrays.cumulative(K.cumsum)),
    "math.cumprod": ("x axis exclusive reverse", arrays.cumulative(K.cumprod)),
    "math.top_k": ("input k", arrays.top_k),
    "math.add_n": ("inputs", arrays.sum_of),
    "linalg.matmul": ("a b transpose_a transpose_b", arrays.matmul),
    "einsum": ("first second equation", arrays.einsum),
    "concat": ("values axis", arrays.concat),
    "stack": ("values axis", arrays.stack),
    "unstack": ("value num axis", arrays.unstack),
    "split": ("value num_or_size_splits axis", arrays.split),
    "reshape": ("tensor shape", lambda tensor_, shape: K.reshape(tensor(tensor_), sizes_of(shape))),
    "transpose": ("a perm", arrays.transpose),
    "expand_dims": ("input axis", arrays.expand),
    "squeeze": ("input axis", arrays.squeeze),
    "cast": ("x dtype", arrays.cast),
    "identity": ("input", lambda input_: K.identity(tensor(input_))),
    "stop_gradient": ("input", lambda input_: K.stop_gradient(tensor(input_))),
    "where": ("condition x y", arrays.where),
    "gather": ("params indices axis", arrays.gather),
    "one_hot": ("indices depth on_value off_value axis dtype", arrays.one_hot),
    "pad": ("tensor paddings mode constant_values", arrays.pad),
    "reverse": ("tensor axis", lambda tensor_, axis: K.reverse(tensor(tensor_), axes_of(axis))),
    "clip_by_value": ("t clip_value_min clip_value_max", arrays.clip),
    "broadcast_to": ("input shape", lambda input_, shape: K.broadcast_to(tensor(input_), sizes_of(shape))),
    "tile": ("input multiples", arrays.tile),
    "repeat": ("input repeats axis", arrays.repeat),
    "shape": ("input out_type", arrays.shape),
    "size": ("input out_type", lambda input_, out_type="int32": K.cast(K.size(tensor(input_)), str(out_type))),
    "zeros_like": ("input dtype", arrays.filled(0.0)),
    "ones_like": ("input dtype", arrays.filled(1.0)),
    "image.resize": ("images size method preserve_aspect_ratio", windows.resized),
    "keras.backend.batch_flatten": ("x", K.batch_flatten),
    # what Keras 3's operations do and TensorFlow's functions outside its numpy do not
    "experimental.numpy.take": ("params indices axis", arrays.take),
    "experimental.numpy.swapaxes": ("a axis1 axis2", arrays.swapped),
    "experimental.numpy.moveaxis": ("a source destination", arrays.moved),
    "experimental.numpy.split": ("value indices_or_sections axis", arrays.split_at),
    "experimental.numpy.argmax": ("a axis keepdims", arrays.argument_of_all(K.argmax)),
    "experimental.numpy.dot": ("a b", lambda a, b: K.dot(*pair(a, b))),
    "keras3.hard_sigmoid": ("x", lambda x: K.relu(x + 3.0, max_value=6.0) / 6.0),
    "experimental.numpy.argmin": ("a axis keepdims", arrays.argument_of_all(K.argmin)),
}

FUNCTIONS = {name: Function(tuple(arguments.split()), compute) for name, (arguments, compute) in _TABLE.items()}

# Other names of the same functions, `compat.v1.` before them left out.
ALIASES = {
    "add": "math.add", "subtract": "math.subtract", "multiply": "math.multiply", "divide": "math.truediv",
    "math.divide": "math.truediv", "div": "math.truediv", "truediv": "math.truediv", "realdiv": "math.truediv",
    "compat.v1.floor_div": "math.floordiv", "floor_div": "math.floordiv", "math.mod": "math.floormod",
    "compat.v1.nn.conv1d": "nn.convolution", "nn.conv1d": "nn.convolution", "compat.v1.norm": "norm",
    "linalg.norm": "norm", "nn.swish": "nn.silu", "nn.tanh": "math.tanh", "nn.sigmoid": "math.sigmoid",
    "nn.softplus": "math.softplus", "math.softmax": "nn.softmax", "math.log_softmax": "nn.log_softmax",
    "nn.l2_normalize": "math.l2_normalize", "linalg.l2_normalize": "math.l2_normalize", "nn.top_k": "math.top_k",
    "matmul": "linalg.matmul", "compat.v1.div": "math.truediv", "compat.v1.placeholder_with_default": "identity",
    "abs": "math.abs", "exp": "math.exp", "pow": "math.pow", "sqrt": "math.sqrt", "square": "math.square",
    "compat.v1.nn.max_pool": "nn.max_pool", "compat.v1.nn.avg_pool": "nn.avg_pool", "argmax": "math.argmax",
    "compat.v1.math.argmax": "math.argmax", "compat.v1.argmax": "math.argmax", "compat.v1.argmin": "math.argmin",
    "reduce_sum": "math.reduce_sum", "reduce_mean": "math.reduce_mean", "reduce_max": "math.reduce_max",
    "reduce_min": "math.reduce_min", "compat.v1.reduce_sum": "math.reduce_sum",
    "compat.v1.reduce_mean": "math.reduce_mean", "compat.v1.reduce_max": "math.reduce_max",
    "compat.v1.reduce_min": "math.reduce_min", "compat.v1.image.resize": "image.resize",
    "keras.activations.relu": "nn.relu", "keras.activations.sigmoid": "math.sigmoid",
    "keras.activations.softmax": "nn.softmax", "keras.activations.tanh": "math.tanh",
    "compat.v1.nn.softmax": "nn.softmax",
}  # fmt: skip
