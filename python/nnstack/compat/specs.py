"""`tf.TensorShape` and `tf.TensorSpec`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from nnstack.backend.numbers import StaticShape
from nnstack.compat.dtypes import DType, as_dtype


class Dimension(int):
    """A known size, a number that says itself as `value`, as programs of TensorFlow 1 ask."""

    @property
    def value(self) -> int:
        """The size."""
        return int(self)


class TensorShape(StaticShape):
    """A tuple of sizes, None for those not known, with the methods of TensorFlow's class.

    >>> TensorShape([None, 3]).as_list(), TensorShape([2, 3]).num_elements()
    ([None, 3], 6)
    """

    def __new__(cls, dims: Any = ()) -> TensorShape:
        sizes: Iterable[Any] = (dims,) if isinstance(dims, int) else dims
        return super().__new__(cls, (None if size is None or size == -1 else int(size) for size in sizes))

    @property
    def rank(self) -> int:
        """Number of axes."""
        return len(self)

    ndims = rank

    @property
    def dims(self) -> list[int | None]:
        """The sizes in a list."""
        return list(self)

    def num_elements(self) -> int | None:
        """The product of the sizes, None if one is not known."""
        count = 1
        for size in self:
            if size is None:
                return None
            count *= size
        return count

    def is_fully_defined(self) -> bool:
        """Whether every size is known."""
        return None not in self

    def is_compatible_with(self, other: Any) -> bool:
        """Whether the two could be the same shape."""
        other = TensorShape(other)
        return len(self) == len(other) and all(
            a == b or a is None or b is None for a, b in zip(self, other, strict=True)
        )

    def assert_is_compatible_with(self, other: Any) -> None:
        """ValueError unless they are compatible."""
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {TensorShape(other)} are incompatible")

    def concatenate(self, other: Any) -> TensorShape:
        """The axes of both."""
        return TensorShape((*self, *TensorShape(other)))

    def __add__(self, other: Any) -> TensorShape:
        return self.concatenate(other)

    def __radd__(self, other: Any) -> TensorShape:
        return TensorShape(other).concatenate(self)

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return TensorShape(found) if isinstance(key, slice) else _dimension(found)

    def __iter__(self) -> Iterator[Any]:
        return map(_dimension, super().__iter__())

    def as_list(self) -> list[int | None]:
        """The sizes in a list, None for what is not known."""
        return list(super().__iter__())

    def __eq__(self, other: object) -> bool:
        return tuple(self) == (tuple(other) if isinstance(other, list | tuple) else other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = tuple.__hash__


def _dimension(size: int | None) -> Dimension | None:
    return None if size is None else Dimension(size)


class TensorSpec:
    """Shape and type of a tensor that is not there yet: what `tf.function(input_signature=)` takes."""

    def __init__(self, shape: Any = (), dtype: Any = "float32", name: str | None = None) -> None:
        self.shape = TensorShape(shape)
        self.dtype: DType = as_dtype(dtype)
        self.name = name

    @classmethod
    def from_tensor(cls, tensor: Any, name: str | None = None) -> TensorSpec:
        """The spec of a tensor."""
        return cls(tensor.shape, tensor.dtype, name)

    def is_compatible_with(self, other: Any) -> bool:
        """Whether a tensor or spec is one of these."""
        return self.shape.is_compatible_with(other.shape) and self.dtype == as_dtype(other.dtype)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TensorSpec) and self.shape == other.shape and self.dtype == other.dtype

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype))

    def __repr__(self) -> str:
        return f"TensorSpec(shape={tuple(self.shape)}, dtype={self.dtype!r}, name={self.name!r})"
