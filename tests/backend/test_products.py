"""dot, batch_dot and locally connected products against numpy and einsum."""

import numpy as np
import pytest

from nnstack import backend as K

RANDOM = np.random.default_rng(2)


def array(*shape):
    return RANDOM.normal(size=shape).astype("float32")


def check(function, arrays, expected):
    """On arrays at once, with an unknown batch, and with nothing known but the number of axes."""
    leaves = [[K.placeholder((None, *a.shape[1:])) for a in arrays], [K.placeholder((None,) * a.ndim) for a in arrays]]
    results = [function(*map(K.constant, arrays)).numpy()]
    results += [K.function(inputs, function(*inputs))(arrays) for inputs in leaves]
    for result in results:
        assert result.shape == expected.shape
        np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("first", "second"),
    [((2, 3), (3, 4)), ((2, 5, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((2, 5, 3), (6, 3, 4)), ((2, 1, 5, 3), (2, 2, 3, 1))],
)
def test_dot(first, second):
    x, y = array(*first), array(*second)
    check(K.dot, [x, y], np.dot(x, y))


BATCH_DOT = {
    "two vectors": ((4, 3), (4, 3), None, "bi,bi->b"),
    "matrix and matrix": ((4, 2, 3), (4, 3, 5), None, "bij,bjk->bik"),
    "matrix and vector": ((4, 2, 3), (4, 3), None, "bij,bj->bi"),
    "vector and matrix": ((4, 3), (4, 3, 5), None, "bj,bjk->bk"),
    "one number for both": ((4, 2, 3), (4, 5, 3), 2, "bij,bkj->bik"),
    "first axes": ((4, 3, 2), (4, 3, 5), 1, "bji,bjk->bik"),
    "negative": ((4, 3, 2), (4, 5, 3), (-2, -1), "bji,bkj->bik"),
    "middle of four": ((4, 2, 3, 5), (4, 6, 3), (2, 2), "bijk,blj->bikl"),
    "four and four": ((4, 2, 3, 5), (4, 6, 5, 2), None, "bijk,blkm->bijlm"),
    "four and vector": ((4, 2, 3, 5), (4, 5), None, "bijk,bk->bij"),
    "vector and four": ((4, 5), (4, 2, 3, 5), (1, 3), "bk,bijk->bij"),
    "first of four": ((4, 5, 2, 3), (4, 5, 2, 3), (1, 1), "bkij,bklm->bijlm"),
}


@pytest.mark.parametrize("name", BATCH_DOT)
def test_batch_dot(name):
    first, second, axes, formula = BATCH_DOT[name]
    x, y = array(*first), array(*second)
    expected = np.einsum(formula, x, y)
    expected = expected[:, None] if expected.ndim == 1 else expected
    check(lambda a, b: K.batch_dot(a, b, axes), [x, y], expected)


def test_batch_dot_knows_its_shape():
    assert K.batch_dot(K.placeholder((None, 20)), K.placeholder((None, 30, 20)), (1, 2)).shape == (None, 30)
    assert K.batch_dot(K.placeholder((8, 2, 3)), K.placeholder((8, 3, 4))).shape == (8, 2, 4)


@pytest.mark.parametrize(
    ("first", "second", "axes", "text"),
    [
        ((4,), (4, 2), None, "expected at least 2 axes"),
        ((4, 2), (3, 2), None, "axis 0 of x and axis 0 of y differ"),
        ((4, 2, 3), (4, 2, 3), (1, 2), "axis 1 of x and axis 2 of y differ"),
        ((4, 2), (4, 2), 0, "behind the batch axis"),
        ((4, 2), (4, 2), ((1, 1), 1), "expected None, an int or two ints"),
    ],
)
def test_batch_dot_refuses(first, second, axes, text):
    with pytest.raises(ValueError, match=text):
        K.batch_dot(np.ones(first, "float32"), np.ones(second, "float32"), axes)


def locally(x, kernel, size, strides, places):
    """channels_last, place by place."""
    results = []
    for index, place in enumerate(np.ndindex(*places)):
        at = tuple(slice(p * s, p * s + k) for p, s, k in zip(place, strides, size, strict=True))
        results.append(x[(slice(None), *at)].reshape(len(x), -1) @ kernel[index])
    return np.stack(results, 1).reshape(len(x), *places, -1)


def channels_first(x):
    return np.moveaxis(x, -1, 1)


@pytest.mark.parametrize(
    ("sizes", "kernel_size", "strides", "places"),
    [
        ((6,), (3,), (1,), (4,)),
        ((7,), (2,), (2,), (3,)),
        ((5, 4), (2, 3), (1, 1), (4, 2)),
        ((5, 6), (3, 2), (2, 2), (2, 3)),
    ],
)
def test_local_convolutions(sizes, kernel_size, strides, places):
    x = array(2, *sizes, 3)
    window = int(np.prod(kernel_size))
    kernel = array(int(np.prod(places)), window * 3, 4)
    expected = locally(x, kernel, kernel_size, strides, places)

    def run(image, weights, data_format):
        if len(sizes) == 1:
            return K.local_conv1d(image, weights, kernel_size, strides, data_format)
        return K.local_conv2d(image, weights, kernel_size, strides, places, data_format)

    # with the channels first they come first inside the kernel's middle axis too
    turned = kernel.reshape(-1, window, 3, 4).swapaxes(1, 2).reshape(kernel.shape)
    for image, weights, result, data_format in (
        (x, kernel, expected, "channels_last"),
        (channels_first(x), turned, channels_first(expected), "channels_first"),
    ):
        leaf = K.placeholder((None, *image.shape[1:]))
        y = run(leaf, weights, data_format)
        assert y.shape == (None, *result.shape[1:])
        for numbers in (run(K.constant(image), weights, data_format).numpy(), K.function([leaf], y)([image])):
            np.testing.assert_allclose(numbers, result, rtol=1e-4, atol=1e-5)


def test_local_convolutions_refuse():
    with pytest.raises(ValueError, match=r"local_conv2d: expected output_shape \(4, 4\), got \(3, 4\)"):
        K.local_conv2d(np.ones((1, 5, 5, 1)), np.ones((12, 4, 1)), (2, 2), (1, 1), (3, 4), "channels_last")
    with pytest.raises(ValueError, match="all sizes but the batch's must be known"):
        K.local_conv1d(K.placeholder((None, None, 2)), np.ones((3, 4, 1)), (2,), (1,), "channels_last")
