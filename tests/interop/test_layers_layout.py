"""The layout of images that is set globally, and `data_format=None`, reach the layers that they reach in tf_keras."""

import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import nnstack

SHAPES = {1: (8, 8), 2: (8, 8, 8), 3: (8, 8, 8, 8)}  # channels may be first or last
WINDOWED = [
    f"{kind}{spatial}D"
    for kind, most in {
        "Conv": 3, "SeparableConv": 2, "DepthwiseConv": 2, "LocallyConnected": 2, "MaxPooling": 3, "AveragePooling": 3,
        "GlobalMaxPooling": 3, "GlobalAveragePooling": 3, "ZeroPadding": 3, "Cropping": 3, "UpSampling": 3,
        "SpatialDropout": 3, "ConvLSTM": 3,
    }.items()
    for spatial in range(1, most + 1)
]  # fmt: skip
NAMES = [*WINDOWED, "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose", "Flatten"]


@pytest.fixture(params=["channels_last", "channels_first"])
def layout(request: pytest.FixtureRequest, tf_keras: Any) -> Iterator[str]:
    for k in (tf_keras, nnstack):
        k.backend.set_image_data_format(request.param)
    yield request.param
    for k in (tf_keras, nnstack):
        k.backend.set_image_data_format("channels_last")


@pytest.mark.parametrize("name", NAMES)
def test_layout(tf_keras: Any, name: str, layout: str) -> None:
    spatial = next((int(c) for c in name if c.isdigit()), 2)
    sized = ("Conv", "Separable", "Depthwise", "Locally")
    args: tuple[Any, ...] = (2, 3) if name.startswith(sized) else (0.5,) if "Dropout" in name else ()
    args = (3,) if name.startswith("Depthwise") else args
    takes = "data_format" in inspect.signature(getattr(tf_keras.layers, name).__init__).parameters
    shape = (2, *SHAPES[spatial][:1], *SHAPES[spatial]) if name.startswith("ConvLSTM") else (2, *SHAPES[spatial])
    for options in [{}, {"data_format": None}] if takes else [{}]:
        theirs, ours = (getattr(k.layers, name)(*args, **options) for k in (tf_keras, nnstack))
        if hasattr(theirs, "data_format"):
            assert ours.data_format == theirs.data_format, options
        assert tuple(ours.compute_output_shape(shape)) == tuple(theirs.compute_output_shape(shape)), options
        if layout == "channels_first" and getattr(theirs, "data_format", "") == "channels_first":
            continue  # TensorFlow has few kernels for it on a CPU
        x = np.random.default_rng(3).normal(size=shape).astype("float32")
        wanted = theirs(x)
        ours(x)
        ours.set_weights(theirs.get_weights())
        np.testing.assert_allclose(ours(x).numpy(), wanted.numpy(), rtol=1e-3, atol=1e-4)
