"""LSTM: a memory that gates write, keep and read (Hochreiter and Schmidhuber 1997), and its variant with peepholes."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack.layers.recurrent.gated import GatedCell, OneCellRNN


def add_bias(cell: Any, width: int) -> Any:
    """The bias of four gates of `width`; the second one, which keeps the memory, starts at 1 if `unit_forget_bias`."""
    own = cell.bias_initializer

    def start(shape: Any, dtype: Any = None, **kwargs: Any) -> Any:
        parts = [own((width,), dtype=dtype), np.ones((width,)), own((2 * width,), dtype=dtype)]
        return np.concatenate([getattr(part, "numpy", lambda part=part: part)() for part in parts])

    return cell.add_weight(
        "bias",
        (4 * width,),
        initializer=start if cell.unit_forget_bias else own,
        regularizer=cell.bias_regularizer,
        constraint=cell.bias_constraint,
    )


class LSTMCell(GatedCell):
    """One step of `LSTM`: input (batch, n), two states (batch, units): output h and memory c; output the new h.

    Arguments as in `LSTM`. Source: https://keras.io/2.16/api/layers/recurrent_layers/
    """

    gates = 4  # input i, forget f, candidate c, output o
    states_count = 2

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
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
        self.unit_forget_bias = bool(unit_forget_bias)

    def _add_bias(self, width: int) -> Any:
        return add_bias(self, self.units)

    def call(self, inputs: Any, states: Any, training: Any = None) -> Any:
        x, h, (_, memory) = self._projections(inputs, states, training)
        if self.bias is not None:
            x = x + self.bias
        i, f, candidate, o = self._split(x + h)
        new_memory = self._memory(i, f, candidate, memory)
        output = self._output_gate(o, new_memory) * self.activation(new_memory)
        return output, [output, new_memory]

    def _memory(self, i: Any, f: Any, candidate: Any, memory: Any) -> Any:
        return self.recurrent_activation(f) * memory + self.recurrent_activation(i) * self.activation(candidate)

    def _output_gate(self, o: Any, new_memory: Any) -> Any:
        return self.recurrent_activation(o)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "unit_forget_bias": self.unit_forget_bias}


class LSTM(OneCellRNN):
    """Long short-term memory: `c = f * c + i * activation(candidate)`, `h = o * activation(c)`, with gates i, f, o.

    Input (batch, time, n); output (batch, units), or (batch, time, units) with `return_sequences`; states h and c.
    Arguments: `units` positive int; `activation` of candidate and output, default tanh; `recurrent_activation` of the
    gates, default sigmoid; `unit_forget_bias` starts the forget gate's bias at one (default True); initializers,
    regularizers and constraints; `dropout` and `recurrent_dropout` with one mask for a whole sequence;
    `implementation` 1 or 2 as in `GatedCell`; the rest as in `RNN`. Weights, gates in the order i, f, candidate, o:
    `kernel` (n, 4 units), `recurrent_kernel` (units, 4 units), `bias` (4 units,).
    Raises `ValueError` for units below 1, or an unknown last axis.

    >>> h, last_h, last_c = LSTM(4, return_state=True)(np.ones((2, 5, 3)))
    >>> last_c.shape
    (2, 4)

    Source: Hochreiter and Schmidhuber 1997; forget gate: Gers et al. 2000;
    https://keras.io/2.16/api/layers/recurrent_layers/lstm/
    """

    cell_class = LSTMCell

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
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
        time_major: bool = False,
        unroll: bool = False,
        **kwargs: Any,
    ) -> None:
        self._take(locals())


class PeepholeLSTMCell(LSTMCell):
    """An LSTM cell whose gates also see the memory: i and f the old one, o the new one.

    Use it as `RNN(PeepholeLSTMCell(units))`. Arguments as in `LSTM`; three more weights (units,):
    `input_gate_peephole_weights`, `forget_gate_peephole_weights`, `output_gate_peephole_weights`, drawn by
    `kernel_initializer`. Source: Gers, Schraudolph and Schmidhuber 2002, Learning Precise Timing with LSTM.
    """

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.input_gate_peephole_weights, self.forget_gate_peephole_weights, self.output_gate_peephole_weights = (
            self.add_weight(f"{gate}_gate_peephole_weights", (self.units,), initializer=self.kernel_initializer)
            for gate in ("input", "forget", "output")
        )

    def _memory(self, i: Any, f: Any, candidate: Any, memory: Any) -> Any:
        i = i + self.input_gate_peephole_weights * memory
        f = f + self.forget_gate_peephole_weights * memory
        return super()._memory(i, f, candidate, memory)

    def _output_gate(self, o: Any, new_memory: Any) -> Any:
        return super()._output_gate(o + self.output_gate_peephole_weights * new_memory, new_memory)
