"""Batches without end, in an order that may be mixed anew in every epoch; from arrays of images."""

from __future__ import annotations

import os
from collections.abc import Iterator as IteratorOf
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.preprocessing.files import array_to_img
from nnstack.utils.data_utils import Sequence


class Iterator(Sequence):
    """The base of the image iterators: `n` samples in batches of `batch_size`, by position or one after the other.

    A subclass defines `_get_batches_of_transformed_samples(index_array)`. `shuffle` mixes in every epoch; with `seed`
    the draws of each batch repeat. As a `Sequence` it ends after an epoch; `next()` goes on for ever.
    """

    white_list_formats = ("png", "jpg", "jpeg", "bmp", "ppm", "tif", "tiff")

    def __init__(self, n: int, batch_size: int, shuffle: bool, seed: int | None) -> None:
        self.n = n
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed
        self.batch_index = 0
        self.total_batches_seen = 0
        self.index_array: np.ndarray | None = None
        self.index_generator = self._flow_index()

    def _set_index_array(self) -> None:
        self.index_array = np.random.permutation(self.n) if self.shuffle else np.arange(self.n)

    def _seed_batch(self) -> None:
        if self.seed is not None:
            np.random.seed(self.seed + self.total_batches_seen)
        self.total_batches_seen += 1

    def __len__(self) -> int:
        return -(-self.n // self.batch_size)

    def __getitem__(self, index: int) -> Any:
        if index >= len(self):
            raise ValueError(f"{type(self).__name__}: batch {index} of {len(self)}")
        self._seed_batch()
        if self.index_array is None:
            self._set_index_array()
        assert self.index_array is not None
        chosen = self.index_array[self.batch_size * index : self.batch_size * (index + 1)]
        return self._get_batches_of_transformed_samples(chosen)

    def on_epoch_end(self) -> None:
        """Mixes the samples anew."""
        self._set_index_array()

    def reset(self) -> None:
        """The next batch is the first of an epoch."""
        self.batch_index = 0

    def _flow_index(self) -> IteratorOf[np.ndarray]:
        self.reset()
        while True:
            if self.seed is not None:
                np.random.seed(self.seed + self.total_batches_seen)
            if self.batch_index == 0:
                self._set_index_array()
            assert self.index_array is not None
            first = self.batch_index * self.batch_size % max(self.n, 1)
            self.batch_index = self.batch_index + 1 if first + self.batch_size < self.n else 0
            self.total_batches_seen += 1
            yield self.index_array[first : first + self.batch_size]

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        return self.next()

    def next(self) -> Any:
        """The next batch, without end."""
        return self._get_batches_of_transformed_samples(next(self.index_generator))

    def _get_batches_of_transformed_samples(self, index_array: np.ndarray) -> Any:
        raise TypeError(f"{type(self).__name__}: the class defines no _get_batches_of_transformed_samples")


class Saver:
    """Writes the images that were made, to look at."""

    def __init__(self, folder: Any, prefix: str, file_format: str, data_format: str) -> None:
        self.folder, self.prefix, self.file_format, self.data_format = folder, prefix, file_format, data_format

    def save(self, images: np.ndarray, index_array: np.ndarray) -> None:
        """One file per image, called PREFIX_INDEX_NUMBER.FORMAT."""
        if not self.folder:
            return
        for image, index in zip(images, index_array, strict=True):
            name = f"{self.prefix}_{index}_{np.random.randint(10_000)}.{self.file_format}"
            array_to_img(image, self.data_format, scale=True).save(os.path.join(self.folder, name))


def split_bounds(subset: str | None, split: float) -> tuple[float, float]:
    """Shares of the samples between which `subset` lies: validation comes first. ValueError for another word."""
    bounds: dict[str | None, tuple[float, float]] = {None: (0, 1), "validation": (0, split), "training": (split, 1)}
    if subset not in bounds:
        raise ValueError(f"expected 'training' or 'validation' as subset, got {subset!r}")
    return bounds[subset]


class NumpyArrayIterator(Iterator):
    """Batches of changed images from arrays: `x` of rank 4, or (x, list of other inputs); `ImageDataGenerator.flow`.

    Gives x, (x, y) or (x, y, sample_weight); x is a list where there are other inputs. `subset` 'training' or
    'validation' by the generator's validation_split; both must hold the same values of y, unless
    `ignore_class_split`. ValueError for unequal lengths and other ranks.
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        image_data_generator: Any,
        batch_size: int = 32,
        shuffle: bool = False,
        sample_weight: Any = None,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        ignore_class_split: bool = False,
        dtype: str | None = None,
    ) -> None:
        x, others = (x[0], x[1]) if isinstance(x, tuple | list) else (x, [])
        others = [np.asarray(one) for one in (others if isinstance(others, list | tuple) else [others])]
        self.dtype = dtype or backend.floatx()
        x = np.asarray(x)
        y, sample_weight = (None if one is None else np.asarray(one) for one in (y, sample_weight))
        for what, one in [("y", y), ("sample_weight", sample_weight), *(("other inputs", one) for one in others)]:
            if one is not None and len(one) != len(x):
                raise ValueError(f"flow: expected as many {what} as images, got {len(one)} and {len(x)}")
        if x.ndim != 4:
            raise ValueError(f"flow: expected images of rank 4, got shape {x.shape}")
        share = image_data_generator._validation_split
        bounds = split_bounds(subset, share)
        if subset is not None and y is not None and not ignore_class_split:
            cut = int(len(x) * share)
            if not np.array_equal(np.unique(y[:cut]), np.unique(y[cut:])):
                raise ValueError(
                    "flow: the two subsets hold different classes. Shuffle the data, or pass ignore_class_split=True"
                )
        first, last = (int(len(x) * bound) for bound in bounds)
        self.x = np.asarray(x[first:last], dtype=self.dtype)
        self.x_misc = [one[first:last] for one in others]
        self.y = None if y is None else y[first:last]
        self.sample_weight = None if sample_weight is None else sample_weight[first:last]
        if not len(self.x):
            raise ValueError(f"flow: no images are left for subset {subset!r} of {len(x)}")
        self.image_data_generator = image_data_generator
        self.data_format = backend.normalize_data_format(data_format)
        self._saver = Saver(save_to_dir, save_prefix, save_format, self.data_format)
        super().__init__(len(self.x), batch_size, shuffle, seed)

    def _get_batches_of_transformed_samples(self, index_array: np.ndarray) -> Any:
        make = self.image_data_generator
        images = np.zeros((len(index_array), *self.x.shape[1:]), dtype=self.dtype)
        for row, index in zip(images, index_array, strict=True):
            row[...] = make.standardize(make.random_transform(self.x[index]))
        self._saver.save(images, index_array)
        inputs: Any = [images, *(one[index_array] for one in self.x_misc)] if self.x_misc else images
        if self.y is None:
            return inputs
        weights = () if self.sample_weight is None else (self.sample_weight[index_array],)
        return (inputs, self.y[index_array], *weights)
