"""Pooling: the largest or the mean entry of each window."""

from __future__ import annotations

from typing import Any, ClassVar

from nnstack import backend
from nnstack.engine.spec import InputSpec
from nnstack.layers import __getattr__ as __getattr__  # Keras 2 kept more of them here
from nnstack.layers.arguments import int_tuple, label
from nnstack.layers.convolution import SpatialLayer


class _Pooling(SpatialLayer):
    mode: ClassVar[str] = "max"
    window = "pool_size"

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.pool_size = int_tuple(pool_size, self.spatial, label(self), "pool_size")
        self._set_window(self.pool_size, self.pool_size if strides is None else strides, padding, data_format)
        self.input_spec = InputSpec(ndim=self.spatial + 2)

    def build(self, input_shape: Any) -> None:
        self.compute_output_shape(input_shape)
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        function = (backend.pool1d, backend.pool2d, backend.pool3d)[self.spatial - 1]
        return function(self._centred(inputs), self.pool_size, self.strides, self.padding, self.data_format, self.mode)

    def _centred(self, x: Any) -> Any:
        """TensorFlow's windows over volumes leave half of what they skip at the front too, where "same" windows are
        smaller than their strides; its windows over sequences and images do not.
        """
        if self.spatial < 3 or self.padding != "same":
            return x
        cuts = []
        for size, window, step in zip(self._places(x.shape), self.pool_size, self.strides, strict=True):
            left = 0 if size is None else (size - 1) % step + 1 - window  # of the last stride, behind its window
            cuts.append(slice(max(left, 0) // 2, None))
        moved = x[self._arranged([slice(None)], cuts, slice(None))]
        if self.mode == "max" and any(cut.start for cut in cuts):
            # Its gradient looks for the maxima in windows that start at the border, does not find them, and is zero.
            return backend.select(False, moved, backend.stop_gradient(moved))
        return moved

    def compute_output_shape(self, input_shape: Any) -> Any:
        return self._arranged(
            tuple(input_shape)[:1], self._moved_places(input_shape), tuple(input_shape)[self._channel_axis]
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "padding": self.padding,
            "strides": self.strides,
            "data_format": self.data_format,
        }


class _Pooling1D(_Pooling):
    spatial = 1

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = "channels_last",  # whatever the layout of images is
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, **kwargs)


class MaxPooling1D(_Pooling1D):
    """The largest entry of each window along time: (batch, steps, channels) -> (batch, new_steps, channels).

    `pool_size` default 2; `strides` default pool_size; `padding` "valid" or "same" (borders do not count);
    `data_format` default "channels_last", else (batch, channels, steps), None for `image_data_format()`. Raises
    `ValueError` for a window larger than the input.

    >>> MaxPooling1D(2)(np.array([[[1.0], [3.0], [2.0], [0.0]]], "float32")).numpy().ravel()
    array([3., 2.], dtype=float32)
    """


class MaxPooling2D(_Pooling):
    """The largest entry of each window of images; sizes are an int or (rows, cols), `data_format` as in Conv2D; the
    rest as in MaxPooling1D.
    """


class MaxPooling3D(_Pooling):
    """The largest entry of each window of volumes; see MaxPooling2D."""

    spatial = 3


class AveragePooling1D(_Pooling1D):
    """The mean of each window along time, borders left out of the count; see MaxPooling1D."""

    mode = "avg"


class AveragePooling2D(_Pooling):
    """The mean of each window of images, borders left out of the count; see MaxPooling2D."""

    mode = "avg"


class AveragePooling3D(_Pooling):
    """The mean of each window of volumes, borders left out of the count; see MaxPooling2D."""

    spatial = 3
    mode = "avg"


MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
