"""recurrence as ONNX's LSTM, GRU and RNN; with a mask, which those do not have, as a Scan of its steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack import backend
from nnstack.backend import loops
from nnstack.backend.tensor import emit
from nnstack.onnx.writing.translate import Exporter, Translation
from nnstack.onnx.writing.writer import Stored

# Operator, and our gate that stands at each place of ONNX's order.
_CELLS = {"lstm": ("LSTM", (0, 3, 1, 2)), "gru": ("GRU", (0, 1, 2)), "simple": ("RNN", (0,))}
# ONNX's function, alpha and beta where it has them.
_ACTIVATIONS = {
    "tanh": ("Tanh", None), "sigmoid": ("Sigmoid", None), "relu": ("Relu", None),
    "linear": ("Affine", (1.0, 0.0)), "hard_sigmoid": ("HardSigmoid", (0.2, 0.5)),
}  # fmt: skip


def _recurrence(t: Translation, value: Any) -> list[Stored | None]:
    inputs, attributes = value.inputs, value.attributes
    cell = attributes["cell"]
    recurrent = t.known(inputs[1])
    recurrent_bias = t.known(inputs[2]) if cell == "gru" else None
    plain = recurrent is not None and (cell != "gru" or recurrent_bias is not None)
    if attributes["masked"] or not plain or value.dtype != "float32":
        return t.rewritten(lambda: _steps(value))
    assert recurrent is not None
    return _fused(t, value, recurrent, recurrent_bias)


def _fused(t: Translation, value: Any, recurrent: np.ndarray, recurrent_bias: np.ndarray | None) -> list[Stored | None]:
    inputs, attributes = value.inputs, value.attributes
    operator, gates = _CELLS[attributes["cell"]]
    units, lstm = recurrent.shape[0], operator == "LSTM"
    x, kernel, bias = _projection(t, inputs[0])

    def by_gate(matrix: np.ndarray) -> np.ndarray:
        """(..., gates * units) as (1, gates * units, ...) in ONNX's order."""
        parts = np.split(np.asarray(matrix, np.float32), len(gates), axis=-1)
        return np.ascontiguousarray(np.concatenate([parts[gate] for gate in gates], axis=-1).T[None])

    zeros = np.zeros(len(gates) * units, np.float32)
    biases = [by_gate(zeros if one is None else one) for one in (bias, recurrent_bias)]
    first = 3 if operator == "GRU" else 2
    operands = [
        t.in_order(x, (0, 1, 2) if attributes["time_major"] else (1, 0, 2)),
        t.writer.constant(by_gate(kernel), f"{t.writer.scope}/W"),
        t.writer.constant(by_gate(recurrent), f"{t.writer.scope}/R"),
        t.writer.constant(np.concatenate(biases, axis=1), f"{t.writer.scope}/B"),
        "",
        *[_first_state(t, one) for one in inputs[first : first + 1 + lstm]],
    ]
    while operands[-1] == "":
        operands.pop()
    names = [attributes["recurrent_activation"]] if operator != "RNN" else []
    names += [attributes["activation"]] * (2 if lstm else 1)
    functions = [_ACTIVATIONS[name] for name in names]
    numbers = [one for _, one in functions if one is not None]
    made = t.writer.node(
        operator,
        operands,
        3 if lstm else 2,
        hidden_size=units,
        direction="reverse" if attributes["reverse"] else "forward",
        activations=[name for name, _ in functions],
        activation_alpha=[alpha for alpha, _ in numbers] or None,
        activation_beta=[beta for _, beta in numbers] or None,
        linear_before_reset=1 if operator == "GRU" else None,
    )
    direction = [t.writer.constant(np.asarray([axis], np.int64), "axes") for axis in (1, 0)]
    steps = Stored(t.writer.node("Squeeze", [made[0], direction[0]]), None if attributes["time_major"] else (1, 0, 2))
    states = [Stored(t.writer.node("Squeeze", [one, direction[1]])) for one in made[1:]]
    return [steps, states[0], None, None, *states[1:]]


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
