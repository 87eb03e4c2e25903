"""LinearModel: a weighted sum of features, one weight matrix per input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnstack import activations, backend, initializers, layers, regularizers
from nnstack.engine.layer import Layer
from nnstack.engine.model import Model
from nnstack.engine.shapes import is_shape


class LinearModel(Model):
    """`activation(sum of x_i @ kernel_i + bias)` for one input, a list, or a dict of inputs by name.

    units: size of the output's last axis, default 1. The kernels and the bias begin at zero unless initializers are
    given; regularizers join the losses. Inputs are (batch, features). `ValueError` where a dict of inputs lacks a name
    that the model was built with.

    >>> model = LinearModel()
    >>> model.compile("sgd", "mse")
    >>> model.fit(x, y, epochs=10)

    Source: McCullagh and Nelder, Generalized Linear Models (1989)
    """

    def __init__(
        self,
        units: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "zeros",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.dense_layers: list[Any] = []
        self.bias: backend.Variable | None = None

    def build(self, input_shape: Any) -> None:
        """One kernel (features, units) for each input, and a bias."""
        named = sorted(input_shape) if isinstance(input_shape, Mapping) else None
        shapes = [input_shape[name] for name in named] if named is not None else input_shape
        for position, shape in enumerate([shapes] if is_shape(shapes) else shapes):
            dense = layers.Dense(
                self.units,
                use_bias=False,
                kernel_initializer=self.kernel_initializer,
                kernel_regularizer=self.kernel_regularizer,
                name=None if named is None else named[position],
            )
            dense.build(tuple(shape))
            self.dense_layers.append(dense)
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias", shape=(self.units,), initializer=self.bias_initializer, regularizer=self.bias_regularizer
            )
        Layer.build(self, input_shape)

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """(batch, units)."""
        if isinstance(inputs, Mapping):
            missing = [dense.name for dense in self.dense_layers if dense.name not in inputs]
            if missing:
                raise ValueError(
                    f'linear_model (model "{self.name}"): expected the inputs '
                    f"{', '.join(dense.name for dense in self.dense_layers)}; missing {', '.join(missing)}"
                )
            inputs = [inputs[dense.name] for dense in self.dense_layers]
        elif not isinstance(inputs, list | tuple):
            inputs = [inputs]
        total = sum(dense(one) for dense, one in zip(self.dense_layers, inputs, strict=True))
        if self.bias is not None:
            total = backend.bias_add(total, self.bias)
        return self.activation(total)

    def get_config(self) -> dict[str, Any]:
        """Arguments as plain data."""
        return {
            **Layer.get_config(self),
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
        }
