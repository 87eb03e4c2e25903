"""Functions of TensorFlow that rearrange, choose and sum up, written with the backend's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from string import ascii_lowercase
from typing import Any

import numpy as np

from nnstack import activations
from nnstack import backend as K
from nnstack.engine.tensor_functions.operands import alike, axes_of, pair, sizes_of, tensor
from nnstack.utils import nest


def getitem(tensor_: Any, slice_spec: Any) -> Any:
    key = _key(slice_spec)
    if any(K.is_tensor(one) and one.dtype == "bool" for one in nest.flatten(key)):
        raise ValueError("x[...]: the places where a condition holds have no fixed shape; use where(condition, x, y)")
    return tensor_[key]


def strided(input_: Any, begin: Any, end: Any, strides: Any = None) -> Any:
    steps = strides or [1] * len(begin)
    return tensor(input_)[tuple(slice(*bounds) for bounds in zip(begin, end, steps, strict=True))]


def converted(value: Any, dtype: Any = None, dtype_hint: Any = None) -> Any:
    return K.identity(tensor(value)) if dtype is None else cast(value, dtype)


def polynomial(coeffs: Any, x: Any) -> Any:
    """The highest power first, as Horner sums it."""
    total = pair(x, coeffs[0])[1]
    for one in coeffs[1:]:
        total = total * x + pair(x, one)[1]
    return K.broadcast_to(total, K.shape(x)) if len(total.shape) < len(x.shape) else total


def _key(spec: Any) -> Any:
    if isinstance(spec, Mapping):
        if spec.get("class_name") == "__ellipsis__":
            return Ellipsis
        content = spec.get("config", spec) if spec.get("class_name") == "__slice__" else spec
        return slice(content.get("start"), content.get("stop"), content.get("step"))
    return tuple(_key(one) for one in spec) if isinstance(spec, list | tuple) else spec


def slice_spec(key: Any) -> Any:
    """An index as files of tf.keras hold it; `_key` reads it."""
    if isinstance(key, tuple):
        return [slice_spec(one) for one in key]
    if isinstance(key, slice):
        return {"start": key.start, "stop": key.stop, "step": key.step}
    return {"class_name": "__ellipsis__"} if key is Ellipsis else key


def matmul(a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False) -> Any:
    a, b = pair(a, b)
    return K.emit("matmul", a, b, transpose_a=bool(transpose_a), transpose_b=bool(transpose_b))


def concat(values: Any, axis: Any = 0) -> Any:
    parts = values if isinstance(values, list | tuple) else [values]
    return K.concatenate(alike([tensor(one) for one in parts if K.is_tensor(one) or np.size(one)]), axis=int(axis))


def stack(values: Any, axis: int = 0) -> Any:
    parts = values if isinstance(values, list | tuple) else [values]
    return K.stack(alike([tensor(one) for one in parts]), axis=axis)


def unstack(value: Any, num: Any = None, axis: int = 0) -> list[Any]:
    count = tensor(value).shape[axis] if num is None else num
    if count is None:
        raise ValueError("unstack: the number of parts is not known")
    return [K.squeeze(part, axis) for part in split(value, int(count), axis)]


def split(value: Any, num_or_size_splits: Any, axis: int = 0) -> list[Any]:
    value = tensor(value)
    size, axis = value.shape[axis], axis % len(value.shape)
    if isinstance(num_or_size_splits, int):
        if size is None or size % num_or_size_splits:
            raise ValueError(f"split: an axis of size {size} has no {num_or_size_splits} equal parts")
        sizes = [size // num_or_size_splits] * num_or_size_splits
    else:
        sizes = [int(one) for one in num_or_size_splits]
        if -1 in sizes and size is not None:
            sizes[sizes.index(-1)] = size - sum(sizes) - 1
    ends = np.cumsum(sizes).tolist()
    return [value[(slice(None),) * axis + (slice(end - one, end),)] for one, end in zip(sizes, ends, strict=True)]


def split_at(value: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """numpy's split: a number of parts, or the places between them."""
    if isinstance(indices_or_sections, int):
        return split(value, indices_or_sections, axis)
    value = tensor(value)
    places = [0, *indices_or_sections, value.shape[axis]]
    return split(value, [b - a for a, b in zip(places[:-1], places[1:], strict=True)], axis)


