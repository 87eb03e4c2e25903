"""Checksums as TensorFlow stores them: CRC-32C (Castagnoli), rotated and shifted."""

from __future__ import annotations

from typing import Any

from nnstack._core import crc32c

_MASK_DELTA = 0xA282EAD8


def masked(data: Any, before: int = 0) -> int:
    """The stored form of the checksum of contiguous bytes; `before` is the plain one of what stands in front."""
    return mask(crc32c(data, before))


def mask(crc: int) -> int:
    """The stored form of a checksum."""
    return (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & 0xFFFFFFFF
