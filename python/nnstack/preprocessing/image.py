"""Images: loading and saving, changing by chance, batches from arrays, folders and frames."""

from nnstack.preprocessing.file_iterators import DataFrameIterator, DirectoryIterator
from nnstack.preprocessing.files import array_to_img, img_to_array, load_img, save_img
from nnstack.preprocessing.image_generator import ImageDataGenerator
from nnstack.preprocessing.iterators import Iterator, NumpyArrayIterator
from nnstack.preprocessing.smart_resize import smart_resize
from nnstack.preprocessing.transforms import (
    apply_affine_transform,
    apply_brightness_shift,
    apply_channel_shift,
    random_brightness,
    random_channel_shift,
    random_rotation,
    random_shear,
    random_shift,
    random_zoom,
)

__all__ = [
    "DataFrameIterator",
    "DirectoryIterator",
    "ImageDataGenerator",
    "Iterator",
    "NumpyArrayIterator",
    "apply_affine_transform",
    "apply_brightness_shift",
    "apply_channel_shift",
    "array_to_img",
    "img_to_array",
    "load_img",
    "random_brightness",
    "random_channel_shift",
    "random_rotation",
    "random_shear",
    "random_shift",
    "random_zoom",
    "save_img",
    "smart_resize",
]
