"""Where a layer's cell is written out in the backend: all steps of SimpleRNN, GRU or LSTM as one op."""

from __future__ import annotations

from typing import Any

from nnstack import activations, backend
from nnstack.layers.recurrent.gru import GRUCell
from nnstack.layers.recurrent.lstm import LSTMCell
from nnstack.layers.recurrent.simple import SimpleRNNCell
from nnstack.utils import nest

_NAMES = {
    activations.linear: "linear",
    activations.relu: "relu",
    activations.tanh: "tanh",
    activations.sigmoid: "sigmoid",
    activations.hard_sigmoid: "hard_sigmoid",
}


def fits(cell: Any, inputs: Any, constants: Any) -> bool:
    """Whether the op computes what the cell would: its own call, known activations, nothing dropped, 32 or 64 bits."""
    if type(cell) not in (SimpleRNNCell, GRUCell, LSTMCell) or constants or cell.dropout or cell.recurrent_dropout:
        return False
    if type(cell) is GRUCell and not cell.reset_after:
        return False
    known = [cell.activation in _NAMES, getattr(cell, "recurrent_activation", cell.activation) in _NAMES]
    floats = {inputs.dtype, cell.kernel.dtype, getattr(cell, "compute_dtype", inputs.dtype)}
    return all(known) and (floats == {"float32"} or floats == {"float64"})


def run(layer: Any, inputs: Any, states: list[Any], mask: Any) -> tuple[Any, Any, list[Any]]:
    """(last output, all outputs, last states) of a layer whose cell fits."""
    cell = layer.cell
    bias = None if cell.bias is None else backend.convert(cell.bias)
    recurrent_bias = None
    if type(cell) is GRUCell:
        recurrent_bias = backend.zeros_like(cell.recurrent_kernel)[0] if bias is None else bias[1]
        bias = None if bias is None else bias[0]
    projections = backend.dot(inputs, cell.kernel)
    if bias is not None:
        projections = projections + bias
    options = {
        "go_backwards": layer.go_backwards,
        "time_major": layer.time_major,
        "zero_output_for_mask": layer.zero_output_for_mask,
        "activation": _NAMES[cell.activation],
    }
    flat = nest.flatten(states)
    if type(cell) is SimpleRNNCell:
        return backend.simple_rnn(projections, cell.recurrent_kernel, flat, mask, **options)
    options["recurrent_activation"] = _NAMES[cell.recurrent_activation]
    if type(cell) is GRUCell:
        return backend.gru(projections, cell.recurrent_kernel, recurrent_bias, flat, mask, **options)
    return backend.lstm(projections, cell.recurrent_kernel, flat, mask, **options)
