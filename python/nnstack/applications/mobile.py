"""What the three MobileNets share: which sizes and widths have published weights."""

from __future__ import annotations

import warnings
from typing import Any

from nnstack import backend
from nnstack.applications.classifier import Request


def side_of(shape: Any) -> Any:
    """Height of images of that shape."""
    return shape[1] if backend.image_data_format() == "channels_first" else shape[0]


def default_size(shape: Any, sizes: tuple[int, ...]) -> int:
    """The side that the head is made for: that of `shape` if it is square and one of `sizes`, else 224."""
    if shape is None:
        return 224
    first = backend.image_data_format() == "channels_first"
    rows, columns = shape[1:3] if first else shape[0:2]
    return rows if rows == columns and rows in sizes else 224


def published_side(
    name: str, request: Request, shape: Any, alpha: float, alphas: tuple[float, ...], sizes: tuple[int, ...]
) -> Any:
    """Side of the images in names; with weights 'imagenet' one of `sizes`, and ValueError unless `alpha` is one of
    `alphas`.
    """
    if request.weights != "imagenet":
        return side_of(shape)
    if alpha not in alphas:
        known = ", ".join(str(one) for one in alphas)
        raise ValueError(f"{name}: the weights 'imagenet' are there for alpha {known}, got {alpha}. Pass weights=None")
    first = backend.image_data_format() == "channels_first"
    rows, columns = shape[1:3] if first else shape[0:2]
    if rows == columns and rows in sizes:
        return rows
    warnings.warn(
        f"{name}: no weights were trained on images of {rows} x {columns}; those of 224 x 224 are read", stacklevel=3
    )
    return 224
