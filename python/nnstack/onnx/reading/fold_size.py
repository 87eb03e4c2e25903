"""How many numbers an operator makes of constants, told before it is computed: small files must not fill memory."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Arrays = list[np.ndarray]


def _broadcast(arrays: Arrays) -> float:
    rank = max((array.ndim for array in arrays), default=0)
    padded = [(1,) * (rank - array.ndim) + array.shape for array in arrays]
    return math.prod(max(sizes) for sizes in zip(*padded, strict=True)) if padded else 0


def _product(values: Any) -> float:
    return float(np.prod(np.abs(np.asarray(values, np.float64)))) if np.size(values) else 1.0


def _range(arrays: Arrays) -> float:
    start, limit, step = (float(np.ravel(array)[0]) for array in arrays)
    return abs(limit - start) / abs(step) if step else math.inf


def _pad(arrays: Arrays) -> float:
    pads = np.asarray(arrays[1], np.float64).ravel()
    return _product(np.asarray(arrays[0].shape, np.float64) + np.abs(pads).max(initial=0) * 2)


def _matmul(arrays: Arrays) -> float:
    a, b = arrays[0], arrays[1]
    return _product(a.shape[:-1]) * _product(b.shape[-1:]) * _product(b.shape[:-2])


# By operator; where it is not here, results are no larger than the operands broadcast against one another.
_SIZES: dict[str, Callable[[Arrays], float]] = {
    "ConstantOfShape": lambda arrays: _product(arrays[0]),
    "Expand": lambda arrays: arrays[0].size * _product(arrays[1]),
    "Tile": lambda arrays: arrays[0].size * _product(arrays[1]),
    "Range": _range,
    "Pad": _pad,
    "OneHot": lambda arrays: arrays[0].size * _product(np.ravel(arrays[1])[:1]),
    "MatMul": _matmul,
    "Gemm": _matmul,
    "Gather": lambda arrays: arrays[0].size * arrays[1].size,
    "GatherElements": lambda arrays: arrays[1].size,
    "Resize": lambda arrays: max(arrays[0].size, 1) * max(_product(array) for array in arrays[1:]),
    "Upsample": lambda arrays: max(arrays[0].size, 1) * _product(arrays[1]),
}


def expected(kind: str, operands: list[np.ndarray | None]) -> float:
    """An upper bound of the numbers in the results; for `Expand` and `Gather` a coarse one."""
    arrays = [array for array in operands if array is not None]
    try:
        return max(_SIZES.get(kind, _broadcast)(arrays), _broadcast(arrays) if kind not in _SIZES else 0)
    except (IndexError, ValueError, TypeError):  # the operator itself tells what is wrong
        return 0
