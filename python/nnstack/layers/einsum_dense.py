"""EinsumDense: a dense layer whose product is written as an equation."""

from __future__ import annotations

from typing import Any

from nnstack import activations, backend
from nnstack.backend.einsum import einsum
from nnstack.engine.layer import Layer
from nnstack.layers.arguments import label
from nnstack.layers.parameters import add_parameter, options_config, set_options


class EinsumDense(Layer):
    """`activation(einsum(equation, inputs, kernel) + bias)`.

    `equation`: letters per axis of input, kernel and output, such as 'abc,cd->abd'; `...` (before or after the letters)
    stands for axes that stay. `output_shape`: sizes of the output's axes without the batch axis (without those of
    `...`), None for an axis of the input's size. `bias_axes`: letters of the output along which there is a bias of its
    own, None for no bias. Then `activation`, initializers (Glorot uniform, zeros), regularizers and constraints as in
    Dense. Weights: `kernel`, `bias`. Raises `ValueError` for an equation that is none, or letters without a size.

    >>> EinsumDense("ab,bc->ac", output_shape=4, bias_axes="c")(np.ones((2, 3))).shape
    (2, 4)

    Source: https://keras.io/2.16/api/layers/core_layers/einsum_dense/
    """

    def __init__(
        self,
        equation: str,
        output_shape: Any,
        activation: Any = None,
        bias_axes: str | None = None,
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
        self.equation = equation
        self.partial_output_shape = list(output_shape) if isinstance(output_shape, list | tuple) else [output_shape]
        self.bias_axes = bias_axes
        self.activation = activations.get(activation)
        set_options(self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        set_options(self, "bias", bias_initializer, bias_regularizer, bias_constraint)

    def build(self, input_shape: Any) -> None:
        sizes, (_, weights, result) = self._sizes(tuple(input_shape))
        self.kernel = add_parameter(self, "kernel", [sizes[letter] for letter in weights])
        self.bias = None
        if self.bias_axes:
            letters = result.replace(".", "")
            unknown = [axis for axis in self.bias_axes if axis not in letters]
            if unknown:
                raise ValueError(
                    f"{label(self)}: expected bias_axes among the output's letters {letters!r}, got {self.bias_axes!r}"
                )
            first = min(letters.index(axis) for axis in self.bias_axes)
            shape = [sizes[letter] if letter in self.bias_axes else 1 for letter in letters[first:]]
            trailing = result.endswith("...")
            shape += [1] * (len(input_shape) - len(self._terms()[0].replace("...", ""))) if trailing else []
            self.bias = add_parameter(self, "bias", shape)
        super().build(input_shape)

    def _terms(self) -> tuple[str, str, str]:
        """The equation's three terms; an input of rank unknown to the equation keeps its `...`."""
        operands, arrow, result = self.equation.replace(" ", "").partition("->")
        terms = operands.split(",")
        if not arrow or len(terms) != 2 or "." in terms[1].replace("...", "") or "..." in terms[1]:
            raise ValueError(
                f"{label(self)}: expected an equation such as 'abc,cd->abd' or '...x,xy->...y', got {self.equation!r}"
            )
        return terms[0], terms[1], result

    def _sizes(self, input_shape: tuple[int | None, ...]) -> tuple[dict[str, Any], tuple[str, str, str]]:
        """Size of every letter, and the terms."""
        source, weights, result = terms = self._terms()
        letters, targets = source.replace("...", ""), result.replace("...", "")
        more = len(input_shape) - len(letters)
        if more < 0 or (more and "..." not in source):
            raise ValueError(
                f"{label(self)}: expected rank {len(letters)} for equation {self.equation!r}, got input "
                f"shape {input_shape}"
            )
        known = input_shape[more:] if source.startswith("...") else input_shape[: len(letters)]
        sizes: dict[str, Any] = dict(zip(letters, known, strict=True))
        # `...` in front holds the batch axis; otherwise the first letter is the batch.
        named = targets if result.startswith("...") else targets[1:]
        if len(named) != len(self.partial_output_shape):
            raise ValueError(
                f"{label(self)}: expected {len(named)} sizes in output_shape for {self.equation!r}, got "
                f"{self.partial_output_shape}"
            )
        for letter, size in zip(named, self.partial_output_shape, strict=True):
            given = sizes.get(letter)
            if size is not None and given is not None and given != size:
                raise ValueError(
                    f"{label(self)}: axis {letter!r} is {given} in the input {input_shape} and {size} in output_shape"
                )
            sizes[letter] = given if size is None else size
        missing = [letter for letter in weights if sizes.get(letter) is None]
        if missing:
            raise ValueError(
                f"{label(self)}: expected known sizes of the kernel's axes, got none for {', '.join(missing)}; "
                f"equation {self.equation!r}, input shape {input_shape}"
            )
        return sizes, terms

    def call(self, inputs: Any) -> Any:
        outputs = einsum(self.equation, inputs, backend.convert(self.kernel))
        if self.bias is not None:
            outputs = outputs + self.bias
        return outputs if self.activation is None else self.activation(outputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        _, (source, _, result) = self._sizes(tuple(input_shape))
        more = len(input_shape) - len(source.replace("...", ""))
        kept = tuple(input_shape)[:more] if source.startswith("...") else tuple(input_shape)[len(input_shape) - more :]
        named = tuple(self.partial_output_shape)  # as tf.keras: None where output_shape says None
        if result.startswith("..."):
            return (*kept, *named)
        return (input_shape[0], *named, *(kept if result.endswith("...") else ()))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "output_shape": self.partial_output_shape,
            "equation": self.equation,
            "activation": activations.serialize(self.activation),
            "bias_axes": self.bias_axes,
            **options_config(self, "kernel", "bias"),
        }
