"""`rnn`: a step function applied along the time axis, with masks, constants and states as Keras 2 has them."""

from collections.abc import Callable, Sequence
from typing import Any

from nnstack.backend import loops
from nnstack.backend import math as m
from nnstack.backend.shapes import expand_dims, permute_dimensions, reverse, stack, zeros_like
from nnstack.backend.tensor import Tensor, convert, emit
from nnstack.utils import nest

_Masking = Callable[[list[Tensor], Tensor], Tensor]


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
    states may be nested structures. It is called once, to be recorded as the body of a loop, however long the
    sequences are; in an eager scope, and with `unroll`, it is called for every step.
    inputs: (samples, time, ...), or (time, samples, ...) with time_major. Any size may be unknown.
    go_backwards: from the last step to the first; the outputs come in that order.
    mask: (samples, time) or (samples, time, 1), with time_major the first two exchanged; not zero where a step counts.
    Elsewhere the states stay, and the output is the one before (zeros at first), or zeros with zero_output_for_mask.
    unroll: the graph holds one copy of the step for each; the number of steps must be known.
    input_length: a vector of lengths, one per sample, is a mask where no other is given; an int changes nothing.
    return_all_outputs: False keeps only the last output.

    Returns (last output (samples, ...), outputs (samples, time, ...) or, without all, (samples, 1, ...), new states).
    ValueError: no steps, inputs of fewer than three axes, time unknown with unroll, a mask without states, states or
    outputs whose types change from step to step.

    >>> x = constant([[[1.0], [2.0], [3.0]]])
    >>> last, outputs, states = rnn(lambda x, s: (x + s[0], [x + s[0]]), x, [constant([[0.0]])])
    >>> outputs.numpy().ravel()
    array([1., 3., 6.], dtype=float32)

    Source: the meaning is that of tf.keras 2's backend.rnn.
    """
    parts = [convert(part) for part in nest.flatten(inputs)]
    count = _steps(parts, 0 if time_major else 1)
    if unroll and count is None:
        raise ValueError(f"rnn: unroll needs a known number of steps; input shapes {_shapes(parts)}")
    states = [convert(part) for part in nest.flatten(initial_states)]
    sequences = parts if time_major else [_swap(part) for part in parts]
    masking, mask_sequence = _masks(mask, input_length, len(parts), time_major, go_backwards)
    if masking is not None and not states:
        raise ValueError("rnn: a mask needs states to keep; give initial_states")
    sequences = [*sequences, *mask_sequence]
    recorded = _Step(step_function, inputs, list(initial_states), tuple(constants or ()), len(parts))
    if unroll or loops.runs_at_once([*sequences, *states]):
        last, outputs, states = _unrolled(recorded, masking, states, sequences, go_backwards, zero_output_for_mask)
        outputs = [stack(series if return_all_outputs else series[-1:], 0) for series in outputs]
    else:
        keeps_last = masking is not None or not return_all_outputs
        last, outputs, states = _looped(
            recorded, masking, states, sequences, go_backwards, zero_output_for_mask, keeps_last
        )
        outputs = outputs if return_all_outputs else [expand_dims(part, 0) for part in last]
    if not time_major:
        outputs = [_swap(part) for part in outputs]
    structure = recorded.structure
    return (
        nest.pack_as(structure, iter(last)),
        nest.pack_as(structure, iter(outputs)),
        nest.pack_as(recorded.new_states, iter(states)),
    )


class _Step:
    """The caller's step on flat lists; remembers in which structures outputs and states came."""

    def __init__(self, function: Any, inputs: Any, states: Any, constants: tuple[Any, ...], parts: int) -> None:
        self.function, self.inputs, self.states, self.constants, self.parts = function, inputs, states, constants, parts
        self.structure: Any = None
        self.new_states: list[Any] = []

    def __call__(self, states: list[Tensor], slices: list[Tensor], number: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        element = nest.pack_as(self.inputs, iter(slices[: self.parts]))
        packed = nest.pack_as(self.states, iter(states))
        self.structure, new_states = self.function(element, (*packed, *self.constants))
        self.new_states = list(new_states)
        flat = [convert(part) for part in nest.flatten(self.new_states)]
        if len(flat) != len(states):
            raise ValueError(f"rnn: the step function got {len(states)} states and gave {len(flat)}")
        return flat, [convert(part) for part in nest.flatten(self.structure)]


_Flat = tuple[list[Tensor], list[Any], list[Tensor]]


def _looped(
    step: _Step,
    masking: _Masking | None,
    states: list[Tensor],
    sequences: list[Tensor],
    go_backwards: bool,
    zero_output: bool,
    keeps_last: bool,
) -> _Flat:
    """One scan. Where steps may be masked, or only the last output is wanted, the output is a state as well."""
    own = len(states)
    before = loops.types_of(step, states, sequences) if keeps_last else []

    def body(carried: list[Tensor], slices: list[Tensor], number: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        old, previous = carried[:own], carried[own:]
        new, output = step(old, slices, number)
        if masking is not None:
            here = masking(slices, number)
            output = _where(here, output, [zeros_like(part) for part in output] if zero_output else previous)
            new = _where(here, new, old)
        return [*new, *(output if keeps_last else [])], output

    last_states, outputs = loops.scan(body, [*states, *before], sequences, go_backwards)
    last = last_states[own:] if keeps_last else [part[0 if go_backwards else -1] for part in outputs]
    outputs = [reverse(part, 0) for part in outputs] if go_backwards else outputs
    return last, outputs, last_states[:own]


def _unrolled(
    step: _Step,
    masking: _Masking | None,
    states: list[Tensor],
    sequences: list[Tensor],
    go_backwards: bool,
    zero_output: bool,
) -> _Flat:
    previous: list[Tensor] | None = None

    def body(old: list[Tensor], slices: list[Tensor], number: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        nonlocal previous
        new, output = step(old, slices, number)
        if masking is not None:
            here = masking(slices, number)
            zero = zero_output or previous is None
            output = _where(here, output, [zeros_like(part) for part in output] if zero else previous)
            new = _where(here, new, old)
        previous = output
        return new, output

    states, series = loops.unrolled(body, states, sequences, go_backwards)
    return series[-1], [list(steps) for steps in zip(*series, strict=True)], states


def _shapes(parts: list[Tensor]) -> str:
    return ", ".join(str(part.shape) for part in parts)


def _steps(parts: list[Tensor], axis: int) -> int | None:
    if any(len(part.shape) < 3 for part in parts):
        raise ValueError(
            f"rnn: expected inputs of at least three axes, samples, time and features; got {_shapes(parts)}"
        )
    sizes = {part.shape[axis] for part in parts} - {None}
    if len(sizes) > 1 or 0 in sizes:
        raise ValueError(f"rnn: axis {axis} must have one number of steps, at least 1; input shapes {_shapes(parts)}")
    return sizes.pop() if sizes else None


def _swap(x: Tensor) -> Tensor:
    """Samples and time exchanged."""
    return permute_dimensions(x, [1, 0, *range(2, len(x.shape))])


def _masks(
    mask: Any, input_length: Any, at: int, time_major: bool, go_backwards: bool
) -> tuple[_Masking | None, list[Tensor]]:
    """How to tell, from slices and the number of the step, which samples count; and a sequence to slice for it."""
    if mask is not None:
        truth = convert(mask, "bool")
        if len(truth.shape) == 3 and truth.shape[2] == 1:
            truth = emit("squeeze", truth, axes=[2])
        return (lambda slices, number: slices[at]), [truth if time_major else _swap(truth)]
    lengths = None if input_length is None else convert(input_length)
    if lengths is None or len(lengths.shape) != 1:
        return None, []
    lengths = convert(lengths, "int64")
    if not go_backwards:
        return (lambda slices, number: m.greater(lengths, number)), []
    skipped = m.max(lengths) - 1 - lengths  # as in tf.keras: sequences end where the longest one does
    return (lambda slices, number: m.less(skipped, number)), []


def _where(mask: Tensor, new: list[Tensor], old: list[Tensor] | None) -> list[Tensor]:
    assert old is not None
    chosen = []
    for a, b in zip(new, old, strict=True):
        truth = mask
        while len(truth.shape) < len(a.shape):
            truth = expand_dims(truth)
        chosen.append(emit("select", truth, a, b))
    return chosen
