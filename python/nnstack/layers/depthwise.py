"""Convolutions of each channel on its own, and the separable convolutions made with them."""

from __future__ import annotations

from typing import Any

from nnstack import backend
from nnstack.layers.arguments import label, positive_int
from nnstack.layers.convolution import Convolution
from nnstack.layers.parameters import add_parameter, options_config, set_options

# Options of Convolution's kernel, which these layers do not have; Keras writes them into their configs all the same.
_NOT_USED = ("kernel_initializer", "kernel_regularizer", "kernel_constraint")


class _DepthwiseConv(Convolution):
    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        for name in (*_NOT_USED, "groups", "filters"):
            kwargs.pop(name, None)
        super().__init__(
            1,
            kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            bias_initializer=bias_initializer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            bias_constraint=bias_constraint,
            **kwargs,
        )
        self.depth_multiplier = positive_int(depth_multiplier, label(self), "depth_multiplier")
        set_options(self, "depthwise", depthwise_initializer, depthwise_regularizer, depthwise_constraint)

    def _add_weights(self, channels: int) -> None:
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        self.depthwise_kernel = add_parameter(self, "depthwise", shape, name="depthwise_kernel")
        self.bias = add_parameter(self, "bias", (channels * self.depth_multiplier,)) if self.use_bias else None

    def _convolved(self, x: Any) -> Any:
        function = (backend.depthwise_conv1d, backend.depthwise_conv2d)[self.spatial - 1]
        return function(x, self.depthwise_kernel, self.strides, self.padding, self.data_format, self.dilation_rate)

    def compute_output_shape(self, input_shape: Any) -> Any:
        channels = self._channels(input_shape) * self.depth_multiplier
        return self._arranged(tuple(input_shape)[: -1 - self.spatial], self._moved_places(input_shape), channels)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        for name in (*_NOT_USED, "filters"):
            del config[name]
        own = options_config(self, "depthwise", activity=False)
        return {**config, "depth_multiplier": self.depth_multiplier, **own}


class DepthwiseConv1D(_DepthwiseConv):
    """Each channel of (batch, steps, channels) convolved on its own: -> (batch, new_steps, channels *
    depth_multiplier).

    `depth_multiplier` outputs per channel, default 1; the rest as in Conv1D. Weights: `depthwise_kernel` (kernel_size,
    channels, depth_multiplier), `bias` (channels * depth_multiplier,).
    """

    spatial = 1


class DepthwiseConv2D(_DepthwiseConv):
    """Each channel of images convolved on its own: -> (batch, new_rows, new_cols, channels * depth_multiplier).

    `depth_multiplier` outputs per channel, default 1; the rest as in Conv2D. Weights: `depthwise_kernel` (rows, cols,
    channels, depth_multiplier), `bias` (channels * depth_multiplier,).

    >>> DepthwiseConv2D(3, depth_multiplier=2)(np.ones((1, 5, 5, 3), "float32")).shape
    (1, 3, 3, 6)

    Source: https://keras.io/2.16/api/layers/convolution_layers/depthwise_convolution2d/
    """


class _SeparableConv(Convolution):
    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        for name in (*_NOT_USED, "groups"):
            kwargs.pop(name, None)
        super().__init__(
            filters,
            kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            bias_initializer=bias_initializer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            bias_constraint=bias_constraint,
            **kwargs,
        )
        self.depth_multiplier = positive_int(depth_multiplier, label(self), "depth_multiplier")
        set_options(self, "depthwise", depthwise_initializer, depthwise_regularizer, depthwise_constraint)
        set_options(self, "pointwise", pointwise_initializer, pointwise_regularizer, pointwise_constraint)

    def _add_weights(self, channels: int) -> None:
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        self.depthwise_kernel = add_parameter(self, "depthwise", shape, name="depthwise_kernel")
        inner = (*[1] * self.spatial, channels * self.depth_multiplier, self.filters)
        self.pointwise_kernel = add_parameter(self, "pointwise", inner, name="pointwise_kernel")
        self.bias = add_parameter(self, "bias", (self.filters,)) if self.use_bias else None

    def _convolved(self, x: Any) -> Any:
        function = (backend.separable_conv1d, backend.separable_conv2d)[self.spatial - 1]
        return function(
            x,
            self.depthwise_kernel,
            self.pointwise_kernel,
            self.strides,
            self.padding,
            self.data_format,
            self.dilation_rate,
        )

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        for name in _NOT_USED:
            del config[name]
        own = options_config(self, "depthwise", "pointwise", activity=False)
        return {**config, "depth_multiplier": self.depth_multiplier, **own}


class SeparableConv1D(_SeparableConv):
    """A depthwise convolution along time, then a mix of the channels at each step: (batch, steps, channels) -> (batch,
    new_steps, filters).

    Arguments as in Conv1D ("causal" too), and `depth_multiplier`; the options of the two kernels are called
    `depthwise_*` and `pointwise_*`. Weights: `depthwise_kernel` (kernel_size, channels, depth_multiplier),
    `pointwise_kernel` (1, channels * depth_multiplier, filters), `bias` (filters,).
    """

    spatial = 1
    paddings = ("valid", "same", "causal")


class SeparableConv2D(_SeparableConv):
    """A depthwise convolution of images, then a mix of the channels at each place: -> (batch, new_rows, new_cols,
    filters).

    Arguments as in Conv2D, and as in SeparableConv1D. Weights: `depthwise_kernel` (rows, cols, channels,
    depth_multiplier), `pointwise_kernel` (1, 1, channels * depth_multiplier, filters), `bias` (filters,).

    >>> SeparableConv2D(8, 3, padding="same")(np.ones((1, 6, 6, 3), "float32")).shape
    (1, 6, 6, 8)

    Source: Chollet 2017 (arXiv:1610.02357)
    """


SeparableConvolution1D = SeparableConv1D
