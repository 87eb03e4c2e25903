"""Resizing and CenterCrop."""

from __future__ import annotations

from typing import Any

from nnstack import backend
from nnstack.backend.resizing import METHODS, resize
from nnstack.engine.layer import Layer
from nnstack.layers.arguments import choice, label, positive_int


class ImageLayer(Layer):
    """(batch, rows, cols, channels), or one image without the batch axis."""

    def _images(self, inputs: Any) -> Any:
        if len(inputs.shape) not in (3, 4):
            raise ValueError(
                f"{label(self)}: expected images (batch, rows, cols, channels) or one image (rows, cols, channels), "
                f"got shape {tuple(inputs.shape)}"
            )
        x = backend.cast(inputs, self.compute_dtype)
        return backend.expand_dims(x, 0) if len(inputs.shape) == 3 else x

    def _like(self, result: Any, inputs: Any) -> Any:
        return backend.squeeze(result, 0) if len(inputs.shape) == 3 else result

    def _known_size(self, x: Any) -> tuple[int, int]:
        rows, columns = x.shape[1:3]
        if rows is None or columns is None:
            raise ValueError(f"{label(self)}: expected known rows and columns, got shape {tuple(x.shape)}")
        return rows, columns

    def compute_output_shape(self, input_shape: Any) -> Any:
        return tuple(input_shape)


class _Sized(ImageLayer):
    """An image layer with an output of fixed `height` and `width`."""

    def __init__(self, height: int, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.height = positive_int(height, label(self), "height")
        self.width = positive_int(width, label(self), "width")

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*tuple(input_shape)[:-3], self.height, self.width, input_shape[-1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "height": self.height, "width": self.width}

    def _smart(self, x: Any, interpolation: str = "bilinear", crop: bool = False) -> Any:
        """The largest centred part of the target's proportions, resized to the target; with `crop`, the target's own
        size where the image has that many rows and columns.
        """
        rows, columns = x.shape[1:3]
        if rows is None or columns is None:
            return self._smart_of_unknown(x, interpolation, crop)
        high, wide = self.height, self.width
        if not crop or rows < high or columns < wide:
            high, wide = min(int(columns * high / wide), rows), min(int(rows * wide / high), columns)
        top, left = (rows - high) // 2, (columns - wide) // 2
        part = x[:, top : top + high, left : left + wide]
        return part if crop and part.shape[1:3] == (self.height, self.width) else self._resized(part, interpolation)

    def _smart_of_unknown(self, x: Any, interpolation: str, crop: bool, first: Any = None) -> Any:
        """The same for sizes that only a run knows. Resizing to the size it has changes no image. first(n): which of
        the rows or columns 0 to n a crop begins with, the middle one by default.
        """
        sizes, own = [backend.shape(x)[axis] for axis in (1, 2)], [self.height, self.width]
        fits = backend.minimum(sizes[0] // own[0], 1) * backend.minimum(sizes[1] // own[1], 1) if crop else 0
        for axis in (1, 2):
            (whole, across), (part, other) = (pair if axis == 1 else pair[::-1] for pair in (sizes, own))
            length = fits * part + (1 - fits) * backend.minimum(across * part // other, whole)
            begin = (whole - length) // 2
            if first is not None:
                begin = fits * first(whole - length) + (1 - fits) * begin
            x = backend.gather(x, begin + backend.arange(length, dtype="int64"), axis=axis)
        return self._resized(x, interpolation)

    def _resized(self, x: Any, interpolation: str) -> Any:
        return resize(x, (self.height, self.width), interpolation, "channels_last")


class Resizing(_Sized):
    """Images resized to (height, width), the output's type being the layer's.

    `interpolation` "bilinear" (default), "nearest", "area", "bicubic", "lanczos3", "lanczos5", "gaussian" or
    "mitchellcubic"; `crop_to_aspect_ratio`: cut the border off instead of stretching. Rows and columns of the input
    may be unknown when the model is built, but for the methods behind "area": `ValueError` then.

    >>> Resizing(4, 6)(np.ones((2, 8, 8, 3), "float32")).shape
    (2, 4, 6, 3)
    """

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(height, width, **kwargs)
        self.interpolation = choice(interpolation, METHODS, label(self), "interpolation")
        self.crop_to_aspect_ratio = bool(crop_to_aspect_ratio)

    def call(self, inputs: Any) -> Any:
        x = self._images(inputs)
        if self.crop_to_aspect_ratio:
            return self._like(self._smart(x, self.interpolation), inputs)
        return self._like(self._resized(x, self.interpolation), inputs)

    def get_config(self) -> dict[str, Any]:
        own = {"interpolation": self.interpolation, "crop_to_aspect_ratio": self.crop_to_aspect_ratio}
        return {**super().get_config(), **own}


class CenterCrop(_Sized):
    """The middle (height, width) of images; smaller images are enlarged to it, keeping their proportions. Rows and
    columns of the input may be unknown when the model is built.

    >>> CenterCrop(1, 2)(np.arange(12.0).reshape(1, 3, 4, 1)).numpy().ravel()
    array([5., 6.], dtype=float32)
    """

    def call(self, inputs: Any) -> Any:
        return self._like(self._smart(self._images(inputs), crop=True), inputs)
