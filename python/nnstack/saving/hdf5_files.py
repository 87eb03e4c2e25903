"""Opening HDF5 files: what is written appears whole or not at all, and what cannot be opened is told by its path."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Collection, Iterator
from typing import Any


def h5py_module() -> Any:
    """h5py, or an `ImportError` with the pip command."""
    try:
        import h5py
    except ImportError:
        raise ImportError("HDF5 files need the package h5py: pip install h5py") from None
    return h5py


_FORMATS = {"h5": "h5", "hdf5": "h5", "keras_h5": "h5", "keras": "keras", "keras_zip": "keras", "tf": "tf"}
_FORMATS["tensorflow"] = "tf"


def model_format(filepath: Any, save_format: str | None, what: str) -> str:
    """'h5', 'keras' (the zip) or 'tf' (a folder): `save_format`, else by the path's ending, else 'tf'."""
    if save_format is not None:
        if str(save_format).lower() not in _FORMATS:
            raise ValueError(f"{what}: expected save_format 'h5', 'tf' or 'keras', got {save_format!r}")
        return _FORMATS[str(save_format).lower()]
    if not isinstance(filepath, str | os.PathLike):
        return "h5"
    path = os.fspath(filepath).lower()
    return "keras" if path.endswith(".keras") else "h5" if path.endswith((".h5", ".hdf5")) else "tf"


def weights_format(filepath: Any, save_format: str | None, what: str) -> str:
    """'h5', 'keras' (Keras 3's layout), 'safetensors' or 'tf' (a checkpoint): `save_format`, else by the path's ending,
    else 'tf'.
    """
    if save_format is not None:
        known = {**_FORMATS, "safetensors": "safetensors"}
        if str(save_format).lower() not in known:
            raise ValueError(f"{what}: expected save_format 'h5', 'tf', 'keras' or 'safetensors', got {save_format!r}")
        return known[str(save_format).lower()]
    is_path = isinstance(filepath, str | os.PathLike)
    if is_path and os.fspath(filepath).lower().endswith(".safetensors"):
        return "safetensors"
    if is_path and os.fspath(filepath).endswith(".weights.h5"):
        return "keras"  # so tf.keras from 2.12 on, which reads nothing else under such a name
    return "tf" if is_path and not os.fspath(filepath).lower().endswith((".h5", ".hdf5", ".keras")) else "h5"


def may_write(target: Any, overwrite: bool, what: str) -> bool:
    """False if the file exists and the user at the terminal wants to keep it.

    Raises `FileExistsError` where nobody can be asked, `FileNotFoundError` for a folder that is not there,
    `IsADirectoryError` for a folder in the file's place and `TypeError` for what is neither a path nor a file.
    """
    if isinstance(target, h5py_module().Group) or hasattr(target, "write"):
        return True
    return _may_replace(path_to_write(target, what), overwrite, what)


def may_write_folder(target: Any, overwrite: bool, what: str, parts: Collection[str]) -> bool:
    """`may_write` for a folder. A file, or a folder with other things than `parts`, is kept: `FileExistsError`."""
    path = path_to_write(target, what, "a path", folder=True)
    if not os.path.exists(path):
        return True
    if not os.path.isdir(path):
        raise FileExistsError(
            f"{what}: {path} is a file, where a folder would be written. Remove it, or give another path"
        )
    there = set(os.listdir(path))
    others = sorted(there - set(parts))
    if others:
        raise FileExistsError(
            f"{what}: {path} is a folder with other things in it ({', '.join(others[:5])}), which saving would remove. "
            f"Give the path of a new folder, or one that ends in .keras or .h5"
        )
    return not there or _may_replace(path, overwrite, what)


def _may_replace(path: str, overwrite: bool, what: str) -> bool:
    if overwrite or not os.path.exists(path):
        return True
    if sys.stdin is None or not sys.stdin.isatty():
        raise FileExistsError(f"{what}: {path} exists; pass overwrite=True to replace it")
    answer = ""
    while answer not in ("y", "n"):
        answer = input(f"{path} exists. Overwrite it? [y/n] ").strip().lower()
    return answer == "y"


