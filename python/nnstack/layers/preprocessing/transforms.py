"""Images moved by a matrix per image: where each pixel of the result comes from, and what is read there."""

from __future__ import annotations

from typing import Any

from nnstack import backend
from nnstack.layers.attention import positions

FILL_MODES = ("reflect", "wrap", "constant", "nearest")
INTERPOLATIONS = ("bilinear", "nearest")


def transform(images: Any, rows: Any, columns: Any, fill_mode: str, interpolation: str, fill_value: float) -> Any:
    """Result pixel (y, x) of image i is what lies at (rows[i](y, x), columns[i](y, x)).

    images: (batch, height, width, channels). rows, columns: (batch, 3, 1, 1): factors of y and x, and a constant.
    fill_mode: what lies outside: "reflect" (dcba|abcd|dcba), "wrap" (abcd|abcd|abcd), "nearest" (aaaa|abcd|dddd) or
    "constant" (`fill_value`).
    """
    _, height, width, channels = backend.shapes.dimensions(images)
    down = backend.reshape(backend.cast(positions(images, 1), "float32"), (1, -1, 1))
    right = backend.reshape(backend.cast(positions(images, 2), "float32"), (1, 1, -1))
    sizes = [backend.cast(size, "float32") for size in (height, width)]
    y, x = (
        _inside(matrix[:, 0] * down + matrix[:, 1] * right + matrix[:, 2], size, fill_mode)
        for matrix, size in zip((rows, columns), sizes, strict=True)
    )
    flat = backend.reshape(images, (-1, channels))
    first = backend.reshape(positions(images, 0), (-1, 1, 1)) * backend.cast(height * width, "int64")

    def read(at_y: Any, at_x: Any) -> Any:
        """The pixels at whole coordinates."""
        near_y, near_x = (backend.clip(at, 0.0, size - 1.0) for at, size in zip((at_y, at_x), sizes, strict=True))
        index = first + backend.cast(near_y, "int64") * backend.cast(width, "int64") + backend.cast(near_x, "int64")
        pixels = backend.gather(flat, index)
        if fill_mode != "constant":
            return pixels
        known = backend.equal(near_y, at_y) & backend.equal(near_x, at_x)
        return backend.select(backend.expand_dims(known, -1), pixels, fill_value)

    if interpolation == "nearest":
        return read(_rounded(y), _rounded(x))
    top, left = backend.floor(y), backend.floor(x)
    below, beside = (backend.cast(backend.expand_dims(part, -1), images.dtype) for part in (y - top, x - left))
    upper = read(top, left) * (1.0 - beside) + read(top, left + 1.0) * beside
    lower = read(top + 1.0, left) * (1.0 - beside) + read(top + 1.0, left + 1.0) * beside
    return upper * (1.0 - below) + lower * below


def _rounded(at: Any) -> Any:
    """The nearest whole number, halves away from zero."""
    return backend.sign(at) * backend.floor(backend.abs(at) + 0.5)


def _inside(at: Any, size: Any, fill_mode: str) -> Any:
    """Coordinates outside an axis of `size` pixels led back into it."""
    if fill_mode == "constant":
        return at
    if fill_mode == "reflect":
        folded = (at + 0.5) % (size * 2.0)
        at = backend.minimum(folded, size * 2.0 - folded) - 0.5
    elif fill_mode == "wrap":
        span = backend.maximum(size - 1.0, 1.0)  # TensorFlow counts turns in steps of size - 1
        before = at + size * (backend.floor(-at / span) + 1.0)
        behind = at - size * backend.floor(at / span)
        at = backend.select(at < 0.0, before, backend.select(at > size - 1.0, behind, at))
    return backend.clip(at, 0.0, size - 1.0)
