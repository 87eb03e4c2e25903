"""Pools: layouts, unknown sizes, ties, errors. Numbers: tests/ops, tests/reference."""

import numpy as np
import pytest

from nnstack import backend as K

POOLS = {1: K.pool1d, 2: K.pool2d, 3: K.pool3d}


@pytest.mark.parametrize("mode", ["max", "avg"])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("spatial", POOLS)
def test_layouts_and_unknown_sizes_agree(spatial, padding, mode):
    x = np.random.default_rng(spatial).normal(size=(2, 5, 6, 4, 3)[: spatial + 1] + (3,)).astype("float32")
    arguments = (2, (2, 1, 3)[:spatial], padding)
    expected = POOLS[spatial](x, *arguments, "channels_last", mode).numpy()
    first = POOLS[spatial](np.moveaxis(x, -1, 1), *arguments, "channels_first", mode).numpy()
    np.testing.assert_array_equal(first, np.moveaxis(expected, -1, 1))
    unknown = K.placeholder((None,) * (spatial + 1) + (3,))
    y = POOLS[spatial](unknown, *arguments, "channels_last", mode)
    np.testing.assert_array_equal(K.function([unknown], [y])([x])[0], expected)


def test_the_gradient_of_a_maximum_goes_to_the_first_of_equals():
    x = K.placeholder((1, 2, 4, 1))
    gradient = K.function([x], K.gradients(K.sum(K.pool2d(x, (2, 2), (2, 2))), [x]))
    found = gradient([np.array([1, 1, 0, 0, 1, 1, 0, 5], "float32").reshape(1, 2, 4, 1)])[0]
    np.testing.assert_array_equal(found.ravel(), [1, 0, 0, 0, 0, 0, 0, 1])


def test_padding_counts_for_nothing():
    x = -np.ones((1, 3, 3, 1), "float32")
    for mode in ("max", "avg"):
        np.testing.assert_array_equal(K.pool2d(x, (3, 3), (1, 1), "same", pool_mode=mode).numpy(), x)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: K.pool2d(x, 2, pool_mode="sum"), "pool_mode"),
        (lambda x: K.pool2d(x, 2, padding="causal"), "padding"),
        (lambda x: K.pool2d(x, (2, 2, 2)), "pool_size"),
        (lambda x: K.pool2d(x, 2, strides=0), "strides"),
        (lambda x: K.pool2d(x, 9), "does not fit"),
        (lambda x: K.pool1d(x, 2), "3 axes"),
        (lambda x: K.pool3d(x, 2), "5 axes"),
    ],
)
def test_errors_say_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.zeros((1, 4, 4, 2), "float32"))
