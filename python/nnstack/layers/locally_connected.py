"""Locally connected layers: convolutions whose kernel is another one at every place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nnstack import activations, backend
from nnstack.engine.spec import InputSpec
from nnstack.layers.arguments import label, positive_int
from nnstack.layers.convolution import SpatialLayer
from nnstack.layers.parameters import add_parameter, options_config, set_options
from nnstack.utils import allowance


class _LocallyConnected(SpatialLayer):
    """The three implementations of Keras differ in how the weights are stored. All are computed as one product per
    place with the weights of that place, which `_map` finds in what is stored.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        implementation: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        what = label(self)
        self.filters = positive_int(filters, what, "filters")
        self._set_window(kernel_size, strides, padding, data_format)
        if implementation not in (1, 2, 3):
            raise ValueError(f"{what}: expected implementation 1, 2 or 3, got {implementation!r}")
        if implementation == 1 and self.padding != "valid":
            raise ValueError(
                f"{what}: implementation 1 takes padding='valid' only, got {padding!r}. Use implementation 2 or 3"
            )
        self.implementation = implementation
        self.activation = activations.get(activation)
        self.use_bias = bool(use_bias)
        set_options(self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        set_options(self, "bias", bias_initializer, bias_regularizer, bias_constraint)
        self.input_spec = InputSpec(ndim=self.spatial + 2)

    def build(self, input_shape: Any) -> None:
        channels = self._channels(input_shape)
        sizes = self._places(input_shape)
        if None in sizes:
            raise ValueError(
                f"{label(self)}: expected known sizes on all axes but the batch's, got input shape "
                f"{tuple(input_shape)}. Each place has weights of its own"
            )
        known = [int(size or 0) for size in sizes]
        moved = [int(size or 0) for size in self._moved_places(input_shape)]
        places, window = int(np.prod(moved)), int(np.prod(self.kernel_size))
        self._around = self._borders(known, moved)
        self._output_places = moved
        self._map: np.ndarray | None = None
        if self.implementation == 1:
            shape: tuple[int, ...] = (places, window * channels, self.filters)
        elif self.implementation == 2:
            shape = (*self._arranged((), known, channels), *self._arranged((), moved, self.filters))
            self._map = self._stored(known, moved, channels, sparse=False)[0]
        else:
            self._map, count = self._stored(known, moved, channels, sparse=True)
            shape = (count,)
        self.kernel = add_parameter(self, "kernel", shape)
        self.bias = add_parameter(self, "bias", (*moved, self.filters)) if self.use_bias else None
        self.input_spec = InputSpec(ndim=self.spatial + 2, axes={self._channel_axis: channels})
        super().build(input_shape)

    def _borders(self, sizes: Sequence[int], moved: Sequence[int]) -> list[tuple[int, int]]:
        """Zeros before and after each axis. For "same" Keras centres these windows its own way."""
        if self.padding == "valid":
            return [(0, 0)] * self.spatial
        around = []
        for size, places, window, step in zip(sizes, moved, self.kernel_size, self.strides, strict=True):
            before = window // 2
            around.append((before, max((places - 1) * step + window - before - size, 0)))
        return around

    def _stored(
        self, sizes: Sequence[int], moved: Sequence[int], channels: int, sparse: bool
    ) -> tuple[np.ndarray, int]:
        """(where in the stored weights the one of (place, tap and channel, filter) lies, how many there are if only
        the connections are stored). A tap that falls on the border gets any place: its input is 0.
        """
        allowance.take(math.prod((*moved, *self.kernel_size)), f'locally_connected (layer "{self.name}"): places')
        grids = np.indices((*moved, *self.kernel_size)).reshape(2, self.spatial, -1)
        places = np.ravel_multi_index(tuple(grids[0]), tuple(moved))
        before = np.array([both[0] for both in self._around])[:, None]
        coordinates = grids[0] * np.array(self.strides)[:, None] + grids[1] - before
        inside = np.all((coordinates >= 0) & (coordinates < np.array(sizes)[:, None]), axis=0)
        inputs = np.where(inside, np.ravel_multi_index(tuple(coordinates), tuple(sizes), mode="clip"), 0)
        count, total, window = int(np.prod(moved)), int(np.prod(sizes)), int(np.prod(self.kernel_size))
        taps = np.arange(len(places)) % window
        channel, filters = np.arange(channels), np.arange(self.filters)
        place, source = places[:, None, None], inputs[:, None, None]
        channel, filters = channel[None, :, None], filters[None, None, :]
        if self.data_format == "channels_first":
            incoming, outgoing = channel * total + source, filters * count + place
        else:
            incoming, outgoing = source * channels + channel, place * self.filters + filters
        incoming, outgoing = np.broadcast_arrays(incoming, outgoing)
        flat = incoming * (count * self.filters) + outgoing
        number = int(inside.sum()) * channels * self.filters
        if sparse:
            order = outgoing * (total * channels) + incoming
            kept = np.broadcast_to(inside[:, None, None], order.shape)
            flat = np.where(kept, np.searchsorted(np.sort(order[kept]), order), 0)
        result = np.zeros((count, window, channels, self.filters), np.int64)
        result[places, taps] = flat
        if self.data_format == "channels_first":
            result = result.transpose(0, 2, 1, 3)
        return result.reshape(count, window * channels, self.filters), number

    def call(self, inputs: Any) -> Any:
        first = 2 if self.data_format == "channels_first" else 1
        x = inputs
        if self.padding != "valid":
            around = [(0, 0)] * (self.spatial + 2)
            around[first : first + self.spatial] = self._around
            x = backend.pad(x, around)
        kernel = backend.convert(self.kernel)
        if self._map is not None:
            kernel = backend.gather(backend.flatten(kernel), self._map)
        if self.spatial == 1:
            outputs = backend.local_conv1d(x, kernel, self.kernel_size, self.strides, self.data_format)
        else:
            outputs = backend.local_conv2d(
                x, kernel, self.kernel_size, self.strides, self._output_places, self.data_format
            )
        if self.bias is not None:
            outputs = backend.bias_add(outputs, self.bias, data_format=self.data_format)
        return outputs if self.activation is None else self.activation(outputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return self._arranged(tuple(input_shape)[:1], self._moved_places(input_shape), self.filters)

    def get_config(self) -> dict[str, Any]:
        window = self._window_config()
        del window["dilation_rate"]
        return {
            **super().get_config(),
            "filters": self.filters,
            **window,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            **options_config(self, "kernel", "bias"),
            "implementation": self.implementation,
        }


class LocallyConnected1D(_LocallyConnected):
    """A Conv1D that does not share its weights between places: (batch, steps, channels) -> (batch, new_steps, filters).

    Arguments as in Conv1D (no dilation, no groups). `padding` "valid", or "same" with implementation 2 or 3.
    `implementation`: how the weights are stored. 1: `kernel` (new_steps, kernel_size * channels, filters); 2: (steps,
    channels, new_steps, filters), in the input's layout, of which only the entries within reach are used; 3: a vector
    of those entries. `bias` (new_steps, filters). Raises `ValueError` for an unknown number of steps.

    Source: https://keras.io/2.16/api/layers/locally_connected_layers/locall_connected1d/
    """

    spatial = 1


class LocallyConnected2D(_LocallyConnected):
    """A Conv2D that does not share its weights between places: -> (batch, new_rows, new_cols, filters).

    See LocallyConnected1D. `kernel`: 1: (new_rows * new_cols, rows * cols of the kernel * channels, filters); 2:
    (rows, cols, channels, new_rows, new_cols, filters); 3: a vector. `bias` (new_rows, new_cols, filters).

    >>> LocallyConnected2D(2, 3)(np.ones((1, 5, 5, 1), "float32")).shape
    (1, 3, 3, 2)
    """
