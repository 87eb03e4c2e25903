"""Layers that change images at random while training, and pass them on otherwise."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from nnstack import backend
from nnstack.backend.resizing import METHODS, resize
from nnstack.layers.arguments import choice, label
from nnstack.layers.noise import random_state
from nnstack.layers.preprocessing.images import ImageLayer, _Sized
from nnstack.layers.preprocessing.transforms import FILL_MODES, INTERPOLATIONS, transform


class _RandomImages(ImageLayer):
    """Images in, images out; `_changed` is what training does. `training` is True unless the call says otherwise."""

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self._state: Any = None

    def build(self, input_shape: Any) -> None:
        self._state = random_state(self, self.seed)
        super().build(input_shape)

    def call(self, inputs: Any, training: Any = True) -> Any:
        x = self._images(inputs)
        result = backend.in_train_phase(lambda: self._changed(x), lambda: self._at_rest(x), training=training)
        return self._like(result, inputs)

    def _at_rest(self, x: Any) -> Any:
        return x

    def _changed(self, x: Any) -> Any:
        raise NotImplementedError(f"{label(self)}: a subclass defines _changed(images)")

    def _uniform(self, shape: Any, low: float, high: float) -> Any:
        return self._state.uniform(shape, "float32") * (high - low) + low

    def _per_image(self, x: Any, low: float, high: float) -> Any:
        """(batch, 1, 1): a number for every image."""
        return self._uniform((backend.shape(x)[0], 1, 1), low, high)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "seed": self.seed}


def _bounds(factor: Any, what: str, argument: str, least: float = -1.0, most: float = 1.0) -> tuple[float, float]:
    """(lower, upper) of a random factor given as one number, both ways, or as a pair."""
    numbers = factor if isinstance(factor, list | tuple) else [factor]
    plain = all(isinstance(one, int | float | np.number) for one in numbers)
    pair = tuple(factor) if isinstance(factor, list | tuple) or not plain else (-factor, factor)
    if not plain or len(pair) != 2 or not least <= pair[0] <= pair[1] <= most:
        raise ValueError(
            f"{what}: expected as {argument} a number, or two in ascending order, within [{least}, {most}], "
            f"got {factor!r}"
        )
    return float(pair[0]), float(pair[1])


class RandomFlip(_RandomImages):
    """Each image mirrored with probability 1/2. `mode` "horizontal", "vertical" or "horizontal_and_vertical" (default:
    each direction on its own); `seed`.
    """

    def __init__(self, mode: str = "horizontal_and_vertical", seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        known = ("horizontal", "vertical", "horizontal_and_vertical")
        self.mode = choice(mode, known, label(self), "mode")

    def _changed(self, x: Any) -> Any:
        for name, axis in (("horizontal", 2), ("vertical", 1)):
            if name in self.mode:
                chosen = backend.expand_dims(self._per_image(x, 0.0, 1.0) < 0.5, -1)
                x = backend.select(chosen, backend.reverse(x, axis), x)
        return x

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mode": self.mode}


class _Moved(_RandomImages):
    """Layers that move pixels: `_matrix` says where each pixel comes from."""

    def __init__(self, fill_mode: str, interpolation: str, seed: int | None, fill_value: float, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        what = label(self)
        self.fill_mode = choice(fill_mode, FILL_MODES, what, "fill_mode")
        self.interpolation = choice(interpolation, INTERPOLATIONS, what, "interpolation")
        self.fill_value = fill_value

    def _matrix(self, x: Any, height: Any, width: Any) -> tuple[list[Any], list[Any]]:
        """Factors of y and x, and a constant, each (batch, 1, 1): for the rows and for the columns of the source."""
        raise NotImplementedError(f"{label(self)}: a subclass defines _matrix")

    def _changed(self, x: Any) -> Any:
        height, width = (backend.cast(size, "float32") for size in backend.shapes.dimensions(x)[1:3])
        rows, columns = (backend.stack(parts, 1) for parts in self._matrix(x, height, width))
        return transform(x, rows, columns, self.fill_mode, self.interpolation, self.fill_value)

    def get_config(self) -> dict[str, Any]:
        own = {"fill_mode": self.fill_mode, "fill_value": self.fill_value, "interpolation": self.interpolation}
        return {**super().get_config(), **own}


class RandomTranslation(_Moved):
    """Each image moved by a random share of its height and width.

    `height_factor`, `width_factor`: a number f for [-f, f] or (lower, upper), within [-1, 1]; positive is down and
    right. `fill_mode` "reflect" (default), "wrap", "constant" (with `fill_value`) or "nearest"; `interpolation`
    "bilinear" or "nearest"; `seed`.
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._heights = _bounds(height_factor, label(self), "height_factor")
        self._widths = _bounds(width_factor, label(self), "width_factor")

    def _matrix(self, x: Any, height: Any, width: Any) -> tuple[list[Any], list[Any]]:
        down, right = self._per_image(x, *self._heights) * height, self._per_image(x, *self._widths) * width
        one, none = backend.ones_like(down), backend.zeros_like(down)
        return [one, none, -down], [none, one, -right]

    def get_config(self) -> dict[str, Any]:
        own = {"height_factor": self.height_factor, "width_factor": self.width_factor}
        return {**super().get_config(), **own}


