"""Convolutions, pools, normalisations and resizing: channels come first in ONNX, last in our ops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.backend.tensor import emit, shape_vector
from nnstack.onnx.reading.operator import Operator, Reader, axis_of, known_sizes, literal, operand, sizes_of

Pairs = list[tuple[int, int]]


def _last(x: Any) -> Any:
    rank = len(x.shape)
    return emit("transpose", x, permutation=[0, *range(2, rank), 1])


def _first(x: Any) -> Any:
    rank = len(x.shape)
    return emit("transpose", x, permutation=[0, rank - 1, *range(1, rank - 1)])


def _padded(x: Any, pairs: Pairs, value: float = 0.0) -> Any:
    """Of a tensor with channels last."""
    if not any(before or after for before, after in pairs):
        return x
    flat = [0, 0, *(n for pair in pairs for n in pair), 0, 0]
    return emit("pad", x, paddings=flat, value=value)


def _window(op: Operator, spatial: int) -> tuple[list[int], list[int]]:
    strides = list(op.get("strides") or [1] * spatial)
    dilations = list(op.get("dilations") or [1] * spatial)
    if not 1 <= spatial <= 3 or len(strides) != spatial or len(dilations) != spatial or min(strides + dilations) < 1:
        raise op.fail(f"strides {strides} and dilations {dilations} do not fit {spatial} spatial axes (1 to 3)")
    return strides, dilations


def _lengths(op: Operator, kernel: Any, dilations: Sequence[int]) -> list[int]:
    """How far the window of a kernel (*window, in, out) reaches along each axis."""
    if None in kernel.shape:
        raise op.fail(f"the kernel's shape must be known, got {kernel.shape}")
    return [(size - 1) * dilation + 1 for size, dilation in zip(kernel.shape, dilations, strict=False)]


def _pads(op: Operator, lengths: Sequence[int], strides: Sequence[int], sizes: Sequence[int | None]) -> Pairs | None:
    """(before, after) of each spatial axis; None for 'same' along axes of unknown size."""
    mode, count = op.get("auto_pad", "NOTSET"), len(lengths)
    if mode == "NOTSET":
        pads = list(op.get("pads") or [0] * 2 * count)
        if len(pads) != 2 * count or min(pads) < 0:
            raise op.fail(f"pads {pads} do not fit {count} spatial axes")
        return [(pads[k], pads[count + k]) for k in range(count)]
    if mode == "VALID":
        return [(0, 0)] * count
    pairs: Pairs = []
    for length, stride, size in zip(lengths, strides, sizes, strict=True):
        if size is None and stride > 1:
            if mode == "SAME_UPPER":
                return None
            raise op.fail(f"auto_pad {mode} needs known sizes, got {tuple(sizes)}")
        missing = length - 1 if size is None else max((-(-size // stride) - 1) * stride + length - size, 0)
        half = missing // 2
        pairs.append((half, missing - half) if mode == "SAME_UPPER" else (missing - half, half))
    return pairs


def _convolution(op: Operator, x: list[Any]) -> Any:
    rank = len(x[0].shape)
    strides, dilations = _window(op, rank - 2)
    kernel = emit("transpose", x[1], permutation=[*range(2, rank), 1, 0])
    lengths = _lengths(op, kernel, dilations)
    pairs = _pads(op, lengths, strides, x[0].shape[2:])
    source = _last(x[0])
    y = emit(
        "convolution",
        source if pairs is None else _padded(source, pairs),
        kernel,
        strides=strides,
        dilations=dilations,
        padding="same" if pairs is None else "valid",
        groups=op.get("group", 1),
    )
    return _first(_biased(y, operand(x, 2)))


def _biased(y: Any, bias: Any) -> Any:
    return y if bias is None else y + bias


def _transposed_convolution(op: Operator, x: list[Any]) -> Any:
    rank = len(x[0].shape)
    spatial = rank - 2
    strides, dilations = _window(op, spatial)
    groups = op.get("group", 1)
    kernel = emit("transpose", x[1], permutation=[*range(2, rank), 1, 0])
    extra = list(op.get("output_padding") or [0] * spatial)
    lengths = _lengths(op, kernel, dilations)
    sizes = sizes_of(x[0])
    wholes = [
        (size - 1) * stride + length + more
        for size, stride, length, more in zip(sizes[2:], strides, lengths, extra, strict=True)
    ]
    # The largest tensor whose convolution has this size, then the padding cut off.
    reach = [whole - more + stride - 1 for whole, more, stride in zip(wholes, extra, strides, strict=True)]
    shape = [sizes[0], *reach, x[1].shape[1] * groups]
    y = emit(
        "convolution_input_gradient",
        _last(x[0]),
        kernel,
        shape_vector(shape),
        strides=strides,
        dilations=dilations,
        padding="valid",
        groups=groups,
    )
    pairs = _cuts(op, wholes, strides, x[0].shape[2:])
    key: list[Any] = [slice(None)] * rank
    for axis, (whole, (before, after)) in enumerate(zip(wholes, pairs, strict=True)):
        key[axis + 1] = slice(before, whole - after)
    longer = [max(more - stride + 1, 0) for more, stride in zip(extra, strides, strict=True)]
    y = _padded(y, [(0, more) for more in longer])
    return _first(_biased(y[tuple(key)], operand(x, 2)))


def _cuts(op: Operator, wholes: Sequence[Any], strides: Sequence[int], sizes: Sequence[int | None]) -> Pairs:
    """What is cut from each end of a transposed convolution."""
    mode, wanted = op.get("auto_pad", "NOTSET"), op.get("output_shape")
    if wanted is None and mode in ("NOTSET", "VALID"):
        return _pads(op, [1] * len(wholes), strides, sizes) or []
    pairs: Pairs = []
    for k, (whole, stride, size) in enumerate(zip(wholes, strides, sizes, strict=True)):
        if not isinstance(whole, int) or size is None:
            raise op.fail(f"auto_pad {mode} needs known sizes, got {tuple(sizes)}")
        missing = max(whole - (wanted[k - len(wholes)] if wanted else size * stride), 0)
        half = missing // 2
        pairs.append((half, missing - half) if mode == "SAME_UPPER" else (missing - half, half))
    return pairs


# -- pools ------------------------------------------------------------------------------------------------------------
def _pool(op: Operator, x: list[Any]) -> Any:
    rank = len(x[0].shape)
    strides, dilations = _window(op, rank - 2)
    window = list(op.get("kernel_shape") or [])
    if max(dilations) > 1 or len(window) != rank - 2:
        raise op.fail(f"a window {window} with dilations {dilations} has no counterpart")
    pairs = _pads(op, window, strides, x[0].shape[2:])
    source = _last(x[0])
    options = {"sizes": window, "strides": strides}
    name = {"MaxPool": "max_pool", "AveragePool": "average_pool"}[op.kind]
    if pairs is None:
        return _first(emit(name, source, padding="same", **options))
    more = _ceiling(op, window, strides, pairs, x[0].shape[2:])
    if op.kind == "MaxPool":
        return _first(emit(name, _padded(_padded(source, pairs, -np.inf), more, -np.inf), padding="valid", **options))
    inside = emit(name, _padded(_padded(source, pairs), more), padding="valid", **options)
    whole = bool(op.get("count_include_pad", 0))
    if not any(sum(pair) for pair in (more if whole else [*pairs, *more])):
        return _first(inside)
    ones = backend.ones_like(source[:1, ..., :1])  # divided by the places that count
    counted = _padded(_padded(ones, pairs, 1.0 if whole else 0.0), more)
    return _first(inside / emit(name, counted, padding="valid", **options))


def _ceiling(op: Operator, window: list[int], strides: list[int], pairs: Pairs, sizes: Sequence[int | None]) -> Pairs:
    """What ceil_mode adds behind, so that the last window is whole."""
    if not op.get("ceil_mode", 0):
        return [(0, 0)] * len(window)
    more: Pairs = []
    for size, length, stride, (before, after) in zip(sizes, window, strides, pairs, strict=True):
        if size is None:
            raise op.fail(f"ceil_mode needs known sizes, got {tuple(sizes)}")
        places = -(-(size + before + after - length) // stride) + 1
        if (places - 1) * stride >= size + before:  # a window that starts behind everything is left out
            places -= 1
        more.append((0, max((places - 1) * stride + length - size - before - after, 0)))
    return more


def _global_pool(op: Operator, x: list[Any]) -> Any:
    axes = list(range(2, len(x[0].shape)))
    function = {"GlobalAveragePool": backend.mean, "GlobalMaxPool": backend.max}[op.kind]
    return function(x[0], axes, True)


# -- normalisations ---------------------------------------------------------------------------------------------------
def _along_channels(vector: Any, rank: int) -> Any:
    return backend.reshape(vector, [-1] + [1] * (rank - 2)) if rank > 2 else vector


def _epsilon(op: Operator, x: Any, default: float = 1e-5) -> Any:
    return literal(np.asarray(op.get("epsilon", default), x.dtype))


def _batch_normalization(op: Operator, x: list[Any]) -> Any:
    if op.get("training_mode", 0):
        raise op.fail("training_mode=1; export the model for inference")
    rank = len(x[0].shape)
    factor = emit("rsqrt", x[4] + _epsilon(op, x[0])) * x[1]
    return x[0] * _along_channels(factor, rank) + _along_channels(x[2] - x[3] * factor, rank)


def _normalized(x: Any, axes: list[int], epsilon: Any) -> Any:
    mean = backend.mean(x, axes, True)
    centred = x - mean
    return centred * emit("rsqrt", backend.mean(backend.square(centred), axes, True) + epsilon)


def _layer_normalization(op: Operator, x: list[Any]) -> Any:
    axes = list(range(axis_of(op.get("axis", -1), x[0], op), len(x[0].shape)))
    made = _normalized(x[0], axes, _epsilon(op, x[0])) * x[1]
    return _biased(made, operand(x, 2))


def _instance_normalization(op: Operator, x: list[Any]) -> Any:
    rank = len(x[0].shape)
    made = _normalized(x[0], list(range(2, rank)), _epsilon(op, x[0]))
    return made * _along_channels(x[1], rank) + _along_channels(x[2], rank)


def _group_normalization(op: Operator, x: list[Any]) -> Any:
    groups, sizes = op.get("num_groups"), sizes_of(x[0])
    each = x[1].shape[0] == groups and op.opset < 21  # scale by group, later by channel
    split = backend.reshape(x[0], [sizes[0], groups, sizes[1] // groups, *sizes[2:]])
    made = _normalized(split, list(range(2, len(sizes) + 1)), _epsilon(op, x[0]))
    if each:
        rank = len(sizes) + 1
        made = made * _along_channels(x[1], rank) + _along_channels(x[2], rank)
        return backend.reshape(made, sizes)
    made = backend.reshape(made, sizes)
    return made * _along_channels(x[1], len(sizes)) + _along_channels(x[2], len(sizes))


def _lp_normalization(op: Operator, x: list[Any]) -> Any:
    axis = axis_of(op.get("axis", -1), x[0], op)
    if op.get("p", 2) == 1:
        return x[0] / backend.sum(backend.abs(x[0]), axis, True)
    return x[0] / backend.sqrt(backend.sum(backend.square(x[0]), axis, True))


# -- resizing ---------------------------------------------------------------------------------------------------------
def _resize(op: Operator, x: list[Any]) -> Any:
    """Nearest by gathering, linear and cubic by a small matrix along each axis."""
    mode = op.get("mode", "nearest")
    at_scales = 1 if op.kind == "Upsample" or op.opset < 11 else 2
    scales = operand(x, at_scales)
    given = op.get("scales") if scales is None else op.numbers(scales, "scales").reshape(-1).tolist()
    sizes = operand(x, 3)
    targets = None if sizes is None else _targets(op, sizes)
    if op.kind == "Upsample" or op.opset < 11:
        way = "asymmetric"
    else:
        way = op.get("coordinate_transformation_mode", "half_pixel")
    axes = list(op.get("axes") or range(len(x[0].shape)))
    if op.get("antialias", 0) or op.get("keep_aspect_ratio_policy", "stretch") != "stretch":
        raise op.fail("antialias and keep_aspect_ratio_policy have no counterpart")
    result = x[0]
    for k, axis in enumerate(axes):
        axis = axis_of(axis, result, op)
        source = result.shape[axis]
        if (targets is None and given[k] == 1) or (targets is not None and targets[k] in (source, None)):
            continue
        if source is None and axis == 0 and targets is not None:  # the batch, which nothing resizes
            continue
        if source is None and targets is None and _repeats(op, mode, way, given[k]):
            result = backend.repeat_elements(result, int(given[k]), axis)
            continue
        if source is None:
            raise op.fail(f"needs known sizes of the axes it changes; input shape {x[0].shape}")
        target = (targets[k] or 0) if targets else int(np.floor(source * given[k]))
        op.checked([target])
        scale = target / source if targets else given[k]
        places = _places(op, target, source, scale, way)
        if mode == "nearest":
            result = emit("gather", result, literal(_nearest(op, places, source)), axis=axis)
        else:
            result = _weighted(result, axis, _weights(op, places, source, mode))
    return result


def _repeats(op: Operator, mode: str, way: str, scale: float) -> bool:
    """Whether each pixel is repeated as often as another, whatever the size."""
    floor = op.kind == "Upsample" or op.opset < 11 or op.get("nearest_mode", "round_prefer_floor") == "floor"
    return mode == "nearest" and way == "asymmetric" and floor and scale == int(scale)


def _targets(op: Operator, sizes: Any) -> list[int | None]:
    """Sizes asked for; None for those that are the graph's own, as the batch is."""
    if not sizes.concrete:
        return known_sizes(sizes)
    return [int(n) for n in op.numbers(sizes, "sizes").reshape(-1)]


