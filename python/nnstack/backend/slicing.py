"""What an index expression means, apart from any tensor: ints, slices, None and Ellipsis as numpy reads them."""

import operator
from collections.abc import Sequence
from typing import Any, NamedTuple


class SlicePlan(NamedTuple):
    """Slice every axis, take from some what only a run knows, drop the axes that ints selected, and add the axes that
    None asked for.
    """

    begins: list[int | None]
    ends: list[int | None]
    steps: list[int]
    taken: list[tuple[int, Any]]  # axis, and the slice or index with symbolic tensors in it
    dropped: list[int]
    added: list[int]

    @property
    def cuts(self) -> bool:
        """Whether the slicing takes anything away."""
        bounds = (*self.begins, *self.ends)
        return any(bound is not None for bound in bounds) or any(step != 1 for step in self.steps)


def plan(key: Any, shape: Sequence[int | None]) -> SlicePlan:
    """The plan for `key` on a tensor of `shape`; IndexError for too many indices or one that is known to be outside."""
    result = SlicePlan([], [], [], [], [], [])
    kept = 0
    for k in _one_per_axis(key, shape):
        if k is None:
            result.added.append(kept)
            kept += 1
            continue
        axis = len(result.begins)
        if _symbolic(k):
            result.taken.append((axis, k))
            result.dropped.extend([] if isinstance(k, slice) else [axis])
            kept += isinstance(k, slice)
            begin, end, step = None, None, None
        elif isinstance(k, slice):
            begin, end, step = (_whole(bound) for bound in (k.start, k.stop, k.step))
            kept += 1
        else:
            begin, end, step = _single(k, axis, shape)
            result.dropped.append(axis)
        result.begins.append(begin)
        result.ends.append(end)
        result.steps.append(1 if step is None else step)
    return result


def _one_per_axis(key: Any, shape: Sequence[int | None]) -> list[Any]:
    """The parts of the key with Ellipsis and what is missing spelled out."""
    keys = list(key) if isinstance(key, tuple) else [key]
    used = sum(k is not None and k is not Ellipsis for k in keys)
    if used > len(shape):
        raise IndexError(f"slicing: {used} indices for {len(shape)} axes; shape {tuple(shape)}")
    missing = [slice(None)] * (len(shape) - used)
    place = next((i for i, k in enumerate(keys) if k is Ellipsis), None)
    return keys + missing if place is None else keys[:place] + missing + keys[place + 1 :]


def _single(k: Any, axis: int, shape: Sequence[int | None]) -> tuple[int, int | None, None]:
    index, size = operator.index(k), shape[axis]
    if size is not None and not -size <= index < size:
        raise IndexError(f"slicing: index {index} is out of range for axis {axis} of shape {tuple(shape)}")
    return index, None if index == -1 else index + 1, None


def _symbolic(k: Any) -> bool:
    parts = (k.start, k.stop, k.step) if isinstance(k, slice) else (k,)
    return any(getattr(part, "concrete", True) is False for part in parts)


def _whole(bound: Any) -> int | None:
    return None if bound is None else operator.index(bound)
