"""Batches of windows of a series, as tf.keras has them."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack.utils.data_utils import DatasetMethods, Sequence


class _Windows(DatasetMethods, Sequence):
    def __init__(self, data: Any, targets: Any, starts: np.ndarray, steps: np.ndarray, batch_size: int | None) -> None:
        self.data, self.targets, self.starts, self.steps, self.batch_size = data, targets, starts, steps, batch_size

    def __len__(self) -> int:
        return len(self.starts) if self.batch_size is None else -(-len(self.starts) // self.batch_size)

    def __getitem__(self, index: int) -> Any:
        if not 0 <= index < len(self):
            raise IndexError(f"timeseries_dataset_from_array: batch {index} of {len(self)}")
        if self.batch_size is None:
            starts: Any = self.starts[index]
            windows = self.data[starts + self.steps]
        else:
            starts = self.starts[index * self.batch_size : (index + 1) * self.batch_size]
            windows = self.data[starts[:, None] + self.steps]
        return windows if self.targets is None else (windows, self.targets[starts])


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
) -> Sequence:
    """Windows of a series: a `utils.Sequence` of batches (windows, targets), or of windows if `targets` is None.

    `data` has time as its first axis. A window holds `sequence_length` steps, `sampling_rate` apart; windows begin
    `sequence_stride` steps apart; `targets[i]` belongs to the window that begins at step i. `start_index` and
    `end_index` (not included) bound the data used; `batch_size` None gives windows one by one; `shuffle` with `seed`
    mixes them once. ValueError for numbers below 1 or bounds outside the data.

    >>> x, y = timeseries_dataset_from_array(np.arange(10), np.arange(3, 10), 3, batch_size=2)[0]
    >>> x, y
    (array([[0, 1, 2],
           [1, 2, 3]]), array([3, 4]))
    """
    what = "timeseries_dataset_from_array"
    data = np.asarray(data)
    sizes = {"sequence_length": sequence_length, "sequence_stride": sequence_stride, "sampling_rate": sampling_rate}
    for name, number in {**sizes, "batch_size": 1 if batch_size is None else batch_size}.items():
        if number < 1:
            raise ValueError(f"{what}: expected {name} of at least 1, got {number}")
    bounds = {"start_index": start_index or 0, "end_index": (end_index or 1) - 1}
    for name, number in {**bounds, "sampling_rate": sampling_rate, "sequence_stride": sequence_stride}.items():
        if not 0 <= number < len(data):
            raise ValueError(f"{what}: {name} does not fit data of length {len(data)}, got {number}")
    first, last = start_index or 0, len(data) if end_index is None else end_index
    if last <= first:
        raise ValueError(f"{what}: expected end_index above start_index, got {end_index} and {start_index}")
    targets = None if targets is None else np.asarray(targets)[first:]
    series = data[first:last]
    count = len(series) - (sequence_length - 1) * sampling_rate
    if targets is not None:
        count = min(count, len(targets))
    starts = np.arange(0, max(count, 0), sequence_stride)
    if shuffle:
        np.random.default_rng(seed).shuffle(starts)
    return _Windows(series, targets, starts, np.arange(sequence_length) * sampling_rate, batch_size)