def path_to_write(
    target: Any, what: str, kinds: str = "a path, an h5py.File or a file object", folder: bool = False
) -> str:
    """The path, once the folder around it is found to exist and, unless one is meant, no folder to be in its place."""
    path = _path(target, what, kinds)
    around = os.path.dirname(path)
    if around and not os.path.isdir(around):
        raise FileNotFoundError(f"{what}: cannot write {path}, the folder {around} does not exist. Create it first")
    if os.path.isdir(path) and not folder:
        raise IsADirectoryError(f"{what}: cannot write {path}, it is a folder. Give the path of a file")
    return path


def _path(target: Any, what: str, kinds: str = "a path, an h5py.File or a file object") -> str:
    if not isinstance(target, str | bytes | os.PathLike):
        raise TypeError(f"{what}: expected {kinds}, got {target!r}")
    return os.fsdecode(target)


@contextlib.contextmanager
def replace_files(paths: list[str]) -> Iterator[list[Any]]:
    """Files to fill, beside their targets; once all are complete and on the disk they are renamed over them in order.

    A crash at any moment leaves each target old or new, and whole; an error leaves the old ones and nothing else.
    """
    handles: list[Any] = []
    try:
        for path in paths:
            forget(path)
            folder = os.path.dirname(os.path.abspath(path))
            handles.append(
                tempfile.NamedTemporaryFile(  # noqa: SIM115
                    prefix=f".{os.path.basename(path)[:200]}.", suffix=".part", dir=folder, delete=False
                )
            )
        yield handles
        mode = usual_mode(0o666)
        for handle in handles:
            handle.flush()
            os.fchmod(handle.fileno(), mode)
            os.fsync(handle.fileno())
            handle.close()
        for handle, path in zip(handles, paths, strict=True):
            os.replace(handle.name, path)
        for folder in {os.path.dirname(os.path.abspath(path)) for path in paths}:
            sync_folder(folder)
    except BaseException:
        for handle in handles:
            with contextlib.suppress(OSError, ValueError):
                handle.close()
            with contextlib.suppress(FileNotFoundError):
                os.unlink(handle.name)
        raise


def forget(path: str) -> None:
    """Frees the memory that caches a file about to be replaced, where the system can; the file itself stays as it is.

    Nobody will read it again, and new pages are dear on virtual machines (3 ms a MB, against 0.5 for pages that were
    just given back): with them a file is written beside the old one about as fast as over it.
    """
    if not hasattr(os, "posix_fadvise"):
        return
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(handle)


def usual_mode(mode: int) -> int:
    """What the user's umask leaves of a mode: temporary files and folders are made for their owner alone."""
    umask = os.umask(0)
    os.umask(umask)
    return mode & ~umask


def sync_folder(folder: str) -> None:
    """Puts the new names on the disk too, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextlib.contextmanager
def writing(target: Any, what: str = "save") -> Iterator[Any]:
    """An `h5py.File` to fill. For a path it is a file beside the target, renamed over it once complete.

    Raises `OSError`, and keeps the old file, where the disk is full.
    """
    h5py = h5py_module()
    if isinstance(target, h5py.Group):
        yield target
        return
    if hasattr(target, "write"):
        with h5py.File(target, "w") as file:
            yield file
        return
    path = os.fsdecode(target)
    with replace_files([path]) as (handle,):
        try:
            with h5py.File(handle.name, "w") as file:
                yield file
                file.flush()
        except (OSError, RuntimeError) as error:
            raise OSError(f"{what}: {path} could not be written, the file that was there is kept: {error}") from error


@contextlib.contextmanager
def reading(source: Any, what: str) -> Iterator[Any]:
    """An `h5py.File` to read. `OSError` says whether the file is missing, a folder, or no whole HDF5 file."""
    h5py = h5py_module()
    if isinstance(source, h5py.Group):
        yield source
        return
    if not hasattr(source, "read"):
        source = _path(source, what)
        if not os.path.exists(source):
            raise FileNotFoundError(f"{what}: no file at {source}")
        if os.path.isdir(source):
            raise IsADirectoryError(f"{what}: expected an HDF5 file, {source} is a folder")
    try:
        file = h5py.File(source, "r")
    except OSError as error:
        raise OSError(f"{what}: {source} is not an HDF5 file, or a broken one. {error}") from None
    with file:
        yield file


def describe(source: Any) -> str:
    """What a source is called in messages."""
    if isinstance(source, str | bytes | os.PathLike):
        return os.fsdecode(source)
    return str(getattr(source, "filename", None) or getattr(source, "name", None) or "the open file")
