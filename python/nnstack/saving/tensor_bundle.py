"""TensorFlow's checkpoint files: a table of names beside shards of bytes.

`PREFIX.index` is a sorted table in blocks, as LevelDB has it. A block holds entries (three varints: length of what the
key shares with the one before, length of the rest of the key, length of the value; then both), the offsets of entries
that share nothing, their count, and behind it a byte for the compression (0: none) and a masked CRC-32C. The last 48
bytes point to the index block, whose values point to the data blocks. The key "" has a BundleHeaderProto, any other key
a BundleEntryProto: type, shape, shard, offset, size, checksum. `PREFIX.data-00000-of-00002` are the shards.

Source: tensorflow/core/util/tensor_bundle and core/protobuf/tensor_bundle.proto, as formats.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from nnstack._core import crc32c
from nnstack.saving import pieces, protobuf
from nnstack.saving.crc32c import mask, masked

_MAGIC = 0xDB4775248B80FB57
_FOOTER = 48
_MAX_INDEX = 256 << 20
_TYPES = {
    1: "float32", 2: "float64", 3: "int32", 4: "uint8", 5: "int16", 6: "int8", 9: "int64", 10: "bool",
    17: "uint16", 19: "float16", 22: "uint32", 23: "uint64",
}  # fmt: skip
_STRING, _BFLOAT16 = 7, 14


class Entry(NamedTuple):
    """Where a tensor lies."""

    dtype: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    checksum: int


class Reader:
    """The tensors of a checkpoint by name. `ValueError` for files that are broken, `OSError` for missing ones."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        path = f"{prefix}.index"
        if os.path.getsize(path) > _MAX_INDEX:
            raise ValueError(f"checkpoint: {path} is larger than any table of names")
        with open(path, "rb") as file:
            table = file.read()
        self.entries: dict[str, Entry] = {}
        try:
            self.shards = self._read_table(table)
        except (ValueError, IndexError) as error:
            raise ValueError(f"checkpoint: {path} is broken: {error}") from None

    def _read_table(self, table: bytes) -> int:
        if len(table) < _FOOTER or int.from_bytes(table[-8:], "little") != _MAGIC:
            raise ValueError("it does not end as a table of TensorFlow does")
        _, position = _handle(table, len(table) - _FOOTER)
        index, _ = _handle(table, position)
        shards = 1
        for _, value in _block(table, *index):
            for key, content in _block(table, *_handle(value, 0)[0]):
                if key:
                    self.entries[key.decode("utf-8", "replace")] = _entry(content)
                else:
                    header = protobuf.grouped(content)
                    shards = protobuf.number(header, 1)
                    if protobuf.number(header, 2) != 0:
                        raise ValueError("its numbers are big-endian")
        if not 1 <= shards <= 99999:
            raise ValueError(f"it claims {shards} shards")
        return shards

    def shape(self, name: str) -> tuple[int, ...]:
        return self.entries[name].shape

    def array(self, name: str) -> Stored:
        """The tensor as something to fill a variable from."""
        return Stored(self, name)

    def verify(self, name: str) -> None:
        """`ValueError` unless the tensor lies in its shard, whole and with the right checksum."""
        entry = self.entries[name]
        checksum = 0
        for piece in self._pieces(name, entry):
            checksum = crc32c(piece, checksum)
        if mask(checksum) != entry.checksum:
            raise ValueError(f"checkpoint: the checksum of {name} is wrong; {self._shard(entry.shard)} is broken")

    def read(self, name: str) -> Any:
        """The tensor as an array, its bytes if it is one string."""
        entry = self.entries[name]
        if entry.dtype != _STRING:
            self.verify(name)
        data = b"".join(self._pieces(name, entry))
        if entry.dtype == _STRING:
            return _strings(data, entry, name)
        if entry.dtype == _BFLOAT16:
            wide = np.frombuffer(data, "<u2").astype(np.uint32) << np.uint32(16)
            return wide.view(np.float32).reshape(entry.shape)
        kind = _TYPES.get(entry.dtype)
        if kind is None:
            raise ValueError(f"checkpoint: {name} is of type {entry.dtype}, which no weight has")
        return np.frombuffer(data, np.dtype(kind).newbyteorder("<")).reshape(entry.shape).astype(kind, copy=False)

    def fill(self, name: str, variable: Any) -> None:
        """Writes a tensor that has been verified into a variable of its shape, piece by piece where the types agree."""
        entry = self.entries[name]
        if _TYPES.get(entry.dtype) != variable.dtype or sys.byteorder != "little":
            variable.handle.assign(self.read(name))
            return
        pieces.fill(variable, self._pieces(name, entry))

    def _shard(self, number: int) -> str:
        return f"{self.prefix}.data-{number:05d}-of-{self.shards:05d}"

    def _pieces(self, name: str, entry: Entry) -> Iterator[bytes]:
        """The tensor's bytes, in pieces that a cache holds, once it is sure that the shard has them all."""
        path = self._shard(entry.shard)
        if not os.path.isfile(path):
            raise FileNotFoundError(f"checkpoint: {path}, where {name} should lie, is missing")
        if entry.dtype in (*_TYPES, _BFLOAT16):
            width = 2 if entry.dtype == _BFLOAT16 else np.dtype(_TYPES[entry.dtype]).itemsize
            if width * math.prod(entry.shape) != entry.size:
                raise ValueError(f"checkpoint: {name} of shape {entry.shape} cannot have {entry.size} bytes")
        if entry.offset + entry.size > os.path.getsize(path):
            raise ValueError(f"checkpoint: {name} lies behind the end of {path}")
        yield from pieces.of_file(path, entry.offset, entry.size)


