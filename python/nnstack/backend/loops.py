"""Loops: a step recorded once as the body of a `scan`, or called again and again where a graph would be in the way.

A step takes states and slices and gives new states and results, all flat lists of tensors. It may read and assign
variables, draw random numbers, and use whatever lies around it.
"""

from collections.abc import Callable, Sequence
from typing import cast

import numpy as np

from nnstack import _core
from nnstack.backend.tensor import Tensor, convert, emit
from nnstack.backend.variable import EagerScope, Variable, current_scope, in_loop, open_scopes, trace
from nnstack.utils import allowance

Step = Callable[[list[Tensor], list[Tensor], Tensor], tuple[list[Tensor], list[Tensor]]]


def runs_at_once(tensors: Sequence[Tensor]) -> bool:
    """Whether a loop over these is better called step by step: everything is computed as it is written down."""
    return isinstance(current_scope(), EagerScope) and all(x.concrete for x in tensors)


def scan(
    step: Step, states: Sequence[Tensor], sequences: Sequence[Tensor], reverse: bool = False
) -> tuple[list[Tensor], list[Tensor]]:
    """`states, results = step(states, slices, number)` for every slice of the sequences along their first axis.

    step: is called to be recorded, once (again only if it assigns variables); number is the count of steps done
    before, an int64 scalar. sequences: at least one, all of one length, which may be unknown. reverse: the last slices
    first; the stacks are in the order of the sequences all the same.

    Returns the last states and the results stacked. A variable that the step assigns holds the last assignment after
    the loop.
    """
    carried: list[Variable] = []
    while True:
        number = cast(Tensor, _core.placeholder((), "int64", "number"))
        own = [cast(Tensor, _core.placeholder(x.shape, x.dtype, "state")) for x in states]
        held = [cast(Tensor, _core.placeholder(v.shape, v.dtype, v.name)) for v in carried]
        slices = [cast(Tensor, _core.placeholder(x.shape[1:], x.dtype, "slice")) for x in sequences]
        scope = current_scope()
        before = dict(scope.draws) if scope is not None and scope.draws is not None else None
        with in_loop(number), trace() as assigned:
            assigned.draws = scope.draws if scope is not None else None
            for variable, value in zip(carried, held, strict=True):
                assigned.bindings[id(variable)] = (variable, value)
            new_states, results = step(own, slices, number)
        new = [variable for variable, _ in assigned.updates if not any(variable is v for v in carried)]
        if not new:
            break
        carried += new  # record it again, with what it assigns as a state
        if scope is not None and before is not None:
            scope.draws = before
    next_held = [assigned.bindings[id(variable)][1] for variable in carried]
    after = [*new_states, *next_held, number + 1]
    body, captured = _core.close_body([*own, *held, number, *slices], [*after, *results])
    starts = [*states, *[variable.read_value() for variable in carried], convert(np.int64(0))]
    outputs = cast(
        list[Tensor],
        _core.emit(
            "scan",
            [*starts, *sequences, *captured],
            {"body": body, "states": len(after), "sequences": len(sequences), "reverse": reverse},
        ),
    )
    for variable, value in zip(carried, outputs[len(states) :], strict=False):
        variable.assign(value)
    return outputs[: len(states)], outputs[len(after) : len(after) + len(results)]


def unrolled(
    step: Step, states: Sequence[Tensor], sequences: Sequence[Tensor], reverse: bool = False
) -> tuple[list[Tensor], list[list[Tensor]]]:
    """As `scan`, but the step is called for every slice; the length must be known.

    Returns the last states and the results of every step, in the order of the steps.
    """
    count = cast(int, sequences[0].shape[0])
    allowance.take(count << 14, f"a loop of {count} steps, unrolled")  # each is a part of the program
    scope = current_scope()
    before = dict(scope.draws) if scope is not None and scope.draws is not None else None
    states, series = list(states), []
    for number in range(count):
        if scope is not None and before is not None:
            scope.draws = dict(before)  # random numbers differ by the number of the step, as in a scan
        time = count - 1 - number if reverse else number
        count_of_steps = convert(np.int64(number))
        with in_loop(count_of_steps):
            states, results = step(states, [x[time] for x in sequences], count_of_steps)
        series.append(results)
    return states, series


def types_of(step: Step, states: Sequence[Tensor], sequences: Sequence[Tensor]) -> list[Tensor]:
    """Zeros of the types of the step's results; nothing is computed for them but their sizes."""
    scopes = open_scopes()
    before = [scope.draws for scope in scopes]
    for scope in scopes:
        scope.draws = dict(scope.draws) if scope.draws is not None else None
    with in_loop(convert(np.int64(0))), trace():
        slices = [_zeros(emit("shape_of", x)[1:], x.dtype) for x in sequences]
        _, results = step(list(states), slices, convert(np.int64(0)))
    for scope, draws in zip(scopes, before, strict=True):
        scope.draws = draws
    return [_zeros(emit("shape_of", x), x.dtype) for x in results]


def _zeros(shape: Tensor, dtype: str) -> Tensor:
    return emit("broadcast_to", convert(False if dtype == "bool" else 0, dtype), shape)
