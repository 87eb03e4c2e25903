"""Convolutions: layouts, unknown sizes, errors, one function against another. Numbers: tests/ops, tests/reference."""

import numpy as np
import pytest

from nnstack import backend as K


def array(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


CONVOLUTIONS = {  # function, input, kernel, more arguments
    "conv1d": (K.conv1d, (2, 7, 3), (3, 3, 4), {"strides": 2, "padding": "same"}),
    "conv1d causal": (K.conv1d, (2, 7, 3), (3, 3, 4), {"padding": "causal", "dilation_rate": 2}),
    "conv2d": (K.conv2d, (2, 7, 6, 3), (3, 2, 3, 4), {"strides": (2, 1), "padding": "same"}),
    "conv3d": (K.conv3d, (2, 4, 5, 3, 2), (2, 2, 2, 2, 3), {"dilation_rate": (1, 2, 1)}),
    "convolution": (K.convolution, (2, 6, 6, 4), (3, 3, 2, 6), {"groups": 2}),
    "depthwise_conv1d": (K.depthwise_conv1d, (2, 7, 3), (3, 3, 2), {"strides": 2}),
    "depthwise_conv2d": (K.depthwise_conv2d, (2, 7, 6, 3), (3, 2, 3, 2), {"padding": "same"}),
}
TRANSPOSES = {
    "conv1d_transpose": (K.conv1d_transpose, (2, 4, 3), (3, 5, 3), (2, 8, 5), {"strides": 2, "padding": "same"}),
    "conv2d_transpose": (K.conv2d_transpose, (2, 4, 3, 3), (3, 2, 5, 3), (2, 9, 6, 5), {"strides": (2, 2)}),
    "conv3d_transpose": (K.conv3d_transpose, (1, 2, 3, 2, 2), (2, 2, 2, 3, 2), (1, 3, 4, 3, 3), {}),
}


def to_first(x):
    return np.moveaxis(x, -1, 1)


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_layouts_and_unknown_sizes_agree(name):
    function, shape, kernel, options = CONVOLUTIONS[name]
    x, w = array(1, *shape), array(2, *kernel)
    expected = function(x, w, data_format="channels_last", **options).numpy()
    first = function(to_first(x), w, data_format="channels_first", **options).numpy()
    np.testing.assert_array_equal(first, to_first(expected))
    unknown = K.placeholder((None,) * (len(shape) - 1) + shape[-1:])
    y = function(unknown, w, data_format="channels_last", **options)
    assert y.shape == (None,) * (len(shape) - 1) + expected.shape[-1:]
    np.testing.assert_array_equal(K.function([unknown], [y])([x])[0], expected)


@pytest.mark.parametrize("name", TRANSPOSES)
def test_transposes_are_transposes(name):
    function, shape, kernel, result, options = TRANSPOSES[name]
    forward = getattr(K, name.removesuffix("_transpose"))
    x, w, z = array(1, *shape), array(2, *kernel), array(3, *result)
    y = function(x, w, result, **options).numpy()
    assert y.shape == result
    np.testing.assert_allclose(np.vdot(y, z), np.vdot(x, forward(z, w, **options).numpy()), rtol=1e-4)
    first = [result[0], result[-1], *result[1:-1]]
    other = function(to_first(x), w, first, data_format="channels_first", **options).numpy()
    np.testing.assert_array_equal(other, to_first(y))
    unknown = K.placeholder((None, *shape[1:]))
    for batch in (None, K.shape(unknown)[0]):
        again = function(unknown, w, (batch, *result[1:]), **options)
        assert again.shape == (None, *result[1:])
        np.testing.assert_array_equal(K.function([unknown], [again])([x])[0], y)
    np.testing.assert_array_equal(function(x, w, K.shape(K.constant(z)), **options).numpy(), y)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_depthwise_is_one_convolution_for_each_channel(data_format):
    x, w = array(1, 2, 6, 5, 3), array(2, 3, 3, 3, 2)
    given = to_first(x) if data_format == "channels_first" else x
    y = K.depthwise_conv2d(given, w, (1, 1), "same", data_format).numpy()
    y = np.moveaxis(y, 1, -1) if data_format == "channels_first" else y
    for channel in range(3):
        alone = K.conv2d(x[..., channel : channel + 1], w[:, :, channel : channel + 1], padding="same").numpy()
        np.testing.assert_allclose(y[..., 2 * channel : 2 * channel + 2], alone, rtol=1e-5, atol=1e-5)


def test_separable_is_depthwise_then_pointwise():
    x, depthwise, pointwise = array(1, 2, 6, 5, 3), array(2, 3, 3, 3, 2), array(3, 1, 1, 6, 4)
    expected = K.conv2d(K.depthwise_conv2d(x, depthwise, 2, "same"), pointwise).numpy()
    np.testing.assert_array_equal(K.separable_conv2d(x, depthwise, pointwise, 2, "same").numpy(), expected)
    y = K.separable_conv1d(x[:, :, 0], depthwise[:, 0], pointwise[0], 2, "valid").numpy()
    middle = K.depthwise_conv1d(x[:, :, 0], depthwise[:, 0], 2)
    np.testing.assert_array_equal(y, K.conv1d(middle, pointwise[0]).numpy())


def test_bias_and_activation_become_part_of_the_convolution():
    x, b = K.placeholder((2, 9, 8, 3)), array(3, 5)
    for window in (1, 3):
        w = array(2, window, window, 3, 5)
        y = K.relu(K.bias_add(K.conv2d(x, w, padding="same"), b))
        program = K.function([x], [y])
        image = array(1, 2, 9, 8, 3)
        plain = np.maximum(K.conv2d(image, w, padding="same").numpy() + b, 0)
        np.testing.assert_allclose(program([image])[0], plain, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x, w: K.conv2d(x, w[:, :, :2]), "input has 3 channels, kernel expects 2"),
        (lambda x, w: K.conv2d(x, w[0]), "expected a kernel of 4 axes"),
        (lambda x, w: K.conv2d(x[0], w), "expected an input of 4 axes"),
        (lambda x, w: K.conv2d(x, w, padding="full"), "padding"),
        (lambda x, w: K.conv2d(x, w, strides=0), "strides"),
        (lambda x, w: K.conv2d(x, w, strides=(1, 2, 3)), "strides"),
        (lambda x, w: K.conv2d(x, w, dilation_rate=4), "does not fit"),
        (lambda x, w: K.conv2d(x, w, data_format="nhwc"), "data_format"),
        (lambda x, w: K.convolution(x, w, groups=2), "channels"),
        (lambda x, w: K.conv2d_transpose(x, w, (2, 9, 9, 3)), "channels"),
        (lambda x, w: K.conv2d_transpose(x, w[:, :, :, :3], (2, 20, 8, 3)), "spatial dimension 0"),
        (lambda x, w: K.conv2d_transpose(x, w[:, :, :, :3], (8, 8, 3)), "output_shape"),
        (lambda x, w: K.conv2d_transpose(x, w[:, :, :, :3], (2, None, 8, 3)), "output_shape"),
        (lambda x, w: K.depthwise_conv2d(x, w[:, :, :2]), "channels"),
        (lambda x, w: K.separable_conv2d(x, w, w), "pointwise"),
    ],
)
def test_errors_say_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call(array(1, 2, 6, 6, 3), array(2, 3, 3, 3, 4))
