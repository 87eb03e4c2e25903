"""Every test here starts from the same seed: what it asserts of training must not hang on the draw."""

import pytest

from nnstack.utils import set_random_seed


@pytest.fixture(autouse=True)
def same_seed() -> None:
    set_random_seed(1337)
