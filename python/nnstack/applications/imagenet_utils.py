"""Images as the published weights expect them, and names for the classes they predict."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.utils.file_utils import cache_folder

CLASS_INDEX_FILE = "imagenet_class_index.json"
CLASS_INDEX_ORIGIN = f"https://storage.googleapis.com/download.tensorflow.org/data/{CLASS_INDEX_FILE}"

# mode -> (swaps red and blue, divisor, mean, deviation), each per channel as the channels lie after the swap.
_MODES: dict[str, tuple[bool, float, tuple[float, ...], tuple[float, ...]]] = {
    "caffe": (True, 1.0, (103.939, 116.779, 123.68), (1.0, 1.0, 1.0)),
    "tf": (False, 127.5, (1.0, 1.0, 1.0), (1.0, 1.0, 1.0)),
    "torch": (False, 255.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
}


def preprocess_input(x: Any, data_format: str | None = None, mode: str = "caffe") -> Any:
    """Pixels 0..255 (red, green, blue) in the range that a family of published weights was trained on.

    `x` an array or tensor (..., height, width, 3), or (..., 3, height, width) with `data_format` 'channels_first'
    (default: `backend.image_data_format()`). `mode`: 'caffe' blue, green, red, minus the mean of ImageNet; 'tf' -1..1;
    'torch' 0..1, then normalised per channel. Returns a new array of floats (integers become floatx), or a tensor.
    ValueError for another mode or format.

    >>> preprocess_input(np.array([[[0.0, 127.5, 255.0]]]), mode="tf")
    array([[[-1.,  0.,  1.]]])
    """
    if mode not in _MODES:
        raise ValueError(f"preprocess_input: expected mode 'caffe', 'tf' or 'torch', got {mode!r}")
    if data_format is None:
        data_format = backend.image_data_format()
    elif data_format not in ("channels_first", "channels_last"):
        raise ValueError(
            f"preprocess_input: expected data_format 'channels_first' or 'channels_last', got {data_format!r}"
        )
    symbolic = backend.is_tensor(x)
    if symbolic:
        x = x if str(x.dtype).startswith(("float", "bfloat")) else backend.cast(x, backend.floatx())
    else:
        x = np.asarray(x)
        x = x if x.dtype.kind == "f" else x.astype(backend.floatx())
    swaps, divisor, mean, deviation = _MODES[mode]
    axis = len(x.shape) - (3 if data_format == "channels_first" else 1)
    if swaps:
        x = backend.reverse(x, axis) if symbolic else np.flip(x, axis)
    if mode == "tf":  # the same for every channel, of which there may be any number
        return x / divisor - 1.0
    shape = (-1, 1, 1) if data_format == "channels_first" else (-1,)

    def per_channel(numbers: tuple[float, ...]) -> Any:
        return np.asarray(numbers, None if symbolic else x.dtype).reshape(shape)

    x = (x if divisor == 1.0 else x / divisor) - per_channel(mean)
    return x if deviation == (1.0, 1.0, 1.0) else x / per_channel(deviation)


def preprocessing(mode: str | None) -> Callable[[Any, str | None], Any]:
    """`preprocess_input` of a family: in one `mode`, or, with None, nothing because the model itself scales."""

    def preprocess_input(x: Any, data_format: str | None = None) -> Any:
        return x if mode is None else _preprocess(x, data_format, mode)

    what = f"mode {mode!r} of `imagenet_utils.preprocess_input`" if mode else "nothing: the model scales its input"
    preprocess_input.__doc__ = (
        f"Pixels 0..255 as this family's published weights expect them ({what}); `data_format` default "
        "`backend.image_data_format()`."
    )
    return preprocess_input


_preprocess = preprocess_input


def decode_predictions(preds: Any, top: int = 5, class_index: Any = None) -> list[list[tuple[str, str, float]]]:
    """For every row of `preds` (n, 1000) the `top` likeliest classes as (WordNet id, name, score), likeliest first.

    `class_index`: path of imagenet_class_index.json, default in `~/.keras/models`; FileNotFoundError says where to put
    it. ValueError for another shape.

    >>> decode_predictions(model.predict(images), top=1)
    [[('n02123159', 'tiger_cat', 0.8211)]]
    """
    scores = np.asarray(preds)
    if scores.ndim != 2 or scores.shape[1] != 1000:
        raise ValueError(
            "decode_predictions: expected predictions of ImageNet's 1000 classes, shape (samples, 1000), got "
            f"{scores.shape}"
        )
    names = _class_names(class_index)
    return [[(*names[str(place)], row[place]) for place in row.argsort()[-top:][::-1]] for row in scores]


def _class_names(given: Any) -> dict[str, tuple[str, str]]:
    path = Path(given) if given is not None else cache_folder(cache_subdir="models") / CLASS_INDEX_FILE
    if not path.exists():
        raise FileNotFoundError(
            f"decode_predictions: {path} does not exist, and nothing is downloaded. Get it from {CLASS_INDEX_ORIGIN} "
            "and put it there, or pass its path as class_index"
        )
    read: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8"))
    return {place: (identifier, name) for place, (identifier, name) in read.items()}


def obtain_input_shape(
    input_shape: Any,
    default_size: int,
    min_size: int,
    data_format: str | None,
    require_flatten: bool,
    weights: Any = None,
) -> tuple[int | None, ...]:
    """The shape of the images of a network built like those here: the one asked for, once checked, else `default_size`
    by `default_size`, or any size where nothing is flattened. ValueError for images below `min_size`.
    """
    from nnstack.applications.classifier import Request, image_shape

    asked = Request(bool(require_flatten), weights, None, input_shape, None, 1000, None)
    before = backend.image_data_format()
    backend.set_image_data_format(before if data_format is None else data_format)
    try:
        return tuple(image_shape("_obtain_input_shape", asked, default_size, min_size))
    finally:
        backend.set_image_data_format(before)


_obtain_input_shape = obtain_input_shape  # as Keras 2 calls it, and programs import it