def transpose(a: Any, perm: Any = None) -> Any:
    return K.transpose(tensor(a)) if perm is None else K.permute_dimensions(tensor(a), [int(one) for one in perm])


def swapped(a: Any, axis1: int, axis2: int) -> Any:
    order = list(range(len(a.shape)))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return K.permute_dimensions(a, order)


def moved(a: Any, source: Any, destination: Any) -> Any:
    order = np.moveaxis(np.empty((1,) * len(a.shape)), source, destination)  # checks the axes
    places = list(range(order.ndim))
    sources = [source] if isinstance(source, int) else list(source)
    targets = [destination] if isinstance(destination, int) else list(destination)
    sources, targets = [one % order.ndim for one in sources], [one % order.ndim for one in targets]
    rest = [one for one in places if one not in sources]
    for target, one in sorted(zip(targets, sources, strict=True)):
        rest.insert(target, one)
    return K.permute_dimensions(a, rest)


def squeeze(input_: Any, axis: Any = None) -> Any:
    x = tensor(input_)
    axes = [n for n, size in enumerate(x.shape) if size == 1] if axis is None else nest.flatten(axis)
    for one in sorted((int(n) % len(x.shape) for n in axes), reverse=True):
        x = K.squeeze(x, one)
    return x


def expand(input_: Any, axis: Any) -> Any:
    x = tensor(input_)
    axes = [int(one) for one in nest.flatten(axis)]
    for one in sorted(n % (len(x.shape) + len(axes)) for n in axes):
        x = K.expand_dims(x, one)
    return x


def cast(x: Any, dtype: Any) -> Any:
    return K.cast(tensor(x), str(getattr(dtype, "name", dtype)).removeprefix("tf."))


def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    if x is None or y is None:
        raise ValueError("where: the places where a condition holds have no fixed shape; give x and y")
    a, b = pair(x, y)
    truth = tensor(condition)
    if a.dtype.startswith("int") and len(a.shape) == 1:
        narrow = _narrower(truth, a, b)
        if narrow is not None:
            return K.emit("floor_divide", a, narrow)
    return K.select(truth if truth.dtype == "bool" else K.cast(truth, "bool"), a, b)


def where_rows(condition: Any, x: Any = None, y: Any = None) -> Any:
    """TensorFlow 1's: a condition that is a vector chooses rows."""
    truth = tensor(condition)
    if len(truth.shape) == 1 and K.is_tensor(x):
        truth = expand(truth, list(range(1, len(x.shape))))
    return where(truth, x, y)


def _narrower(truth: Any, wide: Any, ones: Any) -> Any:
    """The shape `n` of `where(wide - n > 0, wide, ones)`, None for anything else.

    So `switch` of tf.keras asks how often a condition of shape `n` repeats to fill `wide`. Each size of `n` is 1 or
    that of `wide`: the quotient says the same, and shapes are followed through quotients, not through conditions.
    """
    if truth.op != "greater" or ones.op not in ("constant", "add", "ones_like"):
        return None
    difference = truth.inputs[0]
    if difference.op != "subtract" or not _same(difference.inputs[0], wide):
        return None
    return difference.inputs[1]


def _same(a: Any, b: Any) -> bool:
    """Whether two values are one, or computed alike from one."""
    if a is b:
        return True
    inside = list(zip(a.inputs, b.inputs, strict=False))
    return bool(inside) and (a.op, a.index) == (b.op, b.index) and all(_same(one, other) for one, other in inside)


def gather(params: Any, indices: Any, axis: Any = None, batch_dims: int = 0) -> Any:
    places = tensor(indices)
    if batch_dims:
        from nnstack.compat.functions import arrays as of_programs

        return of_programs.gather(tensor(params), places, axis=axis, batch_dims=int(batch_dims))
    places = places if places.dtype.startswith(("int", "uint")) else K.cast(places, "int32")
    return K.gather(tensor(params), places, axis=int(axis or 0))


