"""Layers of Keras 1 that Keras 2 keeps for old programs and files, and old names of today's layers."""

from __future__ import annotations

from typing import Any

from nnstack import activations, backend, constraints, initializers, regularizers
from nnstack.engine.layer import Layer
from nnstack.engine.naming import snake_case
from nnstack.engine.spec import InputSpec
from nnstack.layers.arguments import label, positive_int
from nnstack.layers.convolution import Conv1D, Conv2D, Conv3D
from nnstack.layers.convolution_transpose import Conv2DTranspose, Conv3DTranspose
from nnstack.layers.dense import Dense
from nnstack.layers.depthwise import SeparableConv2D
from nnstack.layers.lambda_layer import Lambda
from nnstack.layers.merging import Add, Average, Concatenate, Dot, Maximum, Multiply


class _Legacy(Layer):
    """Options under Keras 1's names: init, W_*, b_*, bias."""

    def __init__(
        self,
        init: Any = "glorot_uniform",
        W_regularizer: Any = None,
        b_regularizer: Any = None,
        W_constraint: Any = None,
        b_constraint: Any = None,
        bias: bool = True,
        input_dim: int | None = None,
        **kwargs: Any,
    ) -> None:
        if input_dim:
            kwargs.setdefault("input_shape", (input_dim,))
        super().__init__(**kwargs)
        self.init = initializers.get(init)
        self.W_regularizer = regularizers.get(W_regularizer)
        self.b_regularizer = regularizers.get(b_regularizer)
        self.W_constraint = constraints.get(W_constraint)
        self.b_constraint = constraints.get(b_constraint)
        self.bias = bool(bias)
        self.input_dim = input_dim
        self.input_spec = InputSpec(ndim=2)

    def _size(self, input_shape: Any) -> int:
        if input_shape[-1] is None:
            raise ValueError(f"{label(self)}: expected a known last axis, got input shape {tuple(input_shape)}")
        self.input_spec = InputSpec(ndim=2, axes={1: input_shape[-1]})
        return int(input_shape[-1])

    def _matrix(self, name: str, shape: tuple[int, ...]) -> Any:
        return self.add_weight(
            name, shape, initializer=self.init, regularizer=self.W_regularizer, constraint=self.W_constraint
        )

    def _vector(self, name: str, shape: tuple[int, ...], initializer: str, **options: Any) -> Any:
        return self.add_weight(name, shape, initializer=initializer, **options) if self.bias else None

    def _shift_options(self) -> dict[str, Any]:
        return {"regularizer": self.b_regularizer, "constraint": self.b_constraint}

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "init": initializers.serialize(self.init),
            "W_regularizer": regularizers.serialize(self.W_regularizer),
            "b_regularizer": regularizers.serialize(self.b_regularizer),
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            "W_constraint": constraints.serialize(self.W_constraint),
            "b_constraint": constraints.serialize(self.b_constraint),
            "bias": self.bias,
            "input_dim": self.input_dim,
        }


class Highway(_Legacy):
    """t * activation(x W + b) + (1 - t) * x with t = sigmoid(x W_carry + b_carry): (batch, n) -> (batch, n).

    Weights: W, W_carry (n, n), b, b_carry (n,). Source: Srivastava, Greff, Schmidhuber 2015 (arXiv:1505.00387)
    """

    def __init__(self, init: Any = "glorot_uniform", activation: Any = None, **kwargs: Any) -> None:
        super().__init__(init, **kwargs)
        self.activation = activations.get(activation)

    def build(self, input_shape: Any) -> None:
        size = self._size(input_shape)
        self.W = self._matrix("W", (size, size))
        self.W_carry = self._matrix("W_carry", (size, size))
        self.b = self._vector("b", (size,), "zeros", **self._shift_options())
        self.b_carry = self._vector("b_carry", (size,), "ones")
        self.built = True

    def call(self, inputs: Any) -> Any:
        carried, made = backend.dot(inputs, self.W_carry), backend.dot(inputs, self.W)
        if self.bias:
            carried, made = carried + self.b_carry, made + self.b
        share = backend.sigmoid(carried)
        return self.activation(made) * share + (1.0 - share) * inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": activations.serialize(self.activation)}


