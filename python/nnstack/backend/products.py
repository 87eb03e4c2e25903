"""Products of tensors along chosen axes: everything here is a matrix product after a change of layout."""

from collections.abc import Sequence
from itertools import product
from typing import Any

from nnstack.backend import tensor as t
from nnstack.backend.config import normalize_data_format
from nnstack.backend.shapes import concatenate, dimensions, reshape
from nnstack.backend.tensor import Tensor, TensorLike, emit


def dot(x: TensorLike, y: TensorLike) -> Tensor:
    """Product over x's last and y's last but one axis: shape x.shape[:-1] + y.shape[:-2] + y.shape[-1:].

    ValueError if one of them has fewer than two axes.
    """
    a, b = t.pair(x, y)
    if len(b.shape) == 2 and len(a.shape) >= 2:
        return _matmul(a, b)
    if len(a.shape) < 2 or len(b.shape) < 2:
        raise ValueError(f"dot: expected at least 2 axes on both sides, got shapes {a.shape} and {b.shape}")
    rank = len(b.shape)
    order = [rank - 2, *range(rank - 2), rank - 1]
    heads, sizes = dimensions(a)[:-1], dimensions(b)
    flat = reshape(emit("transpose", b, permutation=order), (sizes[-2], -1))
    return reshape(_matmul(a, flat), (*heads, *sizes[:-2], sizes[-1]))


def _matmul(a: Tensor, b: Tensor, **transposed: bool) -> Tensor:
    return t.through_floats(lambda first, second: emit("matmul", first, second, **transposed), a, b)


def batch_dot(x: TensorLike, y: TensorLike, axes: int | Sequence[int] | None = None) -> Tensor:
    """For every sample, the product over axis axes[0] of x and axes[1] of y.

    x: (batch, ...), y: (batch, ...), both of at least two axes. axes: one int for both; default x's last axis with y's
    last but one (with the last, where y has only two). The result has the batch axis, then what remains of x's axes,
    then of y's; (batch, 1) where nothing remains. ValueError for axis 0 or sizes that differ.

    >>> batch_dot(placeholder((None, 20)), placeholder((None, 30, 20)), axes=(1, 2)).shape
    (None, 30)
    """
    a, b = t.pair(x, y)
    if _former["batch_dot"] and max(len(a.shape), len(b.shape)) > 3:
        matrices = _as_stacks(a, b, axes)
        if matrices is not None:
            return matrices
    first, second = _contracted(a, b, axes)
    samples, *heads = dimensions(a)
    tails = dimensions(b)[1:]
    common = heads.pop(first - 1)
    tails.pop(second - 1)
    # a matrix product reads either operand transposed, so only middle axes are moved
    left_last, right_first = first == len(a.shape) - 1, second == 1
    a = a if left_last or first == 1 else _moved(a, first, len(a.shape) - 1)
    b = b if right_first or second == len(b.shape) - 1 else _moved(b, second, 1)
    transpose_a = first == 1 and not left_last
    transpose_b = second == len(b.shape) - 1 and not right_first
    rows, columns = _count(heads), _count(tails)
    a = _as_matrices(a, (samples, common, rows) if transpose_a else (samples, rows, common))
    b = _as_matrices(b, (samples, columns, common) if transpose_b else (samples, common, columns))
    result = _matmul(a, b, transpose_a=transpose_a, transpose_b=transpose_b)
    if len(heads) == len(tails) == 1:
        return result
    return reshape(result, (samples, *heads, *tails) if heads or tails else (samples, 1))


_former = {"batch_dot": False}


def former_batch_dot(on: bool) -> None:
    """Whether `batch_dot` reads tensors of four axes and more as Keras did up to 2.2 on TensorFlow, where it can: as
    stacks of matrices, with all axes before the last two in common.
    """
    _former["batch_dot"] = bool(on)


def _as_stacks(a: Tensor, b: Tensor, axes: Any) -> Tensor | None:
    """The product of stacks of matrices; None where the arguments cannot be meant so."""
    ranks = len(a.shape), len(b.shape)
    if axes is None or abs(ranks[0] - ranks[1]) > 1:
        return None
    pair = (axes, axes) if isinstance(axes, int) else tuple(axes)
    first, second = (axis % rank for axis, rank in zip(pair, ranks, strict=True))
    rank = max(ranks)
    left, right = (reshape(x, (*dimensions(x), 1)) if len(x.shape) < rank else x for x in (a, b))
    if min(first, second) < rank - 2 or any(
        None not in sizes and sizes[0] != sizes[1]
        for sizes in [*zip(left.shape[:-2], right.shape[:-2], strict=True), (left.shape[first], right.shape[second])]
    ):
        return None
    result = _matmul(left, right, transpose_a=first == rank - 2, transpose_b=second == rank - 1)
    if ranks[0] == ranks[1]:
        return result
    gone = rank - 2 if ranks[0] < rank else rank - 1
    sizes = dimensions(result)
    return reshape(result, [size for axis, size in enumerate(sizes) if axis != gone])


