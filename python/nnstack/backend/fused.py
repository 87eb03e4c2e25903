"""LSTM, GRU and simple recurrence as one op each: all steps in one kernel, given the projections of the inputs.

What they compute is what `rnn` computes with the cell written out; layers use them where neither dropout nor an
activation of one's own comes between.
"""

from collections.abc import Sequence
from typing import Any, cast

from nnstack import _core
from nnstack.backend import loops
from nnstack.backend.shapes import expand_dims, reverse, zeros_like
from nnstack.backend.tensor import Tensor, convert, emit

ACTIVATIONS = ("linear", "relu", "tanh", "sigmoid", "hard_sigmoid")

_Result = tuple[Tensor, Tensor, list[Tensor]]


def lstm(
    projections: Any,
    recurrent_kernel: Any,
    initial_states: Sequence[Any],
    mask: Any = None,
    go_backwards: bool = False,
    time_major: bool = False,
    activation: str = "tanh",
    recurrent_activation: str = "sigmoid",
    zero_output_for_mask: bool = False,
    starts_at_zero: bool = False,
) -> _Result:
    """All steps of an LSTM; (last output, outputs, [h, c]) as `rnn` gives them.

    projections: inputs times kernel plus bias, (samples, time, 4 units) or with the first two axes exchanged
    (time_major), gates in the order input, forget, candidate, output; float32 or float64, sizes but the last may be
    unknown. recurrent_kernel: (units, 4 units). initial_states: h and c, (samples, units). mask: (samples, time).
    activation, recurrent_activation: of candidate and output, and of the gates, out of `ACTIVATIONS`. starts_at_zero:
    promises that the first h is zero, which spares work where steps are masked. ValueError for shapes that do not fit.

    >>> last, outputs, (h, c) = lstm(zeros((2, 5, 12)) * 1.0, zeros((3, 12)) * 1.0, [zeros((2, 3)), zeros((2, 3))])
    >>> outputs.shape
    (2, 5, 3)

    Source: Hochreiter and Schmidhuber 1997; Gers et al. 2000.
    """
    given = [projections, recurrent_kernel, *initial_states]
    names = {"activation": activation, "recurrent_activation": recurrent_activation}
    return _run("lstm", given, mask, go_backwards, time_major, zero_output_for_mask, starts_at_zero, names)


def gru(
    projections: Any,
    recurrent_kernel: Any,
    recurrent_bias: Any,
    initial_states: Sequence[Any],
    mask: Any = None,
    go_backwards: bool = False,
    time_major: bool = False,
    activation: str = "tanh",
    recurrent_activation: str = "sigmoid",
    zero_output_for_mask: bool = False,
    starts_at_zero: bool = False,
) -> _Result:
    """All steps of a GRU whose reset gate comes after the product (`reset_after`); (last output, outputs, [h]).

    projections: (samples, time, 3 units), gates in the order update, reset, candidate. recurrent_kernel: (units,
    3 units). recurrent_bias: (3 units,). The rest as in `lstm`. ValueError for shapes that do not fit.

    >>> kernel, bias = zeros((3, 9)) * 1.0, zeros((9,)) * 1.0
    >>> gru(zeros((2, 5, 9)) * 1.0, kernel, bias, [zeros((2, 3))])[0].shape
    (2, 3)

    Source: Cho et al. 2014, https://arxiv.org/abs/1406.1078, in the form of cuDNN.
    """
    given = [projections, recurrent_kernel, recurrent_bias, *initial_states]
    names = {"activation": activation, "recurrent_activation": recurrent_activation}
    return _run("gru", given, mask, go_backwards, time_major, zero_output_for_mask, starts_at_zero, names)


def simple_rnn(
    projections: Any,
    recurrent_kernel: Any,
    initial_states: Sequence[Any],
    mask: Any = None,
    go_backwards: bool = False,
    time_major: bool = False,
    activation: str = "tanh",
    zero_output_for_mask: bool = False,
    starts_at_zero: bool = False,
) -> _Result:
    """All steps of `h = activation(projection + h @ recurrent_kernel)`; (last output, outputs, [h]).

    projections: (samples, time, units). recurrent_kernel: (units, units). The rest as in `lstm`.

    >>> simple_rnn(zeros((2, 5, 3)) * 1.0, zeros((3, 3)) * 1.0, [zeros((2, 3))])[1].shape
    (2, 5, 3)

    Source: Elman 1990.
    """
    given = [projections, recurrent_kernel, *initial_states]
    names = {"activation": activation}
    return _run("simple", given, mask, go_backwards, time_major, zero_output_for_mask, starts_at_zero, names)


def _run(
    cell: str,
    given: list[Any],
    mask: Any,
    go_backwards: bool,
    time_major: bool,
    zero_output_for_mask: bool,
    starts_at_zero: bool,
    names: dict[str, str],
) -> _Result:
    inputs = [convert(x) for x in given]
    masks = [] if mask is None else [convert(mask, "bool")]
    if masks and len(masks[0].shape) == 3 and masks[0].shape[2] == 1:
        masks = [emit("squeeze", masks[0], axes=[2])]
    wiring = {"cell": cell, "reverse": go_backwards, "time_major": time_major, "masked": bool(masks), **names}
    made = cast(list[Tensor], _core.emit("recurrence", [*inputs, *masks], wiring))
    outputs, last = made[0], made[1]
    states = [last, made[4]] if cell == "lstm" else [last]
    axis = 0 if time_major else 1
    if masks and (zero_output_for_mask or not starts_at_zero):
        counts = masks[0] if zero_output_for_mask else _seen(masks[0], go_backwards, time_major)
        outputs = emit("select", expand_dims(counts), outputs, zeros_like(outputs))
        ends = 0 if go_backwards else -1
        counts = counts[ends] if time_major else counts[:, ends]
        last = emit("select", expand_dims(counts), last, zeros_like(last))
    return last, reverse(outputs, axis) if go_backwards else outputs, states


def _seen(mask: Tensor, go_backwards: bool, time_major: bool) -> Tensor:
    """Whether a step up to this one counted: before the first that does, the output is zero whatever the state."""

    def step(seen: list[Tensor], slices: list[Tensor], number: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        now = emit("logical_or", seen[0], slices[0])
        return [now], [now]

    along = mask if time_major else emit("transpose", mask, permutation=[1, 0])
    start = emit("broadcast_to", convert(False, "bool"), emit("shape_of", along)[1:])
    seen = loops.scan(step, [start], [along], go_backwards)[1][0]
    return seen if time_major else emit("transpose", seen, permutation=[1, 0])
