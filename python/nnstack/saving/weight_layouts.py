"""Weights as other versions and backends of Keras laid them out, in the layout of tf.keras 2.

Rules by kind of layer, each `(layer, arrays, origin) -> arrays`. Sources: what Keras 1 called its weights; convolution
kernels of Theano, which are turned by 180 degrees; CuDNN's recurrent weights, transposed and with two biases.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Arrays = list[np.ndarray]


class Origin(NamedTuple):
    """Who wrote a file."""

    version: tuple[int, ...]
    backend: str | None

    @property
    def keras_1(self) -> bool:
        return self.version < (2,)


def convert(layer: Any, arrays: Arrays, origin: Origin) -> Arrays:
    """The arrays of a layer, nested ones included, in the order and layout of its own weights in a file of today."""
    rule = _rule(layer)
    return rule(layer, arrays, origin) if rule is not None else arrays


def stored_count(layer: Any, origin: Origin, kind: str) -> int:
    """How many `kind` ('trainable_weights', 'non_trainable_weights') weights of a layer such a file holds."""
    count = len(getattr(layer, kind))
    if origin.keras_1 and count:
        count = _KERAS_1_COUNTS.get(_kind(layer, _KERAS_1_COUNTS) or "", count)
    return count


_KERAS_1_COUNTS = {"LSTM": 12, "GRU": 9, "ConvLSTM2D": 12}


def _kind(layer: Any, table: Any) -> str | None:
    return next((base.__name__ for base in type(layer).__mro__ if base.__name__ in table), None)


def _rule(layer: Any) -> _Rule | None:
    kind = _kind(layer, _RULES)
    return None if kind is None else _RULES[kind]


# -- layers that hold layers --------------------------------------------------------------------------------------
def _nested(layer: Any, arrays: Arrays, origin: Origin) -> Arrays:
    """A model: all trainable weights, layer by layer, then all others."""
    position, parts = 0, {id(inner): ([], []) for inner in layer.layers}  # type: ignore[var-annotated]
    for number, kind in enumerate(("trainable_weights", "non_trainable_weights")):
        for inner in layer.layers:
            count = stored_count(inner, origin, kind)
            parts[id(inner)][number].extend(arrays[position : position + count])
            position += count
    if position != len(arrays):
        return arrays  # the counts tell the caller what is wrong
    trainable, others = [], []
    for inner in layer.layers:
        first, second = parts[id(inner)]
        found = convert(inner, first + second, origin)
        trainable += found[: len(inner.trainable_weights)]
        others += found[len(inner.trainable_weights) :]
    return trainable + others


def _both_ways(layer: Any, arrays: Arrays, origin: Origin) -> Arrays:
    half = len(arrays) // 2
    return convert(layer.forward_layer, arrays[:half], origin) + convert(layer.backward_layer, arrays[half:], origin)


def _wrapped(layer: Any, arrays: Arrays, origin: Origin) -> Arrays:
    return convert(layer.layer, arrays, origin)


# -- convolutions ---------------------------------------------------------------------------------------------------
def _convolution(layer: Any, arrays: Arrays, origin: Origin) -> Arrays:
    if not arrays:
        return arrays
    kernel, *others = arrays
    first = getattr(layer, "data_format", None) == "channels_first"
    if origin.keras_1:
        kernel = _keras_1_kernel(layer, kernel, first)
    if origin.backend == "theano":
        kernel = _turned(kernel)
    return [kernel, *others]


def _keras_1_kernel(layer: Any, kernel: Any, channels_first: bool) -> Any:
    rank = kernel.ndim - 2
    if _kind(layer, ("Conv1D",)) and kernel.ndim == 4:
        if kernel.shape[1] != 1:  # (filters, channels, length, 1), as before 1.1
            kernel = kernel.transpose(2, 3, 1, 0)
        return kernel[:, 0]
    if _kind(layer, ("Conv2DTranspose",)):
        return kernel.transpose(2, 3, 0, 1) if channels_first else kernel.transpose(0, 1, 3, 2)
    if channels_first and rank in (2, 3):  # (filters, channels, ...)
        return kernel.transpose(*range(2, rank + 2), 1, 0)
    return kernel


def _turned(kernel: np.ndarray) -> np.ndarray:
    """The kernel of a convolution, which Theano computes, as that of a correlation, which TensorFlow computes."""
    spatial = tuple(range(kernel.ndim - 2))
    return np.flip(kernel, spatial)


# -- recurrent layers -------------------------------------------------------------------------------------------------
def _gates(arrays: Arrays, order: tuple[int, ...]) -> Arrays:
    """Keras 1 has a kernel, a recurrent kernel and a bias per gate; later they stand side by side."""
    return [np.concatenate([arrays[3 * gate + part] for gate in order], axis=-1) for part in range(3)]


def _lstm(layer: Any, arrays: Arrays, origin: Origin) -> Arrays:
    if len(arrays) == 12:
        arrays = _gates(arrays, (0, 2, 1, 3))  # i, c, f, o -> i, f, c, o
    if len(arrays) == 3 and arrays[2].ndim == 1 and arrays[2].shape[0] == 8 * arrays[1].shape[0]:
        kernel, recurrent, bias = arrays
        half = bias.shape[0] // 2
        arrays = [_from_cudnn(kernel, 4), _each(recurrent, 4, np.transpose), bias[:half] + bias[half:]]
    return arrays


def _gru(layer: Any, arrays: Arrays, origin: Origin) -> Arrays:
    if len(arrays) == 9:
        arrays = _gates(arrays, (0, 1, 2))
    if len(arrays) == 3 and arrays[2].ndim == 1 and arrays[2].shape[0] == 6 * arrays[1].shape[0]:
        kernel, recurrent, bias = arrays
        arrays = [_from_cudnn(kernel, 3), _each(recurrent, 3, np.transpose), bias.reshape(2, -1)]
    return arrays


def _from_cudnn(kernel: np.ndarray, gates: int) -> np.ndarray:
    return _each(kernel, gates, lambda gate: gate.T.reshape(gate.shape, order="F"))


def _each(matrix: np.ndarray, gates: int, change: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    return np.concatenate([change(gate) for gate in np.split(matrix, gates, axis=1)], axis=1)


def _conv_lstm(layer: Any, arrays: Arrays, origin: Origin) -> Arrays:
    if len(arrays) == 12:
        arrays = _gates(arrays, (0, 2, 1, 3))
        if getattr(layer, "data_format", None) == "channels_first":
            arrays = [array.transpose(2, 3, 1, 0) if array.ndim == 4 else array for array in arrays]
    if origin.backend == "theano":
        arrays = [_turned(array) if array.ndim == 4 else array for array in arrays]
    return arrays


_Rule = Callable[[Any, Arrays, Origin], Arrays]
_RULES: dict[str, _Rule | None] = {
    "SeparableConv1D": None,  # not by the rule of the class they derive from
    "SeparableConv2D": None,
    "DepthwiseConv1D": None,
    "DepthwiseConv2D": None,
    "Model": _nested,
    "Bidirectional": _both_ways,
    "TimeDistributed": _wrapped,
    "Conv1D": _convolution,
    "Conv2D": _convolution,
    "Conv3D": _convolution,
    "Conv2DTranspose": _convolution,
    "LSTM": _lstm,
    "GRU": _gru,
    "ConvLSTM2D": _conv_lstm,
}
