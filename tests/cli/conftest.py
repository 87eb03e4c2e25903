"""A compiled model and its files, for all subcommands."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnstack
from nnstack import layers
from nnstack.cli import main


@pytest.fixture(scope="session")
def model() -> Any:
    """Two layers with weights that are no round numbers, trained for one step."""
    model = nnstack.Sequential(
        [
            layers.Conv1D(4, 3, activation="relu", input_shape=(6, 2), name="stem"),
            layers.GlobalAveragePooling1D(name="mean"),
            layers.Dense(3, activation="softmax", name="head"),
        ],
        name="small",
    )
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    generator = np.random.default_rng(0)
    model.train_on_batch(generator.normal(size=(8, 6, 2)), np.eye(3)[generator.integers(0, 3, 8)])
    return model


@pytest.fixture(scope="session")
def rows() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(5, 6, 2)).astype(np.float32)


@pytest.fixture
def saved(model: Any, tmp_path: Path) -> Path:
    path = tmp_path / "small.h5"
    model.save(path)
    return path


@pytest.fixture
def read_json(capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Runs a command line that prints JSON."""

    def run(*line: Any) -> Any:
        capsys.readouterr()
        assert main([str(part) for part in line]) == 0
        return json.loads(capsys.readouterr().out)

    return run
