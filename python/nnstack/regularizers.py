"""Penalties on weights and outputs, added to the loss."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.backend import Tensor, TensorLike
from nnstack.utils.generic_utils import deserialize_keras_object, serialize_keras_object


def _factor(name: str, value: Any) -> float:
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or value != value
        or value in (float("inf"), float("-inf"))
    ):
        raise ValueError(f"regularizer: expected a finite number for {name}, got {value!r}")
    return float(value)


class Regularizer:
    """Base class: `__call__(x)` gives the penalty of a weight or output, `get_config` what to rebuild it from."""

    def __call__(self, x: TensorLike) -> Any:
        """Zero: the base class penalises nothing."""
        return 0.0

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Regularizer":
        """A regularizer from what `get_config` gave."""
        return cls(**config)

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {}


class L1L2(Regularizer):
    """l1 * sum(|x|) + l2 * sum(x ** 2); factors default to 0. ValueError if a factor is not a finite number."""

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1 = _factor("l1", 0.0 if l1 is None else l1)
        self.l2 = _factor("l2", 0.0 if l2 is None else l2)

    def __call__(self, x: TensorLike) -> Tensor:
        value = backend.convert(x)
        parts = []
        if self.l1:
            parts.append(backend.sum(backend.abs(value)) * self.l1)
        if self.l2:
            parts.append(backend.sum(backend.square(value)) * self.l2)
        return sum(parts[1:], parts[0]) if parts else backend.constant(0.0, value.dtype)

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1, "l2": self.l2}


class L1(L1L2):
    """l1 * sum(|x|), l1 by default 0.01; `l` is another name of the argument."""

    def __init__(self, l1: float | None = 0.01, **kwargs: Any) -> None:
        super().__init__(l1=_other_name("L1", kwargs, 0.01 if l1 is None else l1))

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1}


class L2(L1L2):
    """l2 * sum(x ** 2), l2 by default 0.01; `l` is another name of the argument.

    >>> L2(0.5)([1.0, 2.0]).numpy()
    array(2.5, dtype=float32)
    """

    def __init__(self, l2: float | None = 0.01, **kwargs: Any) -> None:
        super().__init__(l2=_other_name("L2", kwargs, 0.01 if l2 is None else l2))

    def get_config(self) -> dict[str, Any]:
        return {"l2": self.l2}


def _other_name(cls: str, kwargs: dict[str, Any], value: Any) -> Any:
    value = kwargs.pop("l", value)
    if kwargs:
        raise TypeError(f"{cls}: unexpected arguments {sorted(kwargs)}")
    return value


class OrthogonalRegularizer(Regularizer):
    """factor * mean |cosine| of the angles between the rows (or columns) of a matrix; 0 if they are orthogonal.

    mode: 'rows' or 'columns'. ValueError for another mode, or when called on anything but a matrix.
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        if mode not in ("rows", "columns"):
            raise ValueError(f"OrthogonalRegularizer: expected mode 'rows' or 'columns', got {mode!r}")
        self.factor = _factor("factor", factor)
        self.mode = mode

    def __call__(self, x: TensorLike) -> Tensor:
        value = backend.convert(x)
        if len(value.shape) != 2:
            raise ValueError(f"OrthogonalRegularizer: expected a matrix, got shape {value.shape}")
        rows = self.mode == "rows"
        unit = backend.l2_normalize(value, axis=1 if rows else 0)
        cosines = backend.emit("matmul", unit, unit, transpose_a=not rows, transpose_b=rows)
        size = value.shape[0 if rows else 1]
        assert size is not None
        others = 1.0 - backend.constant(np.eye(size), value.dtype)
        return backend.sum(backend.abs(cosines * others)) * (self.factor * 0.5 / max(size * (size - 1) / 2, 1))

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor, "mode": self.mode}


def l1(l: float = 0.01, **kwargs: Any) -> L1:  # noqa: E741 (Keras's name)
    """`L1(l)`; the argument may also be called l1."""
    return L1(kwargs.pop("l1", l), **kwargs)


def l2(l: float = 0.01, **kwargs: Any) -> L2:  # noqa: E741 (Keras's name)
    """`L2(l)`; the argument may also be called l2."""
    return L2(kwargs.pop("l2", l), **kwargs)


def l1_l2(l1: float = 0.01, l2: float = 0.01) -> L1L2:
    """`L1L2(l1, l2)`, both 0.01 by default."""
    return L1L2(l1=l1, l2=l2)


_REGULARIZERS: dict[str, Any] = {
    "L1": L1,
    "L2": L2,
    "L1L2": L1L2,
    "OrthogonalRegularizer": OrthogonalRegularizer,
    "l1": L1,
    "l2": L2,
    "l1_l2": l1_l2,
    "orthogonal_regularizer": OrthogonalRegularizer,
}
orthogonal_regularizer = OrthogonalRegularizer


# Keras 1's names.
l1l2 = activity_l1l2 = l1_l2
activity_l1, activity_l2 = l1, l2


def serialize(regularizer: Any, use_legacy_format: bool = False) -> Any:
    """Config dict of a regularizer."""
    return serialize_keras_object(regularizer, "keras.regularizers", use_legacy_format)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None, use_legacy_format: bool = False) -> Any:
    """The regularizer that a config dict or name stands for."""
    if config == "l1_l2":  # by name the factors are those of the function, not of the class
        return L1L2(l1=0.01, l2=0.01)
    return deserialize_keras_object(config, _REGULARIZERS, custom_objects, "regularizer")


def get(identifier: Any) -> Any:
    """None, a name, a config dict or a callable to a regularizer; ValueError for anything else."""
    return deserialize(identifier)