def _places(op: Operator, target: int, source: int, scale: float, way: str) -> np.ndarray:
    """Where each new pixel lies among the old ones."""
    at = np.arange(target, dtype=np.float64)
    if way == "align_corners":
        return at * (source - 1) / (target - 1) if target > 1 else at * 0
    if way == "asymmetric":
        return at / scale
    if way == "pytorch_half_pixel":
        return (at + 0.5) / scale - 0.5 if target > 1 else at * 0
    if way in ("half_pixel", "half_pixel_symmetric"):
        shift = source / 2 * (1 - target / (scale * source)) if way == "half_pixel_symmetric" else 0.0
        return shift + (at + 0.5) / scale - 0.5
    raise op.fail(f"coordinate_transformation_mode {way} has no counterpart")


def _nearest(op: Operator, places: np.ndarray, source: int) -> np.ndarray:
    default = "floor" if op.kind == "Upsample" or op.opset < 11 else "round_prefer_floor"
    rounding: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "floor": np.floor,
        "ceil": np.ceil,
        "round_prefer_floor": lambda p: np.ceil(p - 0.5),
        "round_prefer_ceil": lambda p: np.floor(p + 0.5),
    }
    rounded = rounding[op.get("nearest_mode", default)](places)
    return np.asarray(np.clip(rounded, 0, source - 1), np.int64)


