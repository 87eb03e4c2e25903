"""Weights in safetensors files, through the package of that name: `pip install nnstack[safetensors]`.

A tensor's name is the road to it: the names of the layers from the model inwards (for layers held by a layer or a
subclassed model: the attributes), then the weight's own: `dense/kernel`, `encoder/mha/query_dense/bias`. A layer used
twice has its tensors once; a name that would repeat gets `_1`, `_2`. Metadata: `format: nnstack`.

Source of the format: https://github.com/huggingface/safetensors
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from nnstack.saving import pieces, weight_tree
from nnstack.saving.hdf5_files import may_write, path_to_write, replace_files
from nnstack.saving.hdf5_weights import Pair, all_of, require_fit

SUFFIX = ".safetensors"
_TYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8",
    "U8": "uint8", "BOOL": "bool",
}  # fmt: skip


def module() -> Any:
    """The package safetensors, or an `ImportError` with the pip command."""
    try:
        import safetensors
        import safetensors.numpy
    except ImportError:
        raise ImportError("safetensors files need the package safetensors: pip install nnstack[safetensors]") from None
    return safetensors


def is_content(data: Any) -> bool:
    """Whether bytes are such a file: the length of a header and a JSON dict."""
    return isinstance(data, bytes) and data[8:10] == b'{"' and 2 <= int.from_bytes(data[:8], "little") <= len(data) - 8


def names(model: Any) -> dict[str, tuple[Any, Any]]:
    """Name -> (layer, variable) of all weights of the model, in order."""
    found: dict[str, tuple[Any, Any]] = {}
    seen: set[int] = set()
    for road, layer in _layers(model, "", set()):
        for variable in weight_tree.own_weights(layer):
            if id(variable) in seen:
                continue
            seen.add(id(variable))
            name = road + str(variable.name).rsplit("/", 1)[-1].split(":")[0]
            count, unique = 0, name
            while unique in found:
                count += 1
                unique = f"{name}_{count}"
            found[unique] = (layer, variable)
    return found


def _layers(layer: Any, road: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    if id(layer) in seen:
        return
    seen.add(id(layer))
    yield road, layer
    if weight_tree.holds_graph(layer):
        inside = [(inner.name, inner) for inner in layer.layers]
    else:
        inside = []
        for attribute, part in weight_tree.parts(layer):
            several = isinstance(part, list)
            inside += [(f"{attribute}/{n}", one) for n, one in enumerate(part)] if several else [(attribute, part)]
    for name, inner in inside:
        yield from _layers(inner, f"{road}{name}/", seen)


def save_weights(model: Any, filepath: Any, overwrite: bool, title: str) -> None:
    """See `Model.save_weights`."""
    safetensors = module()
    path = path_to_write(filepath, title, "a path")
    if not may_write(path, overwrite, title):
        return
    tensors = {name: variable.numpy() for name, (_, variable) in names(model).items()}
    with replace_files([path]) as (handle,):
        safetensors.numpy.save_file(tensors, handle.name, metadata={"format": "nnstack"})


def load_weights(model: Any, source: Any, title: str) -> None:
    """See `Model.load_weights`; `source` is a path, or the bytes of a file."""
    safetensors = module()
    wanted = names(model)
    try:
        if isinstance(source, bytes) and is_content(source):
            arrays = {name: _Content(array) for name, array in safetensors.numpy.load(source).items()}
            _assign(wanted, arrays, title)
            return
        path = os.fsdecode(source)
        if not os.path.isfile(path):
            raise FileNotFoundError(f"{title}: no file at {path}")
        with safetensors.safe_open(path, framework="numpy") as file:
            places = _places(path)
            _assign(wanted, {name: _InFile(file, name, path, places[name]) for name in places}, title)
    except safetensors.SafetensorError as error:
        raise ValueError(f"{title}: no safetensors file, or a broken one: {error}") from None


class _Content:
    def __init__(self, array: np.ndarray) -> None:
        self.array, self.shape = array, array.shape

    def fill(self, variable: Any) -> None:
        variable.handle.assign(self.array)


class _InFile:
    """A tensor where it lies. The package has checked that all lie in the file; its own reading would map all of it."""

    def __init__(self, file: Any, name: str, path: str, place: tuple[int, int]) -> None:
        self.file, self.name, self.path, self.place = file, name, path, place
        part = file.get_slice(name)
        self.shape, self.dtype = tuple(part.get_shape()), part.get_dtype()

    def fill(self, variable: Any) -> None:
        if _TYPES.get(self.dtype) != variable.dtype or sys.byteorder != "little":
            variable.handle.assign(self.file.get_tensor(self.name))
            return
        begin, end = self.place
        pieces.fill(variable, pieces.of_file(self.path, begin, end - begin))


def _places(path: str) -> dict[str, tuple[int, int]]:
    """Name -> first byte and end of each tensor, by the file's header."""
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
    return {
        name: (8 + size + entry["data_offsets"][0], 8 + size + entry["data_offsets"][1])
        for name, entry in header.items()
        if name != "__metadata__"
    }


def _assign(wanted: dict[str, tuple[Any, Any]], stored: dict[str, Any], title: str) -> None:
    missing, extra = sorted(wanted.keys() - stored.keys()), sorted(stored.keys() - wanted.keys())
    if missing or extra:
        raise ValueError(
            f"{title}: the file has no numbers for {len(missing)} of {len(wanted)} weights ({all_of(missing)}) and "
            f"{len(extra)} that the model does not know ({all_of(extra)}). Is it the same architecture, with the same "
            "names of layers?"
        )
    pairs = [Pair(layer, name, variable, name, stored[name]) for name, (layer, variable) in wanted.items()]
    require_fit(pairs, title)
    for pair in pairs:
        pair.array.fill(pair.variable)
