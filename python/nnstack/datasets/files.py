"""Reading data sets' files without running anything in them: pickles may hold arrays, lists, texts and numbers only."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from nnstack.utils.file_utils import cache_folder

# What pickles of numpy arrays name, by all the modules numpy has had.
_ALLOWED = {
    (module, name): getattr(np, target, None)
    for module, name, target in (("numpy", "ndarray", "ndarray"), ("numpy", "dtype", "dtype"))
}


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _ALLOWED:
            return _ALLOWED[module, name]
        if name in ("_reconstruct", "scalar") and module in ("numpy.core.multiarray", "numpy._core.multiarray"):
            from numpy._core import multiarray

            return getattr(multiarray, name)
        if (module, name) == ("_codecs", "encode"):
            return _encode
        raise ValueError(f"the file names {module}.{name}; data files may hold arrays, lists, texts and numbers only")


def _encode(text: str, encoding: str = "latin1") -> bytes:
    return text.encode("latin1")


def read_pickle(path: Any) -> Any:
    """A pickle of plain data and arrays, written by Python 2 or 3."""
    with open(path, "rb") as file:
        return _ArrayUnpickler(file, encoding="bytes").load()


def read_npz(path: Any) -> dict[str, np.ndarray]:
    """All arrays of an .npz file; arrays of objects may hold lists and numbers."""
    arrays = {}
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            arrays[member.removesuffix(".npy")] = _read_npy(archive.read(member))
    return arrays


def _read_npy(content: bytes) -> np.ndarray:
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    _, _, dtype = read(file)
    if dtype.hasobject:
        return np.asarray(_ArrayUnpickler(file, encoding="latin1").load(), dtype=object)
    file.seek(0)
    return np.asarray(np.lib.format.read_array(file, allow_pickle=False))


def read_idx(path: Any) -> np.ndarray:
    """A file in MNIST's own format, .gz: a header with the shape, then bytes."""
    with gzip.open(path, "rb") as file:
        _, _, kind, rank = struct.unpack(">BBBB", file.read(4))
        shape = struct.unpack(f">{rank}I", file.read(4 * rank))
        if kind != 8:
            raise ValueError(f"{path}: expected bytes (type 8), got type {kind}")
        return np.frombuffer(file.read(), np.uint8).reshape(shape)


def find(name: Any, what: str, origin: str, cache_dir: Any = None) -> Path:
    """A data set's file or folder: `name` itself if it exists, else in the cache; FileNotFoundError says where to put
    it.
    """
    given = Path(os.fspath(name)).expanduser()
    if given.exists():
        return given
    cached = cache_folder(cache_dir) / given
    if cached.exists():
        return cached
    raise FileNotFoundError(
        f"{what}: {cached} does not exist, and nothing is downloaded. Get it from {origin} and put it there, or pass "
        "its path"
    )


def shuffled(arrays: list[Any], generator: np.random.RandomState) -> list[Any]:
    """The arrays in one new order."""
    order = np.arange(len(arrays[0]))
    generator.shuffle(order)
    return [array[order] for array in arrays]
