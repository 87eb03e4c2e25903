"""Texts as lists of word numbers, the form in which IMDB and Reuters come."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import numpy as np

from nnstack.datasets.files import find
from nnstack.datasets.mnist import ORIGIN

Texts = list[list[int]]


def marked(texts: Iterable[Any], start_char: int | None, index_from: int | None) -> Texts:
    """Numbers moved up by `index_from`, with `start_char` in front."""
    front = [] if start_char is None else [start_char]
    return [[*front, *(int(word) + (index_from or 0) for word in text)] for text in texts]


def short_ones(texts: Texts, labels: np.ndarray, maxlen: int | None, what: str) -> tuple[Texts, np.ndarray]:
    """Texts shorter than `maxlen`; ValueError if none is left."""
    if not maxlen:
        return texts, labels
    kept = [i for i, text in enumerate(texts) if len(text) < maxlen]
    if not kept:
        raise ValueError(f"{what}: no text is shorter than maxlen={maxlen}. Increase maxlen")
    return [texts[i] for i in kept], labels[kept]


def limited(texts: Texts, num_words: int | None, skip_top: int, oov_char: int | None) -> Texts:
    """Numbers outside [skip_top, num_words) become `oov_char`, or are left out if that is None."""
    most = num_words or max(max(text) for text in texts if text)
    if oov_char is None:
        return [[word for word in text if skip_top <= word < most] for text in texts]
    return [[word if skip_top <= word < most else oov_char for word in text] for text in texts]


def objects(texts: Texts) -> np.ndarray:
    """An array of lists."""
    array = np.empty(len(texts), dtype=object)
    array[:] = texts
    return array


def read_word_index(path: Any, what: str, name: str) -> dict[str, int]:
    """Word -> number from a JSON file."""
    with open(find(path, what, ORIGIN + name), encoding="utf-8") as file:
        return dict(json.load(file))
