"""Event files as TensorBoard reads them: records of protocol buffers, written without TensorFlow.

A record is length, checksum of the length, data, checksum of the data (TensorFlow's TFRecord format, checksums CRC-32C
after RFC 3720, rotated and shifted). An event holds a wall time, a step and summary values, each a tagged tensor with
the name of the plugin that shows it. Field numbers: tensorflow/core/util/event.proto and framework/summary.proto.
"""

from __future__ import annotations

import functools
import os
import socket
import struct
import time
import zlib
from typing import Any

import numpy as np

_SCALAR, _TENSOR, _BLOBS = 1, 2, 3  # data classes of summary.proto
_FLOAT, _DOUBLE, _STRING = 1, 2, 7  # types of types.proto


class EventFile:
    """One file of events in `folder`, made when the first event is written."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._file: Any = None

    def scalar(self, tag: str, value: float, step: int) -> None:
        """A point of a curve."""
        self._summary(tag, step, "scalars", _SCALAR, _tensor(np.float32(value)))

    def histogram(self, tag: str, values: np.ndarray, step: int, buckets: int = 30) -> None:
        """How values are distributed: rows (left end, right end, count) of equally wide spaces."""
        numbers = np.asarray(values, np.float64).reshape(-1)
        numbers = numbers[np.isfinite(numbers)]
        if not numbers.size:
            rows = np.zeros((0, 3))
        elif numbers.min() == numbers.max():
            rows = np.array([[numbers[0] - 0.5, numbers[0] + 0.5, numbers.size]])
        else:
            counts, edges = np.histogram(numbers, buckets)
            rows = np.stack([edges[:-1], edges[1:], counts], axis=1)
        self._summary(tag, step, "histograms", _TENSOR, _tensor(rows))

    def images(self, tag: str, images: np.ndarray, step: int) -> None:
        """Images of shape (count, rows, columns, 1, 3 or 4), numbers from 0 to 1; at most three are written."""
        pixels = (np.clip(np.asarray(images), 0.0, 1.0) * 255).astype(np.uint8)[:3]
        _, rows, columns, _ = pixels.shape
        texts = [str(columns).encode(), str(rows).encode(), *[png(image) for image in pixels]]
        self._summary(tag, step, "images", _BLOBS, _strings(texts))

    def text(self, tag: str, text: str, step: int) -> None:
        """Text, shown as Markdown."""
        self._summary(tag, step, "text", _TENSOR, _strings([text.encode()], scalar=True))

    def model(self, tag: str, json_text: str) -> None:
        """The architecture of a Keras model."""
        tensor = _strings([json_text.encode()], scalar=True)
        self._summary(tag, 0, "graph_keras_model", 0, tensor, content=b"1")

    def flush(self) -> None:
        """What was written is on the disk."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Closes the file; a later event opens another one."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _summary(
        self, tag: str, step: int, plugin: str, data_class: int, tensor: bytes, content: bytes | None = None
    ) -> None:
        plugin_data = _bytes(1, plugin.encode()) + (_bytes(2, content) if content is not None else b"")
        metadata = _bytes(1, plugin_data) + (_integer(4, data_class) if data_class else b"")
        value = _bytes(1, tag.encode()) + _bytes(9, metadata) + _bytes(8, tensor)
        self._write(_integer(2, step) + _bytes(5, _bytes(1, value)))

    def _write(self, event: bytes) -> None:
        if self._file is None:
            os.makedirs(self._folder, exist_ok=True)
            name = f"events.out.tfevents.{time.time_ns() // 10**9}.{socket.gethostname()}.{os.getpid()}.{id(self)}.v2"
            self._file = open(os.path.join(self._folder, name), "ab")  # noqa: SIM115 - closed in close()
            self._record(_time() + _bytes(3, b"brain.Event:2"))
        self._record(_time() + event)

    def _record(self, data: bytes) -> None:
        length = struct.pack("<Q", len(data))
        self._file.write(length + _checksum(length) + data + _checksum(data))


def png(pixels: np.ndarray) -> bytes:
    """A PNG file (ISO 15948) of (rows, columns, 1, 3 or 4) bytes."""
    rows, columns, channels = pixels.shape
    lines = b"".join(b"\0" + line.tobytes() for line in np.ascontiguousarray(pixels))
    header = struct.pack(">IIBBBBB", columns, rows, 8, {1: 0, 3: 2, 4: 6}[channels], 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


# -- protocol buffers: a field is its number and kind, then its content --------------------------------------------
def _varint(number: int) -> bytes:
    out = bytearray()
    number &= (1 << 64) - 1
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def _integer(field: int, number: int) -> bytes:
    return _varint(field << 3) + _varint(int(number))


def _bytes(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _time() -> bytes:
    return _varint(1 << 3 | 1) + struct.pack("<d", time.time())


def _shape(sizes: tuple[int, ...]) -> bytes:
    return b"".join(_bytes(2, _integer(1, size)) for size in sizes)


def _tensor(array: Any) -> bytes:
    kind = _FLOAT if array.dtype == np.float32 else _DOUBLE
    content = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes()
    return _integer(1, kind) + _bytes(2, _shape(array.shape)) + _bytes(4, content)


def _strings(texts: list[bytes], scalar: bool = False) -> bytes:
    shape = _shape(() if scalar else (len(texts),))
    return _integer(1, _STRING) + _bytes(2, shape) + b"".join(_bytes(8, text) for text in texts)


# -- CRC-32C ---------------------------------------------------------------------------------------------------------
@functools.cache
def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


def _checksum(data: bytes) -> bytes:
    table, crc = _crc_table(), 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 255] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
