"""Convolutions over one, two or three axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from nnstack import activations, backend
from nnstack.engine.layer import Layer
from nnstack.engine.spec import InputSpec
from nnstack.layers.arguments import choice, int_tuple, label, positive_int
from nnstack.layers.parameters import add_parameter, options_config, set_options


class SpatialLayer(Layer):
    """What layers that slide a window have in common: sizes of the window, steps, borders, layout of the input."""

    spatial: ClassVar[int] = 2
    paddings: ClassVar[tuple[str, ...]] = ("valid", "same")
    window: ClassVar[str] = "kernel_size"  # what the argument is called

    def _set_window(
        self, kernel_size: Any, strides: Any, padding: Any, data_format: Any, dilation_rate: Any = 1
    ) -> None:
        what = label(self)
        self.kernel_size = int_tuple(kernel_size, self.spatial, what, "kernel_size")
        self.strides = int_tuple(strides, self.spatial, what, "strides")
        self.padding = choice(padding, self.paddings, what, "padding")
        self.data_format = backend.normalize_data_format(data_format)
        self.dilation_rate = int_tuple(dilation_rate, self.spatial, what, "dilation_rate")
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"{what}: strides above 1 cannot be combined with dilation_rate above 1, got strides={self.strides} "
                f"and dilation_rate={self.dilation_rate}"
            )

    @property
    def _channel_axis(self) -> int:
        """Counted from the end, so that it holds for any number of batch axes."""
        return -1 - self.spatial if self.data_format == "channels_first" else -1

    def _places(self, shape: Sequence[int | None]) -> list[int | None]:
        """The sizes of the axes the window slides over."""
        return list(shape[-self.spatial :] if self.data_format == "channels_first" else shape[-1 - self.spatial : -1])

    def _arranged(self, batch: Sequence[Any], places: Sequence[Any], channels: Any) -> tuple[Any, ...]:
        """A shape in the layer's layout."""
        if self.data_format == "channels_first":
            return (*batch, channels, *places)
        return (*batch, *places, channels)

    def _channels(self, shape: Sequence[int | None]) -> int:
        """The known number of channels, or `ValueError`."""
        if len(shape) < self.spatial + 2:
            raise ValueError(f"{label(self)}: expected rank {self.spatial + 2}, got input shape {tuple(shape)}")
        channels = shape[self._channel_axis]
        if channels is None:
            raise ValueError(
                f"{label(self)}: expected a known number of channels ({self.data_format}), got input shape "
                f"{tuple(shape)}. Give the input a size there"
            )
        return channels

    def _moved_places(self, shape: Sequence[int | None]) -> list[int | None]:
        """Sizes after the window has slid over the input; `ValueError` if it does not fit in."""
        sizes: list[int | None] = []
        for size, window, step, rate in zip(
            self._places(shape), self.kernel_size, self.strides, self.dilation_rate, strict=True
        ):
            wide = (window - 1) * rate + 1
            if size is None:
                sizes.append(None)
                continue
            reach = size - wide + 1 if self.padding == "valid" else size
            if reach < 1:
                spread = f", dilation_rate {self.dilation_rate}" if max(self.dilation_rate) > 1 else ""
                raise ValueError(
                    f"{label(self)}: a window of {wide} does not fit into {size}: {self.window} {self.kernel_size}"
                    f"{spread}, padding {self.padding!r}, input shape {tuple(shape)}. Use padding='same', a smaller "
                    "window, or a larger input"
                )
            sizes.append(-(-reach // step))
        return sizes

    def _window_config(self) -> dict[str, Any]:
        return {
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
        }


class Convolution(SpatialLayer):
    """The base of Conv1D, Conv2D and Conv3D, and of the layers made of them."""

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        what = label(self)
        self.filters = positive_int(filters, what, "filters")
        self.groups = positive_int(groups or 1, what, "groups")
        if self.filters % self.groups:
            raise ValueError(f"{what}: expected filters that groups divides, got {self.filters} and groups={groups}")
        self._set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self.activation = activations.get(activation)
        self.use_bias = bool(use_bias)
        set_options(self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        set_options(self, "bias", bias_initializer, bias_regularizer, bias_constraint)
        self.input_spec = InputSpec(min_ndim=self.spatial + 2)

    def build(self, input_shape: Any) -> None:
        channels = self._channels(input_shape)
        if channels % self.groups:
            raise ValueError(
                f"{label(self)}: expected channels that groups divides, got {channels} channels and groups="
                f"{self.groups}; input shape {tuple(input_shape)}"
            )
        self.compute_output_shape(input_shape)
        self._add_weights(channels)
        self.input_spec = InputSpec(min_ndim=self.spatial + 2, axes={self._channel_axis: channels})
        super().build(input_shape)

    def _add_weights(self, channels: int) -> None:
        self.kernel = add_parameter(self, "kernel", (*self.kernel_size, channels // self.groups, self.filters))
        self.bias = add_parameter(self, "bias", (self.filters,)) if self.use_bias else None

    def call(self, inputs: Any) -> Any:
        extra = len(inputs.shape) - self.spatial - 2
        x = inputs if not extra else backend.reshape(inputs, (-1, *backend.shapes.dimensions(inputs)[extra + 1 :]))
        outputs = self._convolved(x)
        if self.bias is not None:
            outputs = backend.bias_add(outputs, self.bias, data_format=self.data_format)
        if extra:
            batch = backend.shapes.dimensions(inputs)[: extra + 1]
            outputs = backend.reshape(outputs, (*batch, *backend.shapes.dimensions(outputs)[1:]))
        return outputs if self.activation is None else self.activation(outputs)

    def _convolved(self, x: Any) -> Any:
        return backend.convolution(
            x, self.kernel, self.strides, self.padding, self.data_format, self.dilation_rate, self.groups
        )

    def compute_output_shape(self, input_shape: Any) -> Any:
        batch = tuple(input_shape)[: -1 - self.spatial]
        return self._arranged(batch, self._moved_places(input_shape), self.filters)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            **self._window_config(),
            "groups": self.groups,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            **options_config(self, "kernel", "bias"),
        }


class Conv1D(Convolution):
    """Convolution along time: (batch, steps, channels) -> (batch, new_steps, filters).

    `filters` number of outputs per place; `kernel_size` steps of the window; `strides` default 1; `padding` "valid",
    "same", or "causal" (a place sees none after it); `data_format` default "channels_last", else (batch, channels,
    steps), None for `image_data_format()`; `dilation_rate` distance of the window's steps, above 1 only with strides 1;
    `groups`: channels and filters in that many independent parts; `activation`, `use_bias`, initializers (Glorot
    uniform, zeros), regularizers and constraints as in Dense. More than one batch axis is fine. Weights: `kernel`
    (kernel_size, channels / groups, filters), `bias` (filters,).

    Raises `ValueError` for wrong arguments, an unknown number of channels, and a window larger than the input.

    >>> Conv1D(4, 3, padding="causal")(np.ones((2, 10, 5), "float32")).shape
    (2, 10, 4)

    Source: https://keras.io/2.16/api/layers/convolution_layers/convolution1d/
    """

    spatial = 1
    paddings = ("valid", "same", "causal")

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = "channels_last",  # whatever the layout of images is
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(filters, kernel_size, strides, padding, data_format, *args, **kwargs)


class Conv2D(Convolution):
    """Convolution of images: (batch, rows, cols, channels) -> (batch, new_rows, new_cols, filters).

    `kernel_size`, `strides`, `dilation_rate`: an int or (rows, cols). `padding` "valid" or "same". `data_format`
    "channels_last" or "channels_first" (batch, channels, rows, cols), default `image_data_format()`. The rest as in
    Conv1D. Weights: `kernel` (rows, cols, channels / groups, filters), `bias` (filters,).

    >>> Conv2D(8, 3, strides=2, padding="same")(np.ones((2, 9, 9, 3), "float32")).shape
    (2, 5, 5, 8)

    Source: https://keras.io/2.16/api/layers/convolution_layers/convolution2d/
    """


class Conv3D(Convolution):
    """Convolution of volumes: (batch, dim1, dim2, dim3, channels) -> (batch, new1, new2, new3, filters); see Conv2D.

    Weights: `kernel` (three sizes, channels / groups, filters), `bias` (filters,).

    Source: https://keras.io/2.16/api/layers/convolution_layers/convolution3d/
    """

    spatial = 3


Convolution1D = Conv1D
