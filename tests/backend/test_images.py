"""Padding and resizing against numpy, in both data formats, sizes known and unknown."""

import numpy as np
import pytest

from nnstack import backend as K
from nnstack.backend.resizing import resize

FORMATS = ("channels_last", "channels_first")


def image(data_format, *sizes):
    values = np.random.default_rng(1).normal(size=(2, *sizes, 3)).astype("float32")
    return values if data_format == "channels_last" else np.moveaxis(values, -1, 1)


def check(function, x, expected):
    unknown = K.placeholder((None,) * x.ndim)
    for result in (function(K.constant(x)).numpy(), K.function([unknown], function(unknown))([x])):
        assert result.shape == expected.shape
        np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6)


def spatial(data_format, around):
    return [(0, 0), *around, (0, 0)] if data_format == "channels_last" else [(0, 0), (0, 0), *around]


def test_temporal_padding():
    x = np.ones((2, 3, 4), "float32")
    check(K.temporal_padding, x, np.pad(x, ((0, 0), (1, 1), (0, 0))))
    check(lambda v: K.temporal_padding(v, (2, 0)), x, np.pad(x, ((0, 0), (2, 0), (0, 0))))


@pytest.mark.parametrize("data_format", FORMATS)
def test_spatial_padding(data_format):
    x = image(data_format, 4, 5)
    around = ((1, 2), (0, 3))
    check(lambda v: K.spatial_2d_padding(v, around, data_format), x, np.pad(x, spatial(data_format, around)))
    x = image(data_format, 2, 3, 4)
    around = ((1, 0), (0, 2), (1, 1))
    check(lambda v: K.spatial_3d_padding(v, around, data_format), x, np.pad(x, spatial(data_format, around)))


def test_padding_goes_by_the_default_format():
    assert K.spatial_2d_padding(K.placeholder((None, 4, 5, 3)), ((1, 0), (2, 2))).shape == (None, 5, 9, 3)


@pytest.mark.parametrize("data_format", FORMATS)
def test_nearest_repeats(data_format):
    axis = 1 if data_format == "channels_last" else 2
    x = image(data_format, 3, 2)
    expected = x.repeat(2, axis).repeat(3, axis + 1)
    check(lambda v: K.resize_images(v, 2, 3, data_format), x, expected)
    x = image(data_format, 2, 3, 2)
    expected = x.repeat(2, axis).repeat(1, axis + 1).repeat(3, axis + 2)
    check(lambda v: K.resize_volumes(v, 2, 1, 3, data_format), x, expected)


def interpolated(x, factor, axis):
    """Half-pixel centres: output i lies at (i + 1/2) / factor - 1/2, the border is its own neighbour."""
    size = x.shape[axis]
    place = np.clip((np.arange(size * factor) + 0.5) / factor - 0.5, 0, size - 1)
    low = np.floor(place).astype(int)
    part = (place - low).reshape([-1 if a == axis else 1 for a in range(x.ndim)])
    high = np.minimum(low + 1, size - 1)
    return np.take(x, low, axis) * (1 - part) + np.take(x, high, axis) * part


@pytest.mark.parametrize("factors", [(2, 3), (1, 4), (5, 1)])
@pytest.mark.parametrize("data_format", FORMATS)
def test_bilinear_mixes_the_nearest_two(data_format, factors):
    axis = 1 if data_format == "channels_last" else 2
    x = image(data_format, 3, 4)
    expected = interpolated(interpolated(x, factors[0], axis), factors[1], axis + 1)
    check(lambda v: K.resize_images(v, *factors, data_format, "bilinear"), x, expected)
    single = image(data_format, 1, 1)
    check(
        lambda v: K.resize_images(v, *factors, data_format, "bilinear"),
        single,
        single.repeat(factors[0], axis).repeat(factors[1], axis + 1),
    )


def test_static_shapes():
    x = K.placeholder((None, 3, 4, 2))
    assert K.resize_images(x, 2, 3, "channels_last", "bilinear").shape == (None, 6, 12, 2)
    assert K.resize_images(x, 2, 3, "channels_first").shape == (None, 3, 8, 6)


def test_wrong_arguments_are_named():
    x = K.placeholder((None, 3, 4, 2))
    with pytest.raises(ValueError, match="expected interpolation 'nearest' or 'bilinear', got 'cubic'"):
        K.resize_images(x, 2, 2, "channels_last", "cubic")
    with pytest.raises(ValueError, match=r"resize_volumes: expected 5 axes, got shape \(None, 3, 4, 2\)"):
        K.resize_volumes(x, 1, 1, 1, "channels_last")
    with pytest.raises(ValueError, match="spatial_2d_padding: expected 2 pairs"):
        K.spatial_2d_padding(x, (1, 1, 1))
    with pytest.raises(ValueError, match="'channels_last' or 'channels_first', got 'last'"):
        K.spatial_2d_padding(x, data_format="last")


def test_pixels_on_the_edge_of_a_kernel_fall_as_in_tensorflow():
    """Values of tf.image.resize: float32 decides what lies exactly on an edge."""
    row = np.arange(30, dtype="float32").reshape(1, 30, 1, 1)
    nearest = resize(row, (11, 1), "nearest", "channels_last").numpy().ravel()
    assert nearest.tolist() == [1, 4, 6, 9, 12, 15, 17, 20, 23, 25, 28]
    unit = np.eye(4, dtype="float32").reshape(1, 4, 1, 4)
    middle = resize(unit, (7, 1), "gaussian", "channels_last").numpy()[0, 3, 0]
    np.testing.assert_allclose(middle, [0.0, 0.5, 0.5, 0.0], atol=1e-6)
