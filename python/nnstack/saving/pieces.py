"""Large arrays go between files and variables in pieces that a cache holds, so that no second array of their size is
made and no memory is touched twice.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

SIZE = 1 << 20  # bytes; a multiple of every type's width


def of_array(shape: tuple[int, ...], dtype: Any) -> Iterator[tuple[int, tuple[Any, ...], np.ndarray]]:
    """(first number, place in the array, buffer of the piece's shape) of pieces in row-major order; the buffer is used
    again for the next one.
    """
    axis, row = 0, dtype.itemsize * math.prod(shape[1:])
    while row > SIZE:
        axis += 1
        row //= max(shape[axis], 1)
    rows, following = max(1, SIZE // max(row, 1)), shape[axis + 1 :]
    buffer = np.empty((min(rows, shape[axis]), *following), dtype)
    numbers = math.prod(following)
    for count, outer in enumerate(np.ndindex(*shape[:axis])):
        for start in range(0, shape[axis], rows):
            part = buffer[: shape[axis] - start]
            yield (count * shape[axis] + start) * numbers, (*outer, slice(start, start + len(part))), part


def of_file(path: str, offset: int, size: int) -> Iterator[bytes]:
    """`size` bytes of a file from `offset` on. `ValueError` where it ends before."""
    with open(path, "rb", buffering=0) as file:
        file.seek(offset)
        while size:
            piece = file.read(min(size, SIZE))
            if not piece:
                raise ValueError(f"{path} ends {size} bytes too early")
            size -= len(piece)
            yield piece


def fill(variable: Any, content: Iterator[bytes]) -> None:
    """Writes the pieces of a file, numbers of the variable's type in the machine's byte order, into it."""
    begin, left = 0, b""
    for piece in content:
        whole = left + piece if left else piece
        part = np.frombuffer(whole, variable.dtype, len(whole) // np.dtype(variable.dtype).itemsize)
        variable.handle.assign_part(begin, part)
        begin, left = begin + part.size, whole[part.nbytes :]
