"""`tf.image`, the part about boxes (y1, x1, y2, x2): cutting them out of images, and choosing among them."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack import backend as K
from nnstack.backend import Tensor
from nnstack.compat.functions.arrays import by_numbers


def crop_and_resize(
    image: Any, boxes: Any, box_indices: Any, crop_size: Any, method: str = "bilinear",
    extrapolation_value: float = 0.0, name: Any = None,
) -> Tensor:  # fmt: skip
    """The boxes (n, 4), in shares of the image's sides, of images number `box_indices` (n,), each as crop_size: float32
    (n, rows, cols, channels). Corners of box and crop fall together; places outside the image have
    `extrapolation_value`. `method` 'bilinear' or 'nearest', ValueError for others. Gradients reach the image and,
    through 'bilinear', the boxes.

    Source: He et al. 2017, Mask R-CNN (arXiv:1703.06870), whose programs use it for RoIAlign.
    """
    if method not in ("bilinear", "nearest"):
        raise ValueError(f"tf.image.crop_and_resize: expected method 'bilinear' or 'nearest', got {method!r}")
    x, corners = K.cast(K.convert(image), "float32"), K.cast(K.convert(boxes), "float32")
    which = K.cast(K.convert(box_indices), "int64")
    sizes = K.shape(x)
    flat = K.reshape(x, (-1, x.shape[-1]))
    (above, below, down, inside_y), (left, right, across, inside_x) = (
        _places(corners[:, axis], corners[:, axis + 2], sizes[axis + 1], int(crop_size[axis]), method)
        for axis in (0, 1)
    )

    def pixels(rows: Tensor, cols: Tensor) -> Tensor:
        first = K.reshape(which, (-1, 1, 1)) * sizes[1] + K.expand_dims(rows, 2)
        return K.gather(flat, first * sizes[2] + K.expand_dims(cols, 1))

    down, across = K.expand_dims(K.expand_dims(down, 2), 3), K.expand_dims(K.expand_dims(across, 1), 3)
    upper = pixels(above, left) * (1 - across) + pixels(above, right) * across
    lower = pixels(below, left) * (1 - across) + pixels(below, right) * across
    inside = K.expand_dims(K.expand_dims(inside_y, 2) * K.expand_dims(inside_x, 1), 3)
    return (upper * (1 - down) + lower * down) * inside + extrapolation_value * (1 - inside)


def _places(start: Tensor, end: Tensor, size: Tensor, count: int, method: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Of `count` places between two corners, each (n, count): the pixels before and behind, the share of the latter,
    and 1.0 where the place is in the image.
    """
    last = K.cast(size, "float32") - 1.0
    start, end = K.expand_dims(start, 1) * last, K.expand_dims(end, 1) * last
    steps = np.linspace(0, 1, count, dtype=np.float32) if count > 1 else np.full(1, 0.5, np.float32)
    place = start + (end - start) * K.convert(steps)
    inside = K.cast((place >= 0.0) & (place <= last), "float32")
    place = K.minimum(K.maximum(place, 0.0), last)
    before = K.round(place) if method == "nearest" else K.floor(place)
    share = K.zeros_like(place) if method == "nearest" else place - K.stop_gradient(before)
    behind = K.minimum(before + 1.0, last)
    return K.cast(before, "int64"), K.cast(behind, "int64"), share, inside


def non_max_suppression(
    boxes: Any, scores: Any, max_output_size: Any, iou_threshold: float = 0.5, score_threshold: float = -np.inf,
    name: Any = None,
) -> Tensor:  # fmt: skip
    """Numbers of the boxes that stay, best first, where each removes those that overlap it by more than
    `iou_threshold`: int32, at most `max_output_size`.
    """
    return by_numbers(
        "tf.image.non_max_suppression",
        lambda corners, values, count: [_kept(corners, values, int(count), iou_threshold, score_threshold)],
        [boxes, scores, max_output_size],
        [((None,), "int32")],
    )[0]


def _kept(corners: np.ndarray, values: np.ndarray, count: int, iou_threshold: Any, score_threshold: Any) -> np.ndarray:
    low, high = np.minimum(corners[:, :2], corners[:, 2:]), np.maximum(corners[:, :2], corners[:, 2:])
    areas = np.prod(high - low, axis=1)
    order = np.argsort(-values, kind="stable")
    order = order[values[order] > float(score_threshold)]
    kept: list[int] = []
    while len(order) and len(kept) < count:
        best, order = int(order[0]), order[1:]
        kept.append(best)
        sides = np.minimum(high[best], high[order]) - np.maximum(low[best], low[order])
        common = np.prod(np.maximum(sides, 0), axis=1)
        order = order[common / np.maximum(areas[best] + areas[order] - common, 1e-30) <= float(iou_threshold)]
    return np.asarray(kept, np.int32)
