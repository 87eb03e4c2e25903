"""LSTM, GRU and RNN of either direction, and Scan."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack import backend
from nnstack.backend import loops
from nnstack.backend.tensor import emit
from nnstack.onnx.reading.operator import Operator, Reader, operand

# Gates of ours in the order of ours, as places in ONNX's order.
_GATES = {"LSTM": (0, 2, 3, 1), "GRU": (0, 1, 2), "RNN": (0,)}
_DEFAULTS = {"LSTM": ["sigmoid", "tanh", "tanh"], "GRU": ["sigmoid", "tanh"], "RNN": ["tanh"]}
_KNOWN = ("linear", "relu", "tanh", "sigmoid", "hard_sigmoid")


def _recurrent(op: Operator, x: list[Any]) -> list[Any]:
    """Y (steps, directions, batch, units), the last h and, of an LSTM, the last c (directions, batch, units)."""
    ways = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}[op.get("direction", "forward")]
    if operand(x, 4) is not None or operand(x, 7) is not None or op.get("clip") or op.get("input_forget", 0):
        raise op.fail("sequence_lens, peepholes, clip and input_forget have no counterpart")
    batch_first = bool(op.get("layout", 0))
    source = backend.permute_dimensions(x[0], [1, 0, 2]) if batch_first else x[0]
    made = [_direction(op, source, x, number, reverse) for number, reverse in enumerate(ways)]
    parts = [backend.stack([one[k] for one in made], 1 if k == 0 else 0) for k in range(len(made[0]))]
    if batch_first:
        orders = [[2, 0, 1, 3], *[[1, 0, 2]] * (len(parts) - 1)]
        parts = [backend.permute_dimensions(part, order) for part, order in zip(parts, orders, strict=True)]
    return parts


def _direction(op: Operator, source: Any, x: list[Any], number: int, reverse: bool) -> list[Any]:
    count = len(_GATES[op.kind])
    kernel = _ours(op, x[1][number])
    recurrent = _ours(op, x[2][number])
    units = x[2].shape[2]
    projections = emit("matmul", source, kernel)
    own = None
    bias = operand(x, 3)
    if bias is not None:
        vector = bias[number]
        given, own = (_ours(op, part) for part in (vector[: count * units], vector[count * units :]))
        projections = projections + given
    zeros = backend.zeros_like(projections[0, :, :units])
    first = [state if state is None else state[number] for state in (operand(x, 5), operand(x, 6))]
    states = [zeros if state is None else state for state in first[: 2 if op.kind == "LSTM" else 1]]
    names = _activations(op, number)
    options: dict[str, Any] = {"go_backwards": reverse, "time_major": True, "activation": names[-1]}
    if op.kind != "GRU":
        projections = projections if own is None else projections + own
        if op.kind == "RNN":
            last, outputs, states = backend.simple_rnn(projections, recurrent, states, **options)
        else:
            if names[1] != names[2]:
                raise op.fail(f"candidate and output need one activation, got {names[1]} and {names[2]}")
            options["recurrent_activation"] = names[0]
            last, outputs, states = backend.lstm(projections, recurrent, states, **options)
    elif op.get("linear_before_reset", 0):
        own = zeros_of(recurrent) if own is None else own
        options["recurrent_activation"] = names[0]
        last, outputs, states = backend.gru(projections, recurrent, own, states, **options)
    else:
        projections = projections if own is None else projections + own
        outputs, states = _reset_before(projections, recurrent, states[0], units, reverse, names)
        return [outputs, *states]
    outputs = backend.reverse(outputs, 0) if reverse else outputs  # ours come in the order of computation
    return [outputs, *states]


def zeros_of(kernel: Any) -> Any:
    """A bias of zeros for a kernel."""
    return backend.zeros_like(kernel[0])


def _ours(op: Operator, x: Any) -> Any:
    """(gates * units, ...) in ONNX's order as (..., gates * units) in ours."""
    gates = _GATES[op.kind]
    units = x.shape[0] // len(gates)
    joined = backend.concatenate([x[gate * units : (gate + 1) * units] for gate in gates], 0) if len(gates) > 1 else x
    return backend.transpose(joined) if len(x.shape) == 2 else joined


