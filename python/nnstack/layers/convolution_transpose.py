"""Transposed convolutions: the gradient of a convolution as a layer, which enlarges its input."""

from __future__ import annotations

from typing import Any

from nnstack import backend
from nnstack.engine.spec import InputSpec
from nnstack.layers.arguments import int_tuple, label
from nnstack.layers.convolution import Convolution
from nnstack.layers.parameters import add_parameter


class _ConvTranspose(Convolution):
    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters,
            kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            **kwargs,
        )
        what = label(self)
        if self.groups != 1:
            raise ValueError(f"{what}: transposed convolutions have no groups, got groups={self.groups}")
        self.output_padding = None
        if output_padding is not None:
            self.output_padding = int_tuple(output_padding, self.spatial, what, "output_padding", least=0)
            if any(more >= step for more, step in zip(self.output_padding, self.strides, strict=True)):
                raise ValueError(
                    f"{what}: expected output_padding below strides on every axis, got output_padding="
                    f"{self.output_padding} and strides={self.strides}"
                )
        self.input_spec = InputSpec(ndim=self.spatial + 2)

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.input_spec = InputSpec(ndim=self.spatial + 2, axes={self._channel_axis: self._channels(input_shape)})

    def _add_weights(self, channels: int) -> None:
        self.kernel = add_parameter(self, "kernel", (*self.kernel_size, self.filters, channels))
        self.bias = add_parameter(self, "bias", (self.filters,)) if self.use_bias else None

    def _grown(self, size: Any, axis: int) -> Any:
        """The output's size for an input of `size` (an int, a scalar tensor, or None)."""
        if size is None:
            return None
        step = self.strides[axis]
        window = (self.kernel_size[axis] - 1) * self.dilation_rate[axis] + 1
        if self.output_padding is None:
            return size * step + (max(window - step, 0) if self.padding == "valid" else 0)
        border = window // 2 if self.padding == "same" else 0
        return size * step + (window - step - 2 * border + self.output_padding[axis])

    def _convolved(self, x: Any) -> Any:
        batch, *sizes = backend.shapes.dimensions(x)
        places = sizes[1:] if self.data_format == "channels_first" else sizes[:-1]
        grown = [self._grown(size, axis) for axis, size in enumerate(places)]
        function = (backend.conv1d_transpose, backend.conv2d_transpose, backend.conv3d_transpose)[self.spatial - 1]
        shape = self._arranged((batch,), grown, self.filters)
        return function(x, self.kernel, shape, self.strides, self.padding, self.data_format, self.dilation_rate)

    def compute_output_shape(self, input_shape: Any) -> Any:
        sizes = [self._grown(size, axis) for axis, size in enumerate(self._places(input_shape))]
        return self._arranged((input_shape[0],), sizes, self.filters)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "output_padding": self.output_padding}


class Conv1DTranspose(_ConvTranspose):
    """Transposed convolution along time: (batch, steps, channels) -> (batch, new_steps, filters).

    new_steps = steps * strides for padding "same", steps * strides + max(kernel_size - strides, 0) for "valid";
    with `output_padding` (below strides) the size it says: (steps - 1) * strides + kernel_size - 2 * border +
    output_padding, border being 0 or, for "same", kernel_size // 2. Other arguments as in Conv1D. Weights: `kernel`
    (kernel_size, filters, channels), `bias` (filters,).

    Source: https://keras.io/2.16/api/layers/convolution_layers/convolution1d_transpose/
    """

    spatial = 1


class Conv2DTranspose(_ConvTranspose):
    """Transposed convolution of images: (batch, rows, cols, channels) -> (batch, new_rows, new_cols, filters).

    Sizes as in Conv1DTranspose on each axis, other arguments as in Conv2D. Weights: `kernel` (rows, cols, filters,
    channels), `bias` (filters,).

    >>> Conv2DTranspose(4, 3, strides=2, padding="same")(np.ones((1, 5, 5, 2), "float32")).shape
    (1, 10, 10, 4)

    Source: https://keras.io/2.16/api/layers/convolution_layers/convolution2d_transpose/
    """


class Conv3DTranspose(_ConvTranspose):
    """Transposed convolution of volumes; see Conv2DTranspose. Weights: `kernel` (three sizes, filters, channels),
    `bias` (filters,).

    Source: https://keras.io/2.16/api/layers/convolution_layers/convolution3d_transpose/
    """

    spatial = 3


Convolution1DTranspose = Conv1DTranspose
Convolution2DTranspose = Conv2DTranspose
Convolution3DTranspose = Conv3DTranspose
