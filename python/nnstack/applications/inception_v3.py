"""Inception, version 3 (Szegedy et al. 2015): wide convolutions taken apart into rows and columns."""

from __future__ import annotations

from typing import Any

from nnstack.applications.classifier import network, variant
from nnstack.applications.imagenet_utils import decode_predictions, preprocessing
from nnstack.applications.inception import average_branch, branch, convolution, half, joined, stem

PAPER = "Rethinking the Inception architecture for computer vision, https://arxiv.org/abs/1512.00567"


def _features(image: Any) -> Any:
    x = stem(image)
    for number, filters in enumerate((32, 64, 64)):
        branches = [
            branch(x, [(64, 1)]),
            branch(x, [(48, 1), (64, 5)]),
            branch(x, [(64, 1), (96, 3), (96, 3)]),
            average_branch(x, filters),
        ]
        x = joined(branches, f"mixed{number}")
    x = joined([branch(x, [(384, 3, 2)]), branch(x, [(64, 1), (96, 3), (96, 3, 2)]), half(x)], "mixed3")
    row, column = (1, 7), (7, 1)
    for number, width in enumerate((128, 160, 160, 192), 4):
        branches = [
            branch(x, [(192, 1)]),
            branch(x, [(width, 1), (width, row), (192, column)]),
            branch(x, [(width, 1), (width, column), (width, row), (width, column), (192, row)]),
            average_branch(x, 192),
        ]
        x = joined(branches, f"mixed{number}")
    small = branch(x, [(192, 1), (320, 3, 2)])
    x = joined([small, branch(x, [(192, 1), (192, row), (192, column), (192, 3, 2)]), half(x)], "mixed8")
    for number in range(2):
        single = branch(x, [(320, 1)])
        split = branch(x, [(384, 1)])
        split = joined([convolution(split, 384, (1, 3)), convolution(split, 384, (3, 1))], f"mixed9_{number}")
        deep = branch(x, [(448, 1), (384, 3)])
        deep = joined([convolution(deep, 384, (1, 3)), convolution(deep, 384, (3, 1))])
        x = joined([single, split, deep, average_branch(x, 192)], f"mixed{9 + number}")
    return x


InceptionV3 = variant("InceptionV3", network("inception_v3", _features), "Inception version 3", PAPER, 299, 75)
preprocess_input = preprocessing("tf")

__all__ = ["InceptionV3", "decode_predictions", "preprocess_input"]
