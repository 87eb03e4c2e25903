"""Convolutions in one to three dimensions, their transposes, depthwise and separable ones.

All are the core's `convolution` or its transpose in the input. Inside, channels are last; 'channels_first' is a
change of layout around it. The operation and its padding rules are those of TensorFlow: a correlation (the kernel is
not flipped), 'same' pads to ceil(size / stride) places with the larger half behind.
"""

from collections.abc import Sequence
from typing import Any

from nnstack.backend import tensor as t
from nnstack.backend.config import normalize_data_format
from nnstack.backend.shapes import dimensions, reshape
from nnstack.backend.tensor import Tensor, TensorLike, emit, is_tensor

Sizes = int | Sequence[int]


def convolution(
    x: TensorLike,
    kernel: TensorLike,
    strides: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """Convolution over as many spatial dimensions (1 to 3) as the kernel has.

    x: (batch, *spatial, channels), float32 or float64; for channels_first (batch, channels, *spatial). kernel:
    (*window, channels / groups, filters) in both layouts. strides, dilation_rate: an int for all spatial dimensions,
    or one each. padding: 'valid', 'same', or 'causal' (all padding before). data_format: default
    `image_data_format()`. groups: filters and channels are cut into so many parts that do not see each other. Returns
    x's layout with `filters` channels. Sizes may be unknown. ValueError for arguments that do not fit together.

    >>> convolution(placeholder((None, 28, None, 3)), placeholder((5, 5, 3, 8)), strides=2, padding="same").shape
    (None, 14, None, 8)
    """
    return _convolution("convolution", x, kernel, None, strides, padding, data_format, dilation_rate, groups)


def conv1d(
    x: TensorLike,
    kernel: TensorLike,
    strides: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = 1,
) -> Tensor:
    """Over steps: (batch, steps, channels) with a kernel (window, channels, filters); see `convolution`."""
    return _convolution("conv1d", x, kernel, 1, strides, padding, data_format, dilation_rate)


def conv2d(
    x: TensorLike,
    kernel: TensorLike,
    strides: Sizes = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = (1, 1),
) -> Tensor:
    """Over images: (batch, rows, cols, channels) with a kernel (rows, cols, channels, filters); see `convolution`."""
    return _convolution("conv2d", x, kernel, 2, strides, padding, data_format, dilation_rate)


def conv3d(
    x: TensorLike,
    kernel: TensorLike,
    strides: Sizes = (1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = (1, 1, 1),
) -> Tensor:
    """Over volumes, with a kernel (dim1, dim2, dim3, channels, filters); see `convolution`."""
    return _convolution("conv3d", x, kernel, 3, strides, padding, data_format, dilation_rate)


def conv1d_transpose(
    x: TensorLike,
    kernel: TensorLike,
    output_shape: Any,
    strides: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = 1,
) -> Tensor:
    """Transposed convolution over steps; see `conv2d_transpose`."""
    return _transposed("conv1d_transpose", x, kernel, 1, output_shape, strides, padding, data_format, dilation_rate)


def conv2d_transpose(
    x: TensorLike,
    kernel: TensorLike,
    output_shape: Any,
    strides: Sizes = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = (1, 1),
) -> Tensor:
    """The transpose (gradient in the input) of `conv2d`: it enlarges where the convolution reduces.

    x: (batch, rows, cols, channels). kernel: (rows, cols, filters, channels): filters of the result come first.
    output_shape: the whole shape of the result in the layout of `data_format`; ints, scalar tensors, None for the
    batch, or one shape tensor. ValueError unless a `conv2d` of that shape with these arguments has x's shape.

    >>> conv2d_transpose(placeholder((None, 4, 4, 8)), placeholder((3, 3, 2, 8)), (None, 8, 8, 2), 2, "same").shape
    (None, 8, 8, 2)
    """
    return _transposed("conv2d_transpose", x, kernel, 2, output_shape, strides, padding, data_format, dilation_rate)


def conv3d_transpose(
    x: TensorLike,
    kernel: TensorLike,
    output_shape: Any,
    strides: Sizes = (1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = (1, 1, 1),
) -> Tensor:
    """Transposed convolution over volumes; see `conv2d_transpose`."""
    return _transposed("conv3d_transpose", x, kernel, 3, output_shape, strides, padding, data_format, dilation_rate)


def depthwise_conv1d(
    x: TensorLike,
    depthwise_kernel: TensorLike,
    strides: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = 1,
) -> Tensor:
    """As `depthwise_conv2d`, over steps; depthwise_kernel: (window, channels, multiplier)."""
    return _depthwise("depthwise_conv1d", x, depthwise_kernel, 1, strides, padding, data_format, dilation_rate)


def depthwise_conv2d(
    x: TensorLike,
    depthwise_kernel: TensorLike,
    strides: Sizes = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = (1, 1),
) -> Tensor:
    """Every channel convolved by itself: (batch, rows, cols, channels) to channels * multiplier channels.

    depthwise_kernel: (rows, cols, channels, multiplier), whose last two sizes must be known; results of one channel
    lie side by side. The other arguments are those of `convolution`. ValueError for other ranks or channels.

    >>> depthwise_conv2d(placeholder((None, 8, 8, 3)), placeholder((3, 3, 3, 2))).shape
    (None, 6, 6, 6)
    """
    return _depthwise("depthwise_conv2d", x, depthwise_kernel, 2, strides, padding, data_format, dilation_rate)


def separable_conv1d(
    x: TensorLike,
    depthwise_kernel: TensorLike,
    pointwise_kernel: TensorLike,
    strides: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = 1,
) -> Tensor:
    """`depthwise_conv1d`, then a convolution with pointwise_kernel: (1, channels * multiplier, filters)."""
    y = _depthwise("separable_conv1d", x, depthwise_kernel, 1, strides, padding, data_format, dilation_rate)
    return _pointwise("separable_conv1d", y, pointwise_kernel, 1, data_format)


def separable_conv2d(
    x: TensorLike,
    depthwise_kernel: TensorLike,
    pointwise_kernel: TensorLike,
    strides: Sizes = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = (1, 1),
) -> Tensor:
    """`depthwise_conv2d`, then a convolution with pointwise_kernel: (1, 1, channels * multiplier, filters)."""
    y = _depthwise("separable_conv2d", x, depthwise_kernel, 2, strides, padding, data_format, dilation_rate)
    return _pointwise("separable_conv2d", y, pointwise_kernel, 2, data_format)


def window_attributes(what: str, spatial: int, strides: Sizes, padding: str, **others: Sizes) -> dict[str, Any]:
    """What the core's ops over windows take: checked strides, padding, and other sizes per spatial dimension."""
    known = ("valid", "same", "causal") if "dilation_rate" in others else ("valid", "same")
    if not isinstance(padding, str) or padding.lower() not in known:
        names = " or ".join([", ".join(map(repr, known[:-1])), repr(known[-1])])
        raise ValueError(f"{what}: expected padding {names}, got {padding!r}")
    result: dict[str, Any] = {"strides": _sizes(what, "strides", strides, spatial), "padding": padding.lower()}
    if "dilation_rate" in others:
        result["dilations"] = _sizes(what, "dilation_rate", others["dilation_rate"], spatial)
    if "pool_size" in others:
        result["sizes"] = _sizes(what, "pool_size", others["pool_size"], spatial)
    return result


def _sizes(what: str, name: str, value: Sizes, spatial: int) -> list[int]:
    try:
        numbers = [int(n) for n in value] if isinstance(value, Sequence) else [int(value)] * spatial
    except (TypeError, ValueError):
        raise ValueError(f"{what}: {name}: expected an int or {spatial} ints, got {value!r}") from None
    if len(numbers) != spatial or min(numbers) < 1:
        raise ValueError(f"{what}: {name}: expected {spatial} positive ints, got {value!r}")
    return numbers


def channels_last(what: str, x: Tensor, spatial: int, data_format: str | None) -> Tensor:
    """`x` with its channels moved behind the spatial dimensions, if they are not there yet. ValueError for other
    ranks."""
    if len(x.shape) != spatial + 2:
        raise ValueError(f"{what}: expected an input of {spatial + 2} axes, got shape {x.shape}")
    if normalize_data_format(data_format) == "channels_last":
        return x
    return emit("transpose", x, permutation=[0, *range(2, spatial + 2), 1])


def from_channels_last(y: Tensor, data_format: str | None) -> Tensor:
    """Back to the layout of `data_format`."""
    if normalize_data_format(data_format) == "channels_last":
        return y
    return emit("transpose", y, permutation=[0, len(y.shape) - 1, *range(1, len(y.shape) - 1)])


def _kernel(what: str, kernel: Tensor, spatial: int | None) -> int:
    rank = len(kernel.shape)
    expected = "3 to 5" if spatial is None else str(spatial + 2)
    if not 3 <= rank <= 5 or spatial not in (None, rank - 2):
        raise ValueError(f"{what}: expected a kernel of {expected} axes, got shape {kernel.shape}")
    return rank - 2


def _convolution(
    what: str,
    x: TensorLike,
    kernel: TensorLike,
    spatial: int | None,
    strides: Sizes,
    padding: str,
    data_format: str | None,
    dilation_rate: Sizes,
    groups: int = 1,
) -> Tensor:
    image, weights = t.pair(x, kernel)
    spatial = _kernel(what, weights, spatial)
    attributes = window_attributes(what, spatial, strides, padding, dilation_rate=dilation_rate)
    image = channels_last(what, image, spatial, data_format)
    return from_channels_last(emit("convolution", image, weights, groups=int(groups), **attributes), data_format)


def _transposed(
    what: str,
    x: TensorLike,
    kernel: TensorLike,
    spatial: int,
    output_shape: Any,
    strides: Sizes,
    padding: str,
    data_format: str | None,
    dilation_rate: Sizes,
) -> Tensor:
    image, weights = t.pair(x, kernel)
    _kernel(what, weights, spatial)
    attributes = window_attributes(what, spatial, strides, padding, dilation_rate=dilation_rate)
    image = channels_last(what, image, spatial, data_format)
    sizes = [output_shape[axis] for axis in range(spatial + 2)] if is_tensor(output_shape) else list(output_shape)
    if len(sizes) != spatial + 2:
        raise ValueError(f"{what}: output_shape: expected {spatial + 2} sizes with batch and channels, got {sizes}")
    if normalize_data_format(data_format) == "channels_first":
        sizes = [sizes[0], *sizes[2:], sizes[1]]
    if sizes[0] is None:
        sizes[0] = dimensions(image)[0]
    if None in [size for size in sizes if not is_tensor(size)]:
        raise ValueError(f"{what}: output_shape: only the batch size may be None, got {output_shape}")
    y = emit("convolution_input_gradient", image, weights, t.shape_vector(sizes), **attributes)
    return from_channels_last(y, data_format)


def _depthwise(
    what: str,
    x: TensorLike,
    kernel: TensorLike,
    spatial: int,
    strides: Sizes,
    padding: str,
    data_format: str | None,
    dilation_rate: Sizes,
) -> Tensor:
    image, weights = t.pair(x, kernel)
    _kernel(what, weights, spatial)
    channels, multiplier = weights.shape[-2:]
    if channels is None or multiplier is None:
        raise ValueError(f"{what}: the last two sizes of the kernel must be known, got shape {weights.shape}")
    flat = reshape(weights, (*dimensions(weights)[:spatial], 1, channels * multiplier))
    attributes = window_attributes(what, spatial, strides, padding, dilation_rate=dilation_rate)
    image = channels_last(what, image, spatial, data_format)
    groups = channels
    if channels > 1 and multiplier > 1 and image.shape[-1] == channels:
        image, groups = _repeated(image, multiplier), channels * multiplier
    return from_channels_last(emit("convolution", image, flat, groups=groups, **attributes), data_format)


def _repeated(image: Tensor, times: int) -> Tensor:
    """Every channel `times` times side by side: one channel in and one out is what the core does by vectors."""
    sizes = dimensions(image)
    apart = emit("expand_dims", image, axes=[len(sizes)])
    return reshape(emit("broadcast_to", apart, t.shape_vector([*sizes, times])), (*sizes[:-1], sizes[-1] * times))


def _pointwise(what: str, x: Tensor, kernel: TensorLike, spatial: int, data_format: str | None) -> Tensor:
    weights = t.convert_like(kernel, x)
    if len(weights.shape) == spatial + 2 and any(n not in (None, 1) for n in weights.shape[:spatial]):
        raise ValueError(f"{what}: expected a pointwise kernel with windows of size 1, got shape {weights.shape}")
    return _convolution(what, x, weights, spatial, 1, "valid", data_format, 1)
