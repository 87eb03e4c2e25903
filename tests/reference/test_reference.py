"""Losses, metrics, optimizers, schedules, activations, projections and backend give the numbers of tf_keras."""

import importlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import recorded_backend
import recorded_cases as cases
import recorded_convolutions

from nnstack import backend

VALUES = np.load(Path(__file__).with_name("values.npz"))
MODULES = ("activations", "backend", "constraints", "losses", "metrics", "optimizers", "regularizers")
NNSTACK = SimpleNamespace(**{name: importlib.import_module(f"nnstack.{name}") for name in MODULES})


def gradient(function, x):
    """d sum(function(x)) / dx, compiled."""
    point = backend.placeholder(x.shape)
    return backend.function([point], backend.gradients(backend.sum(function(point)), [point]))([x])[0]


GROUPS = cases.ALL + recorded_backend.ALL + recorded_convolutions.ALL


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
def test_agrees_with_tf_keras(group):
    results = group(NNSTACK, gradient)
    recorded = {name.split("/", 1)[1] for name in VALUES.files if name.startswith(group.__name__ + "/")}
    assert set(results) == recorded
    for name, value in results.items():
        expected = VALUES[f"{group.__name__}/{name}"]
        np.testing.assert_allclose(value, expected, rtol=2e-5, atol=2e-6, err_msg=name)
