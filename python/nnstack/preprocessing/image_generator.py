"""ImageDataGenerator: images changed by chance, batch by batch."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.preprocessing.transforms import apply_affine_transform, apply_brightness_shift, apply_channel_shift


class ImageDataGenerator:
    """Makes batches of images that are changed by chance (data augmentation) and brought to one scale.

    By chance: `rotation_range` degrees; `width_shift_range`, `height_shift_range` a share of the size (below 1),
    pixels, or a list to choose from; `shear_range` degrees; `zoom_range` z (1 - z to 1 + z) or a pair;
    `channel_shift_range`; `brightness_range` a pair; `horizontal_flip`, `vertical_flip`. `fill_mode`
    nearest, constant (`cval`), reflect or wrap for places from outside; `interpolation_order` 0 or 1 (more: scipy).
    Scale, in this order: `preprocessing_function`, `rescale` factor, `samplewise_center`,
    `samplewise_std_normalization`, and after `fit` on data `featurewise_center`, `featurewise_std_normalization`,
    `zca_whitening` (with `zca_epsilon`). `validation_split` share of the data for subset="validation"; `data_format`
    default `image_data_format()`; `dtype` default floatx. Random numbers come from `numpy.random`.
    ValueError for arguments that make no sense.

    >>> batches = ImageDataGenerator(horizontal_flip=True, rescale=1 / 255).flow(x, y, batch_size=32)
    >>> model.fit(batches, epochs=5)

    Source: https://keras.io/2.16/api/data_loading/
    """

    def __init__(
        self,
        featurewise_center: bool = False,
        samplewise_center: bool = False,
        featurewise_std_normalization: bool = False,
        samplewise_std_normalization: bool = False,
        zca_whitening: bool = False,
        zca_epsilon: float = 1e-6,
        rotation_range: float = 0,
        width_shift_range: Any = 0.0,
        height_shift_range: Any = 0.0,
        brightness_range: Any = None,
        shear_range: float = 0.0,
        zoom_range: Any = 0.0,
        channel_shift_range: float = 0.0,
        fill_mode: str = "nearest",
        cval: float = 0.0,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        rescale: float | None = None,
        preprocessing_function: Callable[[np.ndarray], Any] | None = None,
        data_format: str | None = None,
        validation_split: float = 0.0,
        interpolation_order: int = 1,
        dtype: str | None = None,
    ) -> None:
        self.data_format = backend.normalize_data_format(data_format)
        first = self.data_format == "channels_first"
        self.channel_axis, self.row_axis, self.col_axis = (1, 2, 3) if first else (3, 1, 2)
        if validation_split and not 0 < validation_split < 1:
            raise ValueError(f"ImageDataGenerator: expected validation_split between 0 and 1, got {validation_split!r}")
        if brightness_range is not None and (
            not isinstance(brightness_range, tuple | list) or len(brightness_range) != 2
        ):
            raise ValueError(f"ImageDataGenerator: expected a pair as brightness_range, got {brightness_range!r}")
        if zca_whitening and featurewise_std_normalization:
            warnings.warn("ImageDataGenerator: zca_whitening overrides featurewise_std_normalization", stacklevel=2)
            featurewise_std_normalization = False
        self.zca_whitening = zca_whitening
        self.zca_epsilon = zca_epsilon
        self.featurewise_center = featurewise_center or zca_whitening or featurewise_std_normalization
        self.featurewise_std_normalization = featurewise_std_normalization
        self.samplewise_center = samplewise_center or samplewise_std_normalization
        self.samplewise_std_normalization = samplewise_std_normalization
        self.rotation_range = rotation_range
        self.width_shift_range = width_shift_range
        self.height_shift_range = height_shift_range
        self.brightness_range = brightness_range
        self.shear_range = shear_range
        self.zoom_range = _zoom_pair(zoom_range)
        self.channel_shift_range = channel_shift_range
        self.fill_mode = fill_mode
        self.cval = cval
        self.horizontal_flip = horizontal_flip
        self.vertical_flip = vertical_flip
        self.rescale = rescale
        self.preprocessing_function = preprocessing_function
        self.interpolation_order = interpolation_order
        self.dtype = dtype or backend.floatx()
        self._validation_split = validation_split
        self.mean: Any = None
        self.std: Any = None
        self.zca_whitening_matrix: Any = None

    # -- sources ------------------------------------------------------------------------------------------------------
    def flow(
        self,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        shuffle: bool = True,
        sample_weight: Any = None,
        seed: int | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        ignore_class_split: bool = False,
        subset: str | None = None,
    ) -> Any:
        """Batches from arrays: `x` images of rank 4, or a pair (images, other inputs). Gives x, (x, y) or
        (x, y, sample_weight); see `NumpyArrayIterator`.
        """
        from nnstack.preprocessing.iterators import NumpyArrayIterator

        return NumpyArrayIterator(
            x, y, self, batch_size=batch_size, shuffle=shuffle, sample_weight=sample_weight, seed=seed,
            data_format=self.data_format, save_to_dir=save_to_dir, save_prefix=save_prefix, save_format=save_format,
            subset=subset, ignore_class_split=ignore_class_split, dtype=self.dtype,
        )  # fmt: skip

    def flow_from_directory(self, directory: Any, **kwargs: Any) -> Any:
        """Batches from a folder with a folder of images for each class; keywords as in `DirectoryIterator`."""
        from nnstack.preprocessing.file_iterators import DirectoryIterator

        return DirectoryIterator(directory, self, data_format=self.data_format, dtype=self.dtype, **kwargs)

    def flow_from_dataframe(self, dataframe: Any, directory: Any = None, **kwargs: Any) -> Any:
        """Batches from a pandas frame of file names and targets; keywords as in `DataFrameIterator`."""
        from nnstack.preprocessing.file_iterators import DataFrameIterator

        for gone in ("has_ext", "sort", "drop_duplicates"):
            kwargs.pop(gone, None)
        return DataFrameIterator(dataframe, directory, self, data_format=self.data_format, dtype=self.dtype, **kwargs)

    # -- one image ----------------------------------------------------------------------------------------------------
    def get_random_transform(self, img_shape: Any, seed: int | None = None) -> dict[str, Any]:
        """What to do with one image of that shape, drawn by chance; `seed` for `numpy.random`."""
        if seed is not None:
            np.random.seed(seed)
        angle, shear = self.rotation_range, self.shear_range
        theta = np.random.uniform(-angle, angle) if angle else 0
        tx = _shift(self.height_shift_range, img_shape[self.row_axis - 1])
        ty = _shift(self.width_shift_range, img_shape[self.col_axis - 1])
        shear = np.random.uniform(-shear, shear) if shear else 0
        least, most = self.zoom_range
        zx, zy = (1, 1) if least == most == 1 else np.random.uniform(least, most, 2)
        sideways = bool(np.random.random() < 0.5) and self.horizontal_flip
        upside_down = bool(np.random.random() < 0.5) and self.vertical_flip
        shift = self.channel_shift_range
        channels = np.random.uniform(-shift, shift) if shift else None
        light = self.brightness_range
        return {
            "theta": theta,
            "tx": tx,
            "ty": ty,
            "shear": shear,
            "zx": zx,
            "zy": zy,
            "flip_horizontal": sideways,
            "flip_vertical": upside_down,
            "channel_shift_intensity": channels,
            "brightness": None if light is None else np.random.uniform(light[0], light[1]),
        }

    def apply_transform(self, x: Any, transform_parameters: dict[str, Any]) -> np.ndarray:
        """One image changed as `get_random_transform` says; keys may be left out."""
        given = transform_parameters
        row, col, channel = self.row_axis - 1, self.col_axis - 1, self.channel_axis - 1
        x = apply_affine_transform(
            x,
            **{key: given[key] for key in _MOVES if key in given},
            row_axis=row, col_axis=col, channel_axis=channel,
            fill_mode=self.fill_mode, cval=self.cval, order=self.interpolation_order,
        )  # fmt: skip
        if given.get("channel_shift_intensity") is not None:
            x = apply_channel_shift(x, given["channel_shift_intensity"], channel)
        if given.get("flip_horizontal"):
            x = np.flip(x, col)
        if given.get("flip_vertical"):
            x = np.flip(x, row)
        if given.get("brightness") is not None:
            x = np.moveaxis(x, channel, -1)
            x = np.moveaxis(apply_brightness_shift(x, given["brightness"], False), -1, channel)
        return np.asarray(x)

    def random_transform(self, x: Any, seed: int | None = None) -> np.ndarray:
        """One image, changed by chance."""
        return self.apply_transform(x, self.get_random_transform(np.shape(x), seed))

    def standardize(self, x: Any) -> np.ndarray:
        """One image, or a batch, brought to scale; `fit` comes first where the scale is that of the data."""
        if self.preprocessing_function is not None:
            x = self.preprocessing_function(x)
        x = np.asarray(x, dtype=self.dtype)
        if self.rescale:
            x = x * np.asarray(self.rescale, self.dtype)
        if self.samplewise_center:
            x = x - np.mean(x, keepdims=True)
        if self.samplewise_std_normalization:
            x = x / (np.std(x, keepdims=True) + 1e-6)
        for wanted, known, name in (
            (self.featurewise_center, self.mean, "featurewise_center"),
            (self.featurewise_std_normalization, self.std, "featurewise_std_normalization"),
            (self.zca_whitening, self.zca_whitening_matrix, "zca_whitening"),
        ):
            if wanted and known is None:
                warnings.warn(f"ImageDataGenerator: {name} does nothing before fit(x)", stacklevel=2)
        if self.featurewise_center and self.mean is not None:
            x = x - self.mean
        if self.featurewise_std_normalization and self.std is not None:
            x = x / (self.std + 1e-6)
        if self.zca_whitening and self.zca_whitening_matrix is not None:
            x = (x.reshape(-1, int(np.prod(x.shape[-3:]))) @ self.zca_whitening_matrix).reshape(x.shape)
        return np.asarray(x, dtype=self.dtype)

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Takes mean, deviation and whitening matrix from sample images of rank 4; `augment` changes them by chance
        first, `rounds` times over. ValueError for another rank.
        """
        x = np.asarray(x, dtype=self.dtype)
        if x.ndim != 4:
            raise ValueError(f"ImageDataGenerator.fit: expected images of rank 4, got shape {x.shape}")
        if seed is not None:
            np.random.seed(seed)
        x = np.array([self.random_transform(one) for _ in range(rounds) for one in x]) if augment else x.copy()
        axes = (0, self.row_axis, self.col_axis)
        if self.featurewise_center:
            self.mean = np.mean(x, axis=axes, keepdims=True)[0]
            x -= self.mean
        if self.featurewise_std_normalization:
            self.std = np.std(x, axis=axes, keepdims=True)[0]
            x /= self.std + 1e-6
        if self.zca_whitening:
            flat = x.reshape(len(x), -1)
            directions, variances, _ = np.linalg.svd(flat.T @ flat / len(flat))
            self.zca_whitening_matrix = (directions / np.sqrt(variances + self.zca_epsilon)) @ directions.T


_MOVES = ("theta", "tx", "ty", "shear", "zx", "zy")


def _zoom_pair(zoom_range: Any) -> tuple[float, float]:
    if isinstance(zoom_range, float | int):
        return 1 - zoom_range, 1 + zoom_range
    if len(zoom_range) == 2 and all(isinstance(one, float | int) for one in zoom_range):
        return tuple(zoom_range)
    raise ValueError(f"ImageDataGenerator: expected a number or a pair of numbers as zoom_range, got {zoom_range!r}")


def _shift(given: Any, size: int) -> float:
    """Pixels: one of a list or of the integers below `given`, either way; or any number up to a float `given`."""
    if not np.any(given):
        return 0
    if np.ndim(given) or isinstance(given, int | np.integer):
        pixels = float(np.random.choice(given) * np.random.choice([-1, 1]))
    else:
        pixels = float(np.random.uniform(-given, given))
    return pixels * size if np.max(given) < 1 else pixels
