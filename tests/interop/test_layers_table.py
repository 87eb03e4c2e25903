"""Every row of the table in tests/layers, with and without masks, against the real tf_keras: outputs, gradients,
configs, the mask that comes out.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis.errors import UnsatisfiedAssumption
from layer_comparison import Case, compare

sys.path.append(str(Path(__file__).parents[1] / "layers"))
from layer_check import arrays_for
from layer_table import ROWS, Row

KERAS_1 = ("Highway", "MaxoutDense")
FIRST = [row.name for row in ROWS if "channels first" in row.name and "Global" not in row.name]  # no kernels on a CPU
SAME = [row for row in ROWS if row.name not in FIRST and not row.name.startswith((*KERAS_1, "SpectralNormalization"))]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("row", SAME, ids=[row.name for row in SAME])
def test_row(tf_keras: Any, row: Row, masked: bool) -> None:
    inputs = arrays_for(row.shapes, row.options["integers"])
    if masked and min(x.ndim for x in inputs) < 3 and not row.options["integers"]:
        pytest.skip("no steps that a mask could be about")
    masks = [np.arange(x.shape[1])[None] < [[1], [x.shape[1]], [x.shape[1] - 1]] for x in inputs] if masked else []
    name = row.make.func.__name__
    make = lambda k: getattr(k.layers, name)(*row.make.args, **row.make.keywords, name="one")  # noqa: E731
    try:
        compare(tf_keras, Case(make, inputs, listed=isinstance(row.shapes, list), masks=masks))
    except UnsatisfiedAssumption:
        assert masked, "tf_keras takes the layer without a mask"
        pytest.skip("tf_keras fails on this mask")
