"""Boxes of many classes, and boxes drawn into images."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from nnstack import backend as K
from nnstack.compat.functions.boxes import _kept


class CombinedNMS(NamedTuple):
    """The boxes that stay in each image of a batch, best first; rows behind `valid_detections` are zeros."""

    nmsed_boxes: Any
    nmsed_scores: Any
    nmsed_classes: Any
    valid_detections: Any


def combined_non_max_suppression(
    boxes: Any, scores: Any, max_output_size_per_class: Any, max_total_size: Any, iou_threshold: float = 0.5,
    score_threshold: float = float("-inf"), pad_per_class: bool = False, clip_boxes: bool = True, name: Any = None,
) -> CombinedNMS:  # fmt: skip
    """Of boxes (batch, n, 1 or classes, 4) with scores (batch, n, classes) those that no better one of their class
    overlaps by more than `iou_threshold`; on numbers.
    """
    corners, values = K.convert(boxes).numpy(), K.convert(scores).numpy()
    classes, per_class = values.shape[2], int(max_output_size_per_class)
    total = min(int(max_total_size), per_class * classes) if pad_per_class else int(max_total_size)
    batch = len(values)
    found = [np.zeros((batch, total, 4), np.float32), np.zeros((batch, total), np.float32),
             np.zeros((batch, total), np.float32)]  # fmt: skip
    counts = np.zeros(batch, np.int32)
    for row in range(batch):
        rows = []
        for kind in range(classes):
            own = corners[row, :, kind if corners.shape[2] > 1 else 0]
            kept = _kept(own, values[row, :, kind], per_class, iou_threshold, score_threshold)
            rows += [(-float(values[row, place, kind]), kind, own[place]) for place in kept]
        rows.sort(key=lambda one: one[0])
        counts[row] = len(rows[:total])
        for place, (score, kind, box) in enumerate(rows[:total]):
            found[0][row, place] = np.clip(box, 0.0, 1.0) if clip_boxes else box
            found[1][row, place], found[2][row, place] = -score, kind
    tensors = [K.convert(one) for one in found]
    return CombinedNMS(tensors[0], tensors[1], tensors[2], K.convert(counts))


def draw_bounding_boxes(images: Any, boxes: Any, colors: Any = None, name: Any = None) -> Any:
    """Frames of one pixel at boxes (batch, n, 4) of shares (top, left, bottom, right); on numbers."""
    pictures = K.convert(images).numpy().astype(np.float32)
    palette = np.asarray([[1, 1, 0, 1], [0, 0, 1, 1], [1, 0, 0, 1], [0, 1, 0, 1], [0.5, 0, 0.5, 1]], np.float32)
    palette = palette if colors is None else np.asarray(K.convert(colors).numpy(), np.float32)
    rows, columns = pictures.shape[1:3]
    for picture, own in zip(pictures, K.convert(boxes).numpy(), strict=True):
        for number, (top, left, bottom, right) in enumerate(own):
            colour = palette[number % len(palette)][: picture.shape[-1]]
            a, b = (int(np.clip(one * (rows - 1), 0, rows - 1)) for one in (top, bottom))
            c, d = (int(np.clip(one * (columns - 1), 0, columns - 1)) for one in (left, right))
            picture[[a, b], c : d + 1] = colour
            picture[a : b + 1, [c, d]] = colour
    return K.convert(pictures)
