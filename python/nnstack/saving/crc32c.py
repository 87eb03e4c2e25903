"""CRC-32C (Castagnoli), in numpy: long data is cut into lanes that advance together, and their sums are then joined."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

_POLYNOMIAL = 0x82F63B78
_MASK_DELTA = 0xA282EAD8


@functools.cache
def _table() -> np.ndarray:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(_POLYNOMIAL), table >> 1).astype(np.uint32)
    return table


def crc32c(data: bytes | memoryview | np.ndarray, before: int = 0) -> int:
    """The checksum of `data`; `before` is that of what stands in front of it."""
    octets = np.frombuffer(data, np.uint8)
    lanes = 1
    while lanes < 1 << 14 and octets.size // (lanes * 2) >= 64:
        lanes *= 2
    if lanes == 1:
        return _plain(octets, before)
    length = octets.size // lanes
    sums = _advance(octets[: lanes * length].reshape(lanes, length))
    while sums.size > 1:
        sums = _shift(sums[0::2], length) ^ sums[1::2]
        length *= 2
    joined = int(_shift(np.array([before], np.uint32), length)[0]) ^ int(sums[0])
    return crc32c(octets[length:], joined)


def masked(data: bytes | memoryview | np.ndarray, before: int = 0) -> int:
    """The form in which TensorFlow stores the checksum."""
    return mask(crc32c(data, before))


def mask(crc: int) -> int:
    return (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & 0xFFFFFFFF


def _plain(octets: np.ndarray, before: int) -> int:
    table = _table().tolist()
    crc = before ^ 0xFFFFFFFF
    for octet in octets.tolist():
        crc = table[(crc ^ octet) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def _advance(rows: np.ndarray) -> Any:
    """The checksum of each row."""
    table = _table()
    crc = np.full(rows.shape[0], 0xFFFFFFFF, np.uint32)
    for column in np.ascontiguousarray(rows.T):
        crc = table[(crc ^ column) & np.uint32(0xFF)] ^ (crc >> np.uint32(8))
    return crc ^ np.uint32(0xFFFFFFFF)


@functools.lru_cache(maxsize=64)
def _operator(length: int) -> tuple[int, ...]:
    """What `length` zero bytes do to each bit of a checksum: a 32 x 32 matrix over GF(2), a column per bit."""
    single = (_POLYNOMIAL, *(1 << bit for bit in range(31)))  # one zero bit
    result = tuple(1 << bit for bit in range(32))
    power, bits = single, length * 8
    while bits:
        if bits & 1:
            result = tuple(_times(power, column) for column in result)
        power = tuple(_times(power, column) for column in power)
        bits >>= 1
    return result


def _times(matrix: tuple[int, ...], vector: int) -> int:
    result = 0
    for bit in range(32):
        if vector >> bit & 1:
            result ^= matrix[bit]
    return result


def _shift(sums: np.ndarray, length: int) -> np.ndarray:
    result = np.zeros_like(sums)
    for bit, column in enumerate(_operator(length)):
        result ^= np.where(sums >> np.uint32(bit) & 1, np.uint32(column), np.uint32(0))
    return result
