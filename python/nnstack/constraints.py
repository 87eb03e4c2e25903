"""Projections of a weight after each optimizer step."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.backend import Tensor, TensorLike
from nnstack.utils.generic_utils import deserialize_keras_object, serialize_keras_object


class Constraint:
    """Base class: `__call__(w)` gives the projected weight, of the same shape; `get_config` what to rebuild it from."""

    def __call__(self, w: TensorLike) -> Tensor:
        """w itself: the base class allows everything."""
        return backend.convert(w)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Constraint":
        """A constraint from what `get_config` gave."""
        return cls(**config)

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {}


def _norm(w: Tensor, axis: int | Sequence[int]) -> Tensor:
    return backend.emit("sqrt", backend.sum(backend.square(w), axis=axis, keepdims=True))


class MaxNorm(Constraint):
    """Norm along `axis` at most `max_value` (2). Dense kernels: axis 0; Conv2D kernels: [0, 1, 2].

    >>> MaxNorm(1.0)([[3.0], [4.0]]).numpy().ravel()
    array([0.6, 0.8], dtype=float32)
    """

    def __init__(self, max_value: float = 2, axis: int | Sequence[int] = 0) -> None:
        self.max_value = max_value
        self.axis = axis

    def __call__(self, w: TensorLike) -> Tensor:
        value = backend.convert(w)
        norms = _norm(value, self.axis)
        return value * (backend.clip(norms, 0.0, self.max_value) / (norms + backend.epsilon()))

    def get_config(self) -> dict[str, Any]:
        return {"max_value": self.max_value, "axis": self.axis}


class NonNeg(Constraint):
    """Negative weights become zero."""

    def __call__(self, w: TensorLike) -> Tensor:
        return backend.maximum(w, 0.0)


class UnitNorm(Constraint):
    """Norm 1 along `axis` (0)."""

    def __init__(self, axis: int | Sequence[int] = 0) -> None:
        self.axis = axis

    def __call__(self, w: TensorLike) -> Tensor:
        value = backend.convert(w)
        return value / (_norm(value, self.axis) + backend.epsilon())

    def get_config(self) -> dict[str, Any]:
        return {"axis": self.axis}


class MinMaxNorm(Constraint):
    """Norm along `axis` within [min_value, max_value]; rate 1 enforces it at once, a smaller one goes part of it."""

    def __init__(
        self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: int | Sequence[int] = 0
    ) -> None:
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def __call__(self, w: TensorLike) -> Tensor:
        value = backend.convert(w)
        norms = _norm(value, self.axis)
        wanted = backend.clip(norms, self.min_value, self.max_value) * self.rate + norms * (1 - self.rate)
        return value * (wanted / (norms + backend.epsilon()))

    def get_config(self) -> dict[str, Any]:
        return {"min_value": self.min_value, "max_value": self.max_value, "rate": self.rate, "axis": self.axis}


class RadialConstraint(Constraint):
    """Conv2D kernels (n, n, in, out) that are equal on each square ring around the centre.

    Ring d, counted from the centre, takes the values of diagonal element n // 2 - 1 + d (one more for even n and
    d > 0), as in tf.keras. ValueError for other ranks or sides of different length.
    """

    def __call__(self, w: TensorLike) -> Tensor:
        value = backend.convert(w)
        if len(value.shape) != 4 or value.shape[0] != value.shape[1]:
            raise ValueError(f"RadialConstraint: expected a kernel (n, n, in, out), got shape {value.shape}")
        side, _, channels, filters = value.shape
        assert side is not None
        steps = np.arange(side)
        inwards = (side - 1) // 2 - np.minimum(steps, side - 1 - steps)  # distance from the centre
        ring = np.maximum(inwards[:, None], inwards[None, :])
        source = (side // 2 - 1 + ring + (ring > 0) * (side % 2 == 0)) % side
        flat = backend.reshape(value, (side * side, channels, filters))
        return backend.reshape(backend.gather(flat, (source * (side + 1)).ravel()), (side, side, channels, filters))


max_norm = maxnorm = MaxNorm
non_neg = nonneg = NonNeg
unit_norm = unitnorm = UnitNorm
min_max_norm = MinMaxNorm
radial_constraint = RadialConstraint

_CONSTRAINTS: dict[str, Any] = {
    cls.__name__: cls for cls in (MaxNorm, NonNeg, UnitNorm, MinMaxNorm, RadialConstraint)
} | {
    "max_norm": MaxNorm,
    "maxnorm": MaxNorm,
    "non_neg": NonNeg,
    "nonneg": NonNeg,
    "unit_norm": UnitNorm,
    "unitnorm": UnitNorm,
    "min_max_norm": MinMaxNorm,
    "radial_constraint": RadialConstraint,
}


def serialize(constraint: Any, use_legacy_format: bool = False) -> Any:
    """Config dict of a constraint."""
    return serialize_keras_object(constraint, "keras.constraints", use_legacy_format)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None, use_legacy_format: bool = False) -> Any:
    """The constraint that a config dict or name stands for."""
    return deserialize_keras_object(config, _CONSTRAINTS, custom_objects, "constraint")


def get(identifier: Any) -> Any:
    """None, a name, a config dict or a callable to a constraint; ValueError for anything else."""
    return deserialize(identifier)
