"""UpSampling: sequences, images and volumes enlarged by whole factors."""

from __future__ import annotations

from typing import Any, ClassVar

from nnstack import backend
from nnstack.backend.resizing import METHODS, resize
from nnstack.engine.layer import Layer
from nnstack.engine.spec import InputSpec
from nnstack.layers.arguments import choice, int_tuple, label


class _UpSampling(Layer):
    spatial: ClassVar[int] = 1

    def __init__(self, size: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size: Any = int_tuple(size, self.spatial, label(self), "size")
        self.data_format = backend.normalize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.spatial + 2)

    def compute_output_shape(self, input_shape: Any) -> Any:
        sizes = list(input_shape)
        first = 2 if self.data_format == "channels_first" else 1
        for axis, factor in enumerate(self.size, first):
            sizes[axis] = None if sizes[axis] is None else sizes[axis] * factor
        return tuple(sizes)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size, "data_format": self.data_format}


class UpSampling1D(_UpSampling):
    """(batch, steps, channels) -> (batch, size * steps, channels): each step `size` times."""

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(size, "channels_last", **kwargs)

    def call(self, inputs: Any) -> Any:
        return backend.repeat_elements(inputs, self.size[0], axis=1)

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), "size": self.size[0]}
        del config["data_format"]
        return config


class UpSampling2D(_UpSampling):
    """Images enlarged by `size`, an int or (rows, cols).

    `interpolation`: "nearest" repeats pixels; "bilinear", "bicubic", "area", "lanczos3", "lanczos5", "gaussian" and
    "mitchellcubic" as in Resizing (all but the first two need known sizes). `data_format` as in Conv2D.

    >>> UpSampling2D(2)(np.arange(2.0).reshape(1, 1, 2, 1))[0, :, :, 0].numpy()
    array([[0., 0., 1., 1.],
           [0., 0., 1., 1.]], dtype=float32)
    """

    spatial = 2

    def __init__(
        self, size: Any = (2, 2), data_format: str | None = None, interpolation: str = "nearest", **kwargs: Any
    ) -> None:
        super().__init__(size, data_format, **kwargs)
        self.interpolation = choice(interpolation, METHODS, label(self), "interpolation")

    def call(self, inputs: Any) -> Any:
        if self.interpolation in ("nearest", "bilinear"):
            rows, columns = self.size
            return backend.resize_images(inputs, rows, columns, self.data_format, self.interpolation)
        first = 2 if self.data_format == "channels_first" else 1
        rows, columns = inputs.shape[first : first + 2]
        if rows is None or columns is None:
            raise ValueError(
                f"{label(self)}: interpolation {self.interpolation!r} needs known rows and columns, got input shape "
                f"{tuple(inputs.shape)}"
            )
        return resize(inputs, (rows * self.size[0], columns * self.size[1]), self.interpolation, self.data_format)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "interpolation": self.interpolation}


class UpSampling3D(_UpSampling):
    """Volumes enlarged by `size`, an int or three ints: every element repeated. `data_format` as in Conv3D."""

    spatial = 3

    def __init__(self, size: Any = (2, 2, 2), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(size, data_format, **kwargs)

    def call(self, inputs: Any) -> Any:
        depth, rows, columns = self.size
        return backend.resize_volumes(inputs, depth, rows, columns, self.data_format)
