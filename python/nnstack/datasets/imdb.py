"""IMDB: film reviews as word numbers, good or bad (Maas et al. 2011)."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack.datasets.files import find, read_npz, shuffled
from nnstack.datasets.mnist import ORIGIN
from nnstack.datasets.words import limited, marked, objects, read_word_index, short_ones


def load_data(
    path: Any = "imdb.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int | None = 3,
    **kwargs: Any,
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """((x_train, y_train), (x_test, y_test)): arrays of lists of word numbers, 1 the most frequent; labels 0 and 1.

    `num_words` and `skip_top`: words outside become `oov_char`; only reviews shorter than `maxlen`; numbers are moved
    up by `index_from`, each review begins with `start_char`; mixed by `seed`. `path` of imdb.npz, or its name in
    `~/.keras/datasets`. ValueError if no review is short enough.
    """
    num_words = kwargs.pop("nb_words", num_words)
    if kwargs:
        raise TypeError(f"imdb: unknown argument {sorted(kwargs)[0]!r}")
    data = read_npz(find(path, "imdb", ORIGIN + "imdb.npz"))
    generator = np.random.RandomState(seed)
    texts, labels, counts = [], [], []
    for part in ("train", "test"):
        x, y = shuffled([data[f"x_{part}"], data[f"y_{part}"]], generator)
        kept, y = short_ones(marked(x, start_char, index_from), y, maxlen, "imdb")
        texts += kept
        labels.append(y)
        counts.append(len(kept))
    shown = limited(texts, num_words, skip_top, oov_char)
    return (objects(shown[: counts[0]]), labels[0]), (objects(shown[counts[0] :]), labels[1])


def get_word_index(path: Any = "imdb_word_index.json") -> dict[str, int]:
    """Word -> number (before `index_from` is added)."""
    return read_word_index(path, "imdb", "imdb_word_index.json")
