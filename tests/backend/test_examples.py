"""The examples in the docstrings of the backend say what happens."""

import doctest
import importlib
import pkgutil

import numpy as np
import pytest

from nnstack import backend

ROOMS = [room.name for room in pkgutil.iter_modules(backend.__path__)]
NAMES = {name: value for name, value in vars(backend).items() if not name.startswith("_")} | {"np": np}


@pytest.mark.parametrize("room", ROOMS)
def test_examples(room, capsys):
    module = importlib.import_module(f"{backend.__name__}.{room}")
    results = doctest.testmod(module, globs=dict(NAMES), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert results.failed == 0, capsys.readouterr().out
