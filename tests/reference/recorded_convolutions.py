"""Convolutions of every kind and pools: values, and gradients for the input and the weights, in both layouts."""

import importlib

import numpy as np
from recorded_backend import _array

# Function, shape of x with the channels last, shapes of the weights, other arguments.
CONVOLUTIONS = {
    "conv1d valid": ("conv1d", (2, 9, 3), [(3, 3, 4)], {}),
    "conv1d same": ("conv1d", (2, 9, 3), [(4, 3, 2)], {"padding": "same", "strides": 2}),
    "conv1d causal": ("conv1d", (2, 8, 2), [(3, 2, 3)], {"padding": "causal"}),
    "conv1d causal dilated": ("conv1d", (2, 8, 2), [(3, 2, 3)], {"padding": "causal", "dilation_rate": 2}),
    "conv1d dilated": ("conv1d", (2, 9, 2), [(3, 2, 3)], {"dilation_rate": 3}),
    "conv2d valid": ("conv2d", (2, 5, 6, 3), [(2, 3, 3, 4)], {}),
    "conv2d same": ("conv2d", (2, 5, 6, 2), [(3, 4, 2, 3)], {"padding": "same"}),
    "conv2d strided": ("conv2d", (1, 7, 6, 2), [(3, 3, 2, 3)], {"padding": "same", "strides": (2, 2)}),
    "conv2d uneven": ("conv2d", (1, 7, 8, 2), [(3, 2, 2, 3)], {"strides": (2, 3)}),
    "conv2d strided pixels": ("conv2d", (2, 5, 6, 3), [(1, 1, 3, 4)], {"padding": "same", "strides": (2, 2)}),
    "conv2d dilated": ("conv2d", (1, 7, 8, 2), [(3, 3, 2, 3)], {"padding": "same", "dilation_rate": (2, 2)}),
    "conv3d valid": ("conv3d", (1, 4, 5, 4, 2), [(2, 3, 2, 2, 3)], {}),
    "conv3d same": ("conv3d", (1, 4, 5, 4, 2), [(3, 2, 3, 2, 2)], {"padding": "same", "strides": (2, 1, 2)}),
    "transposed valid": ("conv2d_transpose", (2, 3, 4, 3), [(3, 2, 2, 3)], {"output_shape": (2, 5, 5, 2)}),
    "transposed same": (
        "conv2d_transpose",
        (2, 3, 4, 3),
        [(3, 3, 2, 3)],
        {"output_shape": (2, 6, 8, 2), "padding": "same", "strides": (2, 2)},
    ),
    "transposed volumes": (
        "conv3d_transpose",
        (1, 2, 3, 2, 3),
        [(2, 3, 3, 2, 3)],
        {"output_shape": (1, 4, 6, 4, 2), "padding": "same", "strides": (2, 2, 2)},
    ),
    "depthwise valid": ("depthwise_conv2d", (2, 5, 6, 3), [(3, 2, 3, 2)], {}),
    "depthwise same": ("depthwise_conv2d", (1, 9, 8, 17), [(3, 3, 17, 1)], {"padding": "same"}),
    "depthwise strided": ("depthwise_conv2d", (1, 7, 8, 4), [(3, 3, 4, 1)], {"padding": "same", "strides": (2, 2)}),
    "depthwise dilated": ("depthwise_conv2d", (1, 7, 8, 3), [(3, 3, 3, 1)], {"dilation_rate": (2, 2)}),
    "separable": ("separable_conv2d", (2, 5, 6, 3), [(3, 3, 3, 2), (1, 1, 6, 4)], {"padding": "same"}),
    "separable strided": (
        "separable_conv2d",
        (1, 7, 8, 3),
        [(3, 3, 3, 1), (1, 1, 3, 4)],
        {"padding": "same", "strides": (2, 2)},
    ),
    "local1d": ("local_conv1d", (2, 7, 3), [(3, 9, 4)], {"kernel_size": (3,), "strides": (2,)}),
    "local2d": (
        "local_conv2d",
        (2, 5, 6, 2),
        [(8, 12, 3)],
        {"kernel_size": (2, 3), "strides": (1, 2), "output_shape": (4, 2)},
    ),
}

