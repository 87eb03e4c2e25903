"""Boston housing: prices of 506 districts by 13 numbers (Harrison and Rubinfeld 1978). One of the numbers is about the
share of black residents: fit for reproducing old results, not for new work.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack.datasets.files import find, read_npz, shuffled
from nnstack.datasets.mnist import ORIGIN


def load_data(
    path: Any = "boston_housing.npz", test_split: float = 0.2, seed: int = 113
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """((x_train, y_train), (x_test, y_test)): float64 (n, 13) and (n,), mixed by `seed`, the last share for testing.

    `path` of boston_housing.npz, or its name in `~/.keras/datasets`.
    """
    if not 0 <= test_split < 1:
        raise ValueError(f"boston_housing: expected test_split from 0 to below 1, got {test_split}")
    data = read_npz(find(path, "boston_housing", ORIGIN + "boston_housing.npz"))
    x, y = shuffled([data["x"], data["y"]], np.random.RandomState(seed))
    cut = int(len(x) * (1 - test_split))
    return (x[:cut], y[:cut]), (x[cut:], y[cut:])
