"""Operators that move elements as they are, and the shapes they go by."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack import backend
from nnstack.backend.tensor import emit
from nnstack.onnx.reading.operator import Operator, Reader, axis_of, known_sizes, literal, operand, sizes_of


def _reshape(op: Operator, x: list[Any]) -> Any:
    """0 means the size as it was, -1 whatever is left."""
    given = operand(x, 1)
    if given is None:
        given = literal(np.asarray(op.get("shape"), np.int64))
    if not given.concrete:
        return emit("reshape", x[0], backend.cast(given, "int64"))
    target = [int(size) for size in given.numpy().reshape(-1)]
    if not op.get("allowzero", 0):
        sizes = sizes_of(x[0]) if 0 in target else []
        target = [sizes[axis] if size == 0 else size for axis, size in enumerate(target)]
    return backend.reshape(x[0], target)


def _transpose(op: Operator, x: list[Any]) -> Any:
    rank = len(x[0].shape)
    return emit("transpose", x[0], permutation=list(op.get("perm") or range(rank - 1, -1, -1)))


def _flatten(op: Operator, x: list[Any]) -> Any:
    axis = op.get("axis", 1)
    axis = axis + len(x[0].shape) if axis < 0 else axis
    sizes = sizes_of(x[0])
    if axis == 1:
        return backend.reshape(x[0], [sizes[0], -1])
    product: Any = 1
    for size in sizes[:axis]:
        product = product * size
    return backend.reshape(x[0], [product, -1])


def _unsqueeze(op: Operator, x: list[Any]) -> Any:
    axes = op.integers(x, 1, "axes") or []
    rank = len(x[0].shape) + len(axes)
    return emit("expand_dims", x[0], axes=sorted(axis % rank for axis in axes))


def _squeeze(op: Operator, x: list[Any]) -> Any:
    axes = op.integers(x, 1, "axes")
    if axes is None:
        axes = [axis for axis, size in enumerate(x[0].shape) if size == 1]
    axes = sorted(axis_of(axis, x[0], op) for axis in axes)
    return emit("squeeze", x[0], axes=axes) if axes else x[0]


def _concat(op: Operator, x: list[Any]) -> Any:
    return emit("concat", *x, axis=op.get("axis", 0))


def _split(op: Operator, x: list[Any]) -> list[Any]:
    axis = axis_of(op.get("axis", 0), x[0], op)
    parts, size = op.integers(x, 1, "split"), x[0].shape[axis]
    if parts is None:
        count = op.get("num_outputs") or op.get("outputs")
        if size is None:
            raise op.fail(f"cannot split axis {axis} of unknown size; input shape {x[0].shape}")
        each = -(-size // count)
        parts = [min(each, size - each * k) for k in range(count)]
    ends = np.cumsum(parts).tolist()
    return [_cut(x[0], axis, end - part, end) for part, end in zip(parts, ends, strict=True)]


def _cut(x: Any, axis: int, begin: int | None, end: int | None, step: int = 1) -> Any:
    rank = len(x.shape)
    bounds: list[list[Any]] = [[None] * rank, [None] * rank, [1] * rank]
    bounds[0][axis], bounds[1][axis], bounds[2][axis] = begin, end, step
    return emit("slice", x, begins=bounds[0], ends=bounds[1], steps=bounds[2])


def _slice(op: Operator, x: list[Any]) -> Any:
    if len(x) > 1 and not (_known(x[1]) and _known(x[2])):
        return _slice_computed(op, x)
    starts, ends = op.integers(x, 1, "starts") or [], op.integers(x, 2, "ends") or []
    axes = op.integers(x, 3, "axes") or list(range(len(starts)))
    steps = op.integers(x, 4, "steps") or [1] * len(starts)
    result = x[0]
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        if step == 0:
            raise op.fail("a step of 0")
        far = 1 << 31  # nothing is longer
        first = None if abs(start) >= far else start
        last = None if abs(end) >= far else end
        result = _cut(result, axis_of(axis, result, op), first, last, step)
    return result


def _known(vector: Any) -> bool:
    """Whether the numbers of a vector are known before the graph runs, as those of sizes may be."""
    return bool(vector.concrete) or vector.dtype == "int64" and None not in known_sizes(vector)


def _slice_computed(op: Operator, x: list[Any]) -> Any:
    """One bound or both come from the graph."""
    axes = op.integers(x, 3, "axes") or list(range(x[1].shape[0]))
    steps = op.integers(x, 4, "steps") or [1] * len(axes)
    if any(step != 1 for step in steps):
        raise op.fail("steps other than 1 need constant bounds")
    result = x[0]
    for k, axis in enumerate(axes):
        key: list[Any] = [slice(None)] * len(result.shape)
        key[axis_of(axis, result, op)] = slice(_bound(x[1], k), _bound(x[2], k))
        result = result[tuple(key)]
    return result


def _bound(bounds: Any, k: int) -> Any:
    if not bounds.concrete:
        return backend.cast(bounds[k], "int64")
    number = int(bounds.numpy().reshape(-1)[k])
    return None if abs(number) >= 1 << 31 else number


def _gather(op: Operator, x: list[Any]) -> Any:
    """Indices may count from the end, which ours may not."""
    axis = axis_of(op.get("axis", 0), x[0], op)
    index = x[1] if x[1].dtype in ("int32", "int64") else backend.cast(x[1], "int64")
    size = sizes_of(x[0])[axis]
    if index.concrete and isinstance(size, int):
        numbers = np.asarray(index.numpy())
        index = literal(np.where(numbers < 0, numbers + size, numbers))
    else:
        whole = backend.cast(literal(size) if isinstance(size, int) else size, index.dtype)
        zero = literal(np.asarray(0, index.dtype))
        index = emit("select", emit("less", index, zero), index + whole, index)
    return emit("gather", x[0], index, axis=axis)


def _gather_elements(op: Operator, x: list[Any]) -> Any:
    """Every index stands for one number: its place is told by its own place, but along one axis."""
    axis = axis_of(op.get("axis", 0), x[0], op)
    index, sizes = backend.cast(x[1], "int64"), sizes_of(x[0])
    whole = literal(np.int64(sizes[axis])) if isinstance(sizes[axis], int) else backend.cast(sizes[axis], "int64")
    index = emit("select", emit("less", index, literal(np.int64(0))), index + whole, index)
    flat: Any = None
    for k, size in enumerate(sizes_of(index)):
        along = index
        if k != axis:
            counted = backend.arange(0, size, dtype="int64")
            along = backend.reshape(counted, [-1] + [1] * (len(sizes) - 1 - k))
        flat = along if flat is None else flat * backend.cast(sizes[k], "int64") + along
    return emit("gather", backend.flatten(x[0]), flat, axis=0)


def _expand(op: Operator, x: list[Any]) -> Any:
    """Broadcast both ways: a size of 1 in the shape keeps that of the tensor."""
    own = sizes_of(x[0])
    count = x[1].shape[0]
    shape = [int(size) for size in x[1].numpy()] if x[1].concrete else [x[1][k] for k in range(count)]
    rank = max(len(own), count)
    own, shape = [1] * (rank - len(own)) + own, [1] * (rank - count) + shape
    sizes: list[Any] = []
    for mine, theirs in zip(own, shape, strict=True):
        if isinstance(mine, int) and mine == 1:
            sizes.append(theirs)
        elif isinstance(theirs, int) and theirs == 1:
            sizes.append(mine)
        else:
            sizes.append(
                mine if isinstance(mine, int) else theirs if isinstance(theirs, int) else backend.maximum(mine, theirs)
            )
    return backend.broadcast_to(x[0], op.checked(sizes))


def _tile(op: Operator, x: list[Any]) -> Any:
    if not x[1].concrete:
        return backend.tile(x[0], [x[1][k] for k in range(len(x[0].shape))])
    times = [int(n) for n in x[1].numpy()]
    op.checked([n * (size or 1) for n, size in zip(times, x[0].shape, strict=True)])
    return backend.tile(x[0], times)


def _shape(op: Operator, x: list[Any]) -> Any:
    start, end = op.get("start", 0), op.get("end")
    if None not in x[0].shape:
        return literal(np.asarray(x[0].shape, np.int64)[start:end])
    shape = emit("shape_of", x[0])
    return shape if start == 0 and end is None else shape[start:end]


def _size(op: Operator, x: list[Any]) -> Any:
    return emit("count", x[0], axes=list(range(len(x[0].shape))), dtype="int64")


def _constant_of_shape(op: Operator, x: list[Any]) -> Any:
    value = op.get("value")
    number = literal(np.zeros((), np.float32) if value is None else np.asarray(value).reshape(()))
    if x[0].concrete:
        op.checked([int(size) for size in x[0].numpy()])
    return emit("broadcast_to", number, backend.cast(x[0], "int64"))


def _range(op: Operator, x: list[Any]) -> Any:
    start, limit, step = x
    if all(one.concrete for one in x):
        a, b, c = (one.numpy().item() for one in x)
        op.checked([int(max(np.ceil((b - a) / c), 0)) if c else 0])
        return literal(np.arange(a, b, c).astype(start.dtype))
    if not start.dtype.startswith("int"):
        raise op.fail("bounds that are computed must be integers")
    return backend.arange(start, limit, int(op.numbers(step, "step")), dtype=start.dtype)


def _pad(op: Operator, x: list[Any]) -> Any:
    mode = op.get("mode", "constant")
    pads = op.integers(x, 1, "pads") or []
    rank = len(x[0].shape)
    axes = op.integers(x, 3, "axes") or list(range(rank))
    pairs = [(0, 0)] * rank
    for k, axis in enumerate(axes):
        pairs[axis_of(axis, x[0], op)] = (pads[k], pads[len(axes) + k])
    result = x[0]
    for axis, (before, after) in enumerate(pairs):  # negative ones cut
        if before < 0 or after < 0:
            result = _cut(result, axis, max(-before, 0) or None, min(after, 0) or None)
    grown = [(max(before, 0), max(after, 0)) for before, after in pairs]
    op.checked([(size or 1) + sum(pair) for size, pair in zip(result.shape, grown, strict=True)])
    if mode == "constant":
        value = operand(x, 2)
        number = float(op.numbers(value, "value")) if value is not None else float(op.get("value", 0.0))
        return emit("pad", result, paddings=[n for pair in grown for n in pair], value=number)
    for axis, (before, after) in enumerate(grown):
        if before or after:
            result = emit("gather", result, _mirrored(op, result, axis, before, after, mode), axis=axis)
    return result


def _mirrored(op: Operator, x: Any, axis: int, before: int, after: int, mode: str) -> Any:
    size = x.shape[axis]
    if size is None:
        raise op.fail(f"mode {mode} needs a known size of axis {axis}; input shape {x.shape}")
    modes: dict[str, Any] = {"reflect": "reflect", "edge": "edge", "wrap": "wrap"}
    places = np.pad(np.arange(size), (before, after), mode=modes[mode])
    return literal(places.astype(np.int64))


def _depth_to_space(op: Operator, x: list[Any]) -> Any:
    n, c, h, w = sizes_of(x[0])
    block = op.get("blocksize")
    if op.get("mode", "DCR") == "DCR":
        parts, order = [n, block, block, c // (block * block), h, w], [0, 3, 4, 1, 5, 2]
    else:
        parts, order = [n, c // (block * block), block, block, h, w], [0, 1, 4, 2, 5, 3]
    moved = emit("transpose", backend.reshape(x[0], parts), permutation=order)
    return backend.reshape(moved, [n, c // (block * block), h * block, w * block])


def _space_to_depth(op: Operator, x: list[Any]) -> Any:
    n, c, h, w = sizes_of(x[0])
    block = op.get("blocksize")
    parts = backend.reshape(x[0], [n, c, h // block, block, w // block, block])
    return backend.reshape(
        emit("transpose", parts, permutation=[0, 3, 5, 1, 2, 4]), [n, c * block * block, h // block, w // block]
    )


def _one_hot(op: Operator, x: list[Any]) -> Any:
    depth = int(op.numbers(x[1], "depth").reshape(-1)[0])
    op.checked([depth])
    axis = op.get("axis", -1)
    index = backend.cast(x[0], "int64")
    index = emit("select", emit("less", index, literal(np.int64(0))), index + depth, index)
    axis = axis % (len(x[0].shape) + 1)
    places = np.arange(depth, dtype=np.int64).reshape([-1] + [1] * (len(x[0].shape) - axis))
    hit = emit("equal", backend.expand_dims(index, axis), literal(places))
    return emit("select", hit, x[2][1], x[2][0])


def _top_k(op: Operator, x: list[Any]) -> list[Any]:
    (k,) = (op.integers(x, 1, "k") or [0]) if len(x) > 1 else [op.get("k")]
    axis = axis_of(op.get("axis", -1), x[0], op)
    rank = len(x[0].shape)
    order = [k for k in range(rank) if k != axis] + [axis]
    back = [order.index(axis) for axis in range(rank)]
    from nnstack import _core

    moved = emit("transpose", x[0], permutation=order)
    made: list[Any] = list(_core.emit("sort", [moved], {"count": k, "descending": bool(op.get("largest", 1))}))
    return [emit("transpose", one, permutation=back) for one in made]


def _scatter_nd(op: Operator, x: list[Any]) -> Any:
    start, index, rows = x
    if op.get("reduction", "none") != "add" or index.shape[-1] != 1:
        raise op.fail("only additions to whole rows (reduction='add', one index each) have a counterpart")
    return start + emit(
        "scatter_add", emit("squeeze", index, axes=[len(index.shape) - 1]), rows, emit("shape_of", start)
    )


def _trilu(op: Operator, x: list[Any]) -> Any:
    offset = int(op.numbers(x[1], "k")) if operand(x, 1) is not None else 0
    rows, columns = sizes_of(x[0])[-2:]
    i = backend.expand_dims(backend.arange(0, rows, dtype="int64"), -1)
    difference = backend.arange(0, columns, dtype="int64") - i
    kept = difference >= offset if op.get("upper", 1) else difference <= offset
    return emit("select", kept, x[0], backend.zeros_like(x[0]))


READERS: dict[str, Reader] = {
    "Concat": _concat, "ConstantOfShape": _constant_of_shape, "DepthToSpace": _depth_to_space, "Expand": _expand,
    "Flatten": _flatten, "Gather": _gather,
    "GatherElements": _gather_elements, "OneHot": _one_hot, "Pad": _pad, "Range": _range, "Reshape": _reshape,
    "ScatterND": _scatter_nd, "Shape": _shape, "Size": _size, "Slice": _slice, "SpaceToDepth": _space_to_depth,
    "Split": _split, "Squeeze": _squeeze, "Tile": _tile, "TopK": _top_k, "Transpose": _transpose, "Trilu": _trilu,
    "Unsqueeze": _unsqueeze,
}  # fmt: skip
