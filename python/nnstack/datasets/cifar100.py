"""CIFAR-100: colour pictures, 32 x 32, in a hundred classes of twenty kinds (Krizhevsky 2009)."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack.datasets.cifar10 import ORIGIN, read_batch
from nnstack.datasets.files import find


def load_data(
    label_mode: str = "fine", path: Any = "cifar-100-python"
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """((x_train, y_train), (x_test, y_test)) as in `cifar10`; `label_mode` "fine" (100 classes) or "coarse" (20).

    `path` of the unpacked folder, or its name in `~/.keras/datasets`. ValueError for another label_mode.
    """
    if label_mode not in ("fine", "coarse"):
        raise ValueError(f"cifar100: expected 'fine' or 'coarse' as label_mode, got {label_mode!r}")
    folder = find(path, "cifar100", ORIGIN + "cifar-100-python.tar.gz")
    return read_batch(folder / "train", f"{label_mode}_labels"), read_batch(folder / "test", f"{label_mode}_labels")
