"""States of recurrent layers: their sizes, zeros to start from, and variables that keep them between batches."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack import backend
from nnstack.backend.numbers import StaticShape
from nnstack.engine.shapes import is_shape
from nnstack.utils import nest


def state_sizes(cell: Any) -> list[Any]:
    """`cell.state_size` as a list with an entry per state (for stacked cells: per cell); a TensorShape is one entry."""
    size = _whole_shapes(cell.state_size)
    return list(size) if isinstance(size, list | tuple) else [size]


def state_shapes(cell: Any) -> list[tuple[Any, ...]]:
    """Shape of each state without the batch axis, in one flat list."""
    sizes = nest.flatten(_whole_shapes(cell.state_size))
    return [tuple(getattr(cell, "state_shape", one_shape(size))) for size in sizes]


class _Shape:
    """A TensorShape among sizes, which is no list of sizes."""

    def __init__(self, sizes: tuple[Any, ...]) -> None:
        self.sizes = sizes


def _whole_shapes(sizes: Any) -> Any:
    if isinstance(sizes, StaticShape):
        return _Shape(tuple(sizes))
    if isinstance(sizes, list | tuple):
        return type(sizes)(_whole_shapes(size) for size in sizes)
    return sizes


def one_shape(size: Any) -> tuple[Any, ...]:
    """What one entry of `state_size` or `output_size` stands for: an int for a vector, a TensorShape for itself."""
    return size.sizes if isinstance(size, _Shape) else tuple(size) if isinstance(size, StaticShape) else (size,)


def output_size(cell: Any) -> Any:
    """Last axis of the cell's output: `output_size` where it has one, else the size of its first state."""
    size = getattr(cell, "output_size", None)
    return nest.flatten(cell.state_size)[0] if size is None else size


def output_shapes(cell: Any) -> Any:
    """The cell's output without the batch axis: a shape, or a structure of shapes where its output is one."""
    size = _whole_shapes(getattr(cell, "output_size", None))
    if size is None:
        return state_shapes(cell)[0]
    return nest.map_structure(one_shape, size)


def packed(cell: Any, flat: list[Any]) -> list[Any]:
    """Flat states in the structure of `state_sizes`."""
    return list(nest.pack_as(state_sizes(cell), iter(flat)))


def zero_states(cell: Any, batch: Any, dtype: str) -> list[Any]:
    """What a sequence starts from: the cell's own `get_initial_state`, or zeros; `batch` an int or a scalar tensor."""
    own = getattr(cell, "get_initial_state", None)
    if own is not None:
        states = own(inputs=None, batch_size=batch, dtype=dtype)
        return list(states) if isinstance(states, list | tuple) else [states]
    return packed(cell, [backend.fill((batch, *shape), 0.0, dtype) for shape in state_shapes(cell)])


class KeptStates:
    """Variables that hold the states of a stateful layer between batches.

    They are no weights: neither trained nor saved, as in Keras. (An object of its own, so that the search for weights
    in attributes passes by.)
    """

    def __init__(self, start: list[Any], name: str) -> None:
        self.structure = start
        self.variables = [
            backend.Variable(state.numpy(), dtype=state.dtype, name=f"{name}/state_{number}", trainable=False)
            for number, state in enumerate(nest.flatten(start))
        ]

    @property
    def values(self) -> list[Any]:
        """The variables in the structure of the states."""
        return list(nest.pack_as(self.structure, iter(self.variables)))

    def keep(self, states: Any) -> None:
        """Assigns new states, in the step that is being traced or at once."""
        for variable, state in zip(self.variables, nest.flatten(states), strict=True):
            backend.update(variable, state)

    def reset(self, values: Any, what: str) -> None:
        """Writes arrays, all or none; `ValueError` if their number or a shape does not fit."""
        arrays = [np.asarray(value.numpy() if hasattr(value, "numpy") else value) for value in nest.flatten(values)]
        if len(arrays) != len(self.variables):
            raise ValueError(f"{what}: expected {len(self.variables)} states, got {len(arrays)}")
        for number, (variable, array) in enumerate(zip(self.variables, arrays, strict=True)):
            if variable.shape != array.shape:
                raise ValueError(f"{what}: state {number} has shape {variable.shape}, got {array.shape}")
        for variable, array in zip(self.variables, arrays, strict=True):
            variable.assign(array.astype(variable.dtype))


def sizes_are_valid(size: Any) -> bool:
    """Whether `state_size` is an int, a list of them, or a structure of such lists."""
    return is_shape(nest.flatten(size)) and all(one is not None for one in nest.flatten(size))
