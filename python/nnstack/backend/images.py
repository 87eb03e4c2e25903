"""Borders and sizes of sequences, images and volumes, in both data formats."""

from collections.abc import Sequence
from typing import Any

from nnstack.backend.config import normalize_data_format
from nnstack.backend.shapes import concatenate, dimensions, repeat_elements, reshape, stack
from nnstack.backend.tensor import Tensor, TensorLike, convert, emit
from nnstack.utils import allowance

_Pair = Sequence[int]


def pad(x: TensorLike, paddings: Sequence[Sequence[int]], value: float = 0.0) -> Tensor:
    """Adds (before, after) elements of `value` per axis."""
    return emit("pad", convert(x), paddings=[int(n) for both in paddings for n in both], value=float(value))


def temporal_padding(x: TensorLike, padding: _Pair = (1, 1)) -> Tensor:
    """(batch, steps, channels) with (before, after) more steps of zeros."""
    return _padded("temporal_padding", x, [padding], "channels_last")


def spatial_2d_padding(
    x: TensorLike, padding: Sequence[_Pair] = ((1, 1), (1, 1)), data_format: str | None = None
) -> Tensor:
    """Zeros around images: ((top, bottom), (left, right)).

    x: (batch, rows, cols, channels), or (batch, channels, rows, cols) for channels_first. data_format: default
    `image_data_format()`. ValueError if x has not four axes.

    >>> spatial_2d_padding(placeholder((None, 4, 5, 3)), ((1, 0), (2, 2))).shape
    (None, 5, 9, 3)
    """
    return _padded("spatial_2d_padding", x, padding, data_format)


def spatial_3d_padding(
    x: TensorLike, padding: Sequence[_Pair] = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None
) -> Tensor:
    """Zeros around volumes, (before, after) for each of three axes; see `spatial_2d_padding`."""
    return _padded("spatial_3d_padding", x, padding, data_format)


def _padded(what: str, x: TensorLike, padding: Sequence[_Pair], data_format: str | None) -> Tensor:
    value = convert(x)
    expected = {"temporal_padding": 1, "spatial_2d_padding": 2, "spatial_3d_padding": 3}[what]
    if len(padding) != expected or any(len(both) != 2 for both in padding):
        raise ValueError(f"{what}: expected {expected} pairs (before, after), got {padding!r}")
    first = _first_spatial_axis(what, value, expected, data_format)
    around: list[Sequence[int]] = [(0, 0)] * len(value.shape)
    around[first : first + expected] = padding
    return pad(value, around)


def _first_spatial_axis(what: str, x: Tensor, spatial: int, data_format: str | None) -> int:
    if len(x.shape) != spatial + 2:
        raise ValueError(f"{what}: expected {spatial + 2} axes, got shape {x.shape}")
    return 2 if normalize_data_format(data_format) == "channels_first" else 1


def resize_images(
    x: TensorLike,
    height_factor: int,
    width_factor: int,
    data_format: str | None = None,
    interpolation: str = "nearest",
) -> Tensor:
    """Images enlarged by whole factors: (batch, rows, cols, channels) to (batch, rows * height_factor, ...).

    interpolation: 'nearest' repeats pixels; 'bilinear' mixes the two nearest along each axis, pixels being squares
    (half-pixel centres) and the border its own neighbour, as tf.image.resize does it. Sizes may be unknown.

    >>> resize_images(constant([[[[0.0], [4.0]]]]), 1, 2, "channels_last", "bilinear").numpy().ravel()
    array([0., 1., 3., 4.], dtype=float32)
    """
    value = convert(x)
    first = _first_spatial_axis("resize_images", value, 2, data_format)
    if interpolation not in ("nearest", "bilinear"):
        raise ValueError(f"resize_images: expected interpolation 'nearest' or 'bilinear', got {interpolation!r}")
    along = repeat_elements if interpolation == "nearest" else _linear
    for axis, factor in ((first, height_factor), (first + 1, width_factor)):
        value = along(value, int(factor), axis)
    return value


def resize_volumes(
    x: TensorLike, depth_factor: int, height_factor: int, width_factor: int, data_format: str | None = None
) -> Tensor:
    """Volumes enlarged by whole factors, every element repeated; layouts as in `spatial_3d_padding`."""
    value = convert(x)
    first = _first_spatial_axis("resize_volumes", value, 3, data_format)
    for axis, factor in enumerate((depth_factor, height_factor, width_factor), first):
        value = repeat_elements(value, int(factor), axis)
    return value


def _linear(x: Tensor, factor: int, axis: int) -> Tensor:
    """Linear interpolation along `axis`. Output factor * i + p lies at i + (p + 1/2) / factor - 1/2 of the input, so
    each of the `factor` phases p is one mix of the input and its neighbour on one side."""
    if factor == 1:
        return x
    allowance.take(factor << 14, f"images enlarged {factor} times")  # each phase is a part of the program
    before = concatenate([_part(x, axis, None, 1), _part(x, axis, None, -1)], axis)
    after = concatenate([_part(x, axis, 1, None), _part(x, axis, -1, None)], axis)
    phases = []
    for phase in range(factor):
        offset = (phase + 0.5) / factor - 0.5
        neighbour = before if offset < 0 else after
        phases.append(x if offset == 0 else x * (1.0 - abs(offset)) + neighbour * abs(offset))
    sizes = dimensions(x)
    sizes[axis] = sizes[axis] * factor
    return reshape(stack(phases, axis + 1), sizes)


def _part(x: Tensor, axis: int, begin: int | None, end: int | None) -> Any:
    return x[(slice(None),) * axis + (slice(begin, end),)]
