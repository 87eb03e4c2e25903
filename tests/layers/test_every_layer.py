"""Every layer of the table: shapes, configs, weights, training, files, unknown sizes, gradients, masks."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from layer_check import arrays_for, check_gradient, check_layer, structured
from layer_table import NOT_DIFFERENTIABLE, ROWS, Row

from nnstack import backend, layers
from nnstack.layers import Input
from nnstack.models import Model

IDS = [one.name for one in ROWS]
SMOOTH = [one for one in ROWS if not one.name.startswith(NOT_DIFFERENTIABLE)]


@pytest.mark.parametrize("one", ROWS, ids=IDS)
def test_layer(one: Row, tmp_path: Path) -> None:
    check_layer(one.make, one.shapes, tmp_path, **one.options)


@pytest.mark.parametrize("one", SMOOTH, ids=[one.name for one in SMOOTH])
def test_gradient(one: Row) -> None:
    check_gradient(one.make, one.shapes)


def test_the_table_is_complete() -> None:
    """Every class of these families has a row; the others have test files of their own."""
    elsewhere = {
        "recurrent", "inputs", "layer", "spec", "dense", "lambda_layer", "operations", "regularization", "reshaping",
        "wrappers", "random_images", "dense_features", "hashing", "lookup", "text", "bidirectional",
    }  # fmt: skip
    tested = {getattr(one.make, "func", one.make).__name__ for one in ROWS}
    for name in layers.__all__:
        value = getattr(layers, name)
        if isinstance(value, type) and not any(part in elsewhere for part in value.__module__.split(".")):
            assert value.__name__ in tested | ELSEWHERE, name


ELSEWHERE = {  # tests/layers/test_layers.py, test_attention.py, test_normalization.py
    "Activation", "ReLU", "LeakyReLU", "ELU", "ThresholdedReLU", "Dropout", "GaussianNoise", "GaussianDropout", "Add",
    "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "MultiHeadAttention",
    "SyncBatchNormalization", "SpectralNormalization",
}  # fmt: skip

PASS_MASKS = [
    layers.BatchNormalization, layers.LayerNormalization, layers.UnitNormalization, layers.PReLU,
    lambda: layers.GroupNormalization(2), lambda: layers.AlphaDropout(0.5),
    lambda: layers.SpatialDropout1D(0.5), layers.Masking,
]  # fmt: skip
STOP_MASKS = [
    lambda: layers.Conv1D(2, 2), lambda: layers.MaxPooling1D(), lambda: layers.ZeroPadding1D(),
    lambda: layers.Cropping1D(), lambda: layers.UpSampling1D(), lambda: layers.LocallyConnected1D(2, 2),
    lambda: layers.GlobalMaxPooling1D(), lambda: layers.SeparableConv1D(2, 2), lambda: layers.Rescaling(2.0),
    layers.Flatten, layers.Identity, lambda: layers.Reshape((4, 5)), lambda: layers.Permute((2, 1)),
    lambda: layers.EinsumDense("abc,cd->abd", (None, 2)),
]  # fmt: skip


@pytest.mark.parametrize("make", PASS_MASKS)
def test_masks_pass(make: Any) -> None:
    i = Input((5, 4))
    masked = layers.Masking()(i)
    assert make()(masked)._keras_mask is not None


@pytest.mark.parametrize("make", STOP_MASKS)
def test_masks_that_stop(make: Any) -> None:
    """The layer says once that it hands no mask on, and computes as without one."""
    i = Input((5, 4))
    masked, layer = layers.Masking()(i), make()
    with pytest.warns(UserWarning, match=rf'layer "{layer.name}"\): does not support masking; the mask of its input'):
        y = layer(masked)
    assert getattr(y, "_keras_mask", None) is None
    layer(masked)  # a second warning would be an error here
    x = arrays_for((5, 4))[0]
    np.testing.assert_array_equal(Model(i, y).predict(x, verbose=0), np.asarray(layer(x)))


def test_masks_of_merges() -> None:
    """The masks that are there are joined; Concatenate fills the missing ones with True, Dot stops them."""
    x = np.array([[[1.0], [0.0], [2.0]]], np.float32)
    i, j = Input((3, 1)), Input((3, 1))
    first, second = layers.Masking(0.0)(i), layers.Masking(2.0)(j)

    def mask(tensor: Any) -> list[list[bool]]:
        return np.asarray(backend.function([i, j], [tensor._keras_mask])([x, x])[0]).tolist()

    assert mask(layers.add([first, second])) == [[True, False, False]]
    assert mask(layers.add([first, j])) == [[True, False, True]]
    assert mask(layers.concatenate([first, j])) == [[True, False, True]]
    assert mask(layers.concatenate([first, second], axis=1)) == [[True, False, True, True, True, False]]
    assert not hasattr(layers.dot([first, second], axes=1), "_keras_mask")


def test_average_of_what_is_not_masked() -> None:
    i = Input((4, 2))
    model = Model(i, layers.GlobalAveragePooling1D()(layers.Masking()(i)))
    x = arrays_for((4, 2))[0]
    x[:, 2:] = 0
    np.testing.assert_allclose(model.predict(x, verbose=0), x[:, :2].mean(1), rtol=1e-5)


def test_float64_throughout() -> None:
    for name, make, shapes, options in ROWS:
        if not options["integers"] and not name.startswith("Discretization"):
            layer = make(dtype="float64")
            x = [a.astype(np.float64) for a in arrays_for(shapes)]
            y = layer(structured([backend.constant(a, "float64") for a in x], shapes))
            assert y.dtype == "float64" and all(w.dtype in ("float64", "int64") for w in layer.weights), name
