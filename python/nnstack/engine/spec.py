"""What a layer accepts as input, checked before any work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnstack.utils import nest


class InputSpec:
    """Rank, dtype, shape and single axes that a layer's input must have.

    Arguments, all optional: `dtype`; `shape` (None = any size); `ndim` exact rank; `max_ndim`, `min_ndim`; `axes`
    a dict axis -> size. Source: https://keras.io/2.16/api/layers/base_layer/
    """

    def __init__(
        self,
        dtype: str | None = None,
        shape: Any = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: Mapping[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
    ) -> None:
        self.dtype = dtype
        self.shape = None if shape is None else tuple(shape)
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = {int(axis): size for axis, size in (axes or {}).items()}
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        self.name = name

    def problem(self, shape: tuple[int | None, ...], dtype: str) -> str | None:
        """What is wrong with such an input, as `expected ..., got ...`, or None."""
        rank = len(shape)
        if self.ndim is not None and rank != self.ndim:
            return f"expected rank {self.ndim}, got rank {rank}"
        if self.max_ndim is not None and rank > self.max_ndim:
            return f"expected rank at most {self.max_ndim}, got rank {rank}"
        if self.min_ndim is not None and rank < self.min_ndim:
            return f"expected rank at least {self.min_ndim}, got rank {rank}"
        if self.dtype is not None and dtype != self.dtype:
            return f"expected dtype {self.dtype}, got {dtype}"
        for axis, size in self.axes.items():
            given = shape[axis]
            if size is not None and given is not None and given != size:
                where = "last axis" if axis in (-1, rank - 1) else f"axis {axis}"
                return f"expected {where} {size}, got {given}"
        if self.shape is not None and any(
            want is not None and have is not None and want != have for want, have in zip(self.shape, shape, strict=True)
        ):
            return f"expected shape {self.shape}, got {shape}"
        return None

    def get_config(self) -> dict[str, Any]:
        return {
            "dtype": self.dtype,
            "shape": self.shape,
            "ndim": self.ndim,
            "max_ndim": self.max_ndim,
            "min_ndim": self.min_ndim,
            "axes": self.axes,
        }

    def __repr__(self) -> str:
        given = {key: value for key, value in self.get_config().items() if value}
        return f"InputSpec({', '.join(f'{key}={value}' for key, value in given.items())})"


def _likely_fix(spec: InputSpec, tensor: Any, shape: tuple[int | None, ...]) -> str:
    rank = len(shape)
    least = spec.ndim if spec.ndim is not None else spec.min_ndim
    if least is not None and rank < least:
        if not getattr(tensor, "concrete", True):  # of a graph
            steps = (
                "Set return_sequences=True in a recurrent layer before it, or add" if (rank, least) == (2, 3) else "Add"
            )
            return f"{steps} axes with Reshape or in the shape of Input"
        if least - rank > 1:
            return "Reshape the input to that rank"
        sample = "One sample alone needs a batch axis: x[np.newaxis, ...]"
        return sample if least == 2 else f"{sample}; one channel or feature an axis of its own: x[..., np.newaxis]"
    if spec.ndim is not None and rank > spec.ndim:
        return "Flatten or reshape the input to that rank"
    if spec.axes:
        return "Give data of that size, or build a new layer for this input"
    return "Convert or reshape the input to fit"


def check_input(spec: Any, inputs: Any, kind: str, name: str) -> None:
    """Raises `ValueError` naming the layer, what it expected, what it got and the likely fix."""
    specs, tensors = nest.flatten(spec), nest.flatten(inputs)
    if len(specs) != len(tensors):
        raise ValueError(
            f'{kind} (layer "{name}"): expected {len(specs)} input{"s" if len(specs) > 1 else ""}, '
            f"got {len(tensors)}. Pass the inputs as one list"
        )
    for place, (one, tensor) in enumerate(zip(specs, tensors, strict=True), 1):
        if one is None or not hasattr(tensor, "shape"):
            continue
        shape = tuple(tensor.shape)
        wrong = one.problem(shape, str(tensor.dtype))
        if wrong:
            which = f"input {place} of {len(specs)}: " if len(specs) > 1 else ""
            fix = _likely_fix(one, tensor, shape)
            raise ValueError(f'{kind} (layer "{name}"): {which}{wrong}; input shape {shape}. {fix}')
