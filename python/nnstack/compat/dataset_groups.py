"""Batches, windows and back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nnstack.compat.elements import DatasetBase, Row, batches_of, padded_batch_of, padded_shapes_of, stacked
from nnstack.utils import nest


class Groups(DatasetBase):
    """Several elements become one, or one becomes several."""

    def batch(self, batch_size: int, drop_remainder: bool = False, *_: Any, **__: Any) -> Any:
        """So many elements stacked into one; the last may hold fewer."""
        size = int(batch_size)
        return self._of(
            lambda: batches_of(self._make(), size, drop_remainder, stacked), self._per(size, drop_remainder)
        )

    def padded_batch(
        self, batch_size: int, padded_shapes: Any = None, padding_values: Any = None, drop_remainder: bool = False,
        name: Any = None,
    ) -> Any:  # fmt: skip
        """As `batch`, elements being filled up to the largest size along each axis, or to `padded_shapes`."""

        def stack(elements: list[Any]) -> Any:
            leaves = zip(*[nest.flatten(element) for element in elements], strict=True)
            count = len(nest.flatten(elements[0]))
            shapes = padded_shapes_of(padded_shapes, count)
            values = nest.flatten(padding_values) if padding_values is not None else [None]
            values = values * count if len(values) == 1 else values
            made = [
                padded_batch_of(list(one), shape, value)
                for one, shape, value in zip(leaves, shapes, values, strict=True)
            ]
            return nest.pack_as(elements[0], iter(made))

        size = int(batch_size)
        return self._of(lambda: batches_of(self._make(), size, drop_remainder, stack), self._per(size, drop_remainder))

    def ragged_batch(self, *_: Any, **__: Any) -> Any:
        """ValueError: rows of different lengths are not there."""
        raise ValueError("Dataset.ragged_batch: ragged tensors are not there; use padded_batch")

    def unbatch(self, name: Any = None) -> Any:
        """The rows of every element."""

        def make() -> Iterator[Any]:
            for element in self._make():
                for place in range(len(nest.flatten(element)[0])):
                    yield nest.map_structure(Row(place), element)

        return self._of(make)

    rebatch = batch

    def window(self, size: int, shift: int | None = None, stride: int = 1, drop_remainder: bool = False) -> Any:
        """Data sets of `size` neighbours, each beginning `shift` further on."""
        step, span = size if shift is None else shift, (size - 1) * stride + 1

        def make() -> Iterator[Any]:
            elements = list(self._make())
            for begin in range(0, len(elements), step):
                part = elements[begin : begin + span : stride]
                if len(part) == size or not drop_remainder:
                    parts: list[Any] = list(zip(*part, strict=True)) if isinstance(part[0], tuple) else [part]
                    sets = tuple(self._of(p.__iter__, len(p)) for p in parts)
                    yield sets if isinstance(part[0], tuple) else sets[0]

        return self._of(make)
