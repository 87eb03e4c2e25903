"""Splitting data sets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnstack.utils import Sequence, split_dataset, timeseries_dataset_from_array


@pytest.mark.parametrize(
    ("left", "right", "counts"),
    [
        (0.8, None, (8, 2)),
        (None, 0.3, (7, 3)),
        (6, None, (6, 4)),
        (None, 1, (9, 1)),
        (0.5, 0.2, (5, 2)),
        (3, 4, (3, 4)),
    ],
)
def test_sizes(left: Any, right: Any, counts: tuple[int, int]) -> None:
    first, second = split_dataset(np.arange(10), left, right)
    assert (first.cardinality(), second.cardinality()) == counts
    assert list(first) == list(range(counts[0])) and list(second) == list(range(10 - counts[1], 10))


def test_samples_of_several_arrays_in_batches() -> None:
    x, y = np.arange(20).reshape(10, 2), np.arange(10) * 10
    left, right = split_dataset((x, y), left_size=7)
    assert left[3][0].tolist() == [6, 7] and left[3][1] == 30
    batches = left.batch(3)
    assert len(batches) == 3 and batches[2][0].tolist() == [[12, 13]] and batches[1][1].tolist() == [30, 40, 50]
    assert isinstance(batches, Sequence) and batches.prefetch() is batches
    with pytest.raises(ValueError, match="in batches of 3 already"):
        batches.batch(2)
    with pytest.raises(IndexError):
        right[3]


def test_batches_come_back_in_batches() -> None:
    windows = timeseries_dataset_from_array(np.arange(20), np.arange(20) * 2, 5, batch_size=4)
    left, right = split_dataset(windows, right_size=0.25)
    assert [len(batch[0]) for batch in left] == [4, 4, 4] and [len(batch[0]) for batch in right] == [4]
    np.testing.assert_array_equal(np.concatenate([y for _, y in left]), np.arange(12) * 2)
    named, _ = split_dataset(iter([{"a": np.arange(2), "b": np.ones((2, 3))}] * 2), left_size=3)
    assert len(named) == 2 and named[1]["a"].tolist() == [0] and named[0]["b"].shape == (2, 3)


def test_shuffled_the_same_way_for_a_seed() -> None:
    first = split_dataset(np.arange(50), 0.5, shuffle=True, seed=4)
    again = split_dataset(np.arange(50), 0.5, shuffle=True, seed=4)
    other = split_dataset(np.arange(50), 0.5, shuffle=True, seed=5)
    assert list(first[0]) == list(again[0]) != list(other[0])
    assert sorted([*first[0], *first[1]]) == list(range(50))


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ((np.arange(10),), ValueError, "expected left_size or right_size"),
        ((np.arange(10), 1.5), ValueError, "between 0 and 1, got 1.5"),
        ((np.arange(10), 10), ValueError, "below 10"),
        ((np.arange(10), "half"), TypeError, "an int, a float or None, got 'half'"),
        ((np.arange(10), 7, 4), ValueError, "more than all 10 samples"),
        (([np.arange(10), np.arange(9)], 0.5), ValueError, r"same length, got \[10, 9\]"),
        ((np.zeros((0, 2)), 0.5), ValueError, "empty"),
        (("text", 0.5), TypeError, "expected an array, a list or tuple of arrays, or batches"),
    ],
)
def test_what_does_not_fit(arguments: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        split_dataset(*arguments)
