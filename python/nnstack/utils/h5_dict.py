"""H5Dict: an HDF5 file, or a group in it, read and written like a dict, as Keras 2 did with its models."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

import numpy as np


class H5Dict:
    """Arrays, numbers, texts and lists of texts by name, and further `H5Dict`s; a missing name read in a file that can
    be written makes a group.

    path: a file's path, an open `h5py.File` or `h5py.Group`, or a dict, which is used in its place. mode: 'r', 'w' or
    'a', of a path. Raises `ImportError` without h5py, `ValueError` where a name is written twice or a read-only file is
    written, `KeyError` for a name that is not there, `TypeError` for any other `path`.

    >>> data = H5Dict({})
    >>> data["layer"]["kernel"] = np.ones(2)
    >>> float(data["layer"]["kernel"].sum())
    2.0
    """

    def __init__(self, path: Any, mode: str = "a") -> None:
        self.data: MutableMapping[str, Any]
        self._own_file: Any = None
        if isinstance(path, dict):
            self.data = path
        elif isinstance(path, str | os.PathLike):
            self._own_file = self.data = _h5py().File(os.fspath(path), mode)
        elif hasattr(path, "attrs") and hasattr(path, "create_dataset"):
            self.data = path
        else:
            raise TypeError(f"H5Dict: expected a path, an open HDF5 file or group, or a dict, got {path!r}")
        file = getattr(self.data, "file", None)
        self.read_only = mode == "r" if file is None else file.mode == "r"

    @staticmethod
    def is_supported_type(path: Any) -> bool:
        """Whether `path` is a path, an HDF5 file or group, or a dict."""
        return isinstance(path, str | os.PathLike | dict) or (
            hasattr(path, "attrs") and hasattr(path, "create_dataset")
        )

    def _lies_in_attributes(self) -> Any:
        return getattr(self.data, "attrs", None)

    def __setitem__(self, name: str, value: Any) -> None:
        if self.read_only:
            raise ValueError(f"H5Dict: cannot write {name!r}: it is open for reading")
        if name in self:
            raise ValueError(f"H5Dict: {name!r} is there already")
        attributes = self._lies_in_attributes()
        if attributes is None or isinstance(value, np.ndarray):
            self.data[name] = value
        else:
            attributes[name] = value

    def __getitem__(self, name: str) -> Any:
        attributes = self._lies_in_attributes()
        if attributes is not None and name in attributes:
            return _plain(attributes[name])
        if name in self.data:
            found = self.data[name]
            if isinstance(found, Mapping):
                return H5Dict(found)
            return found[()] if attributes is not None else found
        if self.read_only:
            raise KeyError(f"H5Dict: no {name!r}; there are {', '.join(self) or 'none'}")
        if attributes is None:
            self.data[name] = {}
            return H5Dict(self.data[name])
        return H5Dict(self.data.create_group(name))  # type: ignore[attr-defined]

    def __contains__(self, name: object) -> bool:
        attributes = self._lies_in_attributes()
        return name in self.data or (attributes is not None and name in attributes)

    def __iter__(self) -> Iterator[str]:
        yield from self.data
        yield from self._lies_in_attributes() or ()

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def iter(self) -> Iterator[str]:
        """The names."""
        return iter(self)

    def get(self, key: str, default: Any = None) -> Any:
        """What is there under the name, else `default`."""
        if key not in self:
            return default
        return self[key]

    def update(self, *args: Mapping[str, Any]) -> None:
        """Writes everything that the dicts hold."""
        for values in args:
            for name, value in values.items():
                self[name] = value

    def close(self) -> None:
        """Closes the file if this opened it."""
        if self._own_file is not None:
            self._own_file.close()
            self._own_file = None

    def __enter__(self) -> H5Dict:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()


def _plain(value: Any) -> Any:
    """Texts of attributes as texts, lists of them as lists."""
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if isinstance(value, np.ndarray) and value.dtype.kind in "SO":
        return [_plain(one) for one in value]
    return value


def _h5py() -> Any:
    try:
        import h5py
    except ImportError:
        raise ImportError("H5Dict: needs h5py: pip install h5py") from None
    return h5py


h5dict = H5Dict
