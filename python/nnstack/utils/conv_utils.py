"""Arithmetic of convolutions' arguments and sizes, under the names that layers written for Keras 2 import."""

from __future__ import annotations

from typing import Any

import numpy as np


def normalize_tuple(value: Any, n: int, name: str, allow_zero: bool = False) -> tuple[int, ...]:
    """`n` ints from one int or a sequence of `n`; ValueError names the argument `name` for anything else.

    >>> normalize_tuple(2, 3, "strides")
    (2, 2, 2)
    """
    expected = (
        f"expected {name} as an int or {n} ints, {'none negative' if allow_zero else 'all positive'}, got {value!r}"
    )
    sizes = (value,) * n if isinstance(value, int | np.integer) else value
    try:
        sizes = tuple(sizes)
    except TypeError:
        raise ValueError(expected) from None
    if len(sizes) != n or not all(isinstance(one, int | np.integer) for one in sizes):
        raise ValueError(expected)
    if any(one < 0 or (one == 0 and not allow_zero) for one in sizes):
        raise ValueError(expected)
    return tuple(int(one) for one in sizes)


def normalize_padding(value: Any) -> Any:
    """'valid', 'same' or 'causal' in lower case, or a list or tuple as it is; ValueError for other words."""
    if isinstance(value, list | tuple):
        return value
    padding = str(value).lower()
    if padding not in ("valid", "same", "causal"):
        raise ValueError(f"expected padding 'valid', 'same' or 'causal', got {value!r}")
    return padding


def normalize_data_format(value: str | None) -> str:
    """'channels_last' or 'channels_first', None being the global one; ValueError for other words."""
    from nnstack import backend

    data_format = (backend.image_data_format() if value is None else str(value)).lower()
    if data_format not in ("channels_first", "channels_last"):
        raise ValueError(f"expected data_format 'channels_first' or 'channels_last', got {value!r}")
    return data_format


def conv_output_length(
    input_length: int | None, filter_size: int, padding: str, stride: int, dilation: int = 1
) -> int | None:
    """Places that a window of `filter_size` visits; None for an unknown length.

    >>> conv_output_length(7, 3, "valid", stride=2)
    3
    """
    if input_length is None:
        return None
    _known(padding, ("same", "valid", "full", "causal"))
    window = (filter_size - 1) * dilation + 1
    length = {"same": input_length, "causal": input_length, "valid": input_length - window + 1}.get(
        padding, input_length + window - 1
    )
    return (length + stride - 1) // stride


def conv_input_length(output_length: int | None, filter_size: int, padding: str, stride: int) -> int | None:
    """The shortest input from which a convolution makes `output_length` places."""
    if output_length is None:
        return None
    _known(padding, ("same", "valid", "full"))
    pad = {"same": filter_size // 2, "valid": 0, "full": filter_size - 1}[padding]
    return (output_length - 1) * stride - 2 * pad + filter_size


def deconv_output_length(
    input_length: int | None,
    filter_size: int,
    padding: str,
    output_padding: int | None = None,
    stride: int = 0,
    dilation: int = 1,
) -> int | None:
    """Length of a transposed convolution's output; `output_padding` None: what its padding makes of it."""
    _known(padding, ("same", "valid", "full"))
    if input_length is None:
        return None
    window = filter_size + (filter_size - 1) * (dilation - 1)
    if output_padding is None:
        extra = {"valid": max(window - stride, 0), "full": -(stride + window - 2), "same": 0}[padding]
        return input_length * stride + extra
    pad = {"same": window // 2, "valid": 0, "full": window - 1}[padding]
    return (input_length - 1) * stride + window - 2 * pad + output_padding


def deconv_length(
    dim_size: int | None,
    stride_size: int,
    kernel_size: int,
    padding: str,
    output_padding: int | None = None,
    dilation: int = 1,
) -> int | None:
    """`deconv_output_length` with the arguments of Keras 2.3."""
    return deconv_output_length(dim_size, kernel_size, padding, output_padding, stride_size, dilation)


def convert_kernel(kernel: Any) -> np.ndarray:
    """A kernel of 3 to 5 axes turned about in all of its places: correlation for convolution, and back."""
    array = np.asarray(kernel)
    if not 3 <= array.ndim <= 5:
        raise ValueError(f"convert_kernel: expected 3 to 5 axes, got shape {array.shape}")
    turned: np.ndarray = np.flip(array, tuple(range(array.ndim - 2))).copy()
    return turned


def _known(padding: str, words: tuple[str, ...]) -> None:
    if padding not in words:
        raise ValueError(f"expected padding {', '.join(map(repr, words[:-1]))} or {words[-1]!r}, got {padding!r}")
