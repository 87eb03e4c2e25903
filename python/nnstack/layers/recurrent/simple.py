"""SimpleRNN: the output is the state, a dense layer of the input and of itself (Elman 1990)."""

from __future__ import annotations

from typing import Any

from nnstack.layers.recurrent.gated import GatedCell, OneCellRNN


class SimpleRNNCell(GatedCell):
    """One step of `SimpleRNN`: `activation(input @ kernel + state @ recurrent_kernel + bias)`.

    Input (batch, n), one state (batch, units), output the new state. Arguments as in `SimpleRNN`.
    Source: https://keras.io/2.16/api/layers/recurrent_layers/
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        self._take(locals())

    def call(self, inputs: Any, states: Any, training: Any = None) -> Any:
        x, h, _ = self._projections(inputs, states, training)
        if self.bias is not None:
            x = x + self.bias
        output = self.activation(x + h)
        return output, [output]


class SimpleRNN(OneCellRNN):
    """A recurrent layer whose output is fed back: `h = activation(x @ kernel + h @ recurrent_kernel + bias)`.

    Input (batch, time, n); output (batch, units), or (batch, time, units) with `return_sequences`.
    Arguments: `units` positive int; `activation` default tanh; initializers, regularizers and constraints of kernel,
    recurrent kernel and bias; `dropout` and `recurrent_dropout` shares of input and state dropped while training, one
    mask for a whole sequence; the rest as in `RNN`. Weights: `kernel` (n, units), `recurrent_kernel` (units, units),
    `bias` (units,). Raises `ValueError` for units below 1, or an unknown last axis.

    >>> SimpleRNN(4)(np.ones((2, 5, 3))).shape
    (2, 4)

    Source: Elman, Finding Structure in Time, 1990; https://keras.io/2.16/api/layers/recurrent_layers/simple_rnn/
    """

    cell_class = SimpleRNNCell

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        **kwargs: Any,
    ) -> None:
        self._take(locals())
