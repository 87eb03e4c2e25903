"""Elements of data sets: structures of arrays, going in from users' functions, out to them, and into batches."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.compat.dtypes import as_dtype
from nnstack.compat.functions.strings import StringArray, is_text
from nnstack.compat.specs import TensorShape
from nnstack.utils import nest

INFINITE_CARDINALITY, UNKNOWN_CARDINALITY = -1, -2


class DatasetBase:
    """`make` begins one way through `length` elements, which may hold data sets, as those of `Dataset.window` do."""

    def __init__(self, make: Callable[[], Iterator[Any]], length: int = UNKNOWN_CARDINALITY) -> None:
        self._make, self._length = make, length

    def _of(self, make: Callable[[], Iterator[Any]], length: int = UNKNOWN_CARDINALITY) -> Any:
        """A data set made from this one."""
        return type(self)(make, length)

    def _per(self, size: int, drop_remainder: bool) -> int:
        if self._length < 0:
            return self._length
        return self._length // size if drop_remainder else -(-self._length // size)


class Row:
    """Takes row i of an array."""

    def __init__(self, place: int) -> None:
        self._place = place

    def __call__(self, array: Any) -> Any:
        return array[self._place]


def structured(tensors: Any) -> Any:
    """A list is an array to be, unless it holds arrays: TensorFlow stacks it."""
    if isinstance(tensors, list):
        return StringArray(tensors) if is_text(tensors) else np.asarray([np.asarray(one) for one in tensors])
    if isinstance(tensors, tuple):
        return tuple(structured(one) for one in tensors)
    if hasattr(tensors, "columns"):
        return np.asarray(tensors)  # a frame is a table; dict(frame) its columns
    if isinstance(tensors, Mapping):
        return {key: structured(value) for key, value in tensors.items()}
    if not isinstance(tensors, np.ndarray) and not backend.is_tensor(tensors):
        tensors = np.asarray(tensors)
    return StringArray(tensors) if is_text(tensors) else tensors


def map_arrays(function: Callable[[Any], Any], structure: Any) -> Any:
    def leaf(value: Any) -> Any:
        if isinstance(value, DatasetBase) or hasattr(value, "with_values"):
            return value  # sparse and ragged tensors go through as they are
        if is_text(value):
            return function(StringArray(value)) if function is not np.asarray else StringArray(value)
        return function(value.numpy() if backend.is_tensor(value) else value)

    return nest.map_structure(leaf, structure)


def parts_of(element: Any, kinds: Any) -> list[Any]:
    """The element's parts where the types say that there is an array."""
    if isinstance(kinds, dict):
        return [part for key in sorted(kinds) for part in parts_of(element[key], kinds[key])]
    if isinstance(kinds, list | tuple):
        return [part for one, kind in zip(element, kinds, strict=True) for part in parts_of(one, kind)]
    return [element]


def typed_array(value: Any, kind: Any) -> Any:
    if as_dtype(kind) == "string":
        return StringArray(value)
    return np.asarray(value.numpy() if backend.is_tensor(value) else value, as_dtype(kind).name)


def to_user(element: Any) -> Any:
    def leaf(value: Any) -> Any:
        if isinstance(value, DatasetBase) or hasattr(value, "with_values"):
            return value  # sparse and ragged tensors go through as they are
        return StringArray(value) if is_text(value) else backend.convert(np.asarray(value))

    return nest.map_structure(leaf, element)


def from_user(element: Any) -> Any:
    """What a function gave: tensors, arrays, numbers, lists of numbers (lists of arrays are structures)."""
    if isinstance(element, list):
        return tuple(from_user(one) for one in element)
    if isinstance(element, tuple):
        return tuple(from_user(one) for one in element)
    if isinstance(element, dict):
        return {key: from_user(value) for key, value in element.items()}
    return map_arrays(lambda x: backend.convert(x).numpy() if not isinstance(x, np.ndarray) else x, element)


def called(function: Callable[..., Any], element: Any) -> Any:
    arguments = to_user(element)
    return function(*arguments) if isinstance(arguments, tuple) else function(arguments)


def batches_of(elements: Iterator[Any], size: int, whole: bool, stack: Callable[[list[Any]], Any]) -> Iterator[Any]:
    while part := list(itertools.islice(elements, size)):
        if len(part) == size or not whole:
            yield stack(part)


def stacked(elements: list[Any]) -> Any:
    if not nest.is_nested(elements[0]):
        return _stack_leaves(elements)
    leaves = zip(*[nest.flatten(element) for element in elements], strict=True)
    return nest.pack_as(elements[0], iter([_stack_leaves(list(one)) for one in leaves]))


def _stack_leaves(leaves: list[Any]) -> Any:
    if isinstance(leaves[0], DatasetBase):
        return leaves[0]
    if is_text(leaves[0]):
        return StringArray(np.stack([np.asarray(StringArray(one)) for one in leaves]))
    shapes = {np.shape(one) for one in leaves}
    if len(shapes) > 1:
        raise ValueError(f"Dataset.batch: elements of different shapes {sorted(shapes)}; use padded_batch")
    return np.array(leaves) if not shapes.pop() else np.stack(leaves)


def padded_shapes_of(padded_shapes: Any, count: int) -> list[Any]:
    if padded_shapes is None:
        return [None] * count
    if count == 1 and not isinstance(padded_shapes, tuple | dict):
        return [padded_shapes]

    def leaves(part: Any) -> list[Any]:
        if isinstance(part, TensorShape | list) or (
            isinstance(part, tuple) and all(size is None or isinstance(size, int) for size in part) and count == 1
        ):
            return [part]
        if isinstance(part, dict):
            return [leaf for key in sorted(part) for leaf in leaves(part[key])]
        if isinstance(part, tuple) and part and not all(size is None or isinstance(size, int) for size in part):
            return [leaf for one in part for leaf in leaves(one)]
        return [part]

    return leaves(padded_shapes)


def padded_batch_of(leaves: list[Any], shape: Any, value: Any) -> np.ndarray:
    arrays = [np.asarray(one) for one in leaves]
    largest = [max(sizes) for sizes in zip(*[array.shape for array in arrays], strict=True)]
    wanted = (
        largest
        if shape is None
        else [have if size in (None, -1) else size for size, have in zip(shape, largest, strict=True)]
    )
    if any(size < have for size, have in zip(wanted, largest, strict=True)):
        raise ValueError(f"Dataset.padded_batch: an element of shape {tuple(largest)} does not fit {tuple(wanted)}")
    filler = "" if arrays[0].dtype.kind in "UO" else 0
    if value is not None:
        filler = value.numpy() if backend.is_tensor(value) else value
    out = np.full((len(arrays), *wanted), filler, arrays[0].dtype)
    for number, array in enumerate(arrays):
        place: Any = (number, *(slice(size) for size in array.shape))
        out[place] = array
    return out