class Stored(NamedTuple):
    """A tensor in a checkpoint, in the place of an array of an HDF5 file."""

    reader: Reader
    name: str

    @property
    def shape(self) -> tuple[int, ...]:
        return self.reader.shape(self.name)

    def fill(self, variable: Any) -> None:
        self.reader.fill(self.name, variable)


def _handle(data: bytes, position: int) -> tuple[tuple[int, int], int]:
    """((offset, size) of a block, position after it)."""
    offset, position = protobuf.varint(data, position)
    size, position = protobuf.varint(data, position)
    return (offset, size), position


def _block(table: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """(key, value) of a block's entries."""
    if offset + size + 5 > len(table):
        raise ValueError("a block lies behind the end")
    if table[offset + size] != 0:
        raise ValueError("a block is compressed, which TensorFlow's own checkpoints never are")
    if masked(table[offset : offset + size + 1]) != int.from_bytes(table[offset + size + 1 :][:4], "little"):
        raise ValueError("the checksum of a block is wrong")
    block = table[offset : offset + size]
    end = len(block) - 4 - 4 * int.from_bytes(block[-4:], "little")
    if end < 0:
        raise ValueError("a block has more marks than bytes")
    key, position = b"", 0
    while position < end:
        shared, position = protobuf.varint(block, position)
        rest, position = protobuf.varint(block, position)
        length, position = protobuf.varint(block, position)
        if shared > len(key) or position + rest + length > end:
            raise ValueError("an entry ends after its block")
        key = key[:shared] + block[position : position + rest]
        position += rest
        yield key, block[position : position + length]
        position += length


def _entry(content: bytes) -> Entry:
    message = protobuf.grouped(content)
    if 7 in message:
        raise ValueError("a tensor is stored in slices, which is not supported")
    shape: list[int] = []
    for shape_message in protobuf.content(message, 2):
        for dimension in protobuf.content(protobuf.grouped(shape_message), 2):
            shape.append(protobuf.number(protobuf.grouped(dimension), 1))
    if any(size >= 1 << 40 for size in shape):
        raise ValueError(f"a tensor claims the shape {tuple(shape)}")
    numbers = [protobuf.number(message, field) for field in (1, 3, 4, 5, 6)]
    return Entry(numbers[0], tuple(shape), *numbers[1:])


def _strings(data: bytes, entry: Entry, name: str) -> bytes:
    if entry.shape != ():
        raise ValueError(f"checkpoint: {name} holds several strings, expected one")
    length, position = protobuf.varint(data, 0)
    text = data[position + 4 :]
    if len(text) != length:
        raise ValueError(f"checkpoint: {name} should have {length} bytes, it has {len(text)}")
    if _string_bytes(text)[1] != entry.checksum:
        raise ValueError(f"checkpoint: the checksum of {name} is wrong")
    return text


# -- writing ----------------------------------------------------------------------------------------------------------
def write(tensors: Mapping[str, Any], data: Any, shards: int = 1) -> bytes:
    """Writes the tensors (bytes, arrays, variables) to the open file `data`, the first of `shards` and the only one
    used; returns the index file's bytes.
    """
    numbers = {name: number for number, name in _TYPES.items()}
    rows: list[tuple[bytes, bytes]] = []
    version = protobuf.number_field(1, 1)
    rows.append((b"", protobuf.number_field(1, shards) + protobuf.bytes_field(3, version)))
    offset = 0
    for name in sorted(tensors, key=str.encode):
        value = tensors[name]
        value = value.numpy() if hasattr(value, "numpy") else value  # one after the other
        shape: tuple[int, ...] = ()
        content: Any
        if isinstance(value, bytes):
            kind, content, checksum = _STRING, *_string_bytes(value)
        else:
            array = np.ascontiguousarray(value, value.dtype.newbyteorder("<"))
            kind, shape, content = numbers[value.dtype.name], value.shape, array.reshape(-1).view(np.uint8)
            checksum = masked(content)
        data.write(content)
        sizes = b"".join(protobuf.bytes_field(2, protobuf.number_field(1, size)) for size in shape)
        entry = protobuf.number_field(1, kind) + protobuf.bytes_field(2, sizes)
        if offset:
            entry += protobuf.number_field(4, offset)
        entry += protobuf.number_field(5, len(content)) + protobuf.fixed32_field(6, checksum)
        rows.append((name.encode(), entry))
        offset += len(content)
    return _table_of(rows)


def _string_bytes(value: bytes) -> tuple[bytes, int]:
    lengths = crc32c(len(value).to_bytes(4, "little"))
    mark = mask(lengths).to_bytes(4, "little")
    return protobuf.as_varint(len(value)) + mark + value, mask(crc32c(value, crc32c(mark, lengths)))


def _table_of(rows: list[tuple[bytes, bytes]]) -> bytes:
    result = bytearray()
    handles: list[tuple[bytes, bytes]] = []

    def append(entries: list[tuple[bytes, bytes]]) -> bytes:
        body = b"".join(
            b"\0" + protobuf.as_varint(len(key)) + protobuf.as_varint(len(value)) + key + value
            for key, value in entries
        )
        marks, position = [], 0
        for key, value in entries:
            marks.append(position)
            position += 1 + len(protobuf.as_varint(len(key)) + protobuf.as_varint(len(value))) + len(key) + len(value)
        marks = marks or [0]
        block = body + b"".join(one.to_bytes(4, "little") for one in [*marks, len(marks)])
        handle = protobuf.as_varint(len(result)) + protobuf.as_varint(len(block))
        result.extend(block + b"\0" + masked(block + b"\0").to_bytes(4, "little"))
        return handle

    for start in range(0, len(rows), 64):
        part = rows[start : start + 64]
        handles.append((part[-1][0], append(part)))
    empty = append([])
    footer = empty + append(handles)
    result.extend(footer.ljust(_FOOTER - 8, b"\0") + _MAGIC.to_bytes(8, "little"))
    return bytes(result)
