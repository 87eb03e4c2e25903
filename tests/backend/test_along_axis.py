"""Cumulative sums and products and sorting, as the backend's functions give them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nnstack import backend as K

SHAPES = arrays.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=6)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_cumulative_sums_are_numpys(data):
    shape = data.draw(SHAPES)
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    x = np.random.default_rng(1).normal(size=shape).astype("float32")
    np.testing.assert_allclose(K.cumsum(x, axis).numpy(), np.cumsum(x, axis), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(K.cumprod(x, axis).numpy(), np.cumprod(x, axis), rtol=1e-5, atol=1e-7)
    both = K.cumsum(x, axis, exclusive=True).numpy() + x + K.cumsum(x, axis, exclusive=True, reverse=True).numpy()
    total = np.broadcast_to(x.sum(axis, keepdims=True), shape)
    np.testing.assert_allclose(both, total, rtol=1e-5, atol=1e-5)


def test_bool_is_counted():
    counts = K.cumsum(np.array([True, False, True]))
    assert (counts.dtype, counts.numpy().tolist()) == ("int32", [1, 1, 2])


def test_the_gradient_of_a_product_is_right_beside_zeros():
    x = K.placeholder((4,), dtype="float64")
    slope = K.function([x], K.gradients(K.cumprod(x), [x]))([[2.0, 0.0, 3.0, 5.0]])[0]
    np.testing.assert_allclose(slope, [1.0, 2.0 + 6.0 + 30.0, 0.0, 0.0])


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_sorting_is_numpys(data):
    shape = data.draw(SHAPES)
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    x = np.random.default_rng(2).integers(-3, 3, size=shape).astype("float32")
    np.testing.assert_array_equal(K.sort(x, axis).numpy(), np.sort(x, axis))
    np.testing.assert_array_equal(K.argsort(x, axis).numpy(), np.argsort(x, axis, kind="stable"))
    np.testing.assert_array_equal(K.sort(x, axis, descending=True).numpy(), -np.sort(-x, axis))
    k = data.draw(st.integers(0, shape[axis]))
    values, places = K.top_k(x, k, axis)
    order = np.argsort(-x, axis, kind="stable")
    np.testing.assert_array_equal(places.numpy(), np.take(order, range(k), axis))
    np.testing.assert_array_equal(values.numpy(), np.take_along_axis(x, places.numpy().astype(int), axis))
    assert places.dtype == "int32"


def test_sorting_where_sizes_are_unknown_and_its_gradient():
    x = K.placeholder((None, None))
    values, places = K.top_k(x, 2)
    weights = np.array([[1.0, 10.0]], "float32")
    run = K.function([x], [values, places, K.gradients(values * weights, [x])[0]])
    found = run([np.array([[1.0, 5.0, 3.0], [9.0, 7.0, 8.0]])])
    assert found[0].tolist() == [[5.0, 3.0], [9.0, 8.0]]
    assert found[1].tolist() == [[1, 2], [0, 2]]
    assert found[2].tolist() == [[0.0, 1.0, 10.0], [1.0, 0.0, 10.0]]


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match=r"sort: expected an axis within \[-1, 1\), got 1"):
        K.sort(np.zeros(3), 1)
    with pytest.raises(ValueError, match="count is 4, but the last axis has 3 elements"):
        K.top_k(np.zeros(3), 4)
    with pytest.raises(ValueError, match="top_k: expected k of at least 0, got -1"):
        K.top_k(np.zeros(3), -1)
    with pytest.raises(ValueError, match="cumulative_sum"):
        K.cumsum(np.zeros(3), 1)
