"""`tf.nn`: activations, convolutions, pooling, losses of logits."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack import activations
from nnstack import backend as K
from nnstack.backend import Tensor


def relu6(features: Any) -> Tensor:
    """min(max(x, 0), 6)."""
    return K.relu(features, max_value=6.0)


def leaky_relu(features: Any, alpha: float = 0.2) -> Tensor:
    """x above 0, alpha * x below."""
    return K.relu(features, alpha=alpha)


def silu(features: Any, beta: float = 1.0) -> Tensor:
    """x * sigmoid(beta * x)."""
    x = K.convert(features)
    return x * K.sigmoid(x * beta)


def gelu(features: Any, approximate: bool = False) -> Tensor:
    """x * P(X <= x), X being normal."""
    return activations.gelu(features, approximate)


def softmax(logits: Any, axis: int | None = None) -> Tensor:
    """exp(x) / sum(exp(x)) along an axis, default the last."""
    return K.softmax(logits, -1 if axis is None else axis)


def log_softmax(logits: Any, axis: int | None = None) -> Tensor:
    """log(softmax(x)), without overflow."""
    return K.log_softmax(logits, -1 if axis is None else axis)


def dropout(x: Any, rate: float, noise_shape: Any = None, seed: int | None = None) -> Tensor:
    """A share `rate` of the elements set to zero, the others scaled by 1 / (1 - rate)."""
    return K.dropout(x, rate, noise_shape, seed) if rate else K.convert(x)


def crelu(features: Any, axis: int = -1) -> Tensor:
    """The positive part beside the negative one."""
    x = K.convert(features)
    return K.concatenate([K.relu(x), K.relu(-x)], axis=axis)


def local_response_normalization(
    input: Any, depth_radius: int = 5, bias: float = 1.0, alpha: float = 1.0, beta: float = 0.5
) -> Tensor:
    """x / (bias + alpha * squares of the neighbouring channels) ** beta (Krizhevsky et al. 2012)."""
    x = K.convert(input)
    around = [(0, 0)] * (len(x.shape) - 1) + [(depth_radius, depth_radius)]
    wide, channels = K.pad(K.square(x), around), int(x.shape[-1])  # type: ignore[arg-type]
    near: Any = wide[..., :channels]
    for place in range(1, 2 * depth_radius + 1):
        near = near + wide[..., place : place + channels]
    return x / K.pow(near * alpha + bias, beta)


def separable_conv2d(
    input: Any, depthwise_filter: Any, pointwise_filter: Any, strides: Any, padding: str, **_: Any
) -> Tensor:
    """A convolution of every channel, then one of size 1 across channels; channels last."""
    deep = depthwise_conv2d(input, depthwise_filter, strides, padding)
    return conv2d(deep, pointwise_filter, [1, 1, 1, 1], "VALID")


def atrous_conv2d(value: Any, filters: Any, rate: int, padding: str) -> Tensor:
    """A convolution whose kernel has rate - 1 holes between its elements; channels last."""
    return K.conv2d(value, filters, (1, 1), padding.lower(), "channels_last", (int(rate), int(rate)))


def l2_loss(t: Any) -> Tensor:
    """Half the sum of squares."""
    return K.sum(K.square(t)) * 0.5


def moments(x: Any, axes: Any, shift: Any = None, keepdims: bool = False) -> tuple[Tensor, Tensor]:
    """Mean and variance."""
    places = [int(axis) for axis in np.atleast_1d(axes)]
    return K.mean(x, axis=places, keepdims=keepdims), K.var(x, axis=places, keepdims=keepdims)


def batch_normalization(
    x: Any, mean: Any, variance: Any, offset: Any, scale: Any, variance_epsilon: float = 0.001
) -> Tensor:
    """(x - mean) / sqrt(variance + epsilon) * scale + offset."""
    factor = K.emit("rsqrt", K.convert(variance) + variance_epsilon)
    factor = factor if scale is None else factor * scale
    shift = -K.convert(mean) * factor
    return K.convert(x) * factor + (shift if offset is None else shift + offset)


_FIRST = {"NCW": 1, "NCHW": 2, "NCDHW": 3}


def _layout(data_format: str | None) -> str:
    return "channels_first" if data_format in _FIRST else "channels_last"


def _windows(values: Any, spatial: int, data_format: str | None) -> tuple[int, ...]:
    """A number, one for each axis of the window, or TensorFlow's four for an image, as one for each axis."""
    sizes = [int(one) for one in np.atleast_1d(1 if values is None else values)]
    if len(sizes) == 1:
        return tuple(sizes * spatial)
    if len(sizes) == spatial + 2:
        return tuple(sizes[2:] if data_format in _FIRST else sizes[1:-1])
    return tuple(sizes)


