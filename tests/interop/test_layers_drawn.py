"""Layers without time steps, with arguments drawn at random, against the real tf_keras."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layer_comparison import Case, compare, drawn
from layer_draws import FAMILIES

SINGLE = {"image", "borders"}  # TensorFlow resizes in float32


@pytest.mark.parametrize("family", FAMILIES)
@drawn(6)
@given(data=st.data(), double=st.booleans(), training=st.booleans())
def test_layer_as_keras_has_it(tf_keras: Any, family: str, data: st.DataObject, double: bool, training: bool) -> None:
    name, args, kwargs, shapes = FAMILIES[family](data.draw)
    listed = isinstance(shapes, list)
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    case = Case(
        make=lambda k: getattr(k.layers, name)(*args, **kwargs, name="one"),
        inputs=[rng.normal(size=(3, *shape)) for shape in (shapes if listed else [shapes])],
        listed=listed,
        dtype="float64" if double and family not in SINGLE else "float32",
        training=training if name == "BatchNormalization" else None,
    )
    compare(tf_keras, case)