# Shape of x with the channels last, window, strides, padding.
POOLS = {
    "2x2": ((2, 6, 5, 3), (2, 2), (2, 2), "valid"),
    "2x2 same": ((2, 5, 5, 3), (2, 2), (2, 2), "same"),
    "3x3 overlapping": ((1, 7, 8, 4), (3, 3), (2, 2), "same"),
    "3x3 dense": ((1, 5, 6, 2), (3, 3), (1, 1), "same"),
    "uneven": ((1, 7, 8, 2), (2, 3), (3, 1), "valid"),
    "volumes": ((1, 4, 5, 6, 2), (2, 2, 3), (2, 1, 2), "valid"),
    "volumes same": ((1, 3, 5, 4, 2), (2, 3, 2), (2, 2, 2), "same"),
}


def _function(backend, name):
    """Of the public backend, or of the one behind it: tf_keras does not export all of its own."""
    return getattr(backend, name, None) or getattr(importlib.import_module("tf_keras.src.backend"), name)


def _channels_first(values, channels):
    return (values[0], values[channels], *values[1:channels], *values[channels + 1 :])


def _given(x, settings, data_format):
    """Input and settings, both with the channels last, in a layout."""
    settings = {**settings, "data_format": data_format}
    if data_format == "channels_first":
        last = x.ndim - 1
        x = np.ascontiguousarray(np.moveaxis(x, last, 1))
        if len(settings.get("output_shape", ())) > 2:  # a local convolution's has no batch and no channels
            settings["output_shape"] = _channels_first(settings["output_shape"], last)
    return x, settings


def _record(results, label, gradient, function, values, seed):
    """The value at arrays, and the gradient of a weighed sum of it for each of them."""
    results[label] = np.asarray(function(*values))
    tilt = _array(seed, *results[label].shape)
    for i, value in enumerate(values):

        def varied(point, i=i):
            return function(*values[:i], point, *values[i + 1 :]) * tilt

        results[f"{label}.gradient {i}"] = gradient(varied, value)


def convolutions(K, gradient):
    """conv1d to conv3d, transposed, depthwise, separable and local ones."""
    B = K.backend
    results = {}
    for label, (name, shape, weights, settings) in CONVOLUTIONS.items():
        kernels = [_array(51 + i, *weight) for i, weight in enumerate(weights)]
        # tf_keras's causal padding is of the second axis, whatever the layout.
        for data_format in ("channels_last",) if "causal" in label else ("channels_last", "channels_first"):
            x, given = _given(_array(50, *shape), settings, data_format)

            def function(*parts, name=name, given=given):
                parts = [B.constant(part) if isinstance(part, np.ndarray) else part for part in parts]
                return _function(B, name)(*parts, **given)

            if "dilated" in label:  # whose gradients tf computes on GPUs alone
                results[f"{label} {data_format}"] = np.asarray(function(x, *kernels))
            else:
                _record(results, f"{label} {data_format}", gradient, function, [x, *kernels], 55)
    return results


def pools(K, gradient):
    """pool2d and pool3d, both modes."""
    B = K.backend
    results = {}
    for label, (shape, size, strides, padding) in POOLS.items():
        for data_format in ("channels_last", "channels_first"):
            x, given = _given(_array(60, *shape), {"padding": padding}, data_format)
            for mode in ("max", "avg"):

                def function(x, mode=mode, given=given, size=size, strides=strides):
                    x = B.constant(x) if isinstance(x, np.ndarray) else x
                    return _function(B, f"pool{len(size)}d")(x, size, strides, pool_mode=mode, **given)

                _record(results, f"{label} {mode} {data_format}", gradient, function, [x], 61)
    return results


ALL = (convolutions, pools)
