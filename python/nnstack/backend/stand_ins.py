"""Graph tensors and what stands in for them while a step is recorded on other inputs.

A loss may use tensors of the model's graph besides its arguments, as the losses of variational autoencoders do. A step
calls the layers again, so these tensors must be exchanged for their namesakes in the step.
"""

from collections.abc import Mapping
from typing import Any, cast

from nnstack import _core
from nnstack.backend.tensor import Tensor, convert


def substitute(value: Tensor, stand_ins: Mapping[int, Tensor]) -> Tensor:
    """`value` with tensors exchanged, id(old) -> new; what does not depend on an old one stays as it is."""
    now: dict[int, Any] = {**{id(new): new for new in stand_ins.values()}, **stand_ins}
    kept_alive: list[Any] = []  # ids are of use as long as their tensors live
    stack: list[tuple[Any, bool]] = [(value, False)]
    while stack:
        one, done = stack.pop()
        if id(one) in now:
            continue
        if not done:
            kept_alive.append(one)
            stack.append((one, True))
            stack.extend((source, False) for source in one.inputs)
            continue
        sources = one.inputs
        exchanged = [now[id(source)] for source in sources]
        same = all(new is old for new, old in zip(exchanged, sources, strict=True))
        now[id(one)] = one if same else _core.emit(one.op, exchanged, one.attributes)[one.index]
    return cast(Tensor, now[id(value)])


def stand_ins_of(y_pred: Any) -> Mapping[int, Tensor]:
    """id(graph tensor) -> its namesake in the step that made the prediction `y_pred`; empty for other tensors."""
    return getattr(y_pred, "_keras_stand_ins", {})


def in_step_of(y_pred: Any, value: Any) -> Tensor:
    """`value`, computed from `y_pred` and perhaps graph tensors of its model, in the step that made `y_pred`."""
    stand_ins = stand_ins_of(y_pred)
    return substitute(convert(value), stand_ins) if stand_ins else convert(value)