def convolution(
    input: Any, filters: Any, strides: Any = None, padding: Any = "VALID", data_format: str | None = None,
    dilations: Any = None,
) -> Tensor:  # fmt: skip
    """Over sequences, images or volumes, by the number of axes."""
    x = K.convert(input)
    spatial = len(x.shape) - 2
    if not isinstance(padding, str):
        x = K.pad(x, padding)
        padding = "VALID"
    return K.convolution(
        x, filters, _windows(strides, spatial, data_format), padding.lower(), _layout(data_format),
        _windows(dilations, spatial, data_format),
    )  # fmt: skip


def conv1d(
    input: Any, filters: Any, stride: Any, padding: Any, data_format: str = "NWC", dilations: Any = None
) -> Tensor:
    """Over sequences."""
    return convolution(input, filters, stride, padding, data_format, dilations)


def conv2d(
    input: Any, filters: Any, strides: Any, padding: Any, data_format: str = "NHWC", dilations: Any = None
) -> Tensor:
    """Over images."""
    return convolution(input, filters, strides, padding, data_format, dilations)


def conv3d(
    input: Any, filters: Any, strides: Any, padding: Any, data_format: str = "NDHWC", dilations: Any = None
) -> Tensor:
    """Over volumes."""
    return convolution(input, filters, strides, padding, data_format, dilations)


def conv2d_transpose(
    input: Any, filters: Any, output_shape: Any, strides: Any, padding: str = "SAME", data_format: str = "NHWC",
    dilations: Any = None,
) -> Tensor:  # fmt: skip
    """The transpose of `conv2d`; `output_shape` is that of the result."""
    shape = output_shape if K.is_tensor(output_shape) else tuple(output_shape)
    return K.conv2d_transpose(
        input, filters, shape, _windows(strides, 2, data_format), padding.lower(), _layout(data_format),
        _windows(dilations, 2, data_format),
    )  # fmt: skip


def depthwise_conv2d(
    input: Any, filter: Any, strides: Any, padding: str, data_format: str | None = None, dilations: Any = None
) -> Tensor:
    """Every channel convolved by itself."""
    return K.depthwise_conv2d(
        input, filter, _windows(strides, 2, data_format), padding.lower(), _layout(data_format),
        _windows(dilations, 2, data_format),
    )  # fmt: skip


def _pool(mode: str, input: Any, ksize: Any, strides: Any, padding: str, data_format: str | None) -> Tensor:
    x = K.convert(input)
    spatial = len(x.shape) - 2
    pool = {1: K.pool1d, 2: K.pool2d, 3: K.pool3d}[spatial]
    sizes, steps = _windows(ksize, spatial, data_format), _windows(strides, spatial, data_format)
    return pool(x, sizes, steps, padding.lower(), _layout(data_format), mode)


def max_pool(input: Any, ksize: Any, strides: Any, padding: str, data_format: str | None = None) -> Tensor:
    """The maximum of every window."""
    return _pool("max", input, ksize, strides, padding, data_format)


def avg_pool(input: Any, ksize: Any, strides: Any, padding: str, data_format: str | None = None) -> Tensor:
    """The mean of every window."""
    return _pool("avg", input, ksize, strides, padding, data_format)


