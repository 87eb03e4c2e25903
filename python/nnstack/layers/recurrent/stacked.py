"""StackedRNNCells: several cells as one, each fed by the one below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nnstack.engine import context
from nnstack.engine.layer import Layer
from nnstack.layers.recurrent.dropout import DropoutRNNCellMixin
from nnstack.layers.recurrent.states import output_size, packed, zero_states
from nnstack.utils import nest
from nnstack.utils.generic_utils import has_arg


class StackedRNNCells(Layer):
    """`cells` (a list) as one cell: its states are theirs, its output the last one's.

    `state_size` is a tuple with the `state_size` of each cell. Raises `ValueError` for a cell without `call` or
    `state_size`.

    >>> RNN(StackedRNNCells([LSTMCell(8), LSTMCell(3)]))(np.ones((2, 5, 4))).shape
    (2, 3)

    Source: https://keras.io/2.16/api/layers/recurrent_layers/
    """

    def __init__(self, cells: Sequence[Any], **kwargs: Any) -> None:
        self_reversed = bool(kwargs.pop("reverse_state_order", False))
        super().__init__(**kwargs)
        for cell in cells:
            if not hasattr(cell, "call") or not hasattr(cell, "state_size"):
                raise ValueError(
                    f'stacked_rnn_cells (layer "{self.name}"): expected cells with `call` and `state_size`, '
                    f"got {cell!r}"
                )
        self.cells = list(cells)
        self.reverse_state_order = self_reversed  # states listed from the last cell to the first, as in Keras 2.1

    @property
    def _in_order(self) -> list[Any]:
        """The cells in the order of the states."""
        return self.cells[::-1] if self.reverse_state_order else self.cells

    @property
    def state_size(self) -> tuple[Any, ...]:
        """`state_size` of each cell."""
        return tuple(cell.state_size for cell in self._in_order)

    @property
    def output_size(self) -> Any:
        """That of the last cell."""
        return output_size(self.cells[-1])

    def get_initial_state(self, inputs: Any = None, batch_size: Any = None, dtype: Any = None) -> Any:
        """Initial states of each cell."""
        if inputs is not None:
            batch_size, dtype = inputs.shape[0], inputs.dtype
        states = [zero_states(cell, batch_size, dtype or self.dtype) for cell in self._in_order]
        return nest.pack_as(self.state_size, iter(nest.flatten(states)))

    def build(self, input_shape: Any) -> None:
        shape = tuple(input_shape[0]) if isinstance(input_shape, list) else tuple(input_shape)
        for cell in self.cells:
            if isinstance(cell, Layer) and not cell.built:
                with context.name_scope(cell.name):
                    cell.build(shape)
                    cell.built = True
            shape = (*shape[:-1], output_size(cell))
        self.built = True

    def prepare_masks(self, inputs: Any, states: Any, training: Any) -> None:
        """Makes the dropout masks of the cells for one sequence."""
        by_cell = dict(zip(map(id, self._in_order), states, strict=True))
        for cell in self.cells:
            if not isinstance(cell, DropoutRNNCellMixin):
                return  # what it gives to the next cell is known only once it runs
            cell.prepare_masks(inputs, by_cell[id(cell)], training)
            inputs = nest.flatten(by_cell[id(cell)])[0]

    def call(self, inputs: Any, states: Any, constants: Any = None, training: Any = None, **kwargs: Any) -> Any:
        by_cell = dict(zip(map(id, self._in_order), states, strict=True))
        output, after = inputs, {}
        for cell in self.cells:
            given = by_cell[id(cell)]
            arguments = {"training": training} if has_arg(cell.call, "training") else {}
            if constants and has_arg(cell.call, "constants"):
                arguments["constants"] = constants
            run = cell if callable(cell) else cell.call
            output, new = run(output, list(given) if nest.is_nested(given) else [given], **arguments)
            after[id(cell)] = packed(cell, nest.flatten(new))
        flat = [after[id(cell)] for cell in self._in_order]
        return output, nest.pack_as(self.state_size, iter(nest.flatten(flat)))

    def get_config(self) -> dict[str, Any]:
        from nnstack.saving.config import layer_config

        config = {**super().get_config(), "cells": [layer_config(cell) for cell in self.cells]}
        if self.reverse_state_order:
            config["reverse_state_order"] = True
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> Any:
        from nnstack.saving.config import layer_from_config

        rest = {key: value for key, value in config.items() if key != "cells"}
        return cls([layer_from_config(cell, custom_objects) for cell in config["cells"]], **rest)
