"""One seed for everything that draws random numbers."""

import random

import numpy as np

from nnstack.backend.random import seed_stream


def set_random_seed(seed: int) -> None:
    """Seeds Python's `random`, numpy's global generator and nnstack (initializers, dropout, shuffling).

    Models built and trained in the same order afterwards have the same numbers, run after run.
    ValueError unless 0 <= seed < 2**32.
    """
    if not 0 <= int(seed) < 2**32:
        raise ValueError(f"set_random_seed: expected 0 <= seed < 2**32, got {seed}")
    random.seed(int(seed))
    np.random.seed(int(seed))
    seed_stream(int(seed))