def _contracted(a: Tensor, b: Tensor, axes: int | Sequence[int] | None) -> tuple[int, int]:
    ranks = len(a.shape), len(b.shape)
    shapes = f"shapes {a.shape} and {b.shape}"
    if min(ranks) < 2:
        raise ValueError(f"batch_dot: expected at least 2 axes on both sides, got {shapes}")
    if axes is None:
        axes = (ranks[0] - 1, ranks[1] - 1 if ranks[1] == 2 else ranks[1] - 2)
    pair = (axes, axes) if isinstance(axes, int) else tuple(axes)
    if len(pair) != 2 or not all(isinstance(axis, int) for axis in pair):
        raise ValueError(f"batch_dot: axes: expected None, an int or two ints, got {axes!r}")
    first, second = (axis + rank if axis < 0 else axis for axis, rank in zip(pair, ranks, strict=True))
    if not (0 < first < ranks[0] and 0 < second < ranks[1]):
        raise ValueError(f"batch_dot: axes {axes!r} must name axes behind the batch axis; {shapes}")
    for axis_a, axis_b in ((0, 0), (first, second)):
        if None not in (a.shape[axis_a], b.shape[axis_b]) and a.shape[axis_a] != b.shape[axis_b]:
            raise ValueError(f"batch_dot: axis {axis_a} of x and axis {axis_b} of y differ; {shapes}")
    return first, second


def _moved(x: Tensor, source: int, target: int) -> Tensor:
    order = [axis for axis in range(len(x.shape)) if axis != source]
    order.insert(target, source)
    return emit("transpose", x, permutation=order)


def _count(sizes: Sequence[Any]) -> Any:
    """The product of the sizes: an int, or -1 for `reshape` to work out where one is not known."""
    total = 1
    for size in sizes:
        if not isinstance(size, int):
            return -1
        total *= size
    return total


def _as_matrices(x: Tensor, shape: Sequence[Any]) -> Tensor:
    return x if len(x.shape) == 3 else reshape(x, shape)


def local_conv1d(
    inputs: TensorLike,
    kernel: TensorLike,
    kernel_size: Sequence[int],
    strides: Sequence[int],
    data_format: str | None = None,
) -> Tensor:
    """A convolution whose kernel is another one at every place: (batch, steps, channels) to (batch, places, filters).

    kernel: (places, kernel_size[0] * channels, filters). data_format: channels_first has the channels before the steps.
    """
    return _local("local_conv1d", inputs, kernel, kernel_size, strides, data_format)


def local_conv2d(
    inputs: TensorLike,
    kernel: TensorLike,
    kernel_size: Sequence[int],
    strides: Sequence[int],
    output_shape: Sequence[int],
    data_format: str | None = None,
) -> Tensor:
    """As `local_conv1d` over rows and columns.

    kernel: (output_shape[0] * output_shape[1], kernel_size[0] * kernel_size[1] * channels, filters), the middle axis in
    the order of the input's axes. ValueError if output_shape is not what kernel_size and strides give.
    """
    return _local("local_conv2d", inputs, kernel, kernel_size, strides, data_format, output_shape)


def _local(
    what: str,
    inputs: TensorLike,
    kernel: TensorLike,
    kernel_size: Sequence[int],
    strides: Sequence[int],
    data_format: str | None,
    output_shape: Sequence[int] | None = None,
) -> Tensor:
    x, weights = t.pair(inputs, kernel)
    channels_first = normalize_data_format(data_format) == "channels_first"
    spatial = len(kernel_size)
    if len(x.shape) != spatial + 2 or len(weights.shape) != 3:
        raise ValueError(
            f"{what}: expected {spatial + 2} axes and a kernel of 3, got shapes {x.shape} and {weights.shape}"
        )
    known = x.shape[2:] if channels_first else x.shape[1:-1]
    channels = x.shape[1] if channels_first else x.shape[-1]
    if channels is None or None in known:
        raise ValueError(f"{what}: all sizes but the batch's must be known, got shape {x.shape}")
    places = [(int(n or 0) - k) // s + 1 for n, k, s in zip(known, kernel_size, strides, strict=True)]
    if output_shape is not None and list(output_shape) != places:
        raise ValueError(f"{what}: expected output_shape {tuple(places)}, got {tuple(output_shape)}; input {x.shape}")
    samples, count = dimensions(x)[0], _count(places)
    windows = []  # one per offset inside the kernel, each with all places: the columns of the patches
    for offsets in product(*(range(k) for k in kernel_size)):
        cut = [slice(o, o + (n - 1) * s + 1, s) for o, n, s in zip(offsets, places, strides, strict=True)]
        window = x[tuple([slice(None)] * (2 if channels_first else 1) + cut)]
        order = (samples, channels, count, 1) if channels_first else (samples, count, 1, channels)
        windows.append(reshape(window, order))
    patches = concatenate(windows, -1 if channels_first else 2)
    if channels_first:  # (batch, channels, places, offsets)
        patches = emit("transpose", patches, permutation=[2, 0, 1, 3])
    else:  # (batch, places, offsets, channels)
        patches = emit("transpose", patches, permutation=[1, 0, 2, 3])
    result = emit("matmul", reshape(patches, (count, samples, weights.shape[1])), weights)
    if channels_first:
        return reshape(emit("transpose", result, permutation=[1, 2, 0]), (samples, weights.shape[2], *places))
    return reshape(emit("transpose", result, permutation=[1, 0, 2]), (samples, *places, weights.shape[2]))
