"""Losses at extreme logits, training that meets NaN, sizes that overflow, batches of 0 and 1 rows."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnstack
from nnstack import _core, backend, losses
from nnstack import layers as L
from nnstack.callbacks import TerminateOnNaN
from nnstack.models import Model, Sequential
from nnstack.utils import nest

sys.path.insert(0, str(Path(__file__).parent.parent / "layers"))
import layer_check
import layer_table

sys.path.insert(0, str(Path(__file__).parent.parent / "models"))
import families

LOGITS = [1e4, -1e4, 100.0, -100.0, 30.0, -17.0, 1.0, 0.0, -1e-3]


def in_float64(name: str, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """The losses from logits, by their definitions, in a form that overflows nowhere."""
    if name == "binary":
        return np.mean(np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z))), axis=-1)
    shifted = z - z.max(axis=-1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return -(y * logs).sum(axis=-1)


@pytest.mark.parametrize("fused", [True, False])
def test_cross_entropies_of_extreme_logits(fused: bool) -> None:
    """From logits, and from a sigmoid or softmax over them, which is taken back to its logits inside a model."""
    z = np.array([[a, b, c] for a in LOGITS for b in LOGITS for c in LOGITS], np.float32)
    kind = np.arange(len(z)) % 3
    hot = np.eye(3, dtype=np.float32)[kind]
    soft = (np.array([[0.2, 0.3, 0.5]], np.float32) + 0 * z).astype(np.float32)
    cases = [
        (losses.BinaryCrossentropy(from_logits=True, reduction="none"), "binary", hot, hot),
        (losses.BinaryCrossentropy(from_logits=True, reduction="none"), "binary", soft, soft),
        (losses.CategoricalCrossentropy(from_logits=True, reduction="none"), "categorical", hot, hot),
        (losses.CategoricalCrossentropy(from_logits=True, reduction="none"), "categorical", soft, soft),
        (losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none"), "categorical", kind, hot),
    ]
    for loss, name, given, y in cases:
        wanted = in_float64(name, y.astype(np.float64), z.astype(np.float64))
        targets = backend.placeholder(shape=given.shape, dtype=given.dtype.name)
        logits = backend.placeholder(shape=z.shape)
        if fused:
            value = loss(targets, logits)
            gradient = backend.gradients(backend.sum(value), [logits])[0]
            found, slope = backend.function([targets, logits], [value, gradient])([given, z])
            assert np.isfinite(slope).all()
            middle = np.abs(z).max(axis=1) <= 30
            if name == "categorical":
                e = np.exp(z[middle].astype(np.float64) - z[middle].max(axis=1, keepdims=True))
                expected = e / e.sum(axis=1, keepdims=True) - y[middle]
                np.testing.assert_allclose(slope[middle], expected, atol=3e-6)
        else:
            found = loss(backend.constant(given), backend.constant(z)).numpy()
        np.testing.assert_allclose(found, wanted, rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("name", ["binary", "categorical", "sparse"])
def test_a_model_learns_from_extreme_logits(name: str) -> None:
    """Its last activation is a sigmoid or a softmax; loss and gradients stay finite where the outputs are 0 and 1."""
    units, last = (1, "sigmoid") if name == "binary" else (3, "softmax")
    model = Sequential([L.Dense(units, activation=last, input_shape=(2,), kernel_initializer="ones")])
    loss = {"binary": "binary_crossentropy", "categorical": "categorical_crossentropy"}
    model.compile("sgd", loss.get(name, "sparse_categorical_crossentropy"))
    x = np.array([[1e4, 0], [-1e4, 0], [100, 100], [-1e3, 1e3]], np.float32)
    y = {"binary": np.array([[0], [1], [0], [1]]), "categorical": np.eye(3)[[0, 1, 2, 0]]}.get(name, np.arange(4) % 3)
    history = model.fit(x, y, epochs=3, verbose=0).history["loss"]
    assert np.isfinite(history).all()
    assert all(np.isfinite(weight).all() for weight in model.get_weights())


# -- NaN in training ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("kind", ["arrays", "generator"])
def test_terminate_on_nan(bad: float, kind: str, capsys: Any) -> None:
    x, y = np.ones((40, 2), np.float32), np.ones((40, 1), np.float32)
    y[21] = bad
    model = Sequential([L.Dense(1, input_shape=(2,))])
    model.compile(nnstack.optimizers.SGD(0.0), "mse")
    data: dict[str, Any] = {"x": x, "y": y, "batch_size": 4, "shuffle": False}
    if kind == "generator":
        data = {"x": ((x[i : i + 4], y[i : i + 4]) for i in range(0, 40, 4)), "steps_per_epoch": 10}
    history = model.fit(**data, epochs=3, verbose=0, callbacks=[TerminateOnNaN()])
    assert len(history.history["loss"]) == 1 and not np.isfinite(history.history["loss"][0])
    assert "Batch 5: Invalid loss, terminating training" in capsys.readouterr().out
    assert int(model.optimizer.iterations.numpy()) == 6


# -- sizes that no number holds ----------------------------------------------------------------------------------------
HUGE = 1 << 40


@pytest.mark.parametrize(
    "make",
    [
        lambda: backend.zeros((HUGE, HUGE)),
        lambda: backend.reshape(backend.placeholder(shape=(4,)), (HUGE, HUGE, HUGE)),
        lambda: backend.tile(backend.placeholder(shape=(HUGE, 2)), (HUGE, HUGE)),
        lambda: backend.repeat_elements(backend.placeholder(shape=(HUGE,)), HUGE, 0),
        lambda: backend.concatenate([backend.placeholder(shape=((1 << 62), 2))] * 2, axis=0),
        lambda: L.Dense(HUGE)(L.Input((HUGE,))),
        lambda: L.ZeroPadding1D(1 << 62)(L.Input((1 << 62, 1))),
        lambda: L.UpSampling1D(HUGE)(L.Input((HUGE, 1))),
        lambda: L.Embedding(HUGE, HUGE)(L.Input((2,))),
        lambda: L.Flatten()(L.Input((HUGE, HUGE))),
        lambda: L.Reshape((-1,))(L.Input((HUGE, HUGE))),
        lambda: backend.batch_flatten(backend.placeholder(shape=(2, HUGE, HUGE))),
        lambda: L.Conv2DTranspose(1, 1 << 31, strides=1 << 33)(L.Input((1 << 33, 1 << 33, 1))),
        lambda: L.Input((-(1 << 65),)),
        lambda: L.Input((1 << 65,)),
    ],
    ids=range(15),
)
def test_overflow_is_an_error(make: Callable[[], Any]) -> None:
    with pytest.raises((ValueError, TypeError, MemoryError, OverflowError)) as found:
        make()
    assert str(found.value)


def test_steps_of_windows_near_the_largest_number() -> None:
    far = L.MaxPooling1D(1, strides=1 << 62, padding="same")(L.Input(((1 << 62) + 1, 1)))
    assert far.shape == (None, 2, 1)
    assert L.MaxPooling1D(2, strides=1 << 62)(L.Input((1 << 62, 1))).shape == (None, 1, 1)


def test_no_value_among_values() -> None:
    for inputs in ([None, _core.constant(np.ones(2))], [_core.placeholder((2,), "float32", "x"), None]):
        with pytest.raises(TypeError, match="equal: input . is None"):
            _core.emit("equal", inputs, {})


def test_a_name_without_end_is_not_compared_with_others() -> None:
    start = time.process_time()
    with pytest.raises(ValueError, match='unknown op "x{64}...'):
        _core.emit("x" * 10_000_000, [], {})
    assert time.process_time() - start < 1


# -- batches of nothing and of one -------------------------------------------------------------------------------------
def small() -> Model:
    model = Sequential([L.Dense(4, activation="relu", input_shape=(3,)), L.BatchNormalization(), L.Dense(2)])
    model.compile("adam", "mse", metrics=["mae"])
    return model


NONE = np.zeros((0, 3), np.float32)


def test_no_rows() -> None:
    """As in Keras: methods that read data say that there are none, calls give results of no rows."""
    model = small()
    before = model.get_weights()
    assert model(NONE).shape == model.predict_on_batch(NONE).shape == (0, 2)
    y = np.zeros((0, 2), np.float32)
    calls: list[Callable[[], Any]] = [
        lambda: model.predict(NONE), lambda: model.evaluate(NONE, y),
        lambda: model.fit(NONE, y), lambda: model.train_on_batch(NONE, y), lambda: model.test_on_batch(NONE, y),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(ValueError, match="expected at least one sample, got none"):
            call()
    for stream in (model.fit, model.evaluate, model.predict):
        with pytest.raises(ValueError, match="gave no batch"):
            stream(iter([]), verbose=0)
    for mine, other in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(mine, other)


def test_one_row() -> None:
    model = small()
    x, y = np.ones((1, 3), np.float32), np.ones((1, 2), np.float32)
    loss = model.train_on_batch(x, y)
    assert np.isfinite(loss).all()
    history = model.fit(x, y, epochs=2, verbose=0, validation_data=(x, y))
    assert all(np.isfinite(values).all() for values in history.history.values())
    assert np.isfinite(model.evaluate(x, y, verbose=0)).all()
    assert model.predict(x).shape == (1, 2)


@pytest.mark.parametrize("row", layer_table.ROWS, ids=lambda row: row.name)
def test_every_layer_on_no_rows_and_on_one(row: Any) -> None:
    """The shapes of the outputs, and one row alone as among three."""
    model = layer_check.model_of(row.make(), row.shapes)
    x = layer_check.arrays_for(row.shapes, row.options["integers"])

    def outputs(count: int) -> list[np.ndarray]:
        given = [array[:count] for array in x]
        return [one.numpy() for one in nest.flatten(model(layer_check.structured(given, row.shapes)))]

    three = outputs(3)
    for none, one, full in zip(outputs(0), outputs(1), three, strict=True):
        assert none.shape == (0, *full.shape[1:]) and none.dtype == full.dtype
        np.testing.assert_allclose(one, full[:1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("make", families.FAMILIES)
def test_models_of_every_family_on_no_rows_and_on_one(make: Callable[[], Any]) -> None:
    model, x = make()
    model.compile("sgd", "sparse_categorical_crossentropy")
    if model.input_shape[0] is None:
        assert model(x[:0]).shape == (0, 3)
        rows = 1
    else:
        rows = model.input_shape[0]  # of stateful layers, fixed
    with pytest.raises(ValueError, match="expected at least one sample, got none"):
        model.predict(x[:0], verbose=0)
    assert np.isfinite(model.train_on_batch(x[:rows], families.TARGETS[:rows])).all()
    assert np.isfinite(model.evaluate(x[:rows], families.TARGETS[:rows], rows, verbose=0)).all()
    assert model.predict(x[:rows], rows, verbose=0).shape == (rows, 3)
