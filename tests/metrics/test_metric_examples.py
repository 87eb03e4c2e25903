"""The examples in the docstrings of metrics, Adafactor and small utilities run, and give what they say."""

import doctest
import importlib

import numpy as np
import pytest

from nnstack import backend

MODULES = [
    "metrics.base",
    "metrics.counts",
    "metrics.curves",
    "metrics.functions",
    "metrics.overlap",
    "metrics.scores",
    "optimizers.adafactor",
    "utils.data_utils",
    "utils.np_utils",
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    module = importlib.import_module(f"nnstack.{name}")
    found = doctest.testmod(module, extraglobs={"np": np, "backend": backend})
    assert found.attempted > 0 and found.failed == 0
