"""Batches of images from files: by folders of classes, or by a pandas frame."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.preprocessing.files import img_to_array, load_img
from nnstack.preprocessing.iterators import Iterator, Saver, split_bounds

_CHANNELS = {"rgb": 3, "rgba": 4, "grayscale": 1}


class FileIterator(Iterator):
    """What the two have in common: `filepaths`, read, changed and joined to targets by `class_mode`."""

    filepaths: list[str]
    class_modes: tuple[str | None, ...] = ("categorical", "binary", "sparse", "input", None)

    def _set_images(
        self,
        image_data_generator: Any,
        target_size: tuple[int, int],
        color_mode: str,
        data_format: str | None,
        interpolation: str,
        keep_aspect_ratio: bool,
        dtype: str | None,
        saver: tuple[Any, str, str],
    ) -> None:
        if color_mode not in _CHANNELS:
            raise ValueError(
                f"{type(self).__name__}: expected rgb, rgba or grayscale as color_mode, got {color_mode!r}"
            )
        self.image_data_generator = image_data_generator
        self.target_size = (int(target_size[0]), int(target_size[1]))
        self.color_mode = color_mode
        self.data_format = backend.normalize_data_format(data_format)
        channels = _CHANNELS[color_mode]
        first = self.data_format == "channels_first"
        self.image_shape = (channels, *self.target_size) if first else (*self.target_size, channels)
        self.interpolation = interpolation
        self.keep_aspect_ratio = keep_aspect_ratio
        self.dtype = dtype or backend.floatx()
        self._saver = Saver(*saver, self.data_format)

    def _check_mode(self, class_mode: str | None) -> None:
        if class_mode not in self.class_modes:
            raise ValueError(
                f"{type(self).__name__}: expected one of {', '.join(map(repr, self.class_modes))} as class_mode, got "
                f"{class_mode!r}"
            )

    def _get_batches_of_transformed_samples(self, index_array: np.ndarray) -> Any:
        images = np.zeros((len(index_array), *self.image_shape), dtype=self.dtype)
        make = self.image_data_generator
        for row, index in zip(images, index_array, strict=True):
            img = load_img(
                self.filepaths[index],
                color_mode=self.color_mode,
                target_size=self.target_size,
                interpolation=self.interpolation,
                keep_aspect_ratio=self.keep_aspect_ratio,
            )
            image = img_to_array(img, self.data_format, self.dtype)
            row[...] = image if make is None else make.standardize(make.random_transform(image))
        self._saver.save(images, index_array)
        return self._joined(images, index_array)

    def _joined(self, images: np.ndarray, index_array: np.ndarray) -> Any:
        raise TypeError(f"{type(self).__name__}: the class defines no _joined")


def _one_hot(numbers: Iterable[Any], width: int, dtype: str) -> np.ndarray:
    """A row per sample with a one for its class, or for each of its classes."""
    rows = [np.atleast_1d(number) for number in numbers]
    result = np.zeros((len(rows), width), dtype=dtype)
    for row, places in zip(result, rows, strict=True):
        row[places] = 1
    return result


class DirectoryIterator(FileIterator):
    """Batches from `directory`, which holds a folder of images for each class.

    `target_size` (height, width); `color_mode` rgb, rgba or grayscale; `classes` names of folders, default all, sorted;
    `class_mode` 'categorical' (one-hot), 'binary' or 'sparse' (numbers), 'input' (the images) or None (images alone);
    `follow_links` into linked folders; `subset` by the generator's validation_split, class by class; `interpolation`
    and `keep_aspect_ratio` as in `load_img`; `save_to_dir`, `save_prefix`, `save_format` keep what was made.
    Attributes: `class_indices`, `classes` (a number per file), `filenames`, `filepaths`, `samples`, `num_classes`.
    ValueError for other words, or classes without a folder.
    """

    def __init__(
        self,
        directory: Any,
        image_data_generator: Any,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: Any = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: str | None = None,
    ) -> None:
        self._set_images(
            image_data_generator, target_size, color_mode, data_format, interpolation, keep_aspect_ratio, dtype,
            (save_to_dir, save_prefix, save_format),
        )  # fmt: skip
        self._check_mode(class_mode)
        self.directory = os.fspath(directory)
        self.class_mode = class_mode
        names = classes or sorted(entry.name for entry in os.scandir(self.directory) if entry.is_dir())
        self.class_indices = {name: number for number, name in enumerate(names)}
        self.num_classes = len(self.class_indices)
        bounds = split_bounds(subset, getattr(image_data_generator, "_validation_split", 0.0))
        found = [
            (n, file) for name, n in self.class_indices.items() for file in self._files(name, bounds, follow_links)
        ]
        self.classes = np.array([number for number, _ in found], dtype="int32")
        self.filenames = [os.path.relpath(file, self.directory) for _, file in found]
        self.filepaths = [file for _, file in found]
        self.samples = len(found)
        print(f"Found {self.samples} images belonging to {self.num_classes} classes.")
        super().__init__(self.samples, batch_size, shuffle, seed)

    def _files(self, name: str, bounds: tuple[float, float], follow_links: bool) -> list[str]:
        folder = os.path.join(self.directory, name)
        if not os.path.isdir(folder):
            raise ValueError(f"DirectoryIterator: no folder {folder} for class {name!r}")
        roots = sorted(os.walk(folder, followlinks=follow_links), key=lambda entry: entry[0])
        files = [
            os.path.join(root, file)
            for root, _, inside in roots
            for file in sorted(inside)
            if file.lower().endswith(tuple(f".{ending}" for ending in self.white_list_formats))
        ]
        return files[int(bounds[0] * len(files)) : int(bounds[1] * len(files))]

    @property
    def labels(self) -> np.ndarray:
        """The number of each file's class."""
        return self.classes

    def _joined(self, images: np.ndarray, index_array: np.ndarray) -> Any:
        numbers = self.classes[index_array]
        if self.class_mode is None:
            return images
        if self.class_mode == "input":
            return images, images.copy()
        if self.class_mode == "categorical":
            return images, _one_hot(numbers, self.num_classes, self.dtype)
        return images, numbers.astype(self.dtype)


