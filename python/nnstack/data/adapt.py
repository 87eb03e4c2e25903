"""Which feed takes this x, and the arguments that go with it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

from nnstack.data.arguments import whole_number, whole_number_or_none
from nnstack.data.arrays import Arrays, prepare
from nnstack.data.check import require_targets
from nnstack.data.feeds import ArrayFeed, Feed, RowsFeed, StreamFeed, is_stream
from nnstack.data.lazy import LazyArrays, has_lazy, part
from nnstack.data.order import SampleOrder
from nnstack.data.queue import Reading
from nnstack.utils import nest

DEFAULT_BATCH = 32
_STEPS = {"fit": "steps_per_epoch", "fit: validation_data": "validation_steps"}


def make_feed(
    model: Any,
    x: Any,
    y: Any,
    sample_weight: Any,
    batch_size: int | None,
    steps: int | None,
    step_for: Callable[[Arrays], Any],
    *,
    what: str,
    shuffle: bool | str = False,
    class_weight: Mapping[int, float] | None = None,
    passes: int = 1,
    reading: Reading | None = None,
) -> Feed:
    """The feed for this data; `ValueError` for arguments that do not go with it."""
    title = f'{what} (model "{model.name}")'
    steps = whole_number_or_none(steps, _STEPS.get(what, "steps"), title)
    if x is None and y is None and model._graph is not None and not model._graph.fed_inputs:
        if steps is None:
            raise ValueError(f"{title}: inputs and targets are tensors, so {_STEPS.get(what, 'steps')} must be given")
        return StreamFeed(model, itertools.repeat((None, None)), step_for, steps, what=what, reading=Reading(0))
    order = SampleOrder(model._order_state) if shuffle else None
    if is_stream(x):
        if y is not None or sample_weight is not None:
            given = "y" if y is not None else "sample_weight"
            raise ValueError(
                f"{title}: x is a {type(x).__name__}, which yields (x, y) or (x, y, sample_weight); remove the "
                f"argument {given}"
            )
        if batch_size is not None:
            raise ValueError(
                f"{title}: x is a {type(x).__name__}, which makes its own batches; remove the argument batch_size"
            )
        return StreamFeed(model, x, step_for, steps, class_weight, what, reading, order)
    batch = checked_batch(model, batch_size, title)
    if has_lazy(x, y, sample_weight):
        lazy = LazyArrays(model, x, y, sample_weight, class_weight, what)
        return RowsFeed(lazy, batch, step_for, steps, passes, order, shuffle == "batch")
    arrays = prepare(model, x, y, sample_weight, class_weight, what)
    if what != "predict":
        require_targets(model, arrays, "train" if what == "fit" else "test", title)
    return ArrayFeed(
        arrays,
        batch,
        step_for,
        steps,
        passes,
        order,
        shuffle == "batch",
    )


def checked_batch(model: Any, batch_size: int | None, title: str) -> int:
    """The batch size: the one given, else the one fixed in the model's input, else 32."""
    fixed = (
        model._graph.flat_inputs[0].shape[0] if model._graph is not None and model._graph.flat_inputs[0].shape else None
    )
    if batch_size is None:
        return int(fixed or DEFAULT_BATCH)
    batch_size = whole_number(batch_size, "batch_size", title)
    if fixed is not None and batch_size != fixed:
        raise ValueError(f"{title}: the model's input has the fixed batch size {fixed}, got batch_size={batch_size}")
    return batch_size


def split(
    arrays: tuple[Any, Any, Any], fraction: float, title: str
) -> tuple[tuple[Any, Any, Any], tuple[Any, Any, Any]]:
    """(training part, validation part): the last `fraction` of the samples, before any shuffling, is for validation."""
    first = next(leaf for leaf in nest.flatten(arrays[0]) if leaf is not None)
    count = len(first) if hasattr(first, "__len__") else len(arrays[0])
    border = int(count * (1.0 - fraction))
    if border == 0 or border == count:
        raise ValueError(
            f"{title}: {count} samples cannot be split at validation_split={fraction}; one part would be empty"
        )

    def cut(begin: int, end: int) -> tuple[Any, Any, Any]:
        x, y, weight = (None if one is None else part(one, begin, end, title) for one in arrays)
        return x, y, weight

    return cut(0, border), cut(border, count)
