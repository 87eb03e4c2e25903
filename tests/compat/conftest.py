"""`tf` and `keras` as a program sees them while nnstack stands for them."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest

import nnstack
from nnstack.compat.importing import _HEADS


@pytest.fixture
def tf() -> Iterator[Any]:
    """`import tensorflow`, and everything as it was afterwards; the real packages stand aside where they are loaded."""
    real = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] in _HEADS}
    nnstack.install_as_keras()
    try:
        import tensorflow

        yield tensorflow
    finally:
        nnstack.uninstall_as_keras()
        sys.modules.update(real)
