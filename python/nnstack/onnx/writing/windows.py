"""Convolutions, their transposes, and pools: channels come first in ONNX, last in our ops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnstack.onnx.writing.translate import Exporter, Translation
from nnstack.onnx.writing.writer import Order, Stored, Unsupported, channels_first


def _kernel_order(rank: int) -> Order:
    """Of our kernel (*window, in, out), stored as (out, in, *window)."""
    return (*range(2, rank), 1, 0)


def _dilated(sizes: Sequence[int], dilations: Sequence[int]) -> list[int]:
    return [max((size - 1) * dilation + 1, 0) for size, dilation in zip(sizes, dilations, strict=True)]


def _padding(
    padding: str, lengths: Sequence[int], strides: Sequence[int], spatial: Sequence[int | None]
) -> dict[str, Any]:
    """pads, or auto_pad where 'same' depends on sizes that are not known."""
    if padding == "valid":
        return {}
    if padding == "causal":
        return {"pads": [*(length - 1 for length in lengths), *(0 for _ in lengths)]}
    sizes = [size for size in spatial if size is not None]
    if len(sizes) < len(spatial) and all(stride == 1 for stride in strides):
        missing = [length - 1 for length in lengths]  # whatever the size
    elif len(sizes) < len(spatial):
        return {"auto_pad": "SAME_UPPER"}
    else:
        missing = [
            max((-(-size // stride) - 1) * stride + length - size, 0)
            for size, stride, length in zip(sizes, strides, lengths, strict=True)
        ]
    before = [one // 2 for one in missing]
    return {"pads": [*before, *(one - half for one, half in zip(missing, before, strict=True))]}


def _convolution(t: Translation, value: Any) -> Stored:
    x, kernel = value.inputs
    rank, attributes = len(x.shape), value.attributes
    window = kernel.shape[:-2]
    if None in window:
        raise Unsupported("convolution with a window of unknown size")
    strides = attributes["strides"]
    dilations = attributes["dilations"] or [1] * len(strides)
    order = channels_first(rank)
    made = t.writer.node(
        "Conv",
        [t.in_order(x, order), t.in_order(kernel, _kernel_order(rank))],
        kernel_shape=list(window),
        strides=list(strides),
        dilations=list(dilations),
        group=attributes["groups"],
        **_padding(attributes["padding"], _dilated(window, dilations), strides, x.shape[1:-1]),
    )
    return Stored(made, order)


def _transposed_convolution(t: Translation, value: Any) -> Stored:
    """convolution_input_gradient(g, kernel, shape of x) is ConvTranspose(g, kernel)."""
    g, kernel, shape = value.inputs
    rank, attributes = len(g.shape), value.attributes
    window, strides = kernel.shape[:-2], attributes["strides"]
    dilations = attributes["dilations"] or [1] * len(strides)
    lengths = _dilated(window, dilations)
    pads_before, pads_after, output_padding = [], [], []
    for axis, (length, stride) in enumerate(zip(lengths, strides, strict=True)):
        small, large = _sizes(t, value, g, shape, axis + 1)
        whole = (small - 1) * stride + length  # what ConvTranspose gives without padding
        missing = max(whole - large, 0)
        before = {"valid": 0, "same": missing // 2, "causal": length - 1}[attributes["padding"]]
        after = whole - large - before
        pads_before.append(before)
        pads_after.append(max(after, 0))
        output_padding.append(max(-after, 0))
    order = channels_first(rank)
    kernel_order = (*range(2, rank), 1, 0)  # (filters, channels, *window): ConvTranspose's input channels come first
    made = t.writer.node(
        "ConvTranspose",
        [t.in_order(g, order), t.in_order(kernel, kernel_order)],
        kernel_shape=list(window),
        strides=list(strides),
        dilations=list(dilations),
        group=attributes["groups"],
        pads=[*pads_before, *pads_after],
        output_padding=output_padding,
    )
    return Stored(made, order)


def _sizes(t: Translation, value: Any, g: Any, shape: Any, axis: int) -> tuple[int, int]:
    """Sizes along an axis before and after a transposed convolution; where they are not known, those of an example,
    which serve as well: the padding is the same for all.
    """
    if g.shape[axis] is not None and value.shape[axis] is not None:
        return g.shape[axis], value.shape[axis]
    if t.probe is None:
        raise Unsupported("transposed convolution of unknown size in a loop")
    small, large = t.probe([g, shape])
    return int(small.shape[axis]), int(large[axis])


def _pool(t: Translation, value: Any) -> Stored:
    if len(value.inputs) > 1:
        raise Unsupported("max_pool of one tensor by another")
    x, attributes = value.inputs[0], value.attributes
    order = channels_first(len(x.shape))
    sizes, strides = attributes["sizes"], attributes["strides"]
    operator, counts = {"max_pool": ("MaxPool", None), "average_pool": ("AveragePool", 0)}[value.op]
    source = t.in_order(x, order)
    if operator == "MaxPool":
        _keep_zeros(t, source, x.dtype)
    made = t.writer.node(
        operator,
        [source],
        kernel_shape=list(sizes),
        strides=list(strides),
        count_include_pad=counts,
        **_padding(attributes["padding"], sizes, strides, x.shape[1:-1]),
    )
    return Stored(made, order)


def _keep_zeros(t: Translation, name: str, dtype: str) -> None:
    """ONNX Runtime (1.31 and before) takes a Pad of zeros for the padding of the MaxPool behind it, which is -inf. It
    leaves one of the smallest positive number alone.
    """
    producer = t.writer.producer(name)
    if producer is not None and producer.op_type == "Transpose":
        producer = t.writer.producer(producer.input[0])
    if producer is not None and producer.op_type == "Pad" and not t.writer.root.initializers[producer.input[2]].any():
        producer.input[2] = t.writer.constant(np.asarray(np.finfo(dtype).tiny, dtype), "nearly_zero")


EXPORTERS: dict[str, Exporter] = {
    "average_pool": _pool,
    "convolution": _convolution,
    "convolution_input_gradient": _transposed_convolution,
    "max_pool": _pool,
}
