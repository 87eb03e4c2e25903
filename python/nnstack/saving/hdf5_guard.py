"""Reading from an HDF5 file that a stranger made: only what lies in the file itself, and no more than it holds.

Links that leave the file, virtual datasets and datasets whose bytes lie elsewhere are refused; types are numbers or
names; sizes are compared with the file's before anything is read. What h5py raises on the way becomes a `ValueError`
that says where.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from nnstack.saving import pieces
from nnstack.saving.hdf5_files import h5py_module

# What a file may unpack to: this times its size, and never less than _SMALL. Weights hardly compress; zeros do.
_RATIO = 20
_SMALL = 64 << 20


@contextlib.contextmanager
def errors_of(what: str) -> Iterator[None]:
    """Errors of the HDF5 library in this block, for a broken file, as `ValueError`."""
    try:
        yield
    except (KeyError, OSError, RuntimeError, OverflowError, UnicodeDecodeError) as error:
        raise ValueError(f"{what}: the file is broken: {error.args[0] if error.args else error}") from None


def child(group: Any, name: str) -> Any:
    """The member `name`, a path of plain links inside the file; `ValueError` for a link that leads elsewhere."""
    h5py = h5py_module()
    place = group
    for part in name.split("/"):
        if not part or part == ".":
            continue
        if not isinstance(place, h5py.Group):
            raise ValueError(f"{place.name} is a dataset, where the file says that {name!r} lies inside it")
        link = place.get(part, getlink=True)
        if link is None:
            raise ValueError(f"{place.name.rstrip('/')}/{part} is not in the file")
        if not isinstance(link, h5py.HardLink):
            raise ValueError(
                f"{place.name.rstrip('/')}/{part} is a link ({type(link).__name__}), and links in a file of "
                "weights are not followed"
            )
        place = place[part]
    return place


def group_at(parent: Any, name: str) -> Any:
    """The group `name`; `ValueError` if it is something else."""
    found = child(parent, name)
    if not isinstance(found, h5py_module().Group):
        raise ValueError(f"expected a group at {found.name}, the file has a {type(found).__name__.lower()}")
    return found


def has(parent: Any, name: str) -> bool:
    """Whether there is a member of that name, without following it."""
    return parent.get(name, getlink=True) is not None


def text(group: Any, name: str) -> str | None:
    """A text attribute, None if there is none; `ValueError` for one that is no text, or larger than any config."""
    if name not in group.attrs:
        return None
    _check_attribute(group, name)
    value = group.attrs[name]
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if isinstance(value, str):
        return value
    raise ValueError(f"the attribute {name} is no text but {type(value).__name__}")


def names(group: Any, name: str) -> list[str]:
    """A list of names, put together again if it was cut into `name0`, `name1`, ..."""
    keys = [name] if name in group.attrs else []
    while not keys or keys[0] != name:
        following = f"{name}{len(keys)}"
        if following not in group.attrs:
            break
        keys.append(following)
    found: list[Any] = []
    for key in keys:
        _check_attribute(group, key)
        found += list(np.ravel(group.attrs[key]))
    if not all(isinstance(value, bytes | str) for value in found):
        raise ValueError(f"the attribute {name} of {group.name} is no list of names")
    return [value.decode("utf-8") if isinstance(value, bytes) else str(value) for value in found]


def _check_attribute(group: Any, name: str) -> None:
    """Attributes are never compressed: the file must hold what one claims."""
    attribute = group.attrs.get_id(name)
    count = attribute.get_space().get_simple_extent_npoints()
    if count * max(attribute.get_type().get_size(), 1) > group.file.id.get_filesize():
        raise ValueError(f"the attribute {name} of {group.name} claims {count} entries, more than the file holds")


class StoredArray:
    """An array in a file: its shape at once, its numbers when asked for."""

    def __init__(self, dataset: Any) -> None:
        h5py = h5py_module()
        if not isinstance(dataset, h5py.Dataset):
            raise ValueError(f"expected an array at {dataset.name}, the file has a group")
        if dataset.is_virtual or dataset.external:
            raise ValueError(f"the numbers of {dataset.name} lie in other files, which are not opened")
        if dataset.dtype.kind not in "fiub":
            raise ValueError(f"expected numbers at {dataset.name}, got type {dataset.dtype}")
        if dataset.shape is None:
            raise ValueError(f"{dataset.name} is an empty dataspace, not an array")
        self._dataset = dataset
        self.name = str(dataset.name)
        self.shape = tuple(int(size) for size in dataset.shape)
        self.nbytes = int(dataset.dtype.itemsize)
        for size in self.shape:
            self.nbytes *= size
        limit = max(_SMALL, _RATIO * dataset.file.id.get_filesize())
        if self.nbytes > limit:
            raise ValueError(
                f"{dataset.name} of shape {self.shape} would take {self.nbytes} bytes, many times what the file holds"
            )

    def read(self, dtype: str | None = None) -> np.ndarray:
        """The numbers, in the machine's byte order, as `dtype` where given."""
        with errors_of(self._dataset.name):
            found = np.asarray(self._dataset[()])
        return found.astype(dtype or found.dtype.newbyteorder("="), copy=False)

    @property
    def is_plain(self) -> bool:
        """Whether the numbers lie in one piece that the file holds whole, so that reading them cannot fail half-way."""
        place = self._dataset.id.get_offset()
        return place is not None and place + self.nbytes <= self._dataset.file.id.get_filesize()

    def fill(self, variable: Any) -> None:
        """Writes the numbers into a variable of the same shape; large ones piece by piece, so that no second array of
        their size is made.
        """
        stored = self._dataset.dtype
        if self.nbytes <= pieces.SIZE or not self.is_plain or str(stored) != variable.dtype:
            variable.handle.assign(self.read())
            return
        with errors_of(self._dataset.name):
            for begin, place, part in pieces.of_array(self.shape, stored):
                self._dataset.read_direct(part, place)
                variable.handle.assign_part(begin, part)


def arrays(group: Any, list_name: str = "weight_names") -> list[tuple[str, StoredArray]]:
    """The arrays that a group lists, with their names."""
    return [(name, StoredArray(child(group, name))) for name in names(group, list_name)]


def claimed_bytes(group: Any, layer_names: list[str]) -> int:
    """Bytes of all the arrays of these layers together; `ValueError` if a file of this size cannot hold them."""
    total = 0
    for name in layer_names:
        total += sum(array.nbytes for _, array in arrays(group_at(group, name)))
    limit = max(_SMALL, _RATIO * group.file.id.get_filesize())
    if total > limit:
        raise ValueError(f"the arrays would take {total} bytes, many times what the file holds")
    return total
