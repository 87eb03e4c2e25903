"""Dense: every output sees every input."""

from __future__ import annotations

from typing import Any

from nnstack import activations, backend, constraints, initializers, regularizers
from nnstack.engine.layer import Layer
from nnstack.engine.spec import InputSpec
from nnstack.layers.arguments import positive_int


class Dense(Layer):
    """`activation(inputs @ kernel + bias)` along the last axis.

    Input (..., n), output (..., units). Arguments: `units` positive int; `activation` name or function, default linear;
    `use_bias` default True; initializers default Glorot uniform and zeros; regularizers of kernel, bias and output
    (`activity_regularizer`); constraints of kernel and bias. Weights: `kernel` (n, units), `bias` (units,).
    Raises `ValueError` for units below 1, or an unknown last axis.

    >>> Dense(3)(np.ones((2, 4))).shape
    (2, 3)

    Source: https://keras.io/2.16/api/layers/core_layers/dense/
    """

    _takes_floats = True

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.units = positive_int(units, f'dense (layer "{self.name}")', "units")
        self.activation = activations.get(activation)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        last = input_shape[-1]
        if last is None:
            raise ValueError(
                f'dense (layer "{self.name}"): expected a known last axis, got input shape {tuple(input_shape)}. '
                "Give the input a size there"
            )
        self.kernel = self.add_weight(
            "kernel", (last, self.units), initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer, constraint=self.kernel_constraint,
        )  # fmt: skip
        self.bias = (
            self.add_weight(
                "bias",
                (self.units,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
            if self.use_bias
            else None
        )
        self.input_spec = InputSpec(min_ndim=2, axes={-1: last})
        self.built = True

    def call(self, inputs: Any) -> Any:
        outputs = backend.emit("matmul", inputs, backend.convert(self.kernel))
        if self.bias is not None:
            outputs = outputs + self.bias
        return outputs if self.activation is None else self.activation(outputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*tuple(input_shape)[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            "kernel_constraint": constraints.serialize(self.kernel_constraint),
            "bias_constraint": constraints.serialize(self.bias_constraint),
        }
