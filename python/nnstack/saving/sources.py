"""Which kind of file a source is, by its first bytes: HDF5, a .keras zip, a checkpoint, the folder of a SavedModel."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from typing import Any

from nnstack.saving import checkpoint, hdf5, keras_zip, safetensors_file, saved_model
from nnstack.saving.hdf5_files import describe, h5py_module

_HDF5, _ZIP = b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"


def load_model(source: Any, custom_objects: Mapping[str, Any] | None, compile: bool) -> Any:
    """See `models.load_model`."""
    source = _opened(source)
    if describe(source).lower().endswith(".onnx"):
        from nnstack.onnx import import_model

        return import_model(source)
    if _first_bytes(source).startswith(_ZIP):
        return keras_zip.load_model(source, custom_objects, compile)
    if _is_folder(source) and saved_model.is_saved_model(source):
        return saved_model.load_model(os.fsdecode(source), custom_objects, compile)
    return hdf5.load_model(source, custom_objects, compile)


def load_weights(model: Any, source: Any, by_name: bool, skip_mismatch: bool) -> checkpoint.LoadStatus | None:
    """See `Model.load_weights`."""
    title = f'load_weights (model "{model.name}")'
    source = _opened(source)
    first = _first_bytes(source)
    other: Any = None
    if safetensors_file.is_content(source) or describe(source).lower().endswith(safetensors_file.SUFFIX):
        other = safetensors_file.load_weights
    elif first.startswith(_ZIP) or first.startswith(_HDF5) and _is_tree(source):
        other = keras_zip.load_weights
    elif not first.startswith(_HDF5) and checkpoint.find_prefix(source):  # a file `checkpoint` may lie beside it
        other, source = checkpoint.load_weights, checkpoint.find_prefix(source)
    if other is None:
        hdf5.load_weights(model, source, by_name, skip_mismatch)
        return None
    if by_name or skip_mismatch:
        raise ValueError(f"{title}: by_name is for HDF5 files of layers' names; {describe(source)} has none")
    if not model.built and not model.weights:
        raise ValueError(f"{title}: the model has no weights yet. Build it, or call it on data, first")
    status: checkpoint.LoadStatus | None = other(model, source, title)
    return status


def _opened(source: Any) -> Any:
    """Bytes that are a file's content, as an open file; anything else unchanged."""
    return io.BytesIO(source) if isinstance(source, bytes) and source.startswith((_HDF5, _ZIP)) else source


def _first_bytes(source: Any) -> bytes:
    """The first bytes of a file, empty if there is none to read."""
    if hasattr(source, "read") and hasattr(source, "seek"):
        position = source.tell()
        first = source.read(8)
        source.seek(position)
        return bytes(first) if isinstance(first, bytes) else b""
    if isinstance(source, str | bytes | os.PathLike) and os.path.isfile(source):
        with open(source, "rb") as file:
            return file.read(8)
    return b""


def _is_folder(source: Any) -> bool:
    return isinstance(source, str | bytes | os.PathLike) and os.path.isdir(source)


def _is_tree(source: Any) -> bool:
    try:
        with h5py_module().File(source, "r") as file:
            return keras_zip.is_weights_file(file)
    except OSError:
        return False
    finally:
        if hasattr(source, "seek"):
            source.seek(0)
