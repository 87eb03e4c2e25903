"""Ranges and slices whose bounds are computed from sizes, against numpy."""

import functools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nnstack as keras
from nnstack import backend as K

X, BEGIN, END = K.placeholder((None, None)), K.placeholder((None,)), K.placeholder((None,))
KINDS = st.sampled_from(["none", "front", "back", "number", "number back"])


def bound(kind: str, size: Any) -> Any:
    """A bound of one kind: `size` is a tensor or, for numpy, a number."""
    return {"none": None, "front": size, "back": -size, "number": 2, "number back": -3}[kind]


@functools.cache
def cut(begin: str, end: str, step: int | None) -> Any:
    first, last = (bound(kind, K.shape(one)[0]) for kind, one in ((begin, BEGIN), (end, END)))
    return K.function([X, BEGIN, END], [X[:, first:last:step]])


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 6), st.integers(1, 8), st.integers(1, 8), KINDS, KINDS, st.sampled_from([None, 1, 2, -1, -3]))
def test_slices_are_numpys(size: int, begin: int, end: int, first: str, last: str, step: int | None) -> None:
    x = np.arange(2 * size, dtype=np.float32).reshape(2, size)
    (found,) = cut(first, last, step)([x, np.zeros(begin), np.zeros(end)])
    np.testing.assert_array_equal(found, x[:, bound(first, begin) : bound(last, end) : step])


def test_places_beside_slices_new_axes_and_ellipsis() -> None:
    x = K.placeholder((None, 5, None))
    last = K.shape(x)[0] - 1
    data = np.random.RandomState(0).rand(4, 5, 3).astype(np.float32)
    cuts = K.function([x], [x[last], x[:, 1:4, last - 2], x[..., :last], x[None, :last, ::2, 0], x[-last:, 2]])([data])
    wanted = [data[3], data[:, 1:4, 1], data[..., :3], data[None, :3, ::2, 0], data[-3:, 2]]
    for found, expected in zip(cuts, wanted, strict=True):
        np.testing.assert_array_equal(found, expected)
    (back,) = K.function([x], [x[:, :, -(K.shape(x)[0] - 2)]])([data])
    np.testing.assert_array_equal(back, data[:, :, -2])


def test_the_gradient_of_a_slice_is_zero_outside() -> None:
    x = K.placeholder((None, 3))
    half = x[: K.shape(x)[0] // 2]
    data = np.arange(12, dtype=np.float32).reshape(4, 3)
    (gradient,) = K.function([x], K.gradients(K.sum(K.square(half)), [x]))([data])
    np.testing.assert_array_equal(gradient, np.where(np.arange(4)[:, None] < 2, 2 * data, 0))


@settings(max_examples=40, deadline=None)
@given(st.integers(-6, 6), st.integers(-6, 6), st.sampled_from([1, 2, 3, -1, -2]))
def test_ranges_of_known_bounds_are_numpys(start: int, stop: int, step: int) -> None:
    found = K.arange(K.constant(start, dtype="int32"), K.constant(stop, dtype="int64"), step)
    assert found.dtype == "int32"
    np.testing.assert_array_equal(found.numpy(), np.arange(start, stop, step))
    with pytest.raises(ValueError, match="step"):
        K.arange(start, stop, 0)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 6), st.integers(0, 6), st.sampled_from([1, 2, 3, -1, -2]))
def test_ranges_of_sizes_are_numpys(start: int, stop: int, step: int) -> None:
    numbers = K.arange(K.shape(BEGIN)[0], K.shape(END)[0], step, dtype="int64")
    (found,) = K.function([BEGIN, END], [numbers])([np.zeros(start), np.zeros(stop)])
    np.testing.assert_array_equal(found, np.arange(start, stop, step))


def test_positions_of_a_sequence_of_unknown_length() -> None:
    tokens = keras.Input((None,), dtype="int32")
    places = K.arange(K.shape(tokens)[-1])
    model = keras.Model(tokens, K.cast(tokens, "float32") * 10.0 + K.cast(places, "float32"))
    for length in (3, 5):
        np.testing.assert_array_equal(
            model.predict(np.ones((2, length), np.int32), verbose=0), np.tile(10.0 + np.arange(length), (2, 1))
        )
