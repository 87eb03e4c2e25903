"""Borders: ZeroPadding adds them, Cropping takes them away, along one, two or three axes."""

from __future__ import annotations

from typing import Any, ClassVar

from nnstack import backend
from nnstack.engine.layer import Layer
from nnstack.engine.spec import InputSpec
from nnstack.layers.arguments import int_pairs, label


class _Borders(Layer):
    """(before, after) for each of `spatial` axes."""

    spatial: ClassVar[int] = 1
    argument: ClassVar[str] = "padding"

    def __init__(self, borders: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        pairs = int_pairs(borders, self.spatial, label(self), self.argument)
        self._pairs = pairs
        setattr(self, self.argument, pairs if self.spatial > 1 else pairs[0])
        self.data_format = backend.normalize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.spatial + 2)

    def _per_axis(self) -> list[tuple[int, int]]:
        """(before, after) for every axis of the input."""
        first = 2 if self.data_format == "channels_first" and self.spatial > 1 else 1
        around = [(0, 0)] * (self.spatial + 2)
        around[first : first + self.spatial] = self._pairs
        return around

    def get_config(self) -> dict[str, Any]:
        layout = {"data_format": self.data_format} if self.spatial > 1 else {}
        return {**super().get_config(), self.argument: getattr(self, self.argument), **layout}


class _ZeroPadding(_Borders):
    def call(self, inputs: Any) -> Any:
        return backend.pad(inputs, self._per_axis())

    def compute_output_shape(self, input_shape: Any) -> Any:
        around = zip(input_shape, self._per_axis(), strict=True)
        return tuple(None if size is None else size + before + after for size, (before, after) in around)


class ZeroPadding1D(_ZeroPadding):
    """(batch, steps, channels) with zeros around the steps: `padding` an int for both ends or (before, after)."""

    def __init__(self, padding: Any = 1, **kwargs: Any) -> None:
        super().__init__(padding, **kwargs)


class ZeroPadding2D(_ZeroPadding):
    """Zeros around images. `padding`: an int, (rows, cols), or ((top, bottom), (left, right)); `data_format`
    "channels_last" (batch, rows, cols, channels) or "channels_first", default `image_data_format()`.

    >>> ZeroPadding2D(((1, 0), (2, 2)))(np.ones((1, 2, 2, 3), "float32")).shape
    (1, 3, 6, 3)
    """

    spatial = 2

    def __init__(self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(padding, data_format, **kwargs)


class ZeroPadding3D(_ZeroPadding):
    """Zeros around volumes. `padding`: an int, three ints, or three pairs (before, after); `data_format` as in
    ZeroPadding2D.
    """

    spatial = 3

    def __init__(self, padding: Any = (1, 1, 1), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(padding, data_format, **kwargs)


class _Cropping(_Borders):
    argument = "cropping"

    def build(self, input_shape: Any) -> None:
        self.compute_output_shape(input_shape)
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        return inputs[tuple(slice(before or None, -after or None) for before, after in self._per_axis())]

    def compute_output_shape(self, input_shape: Any) -> Any:
        around = zip(input_shape, self._per_axis(), strict=True)
        sizes = [None if size is None else size - before - after for size, (before, after) in around]
        if any(left is not None and left < 1 for left, size in zip(sizes[1:], input_shape[1:], strict=True) if size):
            raise ValueError(
                f"{label(self)}: cropping {getattr(self, self.argument)} leaves nothing of input shape "
                f"{tuple(input_shape)}. Crop less"
            )
        return tuple(sizes)


class Cropping1D(_Cropping):
    """(batch, steps, channels) without `cropping` steps: an int for both ends or (at the start, at the end)."""

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None:
        super().__init__(cropping, **kwargs)


class Cropping2D(_Cropping):
    """Images without their borders. `cropping`: an int, (rows, cols), or ((top, bottom), (left, right));
    `data_format` as in ZeroPadding2D. Raises `ValueError` if nothing is left.
    """

    spatial = 2

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)


class Cropping3D(_Cropping):
    """Volumes without their borders. `cropping`: an int, three ints, or three pairs; see Cropping2D."""

    spatial = 3

    def __init__(self, cropping: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)
