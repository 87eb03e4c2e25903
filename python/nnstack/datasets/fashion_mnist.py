"""Fashion-MNIST: pictures of clothes, 28 x 28, in ten classes (Xiao et al. 2017)."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack.datasets.files import find, read_idx
from nnstack.datasets.mnist import ORIGIN


def load_data(path: Any = "fashion-mnist") -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """((x_train, y_train), (x_test, y_test)): images uint8 (n, 28, 28), classes uint8 (n,).

    `path` of the folder with the four .gz files, or its name in `~/.keras/datasets`.
    """
    folder = find(path, "fashion_mnist", ORIGIN)
    parts = [
        (read_idx(folder / f"{name}-images-idx3-ubyte.gz"), read_idx(folder / f"{name}-labels-idx1-ubyte.gz"))
        for name in ("train", "t10k")
    ]
    return parts[0], parts[1]
