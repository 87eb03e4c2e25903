"""Single images moved, turned, stretched and recoloured, as arrays of numpy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nnstack.preprocessing.files import array_to_img, img_to_array


# -- resampling -----------------------------------------------------------------------------------------------------
def _nearest(c: np.ndarray, size: int) -> np.ndarray:
    return np.asarray(np.clip(c, 0, size - 1))


def _reflect(c: np.ndarray, size: int) -> np.ndarray:
    """d c b a | a b c d | d c b a."""
    folded = np.mod(c + 0.5, 2 * size)
    return np.where(folded < size, folded, 2 * size - folded) - 0.5


def _wrap(c: np.ndarray, size: int) -> np.ndarray:
    """Repeated with a period of size - 1, as scipy.ndimage has it."""
    period = size - 1
    if period < 1:
        return np.zeros_like(c)
    below = c + period * (np.trunc(-c / period) + 1)
    return np.where(c < 0, below, np.where(c > period, c - period * np.trunc(c / period), c))


_FILLS: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "nearest": _nearest,
    "reflect": _reflect,
    "wrap": _wrap,
    "constant": _nearest,
}


def _resample(x: np.ndarray, matrix: np.ndarray, offset: np.ndarray, order: int, fill: str, cval: float) -> np.ndarray:
    """(rows, columns, channels) read at `matrix @ place + offset` for every place of the result."""
    if fill not in _FILLS:
        raise ValueError(f"apply_affine_transform: expected one of {', '.join(_FILLS)} as fill_mode, got {fill!r}")
    if order not in (0, 1):
        from scipy import ndimage  # type: ignore[import-untyped]

        planes = [
            ndimage.affine_transform(x[..., c], matrix, offset, order=order, mode=fill, cval=cval)
            for c in range(x.shape[2])
        ]
        return np.stack(planes, axis=-1)
    rows, columns = x.shape[:2]
    places = np.indices((rows, columns), dtype=np.float64)
    at = [matrix[i, 0] * places[0] + matrix[i, 1] * places[1] + offset[i] for i in (0, 1)]
    outside = (at[0] < 0) | (at[0] > rows - 1) | (at[1] < 0) | (at[1] > columns - 1)
    r, c = _FILLS[fill](at[0], rows), _FILLS[fill](at[1], columns)
    if order == 0:
        result = x[_index(np.floor(r + 0.5), rows), _index(np.floor(c + 0.5), columns)]
    else:
        low_r, low_c = np.floor(r), np.floor(c)
        part_r, part_c = (r - low_r)[..., None], (c - low_c)[..., None]
        r0, r1 = _index(low_r, rows), _index(low_r + 1, rows)
        c0, c1 = _index(low_c, columns), _index(low_c + 1, columns)
        top = x[r0, c0] * (1 - part_c) + x[r0, c1] * part_c
        bottom = x[r1, c0] * (1 - part_c) + x[r1, c1] * part_c
        result = top * (1 - part_r) + bottom * part_r
    if fill == "constant":
        result = np.where(outside[..., None], cval, result)
    return np.asarray(result, dtype=x.dtype)


def _index(places: np.ndarray, size: int) -> np.ndarray:
    return np.asarray(np.clip(places, 0, size - 1), dtype=np.intp)


# -- transforms -----------------------------------------------------------------------------------------------------
def apply_affine_transform(
    x: Any,
    theta: float = 0,
    tx: float = 0,
    ty: float = 0,
    shear: float = 0,
    zx: float = 1,
    zy: float = 1,
    row_axis: int = 0,
    col_axis: int = 1,
    channel_axis: int = 2,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    order: int = 1,
) -> np.ndarray:
    """An image turned by `theta` degrees, shifted by `tx` and `ty` pixels along x and y, sheared by `shear` degrees and
    zoomed by `zx` and `zy`, around its middle.

    Places from outside follow `fill_mode`: nearest, constant (`cval`), reflect or wrap. `order` of the interpolation: 0
    nearest, 1 linear; more needs scipy. ValueError for another fill_mode.
    """
    image = np.asarray(x)
    a, s = np.deg2rad(theta), np.deg2rad(shear)
    matrix = (
        np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
        @ np.array([[1, 0, tx], [0, 1, ty], [0, 0, 1]])
        @ np.array([[1, -np.sin(s), 0], [0, np.cos(s), 0], [0, 0, 1]])
        @ np.diag([zx, zy, 1])
    )
    if np.array_equal(matrix, np.eye(3)):
        return image
    moved = np.moveaxis(image, (row_axis, col_axis, channel_axis), (0, 1, 2))
    middle = np.array([moved.shape[0] / 2 - 0.5, moved.shape[1] / 2 - 0.5])
    offset = matrix[:2, :2] @ -middle + matrix[:2, 2] + middle
    turn = matrix[:2, :2]
    if col_axis > row_axis:  # as tf.keras 2 does it: the matrix is for (x, y), though its middle is that of (y, x)
        turn, offset = turn[::-1, ::-1], offset[::-1]
    moved = _resample(moved, turn, offset, order, fill_mode, cval)
    return np.moveaxis(moved, (0, 1, 2), (row_axis, col_axis, channel_axis))


def apply_channel_shift(x: Any, intensity: float, channel_axis: int = 0) -> np.ndarray:
    """`intensity` added to all channels, kept within the image's own range."""
    image = np.asarray(x)
    return np.clip(image + intensity, image.min(), image.max())


