"""GRU: a state that two gates mix with a candidate (Cho et al. 2014)."""

from __future__ import annotations

from typing import Any

from nnstack import backend
from nnstack.layers.parameters import add_parameter
from nnstack.layers.recurrent.gated import GatedCell, OneCellRNN


class GRUCell(GatedCell):
    """One step of `GRU`: input (batch, n), one state (batch, units), output the new state.

    Arguments as in `GRU`. Source: https://keras.io/2.16/api/layers/recurrent_layers/
    """

    gates = 3  # update z, reset r, candidate

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
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
        reset_after: bool = True,
        **kwargs: Any,
    ) -> None:
        self._take(locals())
        self.reset_after = bool(reset_after)

    def _add_bias(self, width: int) -> Any:
        return add_parameter(self, "bias", (2, width) if self.reset_after else (width,))

    def call(self, inputs: Any, states: Any, training: Any = None) -> Any:
        h = states[0] if isinstance(states, list | tuple) else states
        masks = self.get_dropout_mask_for_cell(inputs, training, self.mask_count)
        x = self._times(inputs, self.kernel, masks)
        bias = None if self.bias is None else backend.convert(self.bias)
        if bias is not None:
            x = x + (bias[0] if self.reset_after else bias)
        state_masks = self.get_recurrent_dropout_mask_for_cell(h, training, self.mask_count)
        x_z, x_r, x_h = self._split(x)
        if self.reset_after:
            inner = self._times(h, self.recurrent_kernel, state_masks)
            if bias is not None:
                inner = inner + bias[1]
            h_z, h_r, h_h = self._split(inner)
            z = self.recurrent_activation(x_z + h_z)
            candidate = self.activation(x_h + self.recurrent_activation(x_r + h_r) * h_h)
        else:
            kernel = backend.convert(self.recurrent_kernel)
            gates, last = kernel[:, : 2 * self.units], kernel[:, 2 * self.units :]
            inner = self._times(h, gates, None if state_masks is None else state_masks[:2])
            z = self.recurrent_activation(x_z + inner[:, : self.units])
            r = self.recurrent_activation(x_r + inner[:, self.units :])
            candidate = self.activation(
                x_h + self._times(r * h, last, None if state_masks is None else state_masks[-1:])
            )
        new = z * h + (1.0 - z) * candidate
        return new, [new]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "reset_after": self.reset_after}


class GRU(OneCellRNN):
    """Gated recurrent unit: `h = z * h + (1 - z) * candidate`, with an update gate z and a reset gate r.

    Input (batch, time, n); output (batch, units), or (batch, time, units) with `return_sequences`.
    Arguments: `units` positive int; `activation` of the candidate, default tanh; `recurrent_activation` of the gates,
    default sigmoid; `reset_after` True (default) applies r after the product with the recurrent kernel, as cuDNN does,
    False before it, as in the first version of the paper; initializers, regularizers and constraints; `dropout` and
    `recurrent_dropout` with one mask for a whole sequence; `implementation` 1 or 2 as in `GatedCell`; the rest as in
    `RNN`. Weights, gates in the order z, r, candidate: `kernel` (n, 3 units), `recurrent_kernel` (units, 3 units),
    `bias` (2, 3 units) for input and state, or (3 units,) without `reset_after`.
    Raises `ValueError` for units below 1, or an unknown last axis.

    >>> GRU(4, return_sequences=True)(np.ones((2, 5, 3))).shape
    (2, 5, 4)

    Source: Cho et al. 2014, https://arxiv.org/abs/1406.1078; https://keras.io/2.16/api/layers/recurrent_layers/gru/
    """

    cell_class = GRUCell

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
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
        time_major: bool = False,
        reset_after: bool = True,
        **kwargs: Any,
    ) -> None:
        self._take(locals())
