"""Reuters: newswires as word numbers, in 46 topics."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnstack.datasets.files import find, read_npz, shuffled
from nnstack.datasets.mnist import ORIGIN
from nnstack.datasets.words import limited, marked, objects, read_word_index, short_ones


def load_data(
    path: Any = "reuters.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int | None = 3,
    **kwargs: Any,
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """((x_train, y_train), (x_test, y_test)): arrays of lists of word numbers; topics 0 to 45.

    Arguments as in `imdb.load_data`; the last share `test_split` is for testing.
    """
    num_words = kwargs.pop("nb_words", num_words)
    if kwargs:
        raise TypeError(f"reuters: unknown argument {sorted(kwargs)[0]!r}")
    data = read_npz(find(path, "reuters", ORIGIN + "reuters.npz"))
    x, labels = shuffled([data["x"], data["y"]], np.random.RandomState(seed))
    texts, labels = short_ones(marked(x, start_char, index_from), labels, maxlen, "reuters")
    shown = limited(texts, num_words, skip_top, oov_char)
    cut = int(len(shown) * (1 - test_split))
    return (objects(shown[:cut]), labels[:cut]), (objects(shown[cut:]), labels[cut:])


def get_word_index(path: Any = "reuters_word_index.json") -> dict[str, int]:
    """Word -> number (before `index_from` is added)."""
    return read_word_index(path, "reuters", "reuters_word_index.json")
