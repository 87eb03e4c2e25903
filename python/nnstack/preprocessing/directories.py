"""Batches from folders of classes, as tf.keras has them: images as float arrays, texts as arrays of strings."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.preprocessing.files import img_to_array, load_img
from nnstack.utils.data_utils import DatasetMethods, Sequence

_IMAGES = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
_MODES = ("int", "categorical", "binary", None)


class DirectoryBatches(DatasetMethods, Sequence):
    """Batches of files and their labels; `class_names` and `file_paths` tell what they are of."""

    def __init__(
        self,
        paths: list[str],
        labels: np.ndarray | None,
        class_names: list[str] | None,
        read: Callable[[str], Any],
        batch_size: int | None,
        shuffle: bool,
        seed: int,
        stack: Callable[[list[Any]], Any] = np.stack,
    ) -> None:
        self.file_paths, self.class_names, self._stack = paths, class_names, stack
        self._labels, self._read, self._batch_size, self._shuffle = labels, read, batch_size, shuffle
        self._generator = np.random.default_rng(seed)
        self._order = np.arange(len(paths))
        self.on_epoch_end()

    def __len__(self) -> int:
        size = self._batch_size or 1
        return -(-len(self.file_paths) // size)

    def __getitem__(self, index: int) -> Any:
        if not 0 <= index < len(self):
            raise IndexError(f"batch {index} of {len(self)}")
        size = self._batch_size or 1
        chosen = self._order[index * size : (index + 1) * size]
        data = self._stack([self._read(self.file_paths[i]) for i in chosen])
        labels = None if self._labels is None else self._labels[chosen]
        if self._batch_size is None:
            return data[0] if labels is None else (data[0], labels[0])
        return data if labels is None else (data, labels)

    def on_epoch_end(self) -> None:
        """A new order, if they are to be mixed."""
        if self._shuffle:
            self._generator.shuffle(self._order)


def image_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Any = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: tuple[int, int] = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    **kwargs: Any,
) -> Any:
    """Batches of images, float32 (batch, height, width, channels) from 0 to 255, from a folder with one folder for each
    class; a `utils.Sequence`.

    `labels` 'inferred' from the folders, None, or a list in the order of the sorted files; `label_mode` 'int',
    'categorical' (one-hot), 'binary' (float (batch, 1)) or None (images alone); `class_names` the folders and their
    order; `color_mode` 'grayscale', 'rgb' or 'rgba'; `image_size` (height, width), reached with `interpolation`, after
    a cut to its shape if `crop_to_aspect_ratio`. `validation_split` with `subset` 'training', 'validation' or 'both'
    needs a `seed` when mixed. ValueError for other words, or no files.

    >>> batches = image_dataset_from_directory("pictures", image_size=(64, 64))
    >>> model.fit(batches, epochs=5)
    """
    if kwargs:
        raise TypeError(f"image_dataset_from_directory: unknown argument {sorted(kwargs)[0]!r}")

    def read(path: str) -> np.ndarray:
        img = load_img(
            path, color_mode=color_mode, target_size=image_size, interpolation=interpolation,
            keep_aspect_ratio=crop_to_aspect_ratio,
        )  # fmt: skip
        return img_to_array(img, backend.image_data_format())

    return labelled_files(
        "image_dataset_from_directory", directory, _IMAGES, read, labels, label_mode, class_names, batch_size, shuffle,
        seed, validation_split, subset, follow_links,
    )  # fmt: skip


def text_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Any = None,
    batch_size: int | None = 32,
    max_length: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
) -> Any:
    """Batches of texts, arrays of strings (batch,), from .txt files in a folder with one folder for each class.

    `max_length` cuts texts to so many characters; the rest as in `image_dataset_from_directory`.
    """

    def read(path: str) -> str:
        with open(path, encoding="utf-8") as file:
            return file.read() if max_length is None else file.read(max_length)

    return labelled_files(
        "text_dataset_from_directory", directory, (".txt",), read, labels, label_mode, class_names, batch_size, shuffle,
        seed, validation_split, subset, follow_links,
    )  # fmt: skip


def labelled_files(
    what: str,
    directory: Any,
    endings: tuple[str, ...],
    read: Callable[[str], Any],
    labels: Any,
    label_mode: str | None,
    class_names: Any,
    batch_size: int | None,
    shuffle: bool,
    seed: int | None,
    validation_split: float | None,
    subset: str | None,
    follow_links: bool,
    make: Callable[..., DirectoryBatches] = DirectoryBatches,
) -> Any:
    """Batches of the files below a folder, or two sets of them with `subset` 'both'; `read` makes a sample of one."""
    if label_mode not in _MODES:
        raise ValueError(f"{what}: expected one of {', '.join(map(repr, _MODES))} as label_mode, got {label_mode!r}")
    _check_split(what, validation_split, subset, shuffle, seed)
    paths, numbers, names = _find(what, os.fspath(directory), endings, labels, class_names, follow_links)
    start = int(np.random.default_rng().integers(2**31)) if seed is None else seed
    order = np.arange(len(paths))
    if shuffle:
        np.random.default_rng(start).shuffle(order)
    targets = None if labels is None or label_mode is None else _targets(what, np.asarray(numbers), label_mode, names)
    cut = len(paths) - int((validation_split or 0) * len(paths))
    parts = {"training": order[:cut], "validation": order[cut:], None: order}

    def made(part: str | None) -> DirectoryBatches:
        chosen = parts[part]
        kept = None if targets is None else targets[chosen]
        mixes = shuffle and part != "validation"
        return make([paths[i] for i in chosen], kept, names, read, batch_size, mixes, start)

    return (made("training"), made("validation")) if subset == "both" else made(subset)


def _check_split(what: str, split: float | None, subset: str | None, shuffle: bool, seed: int | None) -> None:
    if split is not None and not 0 < split < 1:
        raise ValueError(f"{what}: expected validation_split between 0 and 1, got {split}")
    if subset not in (None, "training", "validation", "both"):
        raise ValueError(f"{what}: expected 'training', 'validation' or 'both' as subset, got {subset!r}")
    if (split is None) != (subset is None):
        raise ValueError(f"{what}: validation_split and subset go together, got {split} and {subset!r}")
    if split is not None and subset != "both" and shuffle and seed is None:
        raise ValueError(f"{what}: give a seed, or the two subsets may share files")


def _find(
    what: str, directory: str, endings: tuple[str, ...], labels: Any, class_names: Any, follow_links: bool
) -> tuple[list[str], list[Any], list[str] | None]:
    """(paths in sorted order, a label for each, names of the classes)."""
    inferred = isinstance(labels, str)
    if inferred and labels != "inferred":
        raise ValueError(f"{what}: expected 'inferred', None or a list as labels, got {labels!r}")
    folders = sorted(entry.name for entry in os.scandir(directory) if entry.is_dir()) if inferred else [""]
    if inferred and class_names is not None:
        if set(class_names) != set(folders):
            raise ValueError(f"{what}: class_names {list(class_names)} are not the folders {folders}")
        folders = list(class_names)
    paths, numbers = [], []
    for number, folder in enumerate(folders):
        for root, inner, files in os.walk(os.path.join(directory, folder), followlinks=follow_links):
            inner.sort()
            found = [os.path.join(root, file) for file in sorted(files) if file.lower().endswith(endings)]
            paths += found
            numbers += [number] * len(found)
    if not paths:
        raise ValueError(f"{what}: no files ending in {', '.join(endings)} in {directory}")
    if inferred:
        return paths, numbers, folders
    if labels is not None and len(labels) != len(paths):
        raise ValueError(f"{what}: expected as many labels as files, got {len(labels)} and {len(paths)}")
    return paths, [] if labels is None else list(labels), None if class_names is None else list(class_names)


def _targets(what: str, numbers: np.ndarray, label_mode: str, names: list[str] | None) -> np.ndarray:
    if label_mode == "int":
        return numbers.astype(np.int32)
    count = len(names) if names else int(numbers.max()) + 1
    if label_mode == "binary":
        if count != 2:
            raise ValueError(f"{what}: label_mode binary needs two classes, got {count}")
        return numbers.astype(np.float32)[:, None]
    one_hot: np.ndarray = np.eye(count, dtype=np.float32)[numbers]
    return one_hot
