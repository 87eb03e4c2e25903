"""The wire format of protocol buffers, as much of it as TensorFlow's checkpoints need.

A message is a row of fields: a varint `number << 3 | type`, then a varint (type 0), 8 bytes (1), a length and that many
bytes (2), or 4 bytes (5). Source: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator

Field = tuple[int, int | bytes]
_MASK = (1 << 64) - 1


def varint(data: bytes, position: int) -> tuple[int, int]:
    """(value, position after it); `ValueError` where the bytes end or the number does."""
    value = shift = 0
    while True:
        if position >= len(data) or shift > 63:
            raise ValueError("a number that never ends")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & _MASK, position
        shift += 7


def fields(data: bytes) -> Iterator[Field]:
    """(number, value) of every field; `ValueError` for bytes that are no message."""
    position = 0
    while position < len(data):
        key, position = varint(data, position)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, position = varint(data, position)
            yield number, value
            continue
        if kind == 2:
            size, position = varint(data, position)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ValueError(f"a field of unknown kind {kind}")
        if position + size > len(data):
            raise ValueError("a field that ends after its message")
        part = data[position : position + size]
        position += size
        yield number, part if kind == 2 else int.from_bytes(part, "little")


def grouped(data: bytes) -> dict[int, list[int | bytes]]:
    """Field number -> its values in order."""
    found: dict[int, list[int | bytes]] = {}
    for number, value in fields(data):
        found.setdefault(number, []).append(value)
    return found


def number(message: dict[int, list[int | bytes]], field: int, default: int = 0) -> int:
    """The last value of an integer field; `ValueError` if it is something else."""
    value = message.get(field, [default])[-1]
    if not isinstance(value, int):
        raise ValueError(f"field {field} is no number")
    return value


def content(message: dict[int, list[int | bytes]], field: int) -> list[bytes]:
    """The values of a field of bytes, text or messages."""
    values = message.get(field, [])
    if not all(isinstance(value, bytes) for value in values):
        raise ValueError(f"field {field} holds numbers, expected bytes")
    return [value for value in values if isinstance(value, bytes)]


def text(message: dict[int, list[int | bytes]], field: int) -> str:
    """The last value of a text field, empty if there is none."""
    values = content(message, field)
    return values[-1].decode("utf-8", "replace") if values else ""


# -- writing ------------------------------------------------------------------------------------------------------
def as_varint(value: int) -> bytes:
    value &= _MASK
    result = bytearray()
    while value >= 0x80:
        result.append(value & 0x7F | 0x80)
        value >>= 7
    result.append(value)
    return bytes(result)


def number_field(field: int, value: int) -> bytes:
    return as_varint(field << 3) + as_varint(value)


def bytes_field(field: int, value: bytes | str) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return as_varint(field << 3 | 2) + as_varint(len(data)) + data


def fixed32_field(field: int, value: int) -> bytes:
    return as_varint(field << 3 | 5) + value.to_bytes(4, "little")
