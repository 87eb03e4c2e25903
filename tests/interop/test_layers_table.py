"""Every row of the table in tests/layers, with and without masks, against the real tf_keras: outputs, gradients,
configs, the mask that comes out.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from layer_comparison import Case, compare

sys.path.append(str(Path(__file__).parents[1] / "layers"))
from layer_check import arrays_for
from layer_table import ROWS, Row

KERAS_1 = ("Highway", "MaxoutDense")
FIRST = [row.name for row in ROWS if "channels first" in row.name and "Global" not in row.name]  # no kernels on a CPU
SAME = [row for row in ROWS if row.name not in FIRST and not row.name.startswith((*KERAS_1, "SpectralNormalization"))]


# Layers over steps, but for those whose masks tf_keras itself fails on.
MASKS_FAIL = ("GlobalAveragePooling1D, channels first", "GlobalAveragePooling1D keepdims, channels first")
MASKS_FAIL += ("GroupNormalization", "GroupNormalization first", "Softmax axes", "Softmax robust")


def over_steps(row: Row) -> bool:
    return row.options["integers"] or min(x.ndim for x in arrays_for(row.shapes, False)) >= 3


CASES = [(row, False) for row in SAME] + [(row, True) for row in SAME if row.name not in MASKS_FAIL and over_steps(row)]


@pytest.mark.parametrize(("row", "masked"), CASES, ids=[f"{row.name}{'-masked' * masked}" for row, masked in CASES])
def test_row(tf_keras: Any, row: Row, masked: bool) -> None:
    inputs = arrays_for(row.shapes, row.options["integers"])
    masks = [np.arange(x.shape[1])[None] < [[1], [x.shape[1]], [x.shape[1] - 1]] for x in inputs] if masked else []
    name = row.make.func.__name__
    make = lambda k: getattr(k.layers, name)(*row.make.args, **row.make.keywords, name="one")  # noqa: E731
    compare(tf_keras, Case(make, inputs, listed=isinstance(row.shapes, list), masks=masks))
