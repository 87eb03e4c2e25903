"""Dropout inside recurrent cells: one mask for a whole sequence (Gal and Ghahramani 2016).

A cell asks for its masks at every step. While an RNN runs a sequence they are made once, before the first step, and
given again; a cell called by hand gets new ones at every call.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from nnstack import backend
from nnstack.engine.layer import Layer
from nnstack.utils import nest


class DropoutRNNCellMixin(Layer):
    """A layer with `dropout` (share of the inputs that is dropped) and `recurrent_dropout` (share of the state).

    Both lie between 0 and 1; a subclass calls `_start_dropout` in its constructor and multiplies by the masks in
    `call`.
    """

    mask_count = 1  # different masks per sequence: one per gate where the gates have products of their own
    dropout: float
    recurrent_dropout: float

    def _start_dropout(self, dropout: Any, recurrent_dropout: Any, seed: int | None) -> None:
        self.dropout = _share(dropout, self, "dropout")
        self.recurrent_dropout = _share(recurrent_dropout, self, "recurrent_dropout")
        self.seed = seed
        self._random: backend.RandomState | None = None
        self._masks: dict[str, list[Any]] | None = None  # None outside a sequence

    def prepare_masks(self, inputs: Any, states: Any, training: Any) -> None:
        """Makes the masks of a sequence from the shapes of one step's input and of the states."""
        self.get_dropout_mask_for_cell(inputs, training, self.mask_count)
        self.get_recurrent_dropout_mask_for_cell(nest.flatten(states)[0], training, self.mask_count)

    def get_dropout_mask_for_cell(self, inputs: Any, training: Any, count: int = 1) -> Any:
        """`count` masks in the shape of `inputs`, or None if nothing is dropped."""
        return self._masks_like("input", inputs, self.dropout, training, count)

    def get_recurrent_dropout_mask_for_cell(self, inputs: Any, training: Any, count: int = 1) -> Any:
        """`count` masks in the shape of a state, or None if nothing is dropped."""
        return self._masks_like("recurrent", inputs, self.recurrent_dropout, training, count)

    def reset_dropout_mask(self) -> None:
        """The next call draws new masks for the inputs; an RNN does that at every sequence."""
        if self._masks is not None:
            self._masks.pop("input", None)

    def reset_recurrent_dropout_mask(self) -> None:
        """The same for the states."""
        if self._masks is not None:
            self._masks.pop("recurrent", None)

    def _masks_like(self, kind: str, like: Any, share: float, training: Any, count: int) -> list[Any] | None:
        if share == 0 or training is False or training is None:
            return None
        known = None if self._masks is None else self._masks.get(kind)
        if known is None:
            state = self._random_state()
            ones = backend.ones_like(like)
            known = [
                backend.in_train_phase(lambda: backend.dropout(ones, share, state=state), ones, training)
                for _ in range(count)
            ]
            if self._masks is not None:
                self._masks[kind] = known
        return known

    def _random_state(self) -> backend.RandomState:
        if self._random is None:
            self._random = backend.RandomState(f"{self.name}/random", self.seed)
        return self._random


def _share(value: Any, cell: Layer, argument: str) -> float:
    """Clipped to [0, 1], as Keras does it; 1 itself would drop everything and leave nothing to scale."""
    if not isinstance(value, int | float):
        raise TypeError(f'{cell._kind} (layer "{cell.name}"): expected a number as {argument}, got {value!r}')
    share = min(1.0, max(0.0, float(value)))
    if share == 1.0:
        raise ValueError(f'{cell._kind} (layer "{cell.name}"): expected {argument} from 0 to below 1, got {value!r}')
    return share


def _dropout_cells(cell: Any) -> list[DropoutRNNCellMixin]:
    inner = cell._flatten_layers() if isinstance(cell, Layer) else []
    return [one for one in inner if isinstance(one, DropoutRNNCellMixin)]


def lacks_masks(cell: Any, training: Any) -> bool:
    """Whether a cell in `cell` will drop in this sequence and has not made its masks yet."""
    if training is False:
        return False
    return any((one.dropout or one.recurrent_dropout) and not one._masks for one in _dropout_cells(cell))


@contextlib.contextmanager
def one_sequence(cell: Any) -> Iterator[None]:
    """While the block runs each dropout cell in `cell` keeps the masks it makes."""
    cells = _dropout_cells(cell)
    saved = [one._masks for one in cells]
    for one in cells:
        one._masks = {}
    try:
        yield
    finally:
        for one, masks in zip(cells, saved, strict=True):
            one._masks = masks
