"""`tf` and `keras` as a program sees them while nnstack stands for them."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest

import nnstack


@pytest.fixture
def tf() -> Iterator[Any]:
    """`import tensorflow`, and everything as it was afterwards."""
    if "tensorflow" in sys.modules or "keras" in sys.modules:
        pytest.skip("the real package is loaded in this process")
    nnstack.install_as_keras()
    try:
        import tensorflow

        yield tensorflow
    finally:
        nnstack.uninstall_as_keras()
