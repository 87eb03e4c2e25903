"""Maxima and averages over windows of sequences, images and volumes."""

from nnstack.backend.convolution import Sizes, channels_last, from_channels_last, window_attributes
from nnstack.backend.tensor import Tensor, TensorLike, convert, emit, through_floats

_OPS = {"max": "max_pool", "avg": "average_pool"}


def pool1d(
    x: TensorLike,
    pool_size: Sizes,
    strides: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = None,
    pool_mode: str = "max",
) -> Tensor:
    """Over steps: (batch, steps, channels); see `pool2d`."""
    return _pool("pool1d", x, 1, pool_size, strides, padding, data_format, pool_mode)


def pool2d(
    x: TensorLike,
    pool_size: Sizes,
    strides: Sizes = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    pool_mode: str = "max",
) -> Tensor:
    """The maximum ('max') or average ('avg') of every window of images, channel by channel.

    x: (batch, rows, cols, channels), or (batch, channels, rows, cols) for channels_first; whole numbers keep their
    type, averages are cut; sizes may be unknown. pool_size, strides: an int, or one per spatial dimension. padding:
    'valid', or 'same' for ceil(size / stride) places, where what lies outside of the image counts for nothing, in
    averages too. The gradient of a maximum goes to the first place that has it. ValueError for other modes, ranks or
    sizes.

    >>> pool2d(constant([[[[1.0], [2.0], [6.0]]]]), (1, 2), (1, 2), "same", "channels_last", "avg").numpy().ravel()
    array([1.5, 6. ], dtype=float32)
    """
    return _pool("pool2d", x, 2, pool_size, strides, padding, data_format, pool_mode)


def pool3d(
    x: TensorLike,
    pool_size: Sizes,
    strides: Sizes = (1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    pool_mode: str = "max",
) -> Tensor:
    """Over volumes; see `pool2d`."""
    return _pool("pool3d", x, 3, pool_size, strides, padding, data_format, pool_mode)


def _pool(
    what: str,
    x: TensorLike,
    spatial: int,
    pool_size: Sizes,
    strides: Sizes,
    padding: str,
    data_format: str | None,
    pool_mode: str,
) -> Tensor:
    if pool_mode not in _OPS:
        raise ValueError(f"{what}: expected pool_mode 'max' or 'avg', got {pool_mode!r}")
    attributes = window_attributes(what, spatial, strides, padding, pool_size=pool_size)
    image = channels_last(what, convert(x), spatial, data_format)
    pooled = through_floats(lambda floats: emit(_OPS[pool_mode], floats, **attributes), image)
    return from_channels_last(pooled, data_format)
