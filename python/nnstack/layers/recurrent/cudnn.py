"""CuDNNGRU and CuDNNLSTM: GRU and LSTM under the names of the layers that once ran on GPUs only."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack.layers.recurrent.gru import GRU
from nnstack.layers.recurrent.lstm import LSTM
from nnstack.layers.recurrent.rnn import RNN


class _CuDNN(RNN):
    def set_weights(self, weights: Any) -> None:
        """Writes all weights, given in this layer's layout or in the one of cuDNN's layers (two biases in a row)."""
        from nnstack.saving.weight_layouts import Origin, convert

        arrays = [np.asarray(array) for array in weights]
        super().set_weights(convert(self, arrays, Origin((2, 3), None)))


class CuDNNGRU(_CuDNN, GRU):
    """`GRU(units, reset_after=True)` with tanh and sigmoid, on any device.

    Arguments as in `GRU`, without activations and dropout. `set_weights` and the loading of files take cuDNN's layout
    too. Source: https://keras.io/2.16/api/layers/recurrent_layers/gru/
    """

    default_name = "cu_dnngru"
    _written_as = "GRU"  # which every later Keras reads

    def __init__(
        self,
        units: int,
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
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        **kwargs: Any,
    ) -> None:
        given = {name: value for name, value in locals().items() if name not in ("self", "kwargs", "__class__")}
        super().__init__(**given, **kwargs)


class CuDNNLSTM(_CuDNN, LSTM):
    """`LSTM(units)` with tanh and sigmoid, on any device.

    Arguments as in `LSTM`, without activations and dropout. `set_weights` and the loading of files take cuDNN's layout
    too. Source: https://keras.io/2.16/api/layers/recurrent_layers/lstm/
    """

    default_name = "cu_dnnlstm"
    _written_as = "LSTM"

    def __init__(
        self,
        units: int,
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
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        **kwargs: Any,
    ) -> None:
        given = {name: value for name, value in locals().items() if name not in ("self", "kwargs", "__class__")}
        super().__init__(**given, **kwargs)
