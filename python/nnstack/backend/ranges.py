"""Ranges and slices whose bounds only a run knows: `x[: backend.shape(x)[0] // 2]`.

Their bounds must follow from sizes of axes, for a plan is made per input shape. Sizes are followed through sums,
differences and quotients as long as no result on the way is negative, so the formulas here avoid such results.
"""

from typing import Any

import numpy as np

from nnstack.backend.along_axis import cumsum
from nnstack.backend.tensor import Tensor, TensorLike, convert, emit, is_tensor, shape_vector
from nnstack.utils import allowance


def arange(start: TensorLike, stop: TensorLike | None = None, step: int = 1, dtype: str = "int32") -> Tensor:
    """start, start + step, ... up to but without stop; one argument is the stop, as in numpy.

    start, stop: integers, or integer scalars computed from sizes; then the length is unknown. ValueError for step 0.

    >>> arange(1, 7, 2)
    <Tensor shape=(3,) dtype=int32 numpy=[1, 3, 5]>
    """
    if stop is None:
        start, stop = 0, start
    if step == 0:
        raise ValueError("arange: expected a step other than 0")
    if not any(is_tensor(bound) and not convert(bound).concrete for bound in (start, stop)):
        first, last = (bound.numpy() if is_tensor(bound) else bound for bound in (start, stop))
        allowance.take(max(0, -(-(last - first) // step)), "arange")
        return convert(np.arange(first, last, step).astype(dtype))
    return convert(_places(convert(start, "int64"), convert(stop, "int64"), step), dtype)


def _places(begin: Tensor, end: Tensor, step: int) -> Tensor:
    low, high, stride = (begin, end, step) if step > 0 else (end, begin, -step)
    count = (emit("maximum", high, low) - low + (stride - 1)) // stride
    ones = emit("broadcast_to", convert(1, "int64"), shape_vector([count]))
    return begin + cumsum(ones, exclusive=True) * step


def take(x: Tensor, part: Any, axis: int) -> Tensor:
    """`x` cut along one axis by a slice with tensors for bounds, as Python reads it, or to one place, whose axis
    stays. A tensor counts from the end only if it is written as `-n`.
    """
    size = emit("shape_of", x)[axis]
    if not isinstance(part, slice):
        place, counted_back = _counted(part)
        index = size - place if counted_back else place
        return emit("gather", x, emit("reshape", index, shape_vector([1])), axis=axis)
    step = 1 if part.step is None else int(part.step)
    if step > 0:
        begin, end = _edge(part.start, size, 0), _edge(part.stop, size, size)
        return emit("gather", x, _places(begin, end, step), axis=axis)
    # Backwards, bounds are counted one higher: the place before the first is then 0.
    begin, end = _edge(part.start, size, size, 1), _edge(part.stop, size, 0, 1)
    return emit("gather", x, _places(begin, end, step) - 1, axis=axis)


def _counted(bound: Any) -> tuple[Tensor, bool]:
    """How far a bound is from the front, or from the end: then True."""
    if is_tensor(bound):
        value = convert(bound)
        back = value.op == "negative"
        return convert(value.inputs[0] if back else value, "int64"), back
    return convert(abs(int(bound)), "int64"), int(bound) < 0


def _edge(bound: Any, size: Tensor, default: Any, shift: int = 0) -> Tensor:
    """A bound of a slice plus `shift`, between 0 and `size`."""
    if bound is None:
        return convert(default, "int64")
    count, back = _counted(bound)
    if not back:
        return emit("minimum", count + shift, size)
    shifted = size + shift
    return emit("minimum", emit("maximum", shifted, count) - count, size)