class RandomRotation(_Moved):
    """Each image turned by a random angle. `factor`: shares of a whole turn, f for [-f, f] or (lower, upper), positive
    is counter-clockwise; the rest as in RandomTranslation.
    """

    def __init__(
        self,
        factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, **kwargs)
        self.factor = factor
        self._turns = _bounds(factor, label(self), "factor", -math.inf, math.inf)

    def _matrix(self, x: Any, height: Any, width: Any) -> tuple[list[Any], list[Any]]:
        angle = self._per_image(x, *self._turns) * (2.0 * math.pi)
        cos, sin = backend.cos(angle), backend.sin(angle)
        wide, high = width - 1.0, height - 1.0
        from_left = (wide - (cos * wide - sin * high)) * 0.5
        from_top = (high - (sin * wide + cos * high)) * 0.5
        return [cos, sin, from_top], [-sin, cos, from_left]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


class RandomZoom(_Moved):
    """Each image zoomed at random: negative factors zoom in, positive ones out.

    `height_factor` f for [-f, f] or (lower, upper); `width_factor` likewise, None keeps the proportions; the rest as in
    RandomTranslation.
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._heights = _bounds(height_factor, label(self), "height_factor")
        self._widths = None
        if width_factor is not None:
            self._widths = _bounds(width_factor, label(self), "width_factor", most=math.inf)

    def _matrix(self, x: Any, height: Any, width: Any) -> tuple[list[Any], list[Any]]:
        high = self._per_image(x, *self._heights) + 1.0
        wide = high if self._widths is None else self._per_image(x, *self._widths) + 1.0
        none = backend.zeros_like(high)
        from_top, from_left = (height - 1.0) * 0.5 * (1.0 - high), (width - 1.0) * 0.5 * (1.0 - wide)
        return [high, none, from_top], [none, wide, from_left]

    def get_config(self) -> dict[str, Any]:
        own = {"height_factor": self.height_factor, "width_factor": self.width_factor}
        return {**super().get_config(), **own}


class RandomContrast(_RandomImages):
    """(x - mean) * f + mean, f random for the batch, the mean of each channel of each image; kept within [0, 255].

    `factor`: c for f in [1 - c, 1 + c], or (lower, upper) for [1 - lower, 1 + upper]; lower at most 1.
    """

    def __init__(self, factor: Any, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        lower, upper = factor if isinstance(factor, list | tuple) else (factor, factor)
        if lower < 0 or upper < 0 or lower > 1:
            raise ValueError(f"{label(self)}: expected factor of at least 0, the lower one at most 1, got {factor!r}")
        self.factor = factor
        self._range = (1.0 - lower, 1.0 + upper)

    def _changed(self, x: Any) -> Any:
        mean = backend.mean(x, [1, 2], True)
        factor = backend.cast(self._uniform((1, 1, 1, 1), *self._range), x.dtype)
        return backend.clip((x - mean) * factor + mean, 0.0, 255.0)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


class RandomBrightness(_RandomImages):
    """x + d * (high - low), d random for each image, kept within `value_range` (low, high), default (0, 255).

    `factor`: f for d in [-f, f] or (lower, upper), within [-1, 1].
    """

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        if not isinstance(value_range, list | tuple) or len(value_range) != 2:
            raise ValueError(f"{label(self)}: expected two numbers as value_range, got {value_range!r}")
        pair = sorted(factor) if isinstance(factor, list | tuple) else abs(factor)
        self.factor = list(_bounds(pair, label(self), "factor"))
        self.value_range = sorted(value_range)

    def _changed(self, x: Any) -> Any:
        low, high = self.value_range
        shift = backend.expand_dims(self._per_image(x, *self.factor), -1) * float(high - low)
        return backend.clip(x + backend.cast(shift, x.dtype), float(low), float(high))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor, "value_range": self.value_range}


class RandomCrop(_Sized, _RandomImages):
    """A random (height, width) of each batch while training, the middle of the resized image otherwise.

    Smaller images are enlarged, keeping their proportions. Rows and columns of the input may be unknown when the model
    is built.
    """

    def __init__(self, height: int, width: int, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(height, width, seed=seed, **kwargs)

    def _at_rest(self, x: Any) -> Any:
        return self._smart(x)

    def _changed(self, x: Any) -> Any:
        rows, columns = x.shape[1:3]
        if rows is None or columns is None:
            return self._smart_of_unknown(x, "bilinear", True, lambda spare: self._first(spare, ()))
        if rows < self.height or columns < self.width:
            return self._smart(x)
        for axis, whole, part in ((1, rows, self.height), (2, columns, self.width)):
            first = self._first(whole - part, (1,))
            x = backend.gather(x, first + backend.arange(part, dtype="int64"), axis=axis)
        return x

    def _first(self, last: Any, shape: tuple[int, ...]) -> Any:
        """One of 0, 1, ..., last, each as likely."""
        drawn = self._uniform(shape, 0.0, 1.0) * backend.cast(last + 1, "float32")
        return backend.minimum(backend.cast(drawn, "int64"), last)


class _RandomSize(_RandomImages):
    """One axis of the batch stretched by a random factor. The size of the result is drawn too, so that the layer works
    on arrays, before the data reaches a compiled model; in a model it passes images on except in training, which it
    refuses.
    """

    axis: ClassVar[int] = 1

    def __init__(self, factor: Any, interpolation: str = "bilinear", seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        self.factor = factor
        self._range = _bounds(factor, label(self), "factor", most=math.inf)
        self.interpolation = choice(interpolation, METHODS, label(self), "interpolation")

    def call(self, inputs: Any, training: Any = True) -> Any:
        x = self._images(inputs)
        if not x.concrete and training is True:
            raise ValueError(
                f"{label(self)}: the size of its result is random, which a compiled model cannot have. Apply the layer "
                "to the images before they are fed: images = layer(images, training=True)"
            )
        if not x.concrete or not training or backend.is_tensor(training):
            return self._like(x, inputs)
        sizes = list(self._known_size(x))
        factor = 1.0 + float(self._uniform((), *self._range).numpy())
        sizes[self.axis - 1] = max(int(factor * sizes[self.axis - 1]), 1)
        return self._like(resize(x, sizes, self.interpolation, "channels_last"), inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        shape = list(input_shape)
        shape[self.axis - 4] = None
        return tuple(shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor, "interpolation": self.interpolation}


class RandomHeight(_RandomSize):
    """The height of a batch of images times 1 + f, f random: `factor` f for [-f, f] or (lower, upper), above -1;
    `interpolation` as in Resizing. For arrays, not inside a compiled model.
    """

    axis = 1


class RandomWidth(_RandomSize):
    """The width of a batch of images times 1 + f; see RandomHeight."""

    axis = 2
