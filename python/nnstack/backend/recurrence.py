"""`rnn`: a step function applied along the time axis, with masks, constants and states as Keras 2 has them."""

from collections.abc import Callable, Sequence
from typing import Any

from nnstack.backend import math as m
from nnstack.backend.shapes import expand_dims, stack, zeros_like
from nnstack.backend.tensor import Tensor, convert, emit
from nnstack.utils import nest

_Masks = list[Tensor] | None


def rnn(
    step_function: Callable[[Any, Any], Any],
    inputs: Any,
    initial_states: Any,
    go_backwards: bool = False,
    mask: Any = None,
    constants: Sequence[Any] | None = None,
    unroll: bool = False,
    input_length: Any = None,
    time_major: bool = False,
    zero_output_for_mask: bool = False,
    return_all_outputs: bool = True,
) -> tuple[Any, Any, list[Any]]:
    """Calls `output, new_states = step_function(input, states + constants)` at every step; gives three results.

    step_function: its input has shape (samples, ...), states and constants come as one tuple; outputs, inputs and
    states may be nested structures.
    inputs: (samples, time, ...), or (time, samples, ...) with time_major. The time must be a known size: the graph
    holds one copy of the step for each, whatever `unroll` says.
    go_backwards: from the last step to the first; the outputs come in that order.
    mask: (samples, time) or (samples, time, 1), not zero where a step counts. Elsewhere the states stay, and the output
    is the one before (zeros at first), or zeros with zero_output_for_mask.
    input_length: a vector of lengths, one per sample, is a mask where no other is given; an int changes nothing.
    return_all_outputs: False keeps only the last output.

    Returns (last output (samples, ...), outputs (samples, time, ...) or, without all, (samples, 1, ...), new states).
    ValueError: time unknown or 0, inputs of fewer than three axes, a mask without states.

    >>> x = constant([[[1.0], [2.0], [3.0]]])
    >>> last, outputs, states = rnn(lambda x, s: (x + s[0], [x + s[0]]), x, [constant([[0.0]])])
    >>> outputs.numpy().ravel()
    array([1., 3., 6.], dtype=float32)

    Source: the meaning is that of tf.keras 2's backend.rnn.
    """
    axis = 0 if time_major else 1
    parts = [convert(part) for part in nest.flatten(inputs)]
    count = _steps(parts, axis)
    order = range(count)[::-1] if go_backwards else range(count)
    masks = _masks(mask, input_length, order, axis, go_backwards)
    states = [nest.map_structure(convert, state) for state in initial_states]
    if masks is not None and not states:
        raise ValueError("rnn: a mask needs states to keep; give initial_states")
    fixed = tuple(constants or ())
    kept: list[list[Tensor]] = []
    structure = previous = None
    for number, time in enumerate(order):
        element = nest.pack_as(inputs, iter([_at(part, time, axis) for part in parts]))
        structure, new_states = step_function(element, (*states, *fixed))
        output = [convert(part) for part in nest.flatten(structure)]
        states_now = [nest.map_structure(convert, state) for state in new_states]
        if masks is not None:
            zero = zero_output_for_mask or previous is None
            before = [zeros_like(part) for part in output] if zero else previous
            output = _where(masks[number], output, before)
            flat = _where(masks[number], nest.flatten(states_now), nest.flatten(states))
            states_now = nest.pack_as(states_now, iter(flat))
        states, previous = states_now, output
        kept = [*kept, output] if return_all_outputs else [output]
    outputs = [stack(series, axis) for series in zip(*kept, strict=True)]
    return nest.pack_as(structure, iter(kept[-1])), nest.pack_as(structure, iter(outputs)), states


def _steps(parts: list[Tensor], axis: int) -> int:
    shapes = ", ".join(str(part.shape) for part in parts)
    if any(len(part.shape) < 3 for part in parts):
        raise ValueError(f"rnn: expected inputs of at least three axes, samples, time and features; got {shapes}")
    sizes = {part.shape[axis] for part in parts}
    count = sizes.pop()
    if sizes or not count:
        raise ValueError(f"rnn: axis {axis} must have one known number of steps, at least 1; input shapes {shapes}")
    return count


def _at(x: Tensor, time: int, axis: int) -> Tensor:
    return x[time] if axis == 0 else x[:, time]


def _masks(mask: Any, input_length: Any, order: range, axis: int, go_backwards: bool) -> _Masks:
    """Per step, in the order of the steps, a bool of shape (samples,) or (samples, ...)."""
    if mask is not None:
        truth = convert(mask, "bool")
        if len(truth.shape) == 3 and truth.shape[2] == 1:
            truth = emit("squeeze", truth, axes=[2])
        return [_at(truth, time, axis) for time in order]
    lengths = None if input_length is None else convert(input_length)
    if lengths is None or len(lengths.shape) != 1:
        return None
    if not go_backwards:
        return [m.greater(lengths, number) for number in range(len(order))]
    skipped = m.max(lengths) - 1 - lengths  # as in tf.keras: sequences end where the longest one does
    return [m.less(skipped, number) for number in range(len(order))]


def _where(mask: Tensor, new: list[Tensor], old: list[Tensor] | None) -> list[Tensor]:
    assert old is not None
    chosen = []
    for a, b in zip(new, old, strict=True):
        truth = mask
        while len(truth.shape) < len(a.shape):
            truth = expand_dims(truth)
        chosen.append(emit("select", truth, a, b))
    return chosen
