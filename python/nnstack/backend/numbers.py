"""What a tensor is to Python itself: a number, a sequence, an array, text. All but length and text need data.

A symbolic tensor has no data while the graph is being described; asking for it is a TypeError that says what to do.
"""

import operator
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from nnstack import _core


class StaticShape(tuple[int | None, ...]):
    """The tuple that `get_shape` gives, with the method that programs of TensorFlow 1 call on it."""

    def as_list(self) -> list[int | None]:
        """The sizes in a list, None for what is not known."""
        return list(self)


class NumbersNeeded(TypeError):
    """Python asked a symbolic tensor for its numbers. What falls back on an eager run catches it."""


_fallback = {"on": False}


def fall_back_on_numbers(on: bool) -> None:
    """Whether layers and steps that cannot be recorded, because Python asks for numbers, run on numbers instead, as in
    TensorFlow, whose AutoGraph would rewrite them. Otherwise they are an error that says so.
    """
    _fallback["on"] = bool(on)


def falls_back_on_numbers() -> bool:
    """What was given to `fall_back_on_numbers`; False at first."""
    return _fallback["on"]


class PythonNumbers:
    """`float(x)`, `bool(x)`, `len(x)`, iteration, `np.asarray(x)`, `f"{x:.3f}"` for Tensors and Variables.

    >>> loss = constant(0.25)
    >>> f"{loss:.2f}", float(loss), bool(loss > 1)
    ('0.25', 0.25, False)
    """

    if TYPE_CHECKING:

        @property
        def shape(self) -> tuple[int | None, ...]: ...
        def __getitem__(self, key: Any) -> Any: ...

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a scalar tensor")
        if self.shape[0] is None:
            raise NumbersNeeded(f"len(): the first axis is not known, shape {self.shape}; use backend.shape(x)[0]")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return iter([self[i] for i in range(len(self))])

    def __bool__(self) -> bool:
        return bool(_element(self, "a Python branch"))

    def __float__(self) -> float:
        return float(_element(self, "float()"))

    def __int__(self) -> int:
        return int(_element(self, "int()"))

    def __index__(self) -> int:
        return operator.index(_element(self, "an index"))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        numbers = _data(self, "a numpy array")
        return numbers if dtype is None else numbers.astype(dtype, copy=bool(copy))

    def __format__(self, specification: str) -> str:
        return format(_element(self, "format()"), specification) if specification else str(self)


def describe(x: _core.Value) -> str:
    """One text for a tensor: its numbers if it has them, else where they will come from."""
    head = f"<Tensor shape={x.shape} dtype={x.dtype}"
    if not x.concrete:
        return f"{head} op={x.op}{f' name={x.name!r}' if x.name else ''}>"
    numbers = np.array2string(x.numpy(), separator=", ", threshold=100)
    return f"{head} numpy={numbers}>" if "\n" not in numbers else f"{head} numpy=\n{numbers}>"


def _element(x: Any, purpose: str) -> Any:
    numbers = _data(x, purpose)
    if numbers.size != 1:
        raise TypeError(f"{purpose}: expected one element, got a tensor of shape {numbers.shape}")
    return numbers.item()


def _data(x: Any, purpose: str) -> np.ndarray:
    value: _core.Value = x if isinstance(x, _core.Value) else x.read_value()
    if value.concrete:
        return value.numpy()
    if value is not x and value.op == "variable":
        return cast(np.ndarray, x.numpy())
    raise NumbersNeeded(
        f"{purpose} needs the numbers of a symbolic tensor (op {value.op!r}, shape {value.shape}), which exist "
        "only when the graph runs. Use backend.switch / backend.eval, or compile with run_eagerly=True"
    )
