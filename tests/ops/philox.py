"""Philox4x32-10 in numpy: J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)


def philox(counter: list[Array], key: list[int]) -> list[Array]:
    """Ten rounds on four arrays of 32-bit words (in uint64)."""
    x0, x1, x2, x3 = counter
    k0, k1 = key
    for _ in range(10):
        a, b = x0 * np.uint64(0xD2511F53), x2 * np.uint64(0xCD9E8D57)
        x0, x1, x2, x3 = (b >> HALF) ^ x1 ^ np.uint64(k0), b & LOW, (a >> HALF) ^ x3 ^ np.uint64(k1), a & LOW
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return [x0, x1, x2, x3]


def random_uniform(state: Array, shape: Array, dtype: str, stream: int) -> Array:
    """The numbers csrc/base/kernel.h promises for a state (seed, counter)."""
    size = int(np.prod(shape))
    seed, counter = int(state[0]) % (1 << 64), int(state[1]) % (1 << 64)
    words = 4 if dtype == "float32" else 2
    block = np.arange((size + words - 1) // words, dtype=np.uint64)
    fixed = [np.full_like(block, counter & 0xFFFFFFFF), np.full_like(block, stream)]
    drawn = philox([block & LOW, block >> HALF, *fixed], [seed & 0xFFFFFFFF, (seed >> 32) ^ (counter >> 32)])
    if dtype == "float32":
        numbers = np.stack([w >> np.uint64(8) for w in drawn], axis=-1).astype(np.float64) * 2.0**-24
    else:
        pairs = [(drawn[1] << HALF | drawn[0]) >> np.uint64(11), (drawn[3] << HALF | drawn[2]) >> np.uint64(11)]
        numbers = np.stack(pairs, axis=-1).astype(np.float64) * 2.0**-53
    return numbers.reshape(-1)[:size].reshape(tuple(shape))
