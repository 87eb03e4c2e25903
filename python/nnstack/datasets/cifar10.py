"""CIFAR-10: colour pictures, 32 x 32, in ten classes (Krizhevsky 2009)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.datasets.files import find, read_pickle

ORIGIN = "https://www.cs.toronto.edu/~kriz/"


def load_data(path: Any = "cifar-10-batches-py") -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """((x_train, y_train), (x_test, y_test)): images uint8 (n, 32, 32, 3), or channels first by
    `backend.image_data_format()`; classes uint8 (n, 1).

    `path` of the unpacked folder, or its name in `~/.keras/datasets`.
    """
    folder = find(path, "cifar10", ORIGIN + "cifar-10-python.tar.gz")
    batches = [read_batch(folder / f"data_batch_{number}", "labels") for number in range(1, 6)]
    train = tuple(np.concatenate(parts) for parts in zip(*batches, strict=True))
    return (train[0], train[1]), read_batch(folder / "test_batch", "labels")


def read_batch(path: Path, labels: str) -> tuple[np.ndarray, np.ndarray]:
    """Images and class numbers of one file; `labels` is the key of the numbers."""
    content = {key.decode() if isinstance(key, bytes) else key: value for key, value in read_pickle(path).items()}
    images = content["data"].reshape(-1, 3, 32, 32)
    if backend.image_data_format() == "channels_last":
        images = images.transpose(0, 2, 3, 1)
    return images, np.array(content[labels], dtype=np.uint8).reshape(-1, 1)
