"""Resizing without distortion."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack import backend
from nnstack.backend.resizing import resize


def smart_resize(
    x: Any,
    size: tuple[int, int],
    interpolation: str = "bilinear",
    data_format: str | None = None,
    backend_module: Any = None,
) -> Any:
    """Images at another size, cut to its shape around their middle before, so that nothing is distorted.

    `x` an image (height, width, channels) or a batch of them, array or tensor, or channels first with that
    `data_format`; `size` (height, width); `interpolation` as `layers.Resizing` takes it. Returns what came in: a
    float32 array, or a tensor. ValueError for another number of axes or sizes.

    >>> smart_resize(np.zeros((100, 50, 3)), (20, 20)).shape
    (20, 20, 3)

    Source: https://keras.io/2.16/api/data_loading/image/
    """
    if len(size) != 2:
        raise ValueError(f"smart_resize: expected size (height, width), got {size!r}")
    shape = tuple(x.shape)
    if len(shape) not in (3, 4):
        raise ValueError(f"smart_resize: expected an image or a batch of images, got shape {shape}")
    layout = backend.image_data_format() if data_format is None else data_format
    first = len(shape) - 2 if layout == "channels_first" else len(shape) - 3
    height, width = shape[first : first + 2]
    if height is None or width is None:
        raise ValueError(f"smart_resize: needs the size of the images, got shape {shape}")
    kept = min(height, int(width * size[0] / size[1])), min(width, int(height * size[1] / size[0]))
    begins = int((height - kept[0]) / 2), int((width - kept[1]) / 2)
    cut = tuple(slice(begin, begin + length) for begin, length in zip(begins, kept, strict=True))
    images = x[(slice(None),) * first + cut]
    tensor = backend.is_tensor(images)
    images = images if tensor else backend.convert(np.asarray(images, np.float32))
    batch = images if len(shape) == 4 else backend.expand_dims(images, 0)
    resized = resize(batch, list(size), interpolation, layout)
    resized = resized if len(shape) == 4 else backend.squeeze(resized, 0)
    return resized if tensor else backend.get_value(resized)
