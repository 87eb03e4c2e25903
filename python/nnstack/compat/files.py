"""`tf.io`: files, and images in them (Pillow, the extra [image])."""

from __future__ import annotations

import glob as _glob
import io
import os
import shutil
from types import SimpleNamespace
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.compat.functions.strings import StringArray


class Bytes(np.ndarray):
    """The contents of a file: a single bytes object."""

    def __new__(cls, contents: bytes) -> Bytes:
        array = np.empty((), object)
        array[()] = contents
        return array.view(cls)

    def numpy(self) -> bytes:
        """The bytes."""
        return bytes(self[()])


def _path(filename: Any) -> str:
    if isinstance(filename, np.ndarray):
        filename = filename.item()
    return filename.decode("utf-8") if isinstance(filename, bytes) else os.fspath(filename)


def read_file(filename: Any, name: Any = None) -> Bytes:
    """The bytes of a file."""
    with open(_path(filename), "rb") as file:
        return Bytes(file.read())


def write_file(filename: Any, contents: Any, name: Any = None) -> None:
    """Writes bytes or text into a file."""
    data = contents.numpy() if hasattr(contents, "numpy") else contents
    with open(_path(filename), "wb") as file:
        file.write(data.encode("utf-8") if isinstance(data, str) else data)


_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def decode_image(
    contents: Any, channels: int = 0, dtype: Any = "uint8", name: Any = None, expand_animations: bool = True, **_: Any
) -> Any:
    """uint8 (rows, cols, channels) of an image file's bytes; floats are 0 to 1. channels: 0 for as many as it has."""
    from nnstack.compat.functions.image import convert_image_dtype

    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError("decoding images needs Pillow: pip install 'nnstack[image]'") from error
    data = contents.numpy() if hasattr(contents, "numpy") else contents
    with Image.open(io.BytesIO(data)) as image:
        wanted = _MODES.get(int(channels)) or (image.mode if image.mode in _MODES.values() else "RGB")
        array = np.asarray(image.convert(wanted))
    array = array[..., None] if array.ndim == 2 else array
    return convert_image_dtype(backend.convert(array), dtype)


def decode_jpeg(contents: Any, channels: int = 0, **_: Any) -> Any:
    """Same as `decode_image`, as uint8."""
    return decode_image(contents, channels)


def decode_png(contents: Any, channels: int = 0, dtype: Any = "uint8", name: Any = None) -> Any:
    """Same as `decode_image`."""
    return decode_image(contents, channels, dtype)


def _text(names: list[str]) -> list[str]:
    return sorted(names)


gfile = SimpleNamespace(
    exists=os.path.exists,
    isdir=os.path.isdir,
    listdir=os.listdir,
    makedirs=lambda path: os.makedirs(path, exist_ok=True),
    mkdir=os.mkdir,
    glob=lambda pattern: _text(_glob.glob(pattern)),
    remove=os.remove,
    rmtree=shutil.rmtree,
    copy=lambda source, target, overwrite=False: shutil.copy(source, target),
    GFile=open,
)


class ResizeMethod:
    """Names of `tf.image.resize`'s methods."""

    BILINEAR = "bilinear"
    NEAREST_NEIGHBOR = "nearest"
    BICUBIC = "bicubic"
    AREA = "area"
    LANCZOS3 = "lanczos3"
    LANCZOS5 = "lanczos5"
    GAUSSIAN = "gaussian"
    MITCHELLCUBIC = "mitchellcubic"


__all__ = [
    "ResizeMethod",
    "StringArray",
    "decode_image",
    "decode_jpeg",
    "decode_png",
    "gfile",
    "read_file",
    "write_file",
]