def take(params: Any, indices: Any, axis: Any = None) -> Any:
    """numpy's take: along the flattened array where no axis is given; negative indices count from the end."""
    x = K.flatten(params) if axis is None else params
    places = tensor(indices)
    if not places.concrete:
        from_end = places + K.cast(K.shape(x)[int(axis or 0)], places.dtype)
        places = K.select(K.less(places, K.convert(0, places.dtype)), from_end, places)
    else:
        size = x.shape[int(axis or 0)]
        numbers = np.asarray(K.get_value(places))
        places = K.convert(np.where(numbers < 0, numbers + size, numbers) if size is not None else numbers)
    return K.gather(x, places, axis=int(axis or 0))


def argument(pick: Callable[..., Any]) -> Callable[..., Any]:
    def compute(input_: Any, axis: Any = None, output_type: Any = "int64", keepdims: bool = False) -> Any:
        x = tensor(input_)
        found = K.cast(pick(x, int(axis or 0)), str(output_type or "int64"))
        return K.expand_dims(found, int(axis or 0)) if keepdims else found

    return compute


def argument_of_all(pick: Callable[..., Any]) -> Callable[..., Any]:
    """numpy's: over the flattened array where no axis is given, as int32."""

    def compute(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
        found = K.cast(pick(K.flatten(a), 0) if axis is None else pick(a, axis), "int32")
        return K.expand_dims(found, axis) if keepdims and axis is not None else found

    return compute


def one_hot(indices: Any, depth: Any, on_value: Any = 1, off_value: Any = 0, axis: Any = -1, dtype: Any = None) -> Any:
    hot = K.cast(K.one_hot(tensor(indices), int(depth)), str(dtype or "float32"))
    rank = len(hot.shape)
    if axis not in (None, -1, rank - 1):
        hot = moved(hot, rank - 1, int(axis))
    on, off = (1 if on_value is None else on_value), (0 if off_value is None else off_value)
    return hot if (on, off) == (1, 0) else hot * (on - off) + off


def pad(tensor_: Any, paddings: Any, mode: Any = "CONSTANT", constant_values: Any = 0) -> Any:
    mode = str(mode or "CONSTANT").upper()
    x = tensor(tensor_)
    pairs: Any = [paddings] * len(x.shape) if isinstance(paddings, int) else paddings
    pairs = [[pair, pair] if isinstance(pair, int) else pair for pair in pairs]
    pairs = pairs if len(pairs) == len(x.shape) else [pairs[0]] * len(x.shape)
    if mode == "CONSTANT":
        return K.pad(x, [tuple(int(one) for one in pair) for pair in pairs], float(constant_values or 0))
    if mode not in ("REFLECT", "SYMMETRIC"):
        raise ValueError(f"pad: mode {mode!r} has no counterpart; expected CONSTANT, REFLECT or SYMMETRIC")
    for axis, (before, after) in enumerate(pairs):
        size = x.shape[axis]
        if not (before or after):
            continue
        if size is None:
            raise ValueError(f"pad: mode {mode} needs the size of axis {axis}")
        kind: Any = mode.lower()
        x = K.gather(x, K.convert(np.pad(np.arange(size), (before, after), mode=kind)), axis=axis)
    return x


def clip(t: Any, clip_value_min: Any, clip_value_max: Any) -> Any:
    low = pair(t, clip_value_min)
    return K.maximum(K.minimum(*pair(low[0], clip_value_max)), low[1])


def softmax(logits: Any, axis: Any = None) -> Any:
    return K.softmax(tensor(logits), -1 if axis is None else axis)


def log_softmax(logits: Any, axis: Any = None) -> Any:
    return K.log_softmax(tensor(logits), -1 if axis is None else axis)


def normalize(x: Any, axis: Any = None, epsilon: Any = 1e-12) -> Any:
    squares = K.sum(K.square(x), axis=axes_of(axis), keepdims=True)
    return x * K.emit("rsqrt", K.maximum(squares, epsilon or 1e-12))


def norm(tensor_: Any, ord: Any = "euclidean", axis: Any = None, keepdims: Any = False) -> Any:
    x, axis, keep = tensor(tensor_), axes_of(axis), bool(keepdims)
    if ord in (None, "euclidean", "fro", 2, 2.0):
        return K.emit("sqrt", K.sum(K.square(x), axis=axis, keepdims=keep))
    if ord in (1, 1.0):
        return K.sum(K.abs(x), axis=axis, keepdims=keep)
    if isinstance(axis, int) or (axis is None and len(x.shape) == 1):
        if ord in (np.inf, "inf"):
            return K.max(K.abs(x), axis=axis, keepdims=keep)
        return K.pow(K.sum(K.pow(K.abs(x), float(ord)), axis=axis, keepdims=keep), 1.0 / float(ord))
    raise ValueError(f"norm: ord={ord!r} over axis={axis!r} has no counterpart")


def cumulative(sum_up: Callable[..., Any]) -> Callable[..., Any]:
    def compute(x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False) -> Any:
        x = K.flatten(x) if axis is None else x
        return sum_up(x, int(axis or 0), bool(exclusive), bool(reverse))

    return compute


def repeat(input_: Any, repeats: Any, axis: Any = None) -> Any:
    x = K.flatten(input_) if axis is None else tensor(input_)
    numbers = np.ravel(np.asarray(repeats))
    if numbers.size == 1:
        return K.repeat_elements(x, int(numbers[0]), int(axis or 0))
    return K.gather(x, K.convert(np.repeat(np.arange(numbers.size), numbers)), axis=int(axis or 0))


def tile(input_: Any, multiples: Any) -> Any:
    x = tensor(input_)
    if not K.is_tensor(multiples):
        multiples = sizes_of(multiples)
        multiples = [1] * (len(x.shape) - len(multiples)) + multiples
        for _ in range(len(multiples) - len(x.shape)):
            x = K.expand_dims(x, 0)
    return K.tile(x, multiples)


def filled(number: float) -> Callable[..., Any]:
    def compute(input_: Any, dtype: Any = None) -> Any:
        like = K.zeros_like(tensor(input_), None if dtype is None else str(dtype))
        return like + K.convert(number, like.dtype) if number else like

    return compute


def leaky_relu(features: Any, alpha: Any = 0.2) -> Any:
    return K.relu(tensor(features), alpha=0.2 if alpha is None else float(alpha))


def gelu(features: Any, approximate: Any = False) -> Any:
    return activations.gelu(tensor(features), approximate=bool(approximate))


def elu(features: Any, alpha: float = 1.0) -> Any:
    return K.elu(tensor(features), float(alpha))


def swish(features: Any, beta: Any = 1.0) -> Any:
    x = tensor(features)
    return x * K.sigmoid(x if beta in (None, 1, 1.0) else x * beta)


def einsum(first: Any, second: Any, equation: str) -> Any:
    return K.einsum(equation, first, second)


def top_k(input_: Any, k: int = 1) -> list[Any]:
    values, places = K.top_k(tensor(input_), int(k))
    return [values, K.cast(places, "int32")]


def sum_of(inputs: Any) -> Any:
    parts = [tensor(one) for one in (inputs if isinstance(inputs, list | tuple) else [inputs])]
    total = parts[0]
    for one in parts[1:]:
        total = total + one
    return K.identity(total) if len(parts) == 1 else total


def moments(x: Any, axes: Any, keepdims: bool = False) -> list[Any]:
    return [K.mean(x, axes_of(axes), bool(keepdims)), K.var(x, axes_of(axes), bool(keepdims))]


def shape(input_: Any, out_type: Any = "int32") -> Any:
    return K.cast(K.shape(tensor(input_)), str(out_type or "int32"))


def tensordot(a: Any, b: Any, axes: Any) -> Any:
    """Sums products over pairs of axes: the last ones of `a` and the first of `b`, or those that two lists name."""
    a, b = pair(a, b)
    count = len(a.shape)
    if isinstance(axes, int):
        axes = (range(count - axes, count), range(axes))
    over_a, over_b = ([one] if isinstance(one, int) else list(one) for one in axes)
    first, second = list(ascii_lowercase[:count]), list(ascii_lowercase[count : count + len(b.shape)])
    for one, other in zip(over_a, over_b, strict=True):
        second[other] = first[one]
    kept = [letter for letter in first if letter not in second] + [letter for letter in second if letter not in first]
    return K.einsum(f"{''.join(first)},{''.join(second)}->{''.join(kept)}", a, b)
