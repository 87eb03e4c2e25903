"""Ops that move elements as they are: reshape, transpose, broadcast, concat, slice, pad; and the shapes they go by."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack.onnx.writing.translate import Exporter, Translation
from nnstack.onnx.writing.writer import Stored, element_type

_FAR = np.iinfo(np.int64)


def _transpose(t: Translation, value: Any) -> Stored:
    source = value.inputs[0]
    stored = t.stored(source)
    order = stored.order or tuple(range(len(source.shape)))
    return Stored(stored.name, tuple(order[axis] for axis in value.attributes["permutation"]))


def _target(t: Translation, value: Any) -> str:
    """A shape for Reshape: numbers with one -1 where that says all, else computed."""
    unknown = [axis for axis, size in enumerate(value.shape) if size is None]
    if len(unknown) <= 1 and not (unknown and 0 in value.shape):
        numbers = [-1 if size is None else size for size in value.shape]
        return t.writer.constant(np.asarray(numbers, np.int64), "shape")
    return t.name(value.inputs[1])


def _repeated(value: Any) -> tuple[Any, int, int] | None:
    """(x, axis, times) of a reshape that repeats each slice of x along an axis, as upsampling does."""
    wide = value.inputs[0]
    if wide.op != "broadcast_to" or wide.concrete or wide.inputs[0].op != "expand_dims":
        return None
    expanded = wide.inputs[0]
    x, axes = expanded.inputs[0], expanded.attributes["axes"]
    if len(axes) != 1 or axes[0] < 1 or len(value.shape) != len(x.shape) or x.dtype != "float32":
        return None
    axis, times = axes[0] - 1, wide.shape[axes[0]]
    if times is None or wide.shape != (*x.shape[: axis + 1], times, *x.shape[axis + 1 :]):
        return None
    grown = None if x.shape[axis] is None else x.shape[axis] * times
    return (x, axis, times) if value.shape == (*x.shape[:axis], grown, *x.shape[axis + 1 :]) else None


def _resize(t: Translation, x: Any, axis: int, times: int) -> Stored:
    """Resize to the nearest; upon another one, both at once."""
    stored = t.stored(x)
    order = stored.order or tuple(range(len(x.shape)))
    scales = np.ones(len(order), np.float32)
    scales[order[axis]] = times
    name, before = stored.name, t.writer.producer(stored.name)
    if before is not None and before.op_type == "Resize":
        scales *= t.writer.root.initializers[before.input[2]]
        name = before.input[0]
    inputs = [name, "", t.writer.constant(scales, "scales")]
    way: dict[str, Any] = {"mode": "nearest", "nearest_mode": "floor", "coordinate_transformation_mode": "asymmetric"}
    return Stored(t.writer.node("Resize", inputs, **way), stored.order)


def _reshape(t: Translation, value: Any) -> Any:
    repeated = _repeated(value)
    if repeated is not None:
        return _resize(t, *repeated)
    return str(
        t.writer.node(
            "Reshape", [t.name(value.inputs[0]), _target(t, value)], allowzero=1 if 0 in value.shape else None
        )
    )


def _axes(t: Translation, value: Any, rank: int) -> str:
    axes = sorted({int(axis) % rank for axis in value.attributes["axes"]})
    return t.writer.constant(np.asarray(axes, np.int64), "axes")


def _expand_dims(t: Translation, value: Any) -> str:
    return str(t.writer.node("Unsqueeze", [t.name(value.inputs[0]), _axes(t, value, len(value.shape))]))


def _squeeze(t: Translation, value: Any) -> str:
    source = value.inputs[0]
    return str(t.writer.node("Squeeze", [t.name(source), _axes(t, value, len(source.shape))]))


def _broadcast_to(t: Translation, value: Any) -> Any:
    source, shape = value.inputs
    if source.shape == value.shape and None not in value.shape:
        return t.stored(source)
    target = t.writer.constant(np.asarray(value.shape, np.int64), "shape") if None not in value.shape else t.name(shape)
    if source.dtype != "bool":
        return str(t.writer.node("Expand", [t.name(source), target]))
    narrow = t.writer.node("Cast", [t.name(source)], to=element_type("int32"))
    return str(t.writer.node("Cast", [t.writer.node("Expand", [narrow, target])], to=element_type("bool")))


def _shape_of(t: Translation, value: Any) -> str:
    source = value.inputs[0]
    if None not in source.shape:
        return t.writer.constant(np.asarray(source.shape, np.int64), "shape")
    stored = t.stored(source)
    made = t.writer.node("Shape", [stored.name])
    if stored.order is None:
        return str(made)
    return str(t.writer.node("Gather", [made, t.writer.constant(np.asarray(stored.order, np.int64), "order")], axis=0))


def _count(t: Translation, value: Any) -> str:
    source = value.inputs[0]
    axes = sorted({int(axis) % len(source.shape) for axis in value.attributes["axes"]} if source.shape else set())
    sizes = [source.shape[axis] for axis in axes]
    if None not in sizes:
        return t.writer.constant(np.asarray(np.prod(sizes, dtype=np.int64), value.dtype), "count")
    stored = t.stored(source)
    there = np.asarray([(stored.order or range(len(source.shape)))[axis] for axis in axes], np.int64)
    made = t.writer.node("Gather", [t.writer.node("Shape", [stored.name]), t.writer.constant(there, "axes")], axis=0)
    made = t.writer.node("ReduceProd", [made], keepdims=0)
    return str(made if value.dtype == "int64" else t.writer.node("Cast", [made], to=element_type(value.dtype)))


def _concat(t: Translation, value: Any) -> Stored:
    rank = len(value.shape)
    order = t.common_order(value.inputs) or tuple(range(rank))
    axis = order[value.attributes["axis"] % rank]
    return Stored(t.writer.node("Concat", [t.in_order(one, order) for one in value.inputs], axis=axis), order)


def _slice(t: Translation, value: Any) -> Stored:
    source, attributes = value.inputs[0], value.attributes
    stored = t.stored(source)
    order = stored.order or tuple(range(len(source.shape)))
    rows = []
    for axis, (begin, end, step) in enumerate(
        zip(attributes["begins"], attributes["ends"], attributes["steps"], strict=True)
    ):
        step = 1 if step is None else step
        if begin is None and end is None and step == 1:
            continue
        first, last = (0, _FAR.max) if step > 0 else (_FAR.max, _FAR.min)
        rows.append((first if begin is None else begin, last if end is None else end, order[axis], step))
    if not rows:
        return stored
    starts, ends, axes, steps = (
        t.writer.constant(np.asarray(column, np.int64), name)
        for name, column in zip(("starts", "ends", "axes", "steps"), zip(*rows, strict=True), strict=True)
    )
    return Stored(t.writer.node("Slice", [stored.name, starts, ends, axes, steps]), stored.order)


def _pad(t: Translation, value: Any) -> Stored:
    source, attributes = value.inputs[0], value.attributes
    rank = len(source.shape)
    stored = t.stored(source)
    order = stored.order or tuple(range(rank))
    pads = np.zeros(2 * rank, np.int64)
    for axis in range(rank):
        pads[order[axis]] = attributes["paddings"][2 * axis]
        pads[rank + order[axis]] = attributes["paddings"][2 * axis + 1]
    if not pads.any():
        return stored
    narrow = source.dtype == "bool"
    name = t.writer.node("Cast", [stored.name], to=element_type("int32")) if narrow else stored.name
    filler = t.writer.constant(np.asarray(attributes["value"], "int32" if narrow else source.dtype), "value")
    made = t.writer.node("Pad", [name, t.writer.constant(pads, "pads"), filler], mode="constant")
    return Stored(t.writer.node("Cast", [made], to=element_type("bool")) if narrow else made, stored.order)


EXPORTERS: dict[str, Exporter] = {
    "broadcast_to": _broadcast_to,
    "concat": _concat,
    "count": _count,
    "expand_dims": _expand_dims,
    "pad": _pad,
    "reshape": _reshape,
    "shape_of": _shape_of,
    "slice": _slice,
    "squeeze": _squeeze,
    "transpose": _transpose,
}