def _weights(op: Operator, places: np.ndarray, source: int, mode: str) -> np.ndarray:
    """(target, source): the share of every old pixel in every new one; beyond the border the last one counts."""
    matrix = np.zeros((len(places), source))
    low = np.floor(places).astype(np.int64)
    part = places - low
    if mode == "linear":
        shares = {0: 1 - part, 1: part}
    elif mode == "cubic":
        a = float(op.get("cubic_coeff_a", -0.75))
        shares = {k: _cubic(np.abs(k - part), a) for k in (-1, 0, 1, 2)}
    else:
        raise op.fail(f"mode {mode} has no counterpart")
    if op.get("exclude_outside", 0):
        shares = {k: np.where((low + k < 0) | (low + k >= source), 0.0, one) for k, one in shares.items()}
        total = sum(shares.values())
        shares = {k: one / total for k, one in shares.items()}
    for k, one in shares.items():
        np.add.at(matrix, (np.arange(len(places)), np.clip(low + k, 0, source - 1)), one)
    return matrix


def _cubic(x: np.ndarray, a: float) -> np.ndarray:
    """Keys's filter."""
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((x - 5) * x + 8) * x * a - 4 * a
    return np.asarray(np.where(x <= 1, near, np.where(x < 2, far, 0.0)))


def _weighted(x: Any, axis: int, matrix: np.ndarray) -> Any:
    rank = len(x.shape)
    order = [k for k in range(rank) if k != axis] + [axis]
    moved = emit("transpose", x, permutation=order)
    made = emit("matmul", moved, literal(np.ascontiguousarray(matrix.T).astype(x.dtype)))
    return emit("transpose", made, permutation=[order.index(k) for k in range(rank)])


READERS: dict[str, Reader] = {
    "AveragePool": _pool, "BatchNormalization": _batch_normalization, "Conv": _convolution,
    "ConvTranspose": _transposed_convolution, "GlobalAveragePool": _global_pool, "GlobalMaxPool": _global_pool,
    "GroupNormalization": _group_normalization, "InstanceNormalization": _instance_normalization,
    "LayerNormalization": _layer_normalization, "LpNormalization": _lp_normalization, "MaxPool": _pool,
    "Resize": _resize, "Upsample": _resize,
}  # fmt: skip