class DataFrameIterator(FileIterator):
    """Batches by a pandas frame: file names in `x_col`, relative to `directory` where one is given, targets in `y_col`.

    `class_mode` 'categorical' (labels, or lists of labels), 'binary', 'sparse'; 'raw' the numbers of `y_col`,
    'multi_output' a list with an array per column of `y_col`; 'input'; None. `weight_col` gives sample weights;
    `classes` the labels that count and their order; `validate_filenames` leaves out rows whose file does not exist.
    The rest as in `DirectoryIterator`. ValueError for other words, or columns that do not fit the mode.
    """

    class_modes = ("categorical", "binary", "sparse", "input", "multi_output", "raw", None)

    def __init__(
        self,
        dataframe: Any,
        directory: Any = None,
        image_data_generator: Any = None,
        x_col: str = "filename",
        y_col: Any = "class",
        weight_col: str | None = None,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: Any = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: str | None = None,
        validate_filenames: bool = True,
    ) -> None:
        self._set_images(
            image_data_generator, target_size, color_mode, data_format, interpolation, keep_aspect_ratio, dtype,
            (save_to_dir, save_prefix, save_format),
        )  # fmt: skip
        self._check_mode(class_mode)
        self.directory = "" if directory is None else os.fspath(directory)
        self.class_mode = class_mode
        self.dtype = dtype or backend.floatx()
        columns = list(y_col) if isinstance(y_col, list | tuple) else [y_col]
        if class_mode == "multi_output" and not isinstance(y_col, list | tuple):
            raise ValueError(f"DataFrameIterator: class_mode multi_output needs a list as y_col, got {y_col!r}")
        paths = [os.path.join(self.directory, str(name)) for name in dataframe[x_col]]
        kept = [i for i, path in enumerate(paths) if not validate_filenames or self._is_image(path)]
        if len(kept) < len(paths):
            warnings.warn(
                f"DataFrameIterator: {len(paths) - len(kept)} rows name no image file; left out", stacklevel=3
            )
        labels: list[Any] = []
        if class_mode in ("categorical", "binary", "sparse"):
            labels = list(dataframe[columns[0]])
            kept = self._number_classes(labels, kept, classes)
        first, last = (int(share * len(kept)) for share in split_bounds(subset, getattr(
            image_data_generator, "_validation_split", 0.0)))  # fmt: skip
        kept = kept[first:last]
        self.filenames = [str(dataframe[x_col].iloc[i]) for i in kept]
        self.filepaths = [paths[i] for i in kept]
        self.samples = len(kept)
        self.sample_weight = None if weight_col is None else np.asarray(dataframe[weight_col])[kept]
        if labels:
            number = self.class_indices
            self.classes = [
                [number[one] for one in labels[i] if one in number] if _several(labels[i]) else number[labels[i]]
                for i in kept
            ]
        elif class_mode in ("raw", "multi_output"):
            self._columns = [np.array(dataframe[column].iloc[kept].tolist()) for column in columns]
            single = class_mode == "raw" and len(columns) == 1
            self._targets = self._columns[0] if single else np.stack(self._columns, -1) if class_mode == "raw" else None
        print(f"Found {self.samples} validated image filenames.")
        super().__init__(self.samples, batch_size, shuffle, seed)

    def _is_image(self, path: str) -> bool:
        return path.lower().endswith(tuple(f".{one}" for one in self.white_list_formats)) and os.path.isfile(path)

    def _number_classes(self, labels: list[Any], kept: list[int], classes: Any) -> list[int]:
        """Sets `class_indices`; returns the rows that have one of the classes."""
        rows = {i: labels[i] if _several(labels[i]) else [labels[i]] for i in kept}
        names = list(dict.fromkeys(classes)) if classes else sorted({one for row in rows.values() for one in row})
        self.class_indices = {name: number for number, name in enumerate(names)}
        self.num_classes = len(names)
        if self.class_mode == "binary" and self.num_classes != 2:
            raise ValueError(f"DataFrameIterator: class_mode binary needs two classes, got {self.num_classes}")
        return [i for i, row in rows.items() if any(one in self.class_indices for one in row)]

    @property
    def labels(self) -> Any:
        """The targets: class numbers, or the columns of numbers."""
        return (
            self._targets
            if self.class_mode == "raw"
            else self._columns
            if self.class_mode == "multi_output"
            else self.classes
        )

    def _joined(self, images: np.ndarray, index_array: np.ndarray) -> Any:
        if self.class_mode is None:
            return images
        targets: Any
        if self.class_mode == "input":
            targets = images.copy()
        elif self.class_mode == "raw":
            assert self._targets is not None
            targets = self._targets[index_array]
        elif self.class_mode == "multi_output":
            targets = [column[index_array] for column in self._columns]
        elif self.class_mode == "categorical":
            targets = _one_hot([self.classes[i] for i in index_array], self.num_classes, self.dtype)
        else:
            targets = np.array([self.classes[i] for i in index_array], dtype=self.dtype)
        weights = () if self.sample_weight is None else (self.sample_weight[index_array],)
        return (images, targets, *weights)


def _several(label: Any) -> bool:
    return isinstance(label, list | tuple)
