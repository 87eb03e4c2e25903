"""Recurrent layers as ONNX's LSTM, GRU and RNN; with a mask, which those do not have, as a Scan of its steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from nnstack import backend
from nnstack.backend import loops
from nnstack.backend.tensor import emit
from nnstack.onnx.writing.translate import Exporter, Translation
from nnstack.onnx.writing.writer import Stored

_KINDS = {"LSTMCell": "lstm", "GRUCell": "gru", "SimpleRNNCell": "simple"}
# Operator, and our gate that stands at each place of ONNX's order.
_CELLS = {"lstm": ("LSTM", (0, 3, 1, 2)), "gru": ("GRU", (0, 1, 2)), "simple": ("RNN", (0,))}
# ONNX's function, alpha and beta where it has them.
_ACTIVATIONS = {
    "tanh": ("Tanh", None), "sigmoid": ("Sigmoid", None), "relu": ("Relu", None),
    "linear": ("Affine", (1.0, 0.0)), "hard_sigmoid": ("HardSigmoid", (0.2, 0.5)),
}  # fmt: skip


class _Cells(NamedTuple):
    """All that an operator of ONNX needs: x times kernel plus bias goes in, recurrent kernel and bias repeat."""

    cell: str
    activations: list[str]  # of gates, candidate, output, as many as the cell has
    kernel: np.ndarray
    bias: np.ndarray | None
    recurrent: np.ndarray
    recurrent_bias: np.ndarray | None
    reset_after: bool
    reverse: bool


def _recurrence(t: Translation, value: Any) -> list[Stored | None]:
    inputs, attributes = value.inputs, value.attributes
    cell = attributes["cell"]
    recurrent = t.known(inputs[1])
    recurrent_bias = t.known(inputs[2]) if cell == "gru" else None
    if (
        attributes["masked"]
        or recurrent is None
        or value.dtype != "float32"
        or (cell == "gru") != (recurrent_bias is not None)
    ):
        return t.rewritten(lambda: _steps(value))
    x, kernel, bias = _projection(t, inputs[0])
    names = _names(cell, attributes["activation"], attributes["recurrent_activation"])
    cells = _Cells(cell, names, kernel, bias, recurrent, recurrent_bias, True, attributes["reverse"])
    first = 3 if cell == "gru" else 2
    states = inputs[first : first + (2 if cell == "lstm" else 1)]
    steps, *last = _operator(t, cells, x, attributes["time_major"], states)
    return [steps, last[0], None, None, *last[1:]]


def _names(cell: str, activation: str, recurrent_activation: str) -> list[str]:
    return {
        "simple": [activation],
        "gru": [recurrent_activation, activation],
        "lstm": [recurrent_activation, activation, activation],
    }[cell]


def _operator(t: Translation, cells: _Cells, x: Any, time_major: bool, states: Sequence[Any]) -> list[Stored]:
    """Outputs of all steps, like x in the order of its axes, and the last states."""
    operator, gates = _CELLS[cells.cell]
    units = cells.recurrent.shape[0]

    def by_gate(matrix: np.ndarray) -> np.ndarray:
        """(..., gates * units) as (1, gates * units, ...) in ONNX's order."""
        parts = np.split(np.asarray(matrix, np.float32), len(gates), axis=-1)
        return np.ascontiguousarray(np.concatenate([parts[gate] for gate in gates], axis=-1).T[None])

    zeros = np.zeros(len(gates) * units, np.float32)
    biases = [by_gate(zeros if one is None else one) for one in (cells.bias, cells.recurrent_bias)]
    operands = [
        t.in_order(x, (0, 1, 2) if time_major else (1, 0, 2)),
        t.writer.constant(by_gate(cells.kernel), f"{t.writer.scope}/W"),
        t.writer.constant(by_gate(cells.recurrent), f"{t.writer.scope}/R"),
        t.writer.constant(np.concatenate(biases, axis=1), f"{t.writer.scope}/B"),
        "",
        *[_first_state(t, one) for one in states],
    ]
    while operands[-1] == "":
        operands.pop()
    functions = [_ACTIVATIONS[name] for name in cells.activations]
    numbers = [one for _, one in functions if one is not None]
    made = t.writer.node(
        operator,
        operands,
        1 + len(states),
        hidden_size=units,
        direction="reverse" if cells.reverse else "forward",
        activations=[name for name, _ in functions],
        activation_alpha=[alpha for alpha, _ in numbers] or None,
        activation_beta=[beta for _, beta in numbers] or None,
        linear_before_reset=int(cells.reset_after) if operator == "GRU" else None,
    )
    direction = [t.writer.constant(np.asarray([axis], np.int64), "axes") for axis in (1, 0)]
    steps = Stored(t.writer.node("Squeeze", [made[0], direction[0]]), None if time_major else (1, 0, 2))
    return [steps, *(Stored(t.writer.node("Squeeze", [one, direction[1]])) for one in made[1:])]


