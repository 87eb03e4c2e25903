"""Images as files and arrays. Pillow is imported when a file is first touched."""

from __future__ import annotations

import io
import os
import warnings
from typing import Any

import numpy as np

from nnstack import backend

_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_COLORS = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}


def pillow() -> Any:
    """PIL.Image, or an `ImportError` with the pip command."""
    try:
        from PIL import Image
    except ImportError:
        raise ImportError("images need the package Pillow: pip install pillow") from None
    return Image


def _resampling(name: str) -> Any:
    known = {"nearest": 0, "bilinear": 2, "bicubic": 3, "hamming": 5, "box": 4, "lanczos": 1}
    if name not in known:
        raise ValueError(f"load_img: expected one of {', '.join(known)} as interpolation, got {name!r}")
    return known[name]


def load_img(
    path: Any,
    grayscale: bool = False,
    color_mode: str = "rgb",
    target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Any:
    """An image file as a Pillow image.

    `path` a path, or the file's content as `io.BytesIO`; `color_mode` "grayscale", "rgb" or "rgba"; `target_size`
    (height, width) to resize to, with `interpolation` nearest, bilinear, bicubic, hamming, box or lanczos;
    `keep_aspect_ratio` cuts the longer side first. ValueError for other words, TypeError for what is no path.
    """
    if grayscale:
        warnings.warn("load_img: use color_mode='grayscale' instead of grayscale=True", stacklevel=2)
        color_mode = "grayscale"
    if color_mode not in _COLORS:
        raise ValueError(f"load_img: expected one of {', '.join(_COLORS)} as color_mode, got {color_mode!r}")
    if isinstance(path, io.BytesIO):
        img = pillow().open(path)
    elif isinstance(path, str | os.PathLike):
        with open(path, "rb") as file:
            img = pillow().open(io.BytesIO(file.read()))
    else:
        raise TypeError(f"load_img: expected a path or io.BytesIO, got {type(path).__name__}")
    deep_gray = color_mode == "grayscale" and img.mode in ("I", "I;16")  # keeps more than 8 bits
    if img.mode != _COLORS[color_mode] and not deep_gray:
        img = img.convert(_COLORS[color_mode])
    if target_size is None or img.size == (target_size[1], target_size[0]):
        return img
    box = _central_box(img.size, (target_size[1], target_size[0])) if keep_aspect_ratio else None
    return img.resize((target_size[1], target_size[0]), _resampling(interpolation), box=box)


def _central_box(size: tuple[int, int], target: tuple[int, int]) -> tuple[int, int, int, int]:
    """The largest box in the middle with the shape of the target."""
    width, height = size
    cut_width = min(width, height * target[0] // target[1]) or width
    cut_height = min(height, width * target[1] // target[0]) or height
    left, top = (width - cut_width) // 2, (height - cut_height) // 2
    return left, top, left + cut_width, top + cut_height


def img_to_array(img: Any, data_format: str | None = None, dtype: str | None = None) -> np.ndarray:
    """A Pillow image as an array (height, width, channels), or channels first; dtype default `floatx()`."""
    array = np.asarray(img, dtype=dtype or backend.floatx())
    if array.ndim not in (2, 3):
        raise ValueError(f"img_to_array: expected an image of two or three axes, got shape {array.shape}")
    array = array[..., None] if array.ndim == 2 else array
    return array.transpose(2, 0, 1) if _channels_first(data_format) else array


def array_to_img(x: Any, data_format: str | None = None, scale: bool = True, dtype: str | None = None) -> Any:
    """An array of one image, with 1, 3 or 4 channels, as a Pillow image; `scale` stretches it to 0 ... 255.

    ValueError for other shapes.
    """
    array = np.asarray(x, dtype=dtype or backend.floatx())
    if array.ndim != 3:
        raise ValueError(f"array_to_img: expected one image, of three axes, got shape {array.shape}")
    if _channels_first(data_format):
        array = array.transpose(1, 2, 0)
    if array.shape[2] not in _MODES:
        raise ValueError(f"array_to_img: expected 1, 3 or 4 channels, got shape {array.shape}")
    if scale:
        array = array - array.min()
        top = array.max()
        array = array / top * 255 if top else array  # in this order the largest is 255 and no more
    if array.shape[2] == 1 and array.max() > 255:
        return pillow().fromarray(array[..., 0].astype("int32"))
    pixels = array.astype("uint8")
    return pillow().fromarray(pixels[..., 0] if array.shape[2] == 1 else pixels)


def save_img(
    path: Any, x: Any, data_format: str | None = None, file_format: str | None = None, scale: bool = True, **kwargs: Any
) -> None:
    """Writes an array as an image file; the format by the path's ending or `file_format`; see `array_to_img`."""
    img = array_to_img(x, data_format, scale)
    ending = (file_format or os.path.splitext(os.fspath(path))[1].lstrip(".")).lower()
    if img.mode == "RGBA" and ending in ("jpg", "jpeg"):
        warnings.warn("save_img: JPEG has no transparency; the image is saved without it", stacklevel=2)
        img = img.convert("RGB")
    img.save(path, format="jpeg" if file_format == "jpg" else file_format, **kwargs)


def _channels_first(data_format: str | None) -> bool:
    return backend.normalize_data_format(data_format) == "channels_first"
