"""What a reader of the table gets beside its tensors: the operator's attributes, and checks of what a file asks for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nnstack import backend
from nnstack.backend.tensor import emit

_MOST_ELEMENTS = 1 << 28  # of a tensor that a few numbers in a file ask for


class Operator(NamedTuple):
    """One node of a file: kind, name, attributes as plain data, version of the operators."""

    kind: str
    name: str
    attributes: Mapping[str, Any]
    opset: int

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute."""
        return self.attributes.get(name, default)

    def fail(self, text: str) -> ValueError:
        """An error to raise."""
        return ValueError(f'import_model: {self.kind} (node "{self.name}"): {text}')

    def numbers(self, tensor: Any, what: str) -> np.ndarray:
        """The numbers of an operand that must be constant."""
        if not tensor.concrete:
            raise self.fail(f"expected constant {what}, they are computed in the graph")
        return np.asarray(tensor.numpy())

    def integers(self, inputs: Sequence[Any], position: int, name: str) -> list[int] | None:
        """Integers that newer versions have as an operand and older ones as an attribute; None without them."""
        tensor = operand(inputs, position)
        if tensor is not None and not tensor.concrete and tensor.dtype == "int64":
            sizes = known_sizes(tensor)
            if None not in sizes:
                return [int(size or 0) for size in sizes]
        if tensor is not None:
            return [int(one) for one in self.numbers(tensor, name).reshape(-1)]
        given = self.get(name)
        return None if given is None else [int(one) for one in given]

    def checked(self, shape: Sequence[Any]) -> Sequence[Any]:
        """A shape that constants ask for; `ValueError` for more than any model has."""
        known = [int(size) for size in shape if isinstance(size, int | np.integer)]
        if math.prod(max(size, 1) for size in known) > _MOST_ELEMENTS:
            raise self.fail(f"asks for a tensor of shape {tuple(shape)}")
        return shape


Reader = Callable[[Operator, list[Any]], Any]


def literal(numbers: Any) -> Any:
    """Numbers as a constant of their own dtype."""
    array = np.asarray(numbers)
    return backend.constant(array, dtype=array.dtype.name)


def operand(inputs: Sequence[Any], position: int) -> Any:
    """An operand, None where it is left out."""
    return inputs[position] if position < len(inputs) else None


def known_sizes(vector: Any) -> list[int | None]:
    """What is known of the numbers of a vector of sizes that the graph computes."""
    if len(vector.shape) != 1 or vector.shape[0] is None:
        return [None]
    return list(emit("broadcast_to", literal(np.float32(0)), vector).shape)


def axis_of(axis: int, tensor: Any, op: Operator) -> int:
    """A normalised axis."""
    rank = len(tensor.shape)
    if not -rank <= axis < rank:
        raise op.fail(f"axis {axis} is none of a tensor of shape {tensor.shape}")
    return axis % rank


def sizes_of(tensor: Any) -> list[Any]:
    """Sizes of all axes, numbers where they are known, else scalars of the graph."""
    return list(backend.shapes.dimensions(tensor))