class MaxoutDense(_Legacy):
    """The largest of `nb_feature` linear maps, output by output: (batch, n) -> (batch, output_dim).

    Weights: W (nb_feature, n, output_dim), b (nb_feature, output_dim). Source: Goodfellow et al. 2013 (arXiv:1302.4389)
    """

    def __init__(self, output_dim: int, nb_feature: int = 4, init: Any = "glorot_uniform", **kwargs: Any) -> None:
        super().__init__(init, **kwargs)
        self.output_dim = positive_int(output_dim, label(self), "output_dim")
        self.nb_feature = positive_int(nb_feature, label(self), "nb_feature")

    def build(self, input_shape: Any) -> None:
        self.W = self._matrix("W", (self.nb_feature, self._size(input_shape), self.output_dim))
        self.b = self._vector("b", (self.nb_feature, self.output_dim), "zeros", **self._shift_options())
        self.built = True

    def call(self, inputs: Any) -> Any:
        maps = backend.dot(inputs, self.W)
        return backend.max(maps if self.b is None else maps + self.b, axis=1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], self.output_dim)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "output_dim": self.output_dim, "nb_feature": self.nb_feature}


def _former(today: Any, rank: int) -> Any:
    """`today` under its name of Keras 1, which takes the sizes of the kernel one by one: (filters, rows, columns)."""

    class Former(today):  # type: ignore[misc]
        default_name = today.default_name or snake_case(today.__name__)

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            sizes = args[1 : 1 + rank]
            if len(sizes) == rank and all(isinstance(size, int) for size in sizes):
                args = (args[0], sizes)  # what Keras 1 has behind them are keywords today
            if "atrous_rate" in kwargs:
                kwargs["dilation_rate"] = kwargs.pop("atrous_rate")
            if today is Conv2DTranspose:
                kwargs.pop("output_shape", None)
            super().__init__(*args, **kwargs)

    Former.__name__, Former.__qualname__, Former.__doc__ = today.__name__, today.__qualname__, today.__doc__
    return Former


Convolution2D = AtrousConvolution2D = _former(Conv2D, 2)
Convolution3D = _former(Conv3D, 3)
Deconvolution2D = _former(Conv2DTranspose, 2)
Deconvolution3D = _former(Conv3DTranspose, 3)
SeparableConvolution2D = _former(SeparableConv2D, 2)
AtrousConvolution1D = _former(Conv1D, 2)  # two sizes never stand there: (filters, length, strides)
_MERGED = {"sum": Add, "mul": Multiply, "ave": Average, "max": Maximum, "concat": Concatenate, "dot": Dot, "cos": Dot}


def merge(
    inputs: Any,
    mode: Any = "sum",
    dot_axes: Any = -1,
    concat_axis: int = -1,
    output_shape: Any = None,
    output_mask: Any = None,
    arguments: Any = None,
    name: str | None = None,
    **kwargs: Any,
) -> Any:
    """Tensors made one, as Keras 1 had it: `mode` 'sum', 'mul', 'concat', 'ave', 'max', 'dot', 'cos', or a function of
    the list of tensors. `ValueError` for another mode.

    >>> merge([Input((3,)), Input((4,))], mode="concat").shape
    (None, 7)
    """
    if callable(mode):
        layer: Any = Lambda(mode, output_shape, output_mask, arguments, name=name)
    elif mode in ("dot", "cos"):
        axes = [axis[0] if isinstance(axis, list | tuple) else axis for axis in _listed(dot_axes)]
        layer = Dot(axes if len(axes) > 1 else axes[0], normalize=mode == "cos", name=name)
    elif mode == "concat":
        layer = Concatenate(concat_axis, name=name)
    elif mode in _MERGED:
        layer = _MERGED[mode](name=name)
    else:
        raise ValueError(f"merge: expected a function or one of {', '.join(_MERGED)} as mode, got {mode!r}")
    return layer(inputs)


def Merge(layers: Any = None, mode: Any = "sum", **options: Any) -> Any:
    """Branches made one: Keras 1's way to give a Sequential several inputs.

    layers: models whose input shapes are known; what comes back is a model of all their inputs, to stand first in a
    Sequential. Without them it is a function of a list of tensors. mode and options: those of `merge`. ValueError for
    a branch without an input shape.

    >>> branches = [Sequential([Dense(4, input_dim=size)]) for size in (2, 3)]
    >>> Sequential([Merge(branches, mode="concat"), Dense(1)]).output_shape
    (None, 1)
    """
    if layers is None:
        return lambda inputs: merge(inputs, mode, **options)
    from nnstack.engine.model import Model

    unknown = [branch.name for branch in layers if not branch.inputs]
    if unknown:
        raise ValueError(f"Merge: expected branches with known input shapes, {', '.join(unknown)} has none")
    name = options.pop("name", None)
    outputs = merge([branch.output for branch in layers], mode, **options)
    return Model([tensor for branch in layers for tensor in branch.inputs], outputs, name=name)


def TimeDistributedDense(output_dim: int, **options: Any) -> Dense:
    """Dense over the last axis, of every step: (batch, time, n) -> (batch, time, output_dim)."""
    time, size = options.pop("input_length", None), options.pop("input_dim", None)
    if size is not None:
        options["input_shape"] = (time, size)
    return Dense(output_dim, **options)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
