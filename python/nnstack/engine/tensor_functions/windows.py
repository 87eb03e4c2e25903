"""Functions of TensorFlow over windows of images: pools, convolutions, other sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnstack import backend as K
from nnstack.backend.convolution import convolution as _convolution
from nnstack.backend.resizing import resize as _resize_to
from nnstack.engine.tensor_functions.operands import tensor


def resized(images: Any, size: Any, method: Any = "bilinear", preserve_aspect_ratio: bool = False) -> Any:
    if preserve_aspect_ratio:
        raise ValueError("image.resize: preserve_aspect_ratio has no counterpart")
    return _resize_to(tensor(images), [int(one) for one in size], str(method or "bilinear"), "channels_last")


def _windows(value: Any, rank: int) -> list[int]:
    """Sizes per spatial axis from a number, a list of one or of `rank` numbers, or one with batch and channels."""
    sizes = [value] if isinstance(value, int) else [int(one) for one in value]
    sizes = sizes[1:-1] if len(sizes) == rank + 2 else sizes
    return sizes * rank if len(sizes) == 1 else sizes


def pooled(rank: int | None, mode: str) -> Callable[..., Any]:
    def compute(input_: Any, ksize: Any, strides: Any = None, padding: Any = "VALID", data_format: Any = None) -> Any:
        x = tensor(input_)
        spatial = rank or len(x.shape) - 2
        pool = (_pool1d, K.pool2d, K.pool3d)[spatial - 1]
        sizes, steps = _windows(ksize, spatial), _windows(ksize if strides is None else strides, spatial)
        layout = layout_of(data_format)
        return pool(x, tuple(sizes), tuple(steps), str(padding).lower(), layout, mode)

    return compute


def _pool1d(x: Any, sizes: Any, steps: Any, padding: str, layout: str, mode: str) -> Any:
    return K.pool1d(x, sizes[0], steps[0], padding, layout, mode)


def layout_of(data_format: Any) -> str:
    return "channels_first" if str(data_format or "").startswith("NC") else "channels_last"


def convolved(input_: Any, filters: Any, stride: Any = None, padding: Any = "VALID", data_format: Any = None,
               dilations: Any = None) -> Any:  # fmt: skip
    x = tensor(input_)
    kernel = tensor(filters, x)
    rank = len(x.shape) - 2
    return _convolution(
        x,
        kernel,
        tuple(_windows(stride or 1, rank)),
        str(padding).lower(),
        layout_of(data_format),
        tuple(_windows(dilations or 1, rank)),
    )


def bias(value: Any, bias: Any, data_format: Any = None) -> Any:
    x = tensor(value)
    return K.bias_add(x, tensor(bias, x), layout_of(data_format))