def apply_brightness_shift(x: Any, brightness: float, scale: bool = True) -> np.ndarray:
    """The image `brightness` times as bright, computed on 8 bits by Pillow."""
    from PIL import ImageEnhance

    image = np.asarray(x)
    low, high = float(image.min()), float(image.max())
    outside = low < 0 or high > 255
    brighter = ImageEnhance.Brightness(array_to_img(image, "channels_last", scale or outside)).enhance(brightness)
    result = img_to_array(brighter, "channels_last")
    return result / 255 * (high - low) + low if outside and not scale else result


def _axes(row_axis: int, col_axis: int, channel_axis: int) -> dict[str, int]:
    return {"row_axis": row_axis, "col_axis": col_axis, "channel_axis": channel_axis}


def random_rotation(
    x: Any,
    rg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> np.ndarray:
    """Turned by up to `rg` degrees either way."""
    axes = _axes(row_axis, col_axis, channel_axis)
    theta = np.random.uniform(-rg, rg)
    return apply_affine_transform(x, theta=theta, **axes, fill_mode=fill_mode, cval=cval, order=interpolation_order)


def random_shift(
    x: Any,
    wrg: float,
    hrg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> np.ndarray:
    """Shifted by up to the share `wrg` of its width and `hrg` of its height."""
    shape, axes = np.shape(x), _axes(row_axis, col_axis, channel_axis)
    tx = np.random.uniform(-hrg, hrg) * shape[row_axis]
    ty = np.random.uniform(-wrg, wrg) * shape[col_axis]
    return apply_affine_transform(x, tx=tx, ty=ty, **axes, fill_mode=fill_mode, cval=cval, order=interpolation_order)


def random_shear(
    x: Any,
    intensity: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> np.ndarray:
    """Sheared by up to `intensity` degrees."""
    axes = _axes(row_axis, col_axis, channel_axis)
    shear = np.random.uniform(-intensity, intensity)
    return apply_affine_transform(x, shear=shear, **axes, fill_mode=fill_mode, cval=cval, order=interpolation_order)


def random_zoom(
    x: Any,
    zoom_range: tuple[float, float],
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> np.ndarray:
    """Zoomed along each axis by a factor between the two of `zoom_range`."""
    if len(zoom_range) != 2:
        raise ValueError(f"random_zoom: expected a pair (least, most) as zoom_range, got {zoom_range!r}")
    axes = _axes(row_axis, col_axis, channel_axis)
    zx, zy = (1, 1) if tuple(zoom_range) == (1, 1) else np.random.uniform(zoom_range[0], zoom_range[1], 2)
    return apply_affine_transform(x, zx=zx, zy=zy, **axes, fill_mode=fill_mode, cval=cval, order=interpolation_order)


def random_channel_shift(x: Any, intensity_range: float, channel_axis: int = 0) -> np.ndarray:
    """All channels shifted by up to `intensity_range`."""
    return apply_channel_shift(x, np.random.uniform(-intensity_range, intensity_range), channel_axis)


def random_brightness(x: Any, brightness_range: tuple[float, float], scale: bool = True) -> np.ndarray:
    """Between the two of `brightness_range` times as bright."""
    if len(brightness_range) != 2:
        raise ValueError(f"random_brightness: expected a pair (least, most), got {brightness_range!r}")
    return apply_brightness_shift(x, np.random.uniform(*brightness_range), scale)
