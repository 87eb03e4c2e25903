"""Gradients of one's own: results whose derivative a Python function gives instead of the ops that made them.

Such a result is cut off from what it was made of. `through` walks the cuts from the last to the first: it asks for the
gradient at the result, calls the function, and goes on from the inputs with what that returns.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from nnstack.backend.tensor import Tensor, convert

_numbers = itertools.count()


class Cut(NamedTuple):
    """Results, the inputs they were made of, and the function: gradients at the results -> gradients at the inputs."""

    number: int
    outputs: list[Tensor]
    inputs: list[Tensor]
    gradient: Callable[..., Sequence[Any]]


def recorded(cuts: Sequence[Cut] = ()) -> list[Cut]:
    """These cuts and those of all open traces, in the order in which they were made."""
    from nnstack.backend.variable import Trace, open_scopes

    found = {cut.number: cut for cut in cuts}
    for scope in open_scopes():
        if isinstance(scope, Trace):
            found.update({cut.number: cut for cut in scope.cuts})
    return [found[number] for number in sorted(found)]


def with_gradient(
    outputs: Sequence[Any], inputs: Sequence[Any], gradient: Callable[..., Sequence[Any]]
) -> list[Tensor]:
    """`outputs` as they are, with `gradient(*gradients_of_outputs)` as the gradients of `inputs` (None: none)."""
    from nnstack.backend.math import stop_gradient
    from nnstack.backend.variable import Trace, open_scopes
    from nnstack.training.tape import open_tapes

    ends = [stop_gradient(convert(one)) for one in outputs]
    cut = Cut(next(_numbers), ends, [convert(one) for one in inputs], gradient)
    holders: list[Any] = [*open_tapes(), *[scope for scope in open_scopes() if isinstance(scope, Trace)]]
    for holder in holders:
        holder.cuts.append(cut)
    return cut.outputs


def through(
    cuts: Sequence[Cut], losses: Sequence[Tensor], leaves: Sequence[Any], core: Callable[..., list[Any]]
) -> list[Any]:
    """The gradients of `losses` at `leaves` by `core(losses, leaves)`, on across the cuts."""
    from nnstack.backend.math import stop_gradient
    from nnstack.backend.math import sum as total
    from nnstack.backend.shapes import zeros_like

    reached = list(losses)
    for cut in reversed(cuts):
        found = core(reached, cut.outputs)
        if all(one is None for one in found):
            continue
        given = [zeros_like(own) if one is None else one for one, own in zip(found, cut.outputs, strict=True)]
        for tensor, own in zip(cut.inputs, cut.gradient(*given), strict=True):
            if own is not None:
                reached.append(total(tensor * stop_gradient(convert(own))))
    return core(reached, leaves)
