"""MNIST: handwritten digits, 28 x 28 (LeCun et al. 1998)."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack.datasets.files import find, read_npz

ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"


def load_data(path: Any = "mnist.npz") -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """((x_train, y_train), (x_test, y_test)): images uint8 (n, 28, 28), digits uint8 (n,).

    `path` of mnist.npz, or its name in `~/.keras/datasets`; FileNotFoundError says where to put it.
    """
    data = read_npz(find(path, "mnist", ORIGIN + "mnist.npz"))
    return (data["x_train"], data["y_train"]), (data["x_test"], data["y_test"])