def of_known_cell(t: Translation, value: Any) -> list[Stored | None] | None:
    """The outputs of a scan that repeats one of our cells as it is: GRUs that reset before the product, and cells whose
    dropout rests at prediction. None for other loops, and for those with masks.
    """
    layer = t.layers.get(value.name.rsplit("/", 1)[-1])
    cell: Any = getattr(layer, "cell", None)
    kind = _KINDS.get(type(cell).__name__) if type(cell).__module__.startswith("nnstack.") else None
    inputs, attributes = value.inputs, value.attributes
    if kind is None or not type(layer).__module__.startswith("nnstack.") or attributes["sequences"] != 1:
        return None
    own, states = (2 if kind == "lstm" else 1), attributes["states"]
    names = [
        getattr(getattr(cell, name, None), "__name__", "")
        for name in ("activation", "recurrent_activation" if kind != "simple" else "activation")
    ]
    read = [one.variable for one in inputs[states + 1 :] if one.op == "variable"]
    x = inputs[states]
    if (
        not any(one is cell.kernel.handle for one in read)
        or len(attributes["body"].results) != states + 1
        or states not in (own + 1, own + 2)  # with the number of the step, and perhaps the last output
        or any(name not in _ACTIVATIONS for name in names)
        or (x.dtype, x.shape[-1]) != ("float32", cell.kernel.shape[0])
    ):
        return None
    bias = None if cell.bias is None else cell.bias.numpy()
    bias, recurrent_bias = (bias[0], bias[1]) if bias is not None and bias.ndim == 2 else (bias, None)
    cells = _Cells(
        kind, _names(kind, *names), cell.kernel.numpy(), bias, cell.recurrent_kernel.numpy(), recurrent_bias,
        bool(getattr(cell, "reset_after", False)), attributes["reverse"],
    )  # fmt: skip
    steps, *last = _operator(t, cells, x, True, inputs[:own])
    return [*last, *([last[0]] if states == own + 2 else []), None, steps]


def _projection(t: Translation, projections: Any) -> tuple[Any, np.ndarray, np.ndarray | None]:
    """(x, kernel, bias) of which the projections are the product and sum, else themselves and the unit matrix."""
    product, bias = projections, None
    if product.op == "add" and not product.concrete:
        left, right = product.inputs
        bias = t.known(right)
        if bias is not None and bias.ndim == 1:
            product = left
    if product.op == "matmul" and not (product.attributes["transpose_a"] or product.attributes["transpose_b"]):
        x, weights = product.inputs
        kernel = t.known(weights)
        if kernel is not None and kernel.ndim == 2 and len(x.shape) == 3:
            return x, kernel, bias if product is not projections else None
    return projections, np.eye(projections.shape[-1], dtype=np.float32), None


def _first_state(t: Translation, state: Any) -> str:
    """(units) as (1, batch, units); nothing where it is zero."""
    if state.op == "broadcast_to" and not state.concrete:
        numbers = t.known(state.inputs[0])
        if numbers is not None and not numbers.any():
            return ""
    return str(t.writer.node("Unsqueeze", [t.name(state), t.writer.constant(np.asarray([0], np.int64), "axes")]))


# -- the meaning ------------------------------------------------------------------------------------------------------
def _activate(name: str, x: Any) -> Any:
    if name == "linear":
        return x
    return backend.hard_sigmoid(x) if name == "hard_sigmoid" else emit(name, x)


def _steps(value: Any) -> list[Any]:
    """The outputs by a loop over the steps; where a sample is masked, its states stay."""
    attributes = value.attributes
    cell, masked = attributes["cell"], attributes["masked"]
    projections, kernel, *rest = value.inputs
    bias = rest.pop(0) if cell == "gru" else None
    mask = rest.pop() if masked else None
    units = kernel.shape[0]

    def act(x: Any) -> Any:
        return _activate(attributes["activation"], x)

    def gate(x: Any) -> Any:
        return _activate(attributes["recurrent_activation"], x)

    def step(states: list[Any], slices: list[Any], number: Any) -> tuple[list[Any], list[Any]]:
        h, x = states[0], slices[0]
        product = emit("matmul", h, kernel)
        if cell == "simple":
            new = [act(x + product)]
        elif cell == "gru":
            given = _split(x, units, 3)
            own = _split(product + bias, units, 3)
            z, r = gate(given[0] + own[0]), gate(given[1] + own[1])
            new = [z * h + (1.0 - z) * act(given[2] + r * own[2])]
        else:
            i, f, c, o = _split(x + product, units, 4)
            memory = gate(f) * states[1] + gate(i) * act(c)
            new = [gate(o) * act(memory), memory]
        if masked:
            here = backend.expand_dims(slices[1])
            new = [emit("select", here, one, old) for one, old in zip(new, states, strict=True)]
        return new, [new[0]]

    def steps_first(x: Any) -> Any:
        axes = [1, 0, *range(2, len(x.shape))]
        return x if attributes["time_major"] else backend.permute_dimensions(x, axes)

    sequences = [steps_first(one) for one in (projections, mask) if one is not None]
    last, outputs = loops.scan(step, rest, sequences, attributes["reverse"])
    return [steps_first(outputs[0]), last[0], None, None, *last[1:]]


def _split(x: Any, units: int, count: int) -> list[Any]:
    return [x[:, k * units : (k + 1) * units] for k in range(count)]


EXPORTERS: dict[str, Exporter] = {"recurrence": _recurrence}