def _activations(op: Operator, number: int) -> list[str]:
    """Names of one direction's; only those with usual constants have a counterpart."""
    defaults = _DEFAULTS[op.kind]
    given = op.get("activations")
    if not given:
        return defaults
    names = []
    alphas, betas = list(op.get("activation_alpha") or []), list(op.get("activation_beta") or [])
    for name in given:
        name = str(name).lower().replace("hardsigmoid", "hard_sigmoid")
        alpha = alphas.pop(0) if alphas and name in ("affine", "hard_sigmoid") else None
        beta = betas.pop(0) if betas and name in ("affine", "hard_sigmoid") else None
        if name == "affine" and alpha in (None, 1.0) and beta in (None, 0.0):
            name = "linear"
        usual = name != "hard_sigmoid" or (
            np.isclose(alpha or 0.2, 0.2) and np.isclose(0.5 if beta is None else beta, 0.5)
        )
        if name not in _KNOWN or not usual:
            raise op.fail(f"the activation {name} (alpha {alpha}, beta {beta}) has no counterpart; known: {_KNOWN}")
        names.append(name)
    return names[number * len(defaults) :][: len(defaults)]


def _reset_before(
    projections: Any, recurrent: Any, first: Any, units: int, reverse: bool, names: list[str]
) -> tuple[Any, list[Any]]:
    """A GRU whose reset gate comes before the product; biases are in the projections."""

    def act(name: str, x: Any) -> Any:
        return x if name == "linear" else backend.hard_sigmoid(x) if name == "hard_sigmoid" else emit(name, x)

    gates, candidate = recurrent[:, : 2 * units], recurrent[:, 2 * units :]

    def step(states: list[Any], slices: list[Any], number: Any) -> tuple[list[Any], list[Any]]:
        h, x = states[0], slices[0]
        both = act(names[0], x[:, : 2 * units] + emit("matmul", h, gates))
        z, r = both[:, :units], both[:, units:]
        new = z * h + (1.0 - z) * act(names[1], x[:, 2 * units :] + emit("matmul", r * h, candidate))
        return [new], [new]

    last, outputs = loops.scan(step, [first], [projections], reverse)
    return outputs[0], last


def _scan(op: Operator, x: list[Any]) -> list[Any]:
    """The body is a graph of this table's operators; tensors from around come behind the operands."""
    from nnstack.onnx.reading.graph import Graph
    from nnstack.onnx.reading.run import run_graph

    body = Graph.from_config(op.get("body"))
    sequences = int(op.get("num_scan_inputs"))
    captured = list(op.get("captured") or [])
    given = x[: len(x) - len(captured)]
    around = dict(zip(captured, x[len(x) - len(captured) :], strict=True))
    states, sources = given[: len(given) - sequences], given[len(given) - sequences :]
    inward = list(op.get("scan_input_directions") or [0] * sequences)
    stacked = len(body.outputs) - len(states)
    outward = list(op.get("scan_output_directions") or [0] * stacked)
    if any(op.get("scan_input_axes") or []) or any(op.get("scan_output_axes") or []):
        raise op.fail("only the first axis can be scanned")
    sources = [backend.reverse(one, 0) if way else one for one, way in zip(sources, inward, strict=True)]
    opset = op.opset

    def step(carried: list[Any], slices: list[Any], number: Any) -> tuple[list[Any], list[Any]]:
        values = {**around, **dict(zip([name for name, _, _ in body.inputs], [*carried, *slices], strict=True))}
        results = run_graph(body, values, opset)
        return results[: len(states)], results[len(states) :]

    last, outputs = loops.scan(step, states, sources)
    return [*last, *(backend.reverse(one, 0) if way else one for one, way in zip(outputs, outward, strict=True))]


READERS: dict[str, Reader] = {"GRU": _recurrent, "LSTM": _recurrent, "RNN": _recurrent, "Scan": _scan}
