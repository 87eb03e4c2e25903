"""Global pooling: the largest or the mean entry of each channel."""

from __future__ import annotations

from typing import Any, ClassVar

from nnstack import backend
from nnstack.engine.layer import Layer
from nnstack.engine.spec import InputSpec


class _GlobalPooling(Layer):
    spatial: ClassVar[int] = 2

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = backend.normalize_data_format(data_format)
        self.keepdims = bool(keepdims)
        self.input_spec = InputSpec(ndim=self.spatial + 2)

    @property
    def _axes(self) -> list[int]:
        first = 2 if self.data_format == "channels_first" else 1
        return list(range(first, first + self.spatial))

    def compute_output_shape(self, input_shape: Any) -> Any:
        kept = [1 if axis in self._axes else size for axis, size in enumerate(input_shape)]
        return tuple(size for axis, size in enumerate(kept) if self.keepdims or axis not in self._axes)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format, "keepdims": self.keepdims}


class _GlobalMax(_GlobalPooling):
    def call(self, inputs: Any) -> Any:
        return backend.max(inputs, self._axes, self.keepdims)


class _GlobalAverage(_GlobalPooling):
    def call(self, inputs: Any) -> Any:
        return backend.mean(inputs, self._axes, self.keepdims)


class GlobalMaxPooling1D(_GlobalMax):
    """The largest entry of each channel over time: (batch, steps, channels) -> (batch, channels).

    `data_format` default "channels_last", else (batch, channels, steps), None for `image_data_format()`; `keepdims`:
    keep the time axis with size 1.
    """

    spatial = 1

    def __init__(self, data_format: str | None = "channels_last", keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(data_format, keepdims, **kwargs)


class GlobalMaxPooling2D(_GlobalMax):
    """The largest entry of each channel of images: -> (batch, channels). `data_format` default `image_data_format()`;
    `keepdims`: keep rows and columns with size 1.
    """


class GlobalMaxPooling3D(_GlobalMax):
    """The largest entry of each channel of volumes; see GlobalMaxPooling2D."""

    spatial = 3


class GlobalAveragePooling1D(_GlobalAverage):
    """The mean of each channel over time: (batch, steps, channels) -> (batch, channels). Masked steps do not count.

    `data_format` default "channels_last", else (batch, channels, steps), None for `image_data_format()`; `keepdims`:
    keep the time axis with size 1.

    >>> GlobalAveragePooling1D()(np.array([[[1.0], [3.0]]], "float32")).numpy()
    array([[2.]], dtype=float32)
    """

    spatial = 1

    def __init__(self, data_format: str | None = "channels_last", keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(data_format, keepdims, **kwargs)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        if mask is None:
            return super().call(inputs)
        (steps,) = self._axes
        weights = backend.expand_dims(backend.cast(mask, inputs.dtype), 2 if steps == 1 else 1)
        total = backend.sum(inputs * weights, [steps], self.keepdims)
        return total / backend.sum(weights, [steps], self.keepdims)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return None


class GlobalAveragePooling2D(_GlobalAverage):
    """The mean of each channel of images: -> (batch, channels); see GlobalMaxPooling2D."""


class GlobalAveragePooling3D(_GlobalAverage):
    """The mean of each channel of volumes; see GlobalMaxPooling2D."""

    spatial = 3


GlobalMaxPool1D, GlobalMaxPool2D, GlobalMaxPool3D = GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D
GlobalAvgPool1D, GlobalAvgPool2D, GlobalAvgPool3D = (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
)
