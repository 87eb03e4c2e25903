"""Numbers for what is computed by numpy, or has a size that depends on numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack import backend as K
from nnstack.backend.numbers import NumbersNeeded


def numbers_of(x: Any, why: str) -> np.ndarray:
    """The numbers of a tensor; `NumbersNeeded`, which says `why`, where a graph does not have them yet."""
    value = K.convert(x)
    if not value.concrete:
        raise NumbersNeeded(why)
    return value.numpy()
