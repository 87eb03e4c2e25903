"""What every layer must do, whichever it is: one function that the table of layers is run through."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstack import backend, layers
from nnstack.models import Model, load_model, model_from_json
from nnstack.optimizers import SGD

Shapes = tuple[int, ...] | list[tuple[int, ...]]


def arrays_for(shapes: Shapes, integers: int = 0, seed: int = 0) -> list[np.ndarray]:
    """One array (batch of 3) per shape: normal numbers, or whole ones below `integers`."""
    rng = np.random.default_rng(seed)
    listed = shapes if isinstance(shapes, list) else [shapes]
    if integers:
        return [rng.integers(0, integers, (3, *shape)).astype(np.int32) for shape in listed]
    return [rng.normal(size=(3, *shape)).astype(np.float32) for shape in listed]


def structured(values: list[Any], shapes: Shapes) -> Any:
    return values if isinstance(shapes, list) else values[0]


def model_of(layer: Any, shapes: Shapes, dtype: str = "float32") -> Model:
    listed = shapes if isinstance(shapes, list) else [shapes]
    inputs = [layers.Input(shape, dtype=dtype) for shape in listed]
    return Model(structured(inputs, shapes), layer(structured(inputs, shapes)))


def check_layer(
    make: Callable[..., Any], shapes: Shapes, tmp_path: Path, integers: int = 0, unknown: tuple[int, ...] = (),
    trains: bool = True,
) -> None:  # fmt: skip
    """Shapes, eager = compiled, config, weights, second use, training, files, batches of any size, types, unknown
    sizes.

    make(**kwargs): the layer. shapes: of the inputs, without the batch. unknown: axes (0 is the first behind the batch)
    that may be unknown when the model is built.
    """
    kind = "int32" if integers else "float32"
    x = structured(arrays_for(shapes, integers), shapes)
    layer = make()
    model = model_of(layer, shapes, kind)
    y = model.predict(x, verbose=0)
    _check_shapes(layer, model, shapes, y)
    np.testing.assert_allclose(_eager(layer, x), y, rtol=1e-4, atol=1e-5, err_msg="eager = compiled")
    _check_config(layer, shapes, kind, x, y)
    _check_second_use(layer, shapes, kind)
    if trains:
        _check_training(make(), shapes, kind, x)
    _check_files(model, x, y, tmp_path)
    _check_batches(layer, model, shapes, x, y)
    _check_types(make, layer, shapes, kind, x, y)
    if unknown:
        open_shapes = [
            tuple(None if axis in unknown else size for axis, size in enumerate(shape))
            for shape in (shapes if isinstance(shapes, list) else [shapes])
        ]
        again = make()
        wide = model_of(again, structured(open_shapes, shapes), kind)
        again.set_weights(layer.get_weights())
        np.testing.assert_allclose(wide.predict(x, verbose=0), y, rtol=1e-4, atol=1e-5, err_msg="unknown sizes")


def _eager(layer: Any, x: Any) -> np.ndarray:
    tensors = [backend.constant(a, str(a.dtype)) for a in x] if isinstance(x, list) else x
    return np.asarray(layer(tensors, training=False) if layer._takes("training") else layer(tensors))


def _check_shapes(layer: Any, model: Model, shapes: Shapes, y: np.ndarray) -> None:
    full = [(None, *shape) for shape in (shapes if isinstance(shapes, list) else [shapes])]
    given = tuple(layer.compute_output_shape(structured(full, shapes)))
    assert len(given) == y.ndim and all(a in (None, b) for a, b in zip(given[1:], y.shape[1:], strict=True)), given
    assert model.output_shape == (None, *y.shape[1:])


def _check_config(layer: Any, shapes: Shapes, kind: str, x: Any, y: np.ndarray) -> None:
    written = json.loads(json.dumps(layers.serialize(layer)))
    again = layers.deserialize(written)
    assert type(again) is type(layer)
    twin = model_of(again, shapes, kind)
    assert json.loads(json.dumps(again.get_config())) == written["config"]
    again.set_weights(layer.get_weights())
    np.testing.assert_allclose(twin.predict(x, verbose=0), y, rtol=1e-5, atol=1e-6, err_msg="from its config")


def _check_second_use(layer: Any, shapes: Shapes, kind: str) -> None:
    count = len(layer.weights)
    names = [weight.name for weight in layer.weights]
    assert len(set(names)) == count and all(name.startswith(f"{layer.name}/") for name in names), names
    model_of(layer, shapes, kind)
    assert len(layer.weights) == count and len(layer.inbound_nodes) >= 2
    assert layer.count_params() == sum(weight.size for weight in layer.get_weights())
    with pytest.raises(ValueError, match="expected"):
        layer.set_weights([*layer.get_weights(), np.zeros(1)])


def _check_training(layer: Any, shapes: Shapes, kind: str, x: Any) -> None:
    model = model_of(layer, shapes, kind)
    if not layer.trainable_weights:
        return
    model.compile(SGD(0.1), "mse")
    before = [weight.numpy() for weight in layer.trainable_weights]
    target = np.random.default_rng(1).normal(size=(3, *model.output_shape[1:]))
    losses = [float(model.train_on_batch(x, target)) for _ in range(3)]
    assert np.isfinite(losses).all() and losses[-1] < losses[0]
    after = [weight.numpy() for weight in layer.trainable_weights]
    assert all(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    layer.trainable = False
    assert not model.trainable_weights
    assert len(model.non_trainable_weights) == len(layer.weights)


def _check_files(model: Model, x: Any, y: np.ndarray, tmp_path: Path) -> None:
    for name in ("model.keras", "model.h5"):
        path = str(tmp_path / name)
        model.save(path)
        again = load_model(path, compile=False)
        np.testing.assert_allclose(again.predict(x, verbose=0), y, rtol=1e-5, atol=1e-6, err_msg=name)
        assert [w.name for w in again.weights] == [w.name for w in model.weights]
    twin = model_from_json(model.to_json())
    twin.load_weights(path)
    np.testing.assert_allclose(twin.predict(x, verbose=0), y, rtol=1e-5, atol=1e-6, err_msg="JSON and weights")


def _check_batches(layer: Any, model: Model, shapes: Shapes, x: Any, y: np.ndarray) -> None:
    """A batch of one sample is computed as in a larger batch; one of none gives none."""
    for rows in (1, 0):
        part = structured([a[:rows] for a in (x if isinstance(x, list) else [x])], shapes)
        np.testing.assert_allclose(model.predict_on_batch(part), y[:rows], rtol=1e-4, atol=1e-5, err_msg=f"{rows} rows")
        np.testing.assert_allclose(_eager(layer, part), y[:rows], rtol=1e-4, atol=1e-5, err_msg=f"{rows} rows, eager")


POLICIES = {"mixed_float16": ("float16", 2e-2), "mixed_bfloat16": ("bfloat16", 1e-1), "float64": ("float64", 1e-4)}


def _check_types(make: Callable[..., Any], layer: Any, shapes: Shapes, kind: str, x: Any, y: np.ndarray) -> None:
    """Under every policy the layer computes in its type, keeps its weights in theirs, and means the same."""
    for name, (compute, tolerance) in POLICIES.items():
        twin = make(dtype=name)
        model = model_of(twin, shapes, kind)
        twin.set_weights(layer.get_weights())
        assert twin.compute_dtype == compute
        floats = [w.dtype for w in twin.weights if w.dtype.startswith("float")]
        assert set(floats) <= {"float64" if name == "float64" else "float32"}, name
        if model.outputs[0].dtype != "int64":
            assert model.outputs[0].dtype == compute, name
        got = np.asarray(model.predict(x, verbose=0), np.float64)
        np.testing.assert_allclose(got, y, rtol=tolerance, atol=tolerance * max(1.0, np.abs(y).max()), err_msg=name)


def check_gradient(make: Callable[..., Any], shapes: Shapes) -> None:
    """The derivative along a random direction, of inputs and trainable weights together, against differences."""
    rng = np.random.default_rng(5)
    listed = shapes if isinstance(shapes, list) else [shapes]
    layer = make(dtype="float64")
    inputs = [backend.placeholder((3, *shape), dtype="float64") for shape in listed]
    y = layer(structured(inputs, shapes))
    weights = layer.trainable_weights
    for weight in weights:
        weight.assign(weight.numpy() + 0.3 * rng.normal(size=weight.shape))
    scale = rng.normal(size=[3, *y.shape[1:]])
    loss = backend.sum(y * scale)
    points = [rng.normal(size=(3, *shape)) for shape in listed]
    slopes = backend.function(inputs, backend.gradients(loss, [*inputs, *weights]))(points)
    value = backend.function(inputs, [loss])
    moves = [rng.normal(size=np.shape(slope)) for slope in slopes]
    origin = [weight.numpy() for weight in weights]

    def at(step: float) -> float:
        for weight, start, move in zip(weights, origin, moves[len(listed) :], strict=True):
            weight.assign(start + step * move)
        return float(value([p + step * m for p, m in zip(points, moves, strict=False)])[0])

    expected = (at(1e-6) - at(-1e-6)) / 2e-6
    got = sum(float((slope * move).sum()) for slope, move in zip(slopes, moves, strict=True))
    assert got == pytest.approx(expected, rel=1e-5, abs=1e-6)