def bias_add(value: Any, bias: Any, data_format: str | None = None) -> Tensor:
    """value + bias, one number for each channel."""
    return K.bias_add(value, bias, _layout(data_format))


def embedding_lookup(params: Any, ids: Any, max_norm: Any = None) -> Tensor:
    """Rows of `params`."""
    return K.gather(params, ids)


def sigmoid_cross_entropy_with_logits(labels: Any, logits: Any) -> Tensor:
    """-(labels * log(p) + (1 - labels) * log(1 - p)) with p = sigmoid(logits), element by element."""
    x = K.convert(logits)
    return K.relu(x) - x * K.cast(K.convert(labels), x.dtype) + K.softplus(-K.abs(x))


def weighted_cross_entropy_with_logits(labels: Any, logits: Any, pos_weight: Any) -> Tensor:
    """As `sigmoid_cross_entropy_with_logits`, the part of positive labels times `pos_weight`."""
    x = K.convert(logits)
    z = K.cast(K.convert(labels), x.dtype)
    weight = (K.convert_like(pos_weight, x) - 1.0) * z + 1.0
    return (1.0 - z) * x + weight * (K.softplus(-K.abs(x)) + K.relu(-x))


def softmax_cross_entropy_with_logits(labels: Any, logits: Any, axis: int = -1) -> Tensor:
    """-sum(labels * log(softmax(logits))) along an axis."""
    x = K.convert(logits)
    return K.categorical_crossentropy(K.cast(K.convert(labels), x.dtype), x, from_logits=True, axis=axis)


def sparse_softmax_cross_entropy_with_logits(labels: Any, logits: Any) -> Tensor:
    """The same, labels being numbers of classes."""
    return K.sparse_categorical_crossentropy(labels, logits, from_logits=True)


def in_top_k(targets: Any, predictions: Any, k: int) -> Tensor:
    """Whether the target is among the k largest predictions."""
    return K.in_top_k(predictions, targets, k)


def zero_fraction(value: Any) -> Tensor:
    """The share of zeros."""
    return K.mean(K.cast(K.equal(value, 0), "float32"))


def compute_average_loss(per_example_loss: Any, sample_weight: Any = None, global_batch_size: Any = None) -> Tensor:
    """The sum of weighted losses over the size of the batch."""
    losses = K.convert(per_example_loss)
    weighted = losses if sample_weight is None else losses * K.cast(K.convert(sample_weight), losses.dtype)
    count = K.cast(K.shape(losses)[0], losses.dtype) if global_batch_size is None else float(global_batch_size)
    return K.sum(weighted) / count


def scale_regularization_loss(regularization_loss: Any) -> Tensor:
    """The sum, there being one device."""
    return K.sum(regularization_loss)


def depth_to_space(input: Any, block_size: int, data_format: str = "NHWC") -> Tensor:
    """(batch, rows, cols, b * b * channels) to (batch, rows * b, cols * b, channels)."""
    x = K.convert(input)
    rows: Any
    columns: Any
    rows, columns = ((K.shape(x)[axis] if x.shape[axis] is None else x.shape[axis]) for axis in (1, 2))
    channels = int(x.shape[3]) // block_size**2  # type: ignore[arg-type]
    blocks = K.reshape(x, (-1, rows, columns, block_size, block_size, channels))
    return K.reshape(
        K.permute_dimensions(blocks, (0, 1, 3, 2, 4, 5)), (-1, rows * block_size, columns * block_size, channels)
    )


def space_to_depth(input: Any, block_size: int, data_format: str = "NHWC") -> Tensor:
    """(batch, rows * b, cols * b, channels) to (batch, rows, cols, b * b * channels); sizes must be known."""
    x = K.convert(input)
    rows, columns, channels = (int(size) for size in x.shape[1:])  # type: ignore[arg-type]
    b = block_size
    blocks = K.reshape(x, (-1, rows // b, b, columns // b, b, channels))
    return K.reshape(K.permute_dimensions(blocks, (0, 1, 3, 2, 4, 5)), (-1, rows // b, columns // b, b * b * channels))
