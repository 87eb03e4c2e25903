"""Arithmetic written between layers: `x * 2 + y[:, 0]` on graph tensors becomes a layer that repeats those ops.

The core's ops between known graph tensors and a new tensor are written down as plain data, so that a functional model
can
replay them on other inputs and save them.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from nnstack import _core, backend
from nnstack.engine import context
from nnstack.engine.nodes import Node, history_of

Step = dict[str, Any]


def _sources(tensor: Any) -> tuple[list[Any], list[Any]]:
    """(tensors with a history that `tensor` is computed from, the values between them and `tensor` in order of
    computation).
    """
    sources: dict[int, Any] = {}
    between: dict[int, Any] = {}
    stack = [(tensor, False)]
    while stack:
        value, done = stack.pop()
        if done:
            between[id(value)] = value
        elif id(value) not in between and id(value) not in sources:
            if history_of(value) is not None:
                sources[id(value)] = value
            else:
                stack.append((value, True))
                stack.extend((one, False) for one in reversed(value.inputs) if id(one) not in between)
    return list(sources.values()), list(between.values())


def adopt(tensors: list[Any]) -> bool:
    """Gives a history to every tensor computed from graph tensors by plain ops. True if any tensor then has one."""
    found = False
    for tensor in tensors:
        if history_of(tensor) is not None:
            found = True
        elif isinstance(tensor, _core.Value) and not tensor.concrete and tensor.op not in ("placeholder", "variable"):
            sources, between = _sources(tensor)
            if sources:
                _add_layers(sources, between)
                found = True
    return found


def _add_layers(sources: list[Any], between: list[Any]) -> None:
    """A layer for every value that comes from the sources: one that names a function of TensorFlow where there is one,
    else one that holds the op itself.
    """
    from nnstack.engine.told_operations import tell

    made = {id(value) for value in sources}
    for value in between:
        if not any(id(one) in made for one in value.inputs):
            continue
        made.add(id(value))
        calls = tell(value, lambda one: id(one) in made)
        if calls is None or not all(id(one) in made or _is_fixed(one) for one in value.inputs):
            inputs, steps = _sources(value)
            layer = _operations_module().TensorOperations(steps=_describe(inputs, steps))
            layer.leaves = [one for one in steps if one.op == "variable"]
            layer.built = True
            Node(layer, (inputs[0] if len(inputs) == 1 else inputs,), {}, value)
        else:
            _call(calls, value)


def _call(calls: list[Any], value: Any) -> None:
    """Writes down the calls that make a value; only values between the calls are made anew."""
    operand = None
    for call in calls:
        layer = _operations_module().function_layer(call.function)
        layer.built = True
        operand = operand if call.operand is None else call.operand
        if call is not calls[-1] or call.result is not None:
            with context.graph_building(), backend.trace():
                outputs = layer.call(operand, **call.named)
        else:
            outputs = value
        if call is calls[-1] and call.result is not None:
            outputs[call.result] = value
        Node(layer, (operand,), call.named, outputs)
        operand = outputs if call.result is None else outputs[call.result]


def _is_fixed(value: Any) -> bool:
    """Whether a value follows from constants and variables alone."""
    stack, seen = [value], set()
    while stack:
        one = stack.pop()
        if one.op in ("placeholder", "random_uniform", "scan"):
            return False
        if id(one) not in seen and not one.concrete:
            seen.add(id(one))
            stack.extend(one.inputs)
    return True


def _describe(sources: list[Any], between: list[Any]) -> list[Step]:
    """The ops as plain data. Operands are numbered: first the sources, then the steps in order."""
    number = {id(value): position for position, value in enumerate([*sources, *between])}
    steps: list[Step] = []
    phase = backend.learning_phase_symbol()
    for value in between:
        if value is phase:
            steps.append({"op": "learning_phase"})
        elif value.concrete:
            steps.append({"op": "constant", "value": value.numpy().tolist(), "dtype": value.dtype})
        elif value.op == "variable":
            steps.append({"op": "variable", "shape": list(value.shape), "dtype": value.dtype})
        elif value.op == "placeholder":
            raise ValueError(
                f"a model's tensor depends on placeholder {value.name!r}, which no Input made. Start the graph at "
                "Input(...)"
            )
        else:
            inputs = [number[id(one)] for one in value.inputs]
            steps.append({"op": value.op, "inputs": inputs, "attributes": dict(value.attributes), "index": value.index})
    return steps


def replay(steps: list[Step], operands: list[Any], leaves: list[Any]) -> Any:
    """The ops of `steps` on new operands; returns the last value."""
    values = [backend.convert(operand) for operand in operands]
    variables = iter(leaves)
    for step in steps:
        op = step["op"]
        if op == "constant":
            values.append(cast(Any, _core.constant(np.asarray(step["value"]), step["dtype"])))
        elif op == "learning_phase":
            values.append(backend.convert(context.training_now(), "bool"))
        elif op == "variable":
            values.append(next(variables))
        else:
            inputs = [values[position] for position in step["inputs"]]
            values.append(cast(Any, _core.emit(op, inputs, step["attributes"])[step["index"]]))
    return values[-1]


def _operations_module() -> Any:
    from nnstack.layers import operations

    return operations
